import ArgumentParser
import Expressions
import Foundation
import Workbench

/// Policy expressions at a terminal.
struct ExpressionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "expression", abstract: "Try policy expressions.", subcommands: [ExpressionEvalCommand.self])
}

struct ExpressionEvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Evaluate an expression, or a file of them, against a described context.",
    discussion: "Exit code 0: it has a value; 1: it was refused or failed; 2: a file cannot be read.")

  @Argument(help: "The expression as a policy holds it: '@(…)' or '@{…}'.")
  var expression: String?

  @Option(help: "A file with the context as a JSON object: request, response, variables and so on.")
  var context: String?

  @Option(help: "The time the clock shows, such as 2024-01-15T10:30:00Z; the real time without it.")
  var now: String?

  @Option(help: "A file of JSON lines with id, kind, text, target and context: one line of result for each.")
  var batch: String?

  @Flag(help: "Accept types and members outside the documented allow-list, too.")
  var lenient = false

  private var options: ExpressionOptions { ExpressionOptions(strictAllowList: !lenient) }

  func run() throws {
    var ticks: Int64?
    if let now {
      guard let date = try? Date(now, strategy: .iso8601) else {
        throw ValidationError("--now needs a time such as 2024-01-15T10:30:00Z, not '\(now)'.")
      }
      ticks = Int64(date.timeIntervalSince1970) * 10_000_000 + 621_355_968_000_000_000
    }
    if let batch {
      for line in ExpressionBatch.evaluate(try read(batch), now: ticks, options: options) { print(line) }
      return
    }
    guard let expression, expression.hasPrefix("@("), expression.hasSuffix(")") || expression.hasPrefix("@{") else {
      guard let expression, expression.hasPrefix("@{"), expression.hasSuffix("}") else {
        throw ValidationError("An expression begins with '@(' or '@{' and ends with its closing bracket.")
      }
      return try evaluate(expression, ticks)
    }
    try evaluate(expression, ticks)
  }

  private func evaluate(_ expression: String, _ ticks: Int64?) throws {
    let description = try context.map { path -> [String: Any] in
      guard let object = try JSONSerialization.jsonObject(with: Data(try read(path).utf8)) as? [String: Any] else {
        throw ValidationError("\(path) does not hold a JSON object.")
      }
      return object
    }
    let form: ExpressionForm = expression.hasPrefix("@{") ? .block : .expression
    let compilation = ExpressionCompiler(options: options).compile(
      String(expression.dropFirst(2).dropLast()), form: form, target: .object,
      at: SourcePosition(line: 1, column: 3))
    guard let program = compilation.program else {
      for diagnostic in compilation.diagnostics { print(diagnostic) }
      throw ExitCode(1)
    }
    let described = DescribedContext(description ?? [:], now: ticks)
    do {
      let value = try program.evaluateString(described)
      for message in described.traces { FileHandle.standardError.write(Data("trace: \(message)\n".utf8)) }
      print(value)
    } catch {
      print(error)
      throw ExitCode(1)
    }
  }

  private func read(_ path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      FileHandle.standardError.write(Data("\(path) cannot be read.\n".utf8))
      throw ExitCode(2)
    }
    return String(decoding: data, as: UTF8.self)
  }
}
