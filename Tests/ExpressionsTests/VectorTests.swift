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
    arguments: [("vectors-real", 885), ("vectors-synthetic", 1162)])
  func recorded(file: String, floor: Int) throws {
    let text = try String(contentsOf: Self.folder.appending(path: file + ".jsonl"), encoding: .utf8)
    // 2024-01-15T10:30:00Z
    let results = ExpressionBatch.evaluate(text, now: 638_409_114_000_000_000)
    let lines = text.split(separator: "\n")
    #expect(results.count == lines.count)
    var holding = 0
    for (line, result) in zip(lines, results) {
      let vector = try #require(Vector.object(line))
      let expected = try #require(vector["expected"] as? [String: Any])
      if Vector.holds(expected, try #require(Vector.object(result[...]))) { holding += 1 }
    }
    #expect(holding >= floor, "\(holding) of \(lines.count) hold")
  }
}
