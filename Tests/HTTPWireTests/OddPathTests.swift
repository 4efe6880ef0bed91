import HTTPWire
import Testing

/// Paths that servers read in different ways.
struct OddPathTests {
  private func head(_ target: String) throws -> MessageHead {
    var head = MessageHead()
    let bytes = Array("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    guard case .complete = head.parseRequest(bytes.span, limits: HeadLimits()) else { throw WireError(.startLine) }
    return head
  }

  /// The path as it is read; nil where it is refused.
  private func straight(_ target: String) throws -> String? {
    var head = try head(target)
    let isOdd = head.hasOddPath
    do throws(WireError) { try head.straightenPath() } catch {
      #expect(isOdd, "\(target)")
      return nil
    }
    let isStraight = !head.hasOddPath
    #expect(isStraight, "\(target)")
    return head.path
  }

  @Test func `a percent sign has two hexadecimal digits behind it`() throws {
    for good in ["/a%20b", "/%2F", "/%aF%Fa/%25", "/long-enough-for-eight/%7f", "/%25zz", "/caf%C3%A9"] {
      let isOdd = try head(good).hasOddPath
      #expect(!isOdd, "\(good)")
      #expect(try straight(good) == good)
    }
    for bad in [
      "/%", "/a%", "/a%2", "/%zz", "/%2g", "/%g2", "/%%20", "/%-1", "/%2/a", "/a/%2?b=00", "/long-enough-for-eight/%7",
      "/seven-b%20/seven%2", "/%:0", "/%@0", "/%`0", "/%0G",
    ] {
      let isOdd = try head(bad).hasOddPath
      #expect(isOdd, "\(bad)")
      #expect(try straight(bad) == nil, "\(bad)")
    }
  }

  @Test(arguments: [
    ("/%61dmin", "/admin"), ("/%41%5a/%61%7A", "/AZ/az"), ("/%30%39", "/09"),
    ("/%7euser/a%2Db%5Fc%2ed", "/~user/a-b_c.d"),
    ("/long-enough-for-eight/x%79", "/long-enough-for-eight/xy"), ("/a%2F%62?q=%61", "/a%2Fb"), ("/%2561", "/%2561"),
    ("/a%2e", "/a."), ("/%2e%2e%2e", "/..."), ("/%25%36%31", "/%2561"),
  ])
  func `what needs no encoding is decoded, once`(_ target: String, _ path: String) throws {
    #expect(try straight(target) == path)
    if target.contains("?") {
      var head = try head(target)
      try head.straightenPath()
      #expect(head.query == "q=%61")
    }
  }

  @Test func `a query may hold any percent sign`() throws {
    for target in ["/a?b=%zz", "/a?%", "/?%2", "/%20?%%"] {
      let isOdd = try head(target).hasOddPath
      #expect(!isOdd, "\(target)")
    }
  }

  @Test func `dots are taken out where percent signs encode something`() throws {
    #expect(try straight("/a/%2e%2E/b%20") == "/b%20")
    #expect(try straight("/a/../%zz") == nil)
    #expect(try straight("/%zz/../a") == nil)
  }
}
