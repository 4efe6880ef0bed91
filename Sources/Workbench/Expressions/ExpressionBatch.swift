public import Expressions
import Foundation

/// Expressions evaluated from a file of JSON lines: `id`, `kind` (`expr` or `block`), `text`, `target`, `context`.
public enum ExpressionBatch {
  /// One line for each line of input: `id`, and either `type` and `value`, `exception`, or `compileError`.
  ///
  /// - Parameters:
  ///   - now: ticks of 100 ns since 0001-01-01 that the clock shows; nil for the real time.
  ///   - options: the rules of compiling.
  public static func evaluate(
    _ lines: String, now: Int64?, options: ExpressionOptions = ExpressionOptions()
  ) -> [String] {
    lines.split(separator: "\n").compactMap { line in
      guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else { return nil }
      let members = evaluate(object, now: now, options) + [("id", .text(object["id"] as? String ?? ""))]
      return CanonicalValue.members(members.map { (name: $0.0, value: $0.1) }).json
    }
  }

  private static func evaluate(
    _ vector: [String: Any], now: Int64?, _ options: ExpressionOptions
  ) -> [(String, CanonicalValue)] {
    let text = vector["text"] as? String ?? ""
    let form: ExpressionForm = vector["kind"] as? String == "block" ? .block : .expression
    let target = (vector["target"] as? String).flatMap { ExpressionTarget(rawValue: $0) } ?? .object
    let compilation = ExpressionCompiler(options: options).compile(text, form: form, target: target)
    guard let program = compilation.program else {
      return [
        ("compileError", .flag(true)), ("codes", .list(compilation.diagnostics.map { .text($0.code) })),
        ("message", .text(compilation.diagnostics.first.map { "\($0)" } ?? "")),
      ]
    }
    let context = DescribedContext(vector["context"] as? [String: Any] ?? [:], now: now)
    do {
      guard case .members(let members) = try program.evaluateCanonical(context) else { return [] }
      let traces = context.traces.map { CanonicalValue.text($0) }
      return members.map { ($0.name, $0.value) } + (traces.isEmpty ? [] : [("traces", .list(traces))])
    } catch {
      return [("exception", .text(error.exceptionType)), ("message", .text(error.message))]
    }
  }
}
