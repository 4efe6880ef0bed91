import Expressions
import Foundation
import PolicySyntax

/// Compiles every expression of the policy documents below a folder, and says how long one takes.
enum CorpusCompilation {
  private static let repetitions = 5

  static func report(_ folder: String) {
    var sources: [ExpressionSource] = []
    let files = FileManager.default.enumerator(at: URL(filePath: folder), includingPropertiesForKeys: nil)
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "xml", let text = try? String(contentsOf: file, encoding: .utf8),
        let root = PolicyDocument.parse(text).document?.root
      else { continue }
      collect(root, into: &sources)
    }
    var times: [(nanoseconds: Double, length: Int, isFine: Bool)] = []
    let compiler = ExpressionCompiler()
    for source in sources {
      var least = Double.infinity
      var isFine = false
      for _ in 0..<repetitions {
        let start = Timing.now()
        let compilation = compiler.compile(source.code, form: source.form, target: .object)
        least = min(least, Double(Timing.now() - start))
        isFine = compilation.program != nil
      }
      times.append((least, source.code.utf8.count, isFine))
    }
    times.sort { $0.nanoseconds < $1.nanoseconds }
    guard let worst = times.last else { return print("\(folder): no expressions") }
    let sum = times.reduce(0) { $0 + $1.nanoseconds }
    print(
      "\(folder): \(times.count) expressions, \(times.count { $0.isFine }) compile; µs each: "
        + "mean \(Timing.text(sum / Double(times.count) / 1_000)), "
        + "median \(Timing.text(times[times.count / 2].nanoseconds / 1_000)), "
        + "99 of 100 \(Timing.text(times[times.count * 99 / 100].nanoseconds / 1_000)), "
        + "worst \(Timing.text(worst.nanoseconds / 1_000)) (\(worst.length) bytes)")
  }

  private static func collect(_ element: PolicyElement, into sources: inout [ExpressionSource]) {
    for value in element.attributes.map(\.value) + [element.text].compactMap({ $0 }) {
      if let expression = value.expression { sources.append(expression) }
    }
    for child in element.elements { collect(child, into: &sources) }
  }
}
