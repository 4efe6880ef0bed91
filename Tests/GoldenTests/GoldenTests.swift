import Foundation
import Testing
import Workbench

/// Every case below `Tests/Golden`, run by the runner of `postern policy test`.
struct GoldenTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Golden").path()

  static let files = (try? PolicyTests.list([folder])) ?? []

  @Test(arguments: files)
  func `a case comes out as it says`(file: String) throws {
    let result = try PolicyTests.run(file)
    #expect(result.passed, "\(result.text)")
  }

  /// Those of policies that count.
  static let limits = files.filter { file in
    ["rate-limit", "rate-limit-by-key", "quota", "quota-by-key", "llm-token-limit"].contains {
      file.contains("/Golden/\($0)/")
    }
  }

  @Test(arguments: limits, ["shared", "unreachable"])
  func `limits come out the same when they are counted elsewhere`(file: String, place: String) throws {
    let text = try String(contentsOfFile: file, encoding: .utf8)
    // In front of the first heading, on a line that counts for no other.
    let heading = try #require(text.range(of: "###"))
    let result = PolicyTests.run(
      text[..<heading.lowerBound] + "### counters \(place)\n" + text[heading.lowerBound...], file: file)
    #expect(result.passed, "\(result.text)")
  }

  @Test func `there are cases`() { #expect(Self.files.count >= 40) }

  @Test(arguments: [
    ("### policy\n<set-status code='201' reason='Made' />\n### request\nGET /echo/resource\n### response\n500", "6:"),
    (
      "### policy\n<return-response />\n### request\nGET /echo/resource\n### received\nGET http://be/api/resource", "6:"
    ),
    ("### policy\n<set-headr />\n### request\nGET /echo/resource", "2: Not expected: PL0101"),
    ("### policy\n<base /> <!--! PL0101 never -->", "2: Expected a complaint here: PL0101"),
    ("### policy\n<base />\n### polcy", "3: 'polcy' is no heading"),
    ("### policy\n<base />", "1: There is no '### request'"),
    ("### policy\n<base />\n### request\nGET /elsewhere", "4: Expected a request"),
    ("### policy\n<base />\n### request\nGET /echo/a\n### response\n200\n\nbody", "8: The caller received the body"),
    (
      "### policy\n<base />\n### request\nGET /echo/a\nX: 1\n### received\nGET http://be/api/a\n!X",
      "8: The backend received x: 1"
    ),
    ("### policy\n<base />\n### request\nGET /echo/a\n### log\nhello", "6: Expected in the log"),
  ])
  func `a case that comes out otherwise fails and says where`(text: String, expected: String) {
    let result = PolicyTests.run(text, file: "case")
    #expect(!result.passed)
    #expect(result.text.hasPrefix("case:\(expected)"), "\(result.text)")
  }
}
