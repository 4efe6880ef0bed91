import Foundation
import Testing
import Workbench

/// Our own expressions with the values that C# and .NET give them, in the form of the recorded vectors.
struct FixtureTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

  static let categories = [
    "arithmetic", "arrays", "collections", "conversions", "dates", "diagnostics", "formats", "generics", "iterators",
    "linq", "shortcuts", "strings", "tuples",
  ]

  @Test("expressions of each category give the values that C# gives", arguments: categories)
  func values(of category: String) throws {
    let text = try String(contentsOf: Self.folder.appending(path: category + ".jsonl"), encoding: .utf8)
    let results = ExpressionBatch.evaluate(text, now: 638_409_114_000_000_000)
    let lines = text.split(separator: "\n")
    #expect(results.count == lines.count && !lines.isEmpty)
    for (line, result) in zip(lines, results) {
      let vector = try #require(Vector.object(line))
      let expected = try #require(vector["expected"] as? [String: Any])
      let given = try #require(Vector.object(result[...]))
      #expect(
        Vector.holds(expected, given) && Self.codesHold(expected, given),
        "\(vector["id"] ?? ""): \(vector["text"] ?? "") gives \(result)")
    }
  }

  /// Our own expectations name the complaints; the recorded ones only say that there is one.
  private static func codesHold(_ expected: [String: Any], _ given: [String: Any]) -> Bool {
    let codes = expected["codes"] as? [String] ?? []
    return codes.isEmpty || given["codes"] as? [String] == codes
  }
}
