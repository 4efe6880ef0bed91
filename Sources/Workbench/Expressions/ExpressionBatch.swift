import Expressions
import Foundation

/// Expressions evaluated from a file of JSON lines: `id`, `kind` (`expr` or `block`), `text`, `target`, `context`.
public enum ExpressionBatch {
  /// One line for each line of input: `id`, and either `type` and `value`, `exception`, or `compileError`.
  ///
  /// - Parameter now: ticks of 100 ns since 0001-01-01 that the clock shows; nil for the real time.
  public static func evaluate(_ lines: String, now: Int64?) -> [String] {
    lines.split(separator: "\n").compactMap { line in
      guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else { return nil }
      var result = evaluate(object, now: now)
      result["id"] = object["id"]
      guard
        let data = try? JSONSerialization.data(
          withJSONObject: result, options: [.sortedKeys, .withoutEscapingSlashes])
      else { return nil }
      return String(decoding: data, as: UTF8.self)
    }
  }

  private static func evaluate(_ vector: [String: Any], now: Int64?) -> [String: Any] {
    let text = vector["text"] as? String ?? ""
    let form: ExpressionForm = vector["kind"] as? String == "block" ? .block : .expression
    let target = (vector["target"] as? String).flatMap { ExpressionTarget(rawValue: $0) } ?? .object
    let compilation = ExpressionCompiler().compile(text, form: form, target: target)
    guard let program = compilation.program else {
      return [
        "compileError": true, "codes": compilation.diagnostics.map(\.code),
        "message": compilation.diagnostics.first.map { "\($0)" } ?? "",
      ]
    }
    let context = DescribedContext(vector["context"] as? [String: Any] ?? [:], now: now)
    do {
      var result = try program.evaluateCanonical(context)
      if !context.traces.isEmpty { result["traces"] = context.traces }
      return result
    } catch {
      return ["exception": error.exceptionType, "message": error.message]
    }
  }
}
