import Glibc
import PolicySyntax
import Testing

/// Hostile texts cost no more than long ones.
struct BoundsTests {
  /// Texts of about a size, each made to be as awkward as it can be.
  private static let shapes: [(name: String, make: @Sendable (Int) -> String)] = [
    ("open islands in text", { "<p>" + repeated("<a>@(</a>", $0) + "</p>" }),
    ("open islands in attributes", { "<p>" + repeated("<a b=\"@(\"/>", $0) + "</p>" }),
    ("open holes", { "<p>" + repeated("<a>@($\"{$\"{</a>", $0) + "</p>" }),
    ("open brackets", { "<p>@(" + repeated("(", $0) + "</p>" }),
    ("open strings", { "<p>" + repeated("@(\"", $0) }),
    ("open tags", { repeated("<a ", $0) }), ("unclosed elements", { repeated("<a>", $0) }),
    ("end tags", { "<p>" + repeated("</a>", $0) }), ("open comments", { "<p>" + repeated("<!--", $0) }),
    ("entities", { "<p>" + repeated("&x;", $0) + "</p>" }), ("ampersands", { "<p>" + repeated("&", $0) + "</p>" }),
    ("open templates", { "<p>" + repeated("<set-body template='liquid'>", $0) }),
    ("attributes", { "<p " + (0..<$0 / 8).map { "a\($0)='1'" }.joined(separator: " ") + "/>" }),
    ("named values", { "<p>" + repeated("<a>{{x}}</a>", $0) + "</p>" }),
    ("unknown named values", { "<p>" + repeated("<a>{{y}}</a>", $0) + "</p>" }),
    ("plain elements", { "<p>" + repeated("<a b='@(1)'>@(\"&lt;\")</a>", $0) + "</p>" }),
    ("markup in code", { "<p>" + repeated("<a>@(\"<b/>)</a>", $0) + "</p>" }),
    ("quotes", { "<p>" + repeated("<a b='\"", $0) }),
  ]

  private static func repeated(_ text: String, _ size: Int) -> String {
    String(repeating: text, count: max(1, size / text.utf8.count))
  }

  @Test(arguments: shapes.map(\.name))
  func `the time for a text grows as its size`(name: String) throws {
    let shape = try #require(Self.shapes.first { $0.name == name })
    let values = NamedValues(["x": "value"])
    // The thread's own processor time: what else the machine does is not in it.
    func time(_ size: Int) -> Duration {
      let text = shape.make(size)
      let start = Self.processorTime()
      _ = PolicyDocument.parse(text, namedValues: values)
      return Self.processorTime() - start
    }
    let small = min(time(8_000), time(8_000))
    let large = time(128_000)
    // Sixteen times the size; a square would be 256 times the time.
    #expect(large < max(small * 64, .milliseconds(400)), "\(small) for 8 KB, \(large) for 128 KB")
  }

  private static func processorTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  @Test func `the tree grows as the text`() throws {
    func count(_ element: PolicyElement) -> Int { element.elements.reduce(1) { $0 + count($1) } }
    for size in [1_000, 10_000, 40_000] {
      let text = "<p>" + String(repeating: "<a><b/></a>", count: size) + "</p>"
      let (document, diagnostics) = PolicyDocument.parse(text)
      #expect(diagnostics.isEmpty)
      #expect(document?.root.map(count) == 2 * size + 1)
    }
  }

  @Test func `size, depth, code, attributes, complaints and named values have bounds`() {
    let long = "<p>" + String(repeating: " ", count: 512 * 1024) + "</p>"
    #expect(complaints(long).map { $0.prefix(10) } == ["1:1 PL0001"])
    let fits = "<p>" + String(repeating: " ", count: 512 * 1024 - 7) + "</p>"
    #expect(complaints(fits).isEmpty)
    let deep = { String(repeating: "<a>", count: $0) + String(repeating: "</a>", count: $0) }
    #expect(complaints(deep(100)).isEmpty)
    #expect(complaints(deep(101)) == ["1:301 PL0009 <a"])
    let code = { "<p>@(\"" + String(repeating: "x", count: $0 - 2) + "\")</p>" }
    #expect(complaints(code(256 * 1024)).isEmpty)
    #expect(complaints(code(256 * 1024 + 1)).map { $0.prefix(10) } == ["1:4 PL0010"])
    let attributes = { "<p " + (0..<$0).map { "a\($0)='1'" }.joined(separator: " ") + "/>" }
    #expect(complaints(attributes(64)).isEmpty)
    #expect(complaints(attributes(65)).map { $0.contains("PL0009") } == [true])
    let many = complaints("<p>" + String(repeating: "&x;", count: 5_000) + "</p>")
    #expect(many.count == 101)
    #expect(many.last?.contains("PL0099") == true)
    let values = NamedValues(["x": String(repeating: "v", count: 4_096)])
    let swollen = complaints("<p>" + String(repeating: "<a>{{x}}</a>", count: 30_000) + "</p>", namedValues: values)
    #expect(swollen.map { $0.contains("PL0018") } == [true])
  }
}
