import Foundation
import Testing
import Workbench

/// The recorded answers of a real C# implementation. They lie beside the repository; without them the tests are skipped.
struct VectorTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/vectors")

  static var areThere: Bool { FileManager.default.fileExists(atPath: folder.path) }

  /// How many of a file's vectors must hold; raised with the language.
  @Test(
    "recorded C# expressions give the recorded answers",
    .enabled(if: areThere, "the recorded vectors are not beside this checkout: ../shared/vectors"),
    arguments: [("vectors-real", 881), ("vectors-synthetic", 1060)])
  func recorded(file: String, floor: Int) throws {
    let text = try String(contentsOf: Self.folder.appending(path: file + ".jsonl"), encoding: .utf8)
    // 2024-01-15T10:30:00Z
    let results = ExpressionBatch.evaluate(text, now: 638_409_114_000_000_000)
    let lines = text.split(separator: "\n")
    #expect(results.count == lines.count)
    var holding = 0
    for (line, result) in zip(lines, results) {
      let vector = try #require(Self.object(line))
      let expected = try #require(vector["expected"] as? [String: Any])
      if Self.holds(expected, try #require(Self.object(result[...]))) { holding += 1 }
    }
    #expect(holding >= floor, "\(holding) of \(lines.count) hold")
  }

  private static func object(_ text: Substring) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any]
  }

  private static func holds(_ expected: [String: Any], _ result: [String: Any]) -> Bool {
    if expected["compileError"] != nil { return result["compileError"] != nil }
    if let type = expected["exception"] as? String {
      let accepted = [type] + (expected["anyOf"] as? [String] ?? [])
      return (result["exception"] as? String).map { accepted.contains($0) } ?? false
    }
    return result["exception"] == nil && result["compileError"] == nil && same(expected, result)
  }

  private static func same(_ a: Any, _ b: Any) -> Bool {
    switch (a, b) {
    case (let x as [String: Any], let y as [String: Any]):
      guard let type = x["type"] as? String else {
        return x.count == y.count && x.allSatisfy { key, value in y[key].map { same(value, $0) } ?? false }
      }
      guard type == y["type"] as? String else { return false }
      if type == "double" || type == "float", let p = x["value"] as? String, let q = y["value"] as? String {
        return p == q || (Double(p) != nil && Double(p) == Double(q))
      }
      return ["value", "jtype", "success", "key", "traces"].allSatisfy { key in
        x[key].map { value in y[key].map { same(value, $0) } ?? false } ?? true
      }
    case (let x as [Any], let y as [Any]): return x.count == y.count && zip(x, y).allSatisfy { same($0, $1) }
    case (let x as String, let y as String):
      return x.replacingOccurrences(of: "\r\n", with: "\n") == y.replacingOccurrences(of: "\r\n", with: "\n")
    case (is NSNull, is NSNull): return true
    default: return (a as? NSObject) == (b as? NSObject)
    }
  }
}
