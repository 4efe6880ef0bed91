import ArgumentParser
import Expressions
import Foundation
import Workbench

/// Policies at a terminal.
struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Check policy documents before they are saved.",
    subcommands: [PolicyCheckCommand.self])
}

struct PolicyCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check documents and fragments: all complaints, each with line and column.",
    discussion: "Exit code 0: every file can be saved; 1: at least one cannot; 2: a file cannot be read.")

  enum Output: String, ExpressibleByArgument { case text, json }

  @Argument(help: "Policy documents or fragments.")
  var files: [String]

  @Option(help: "Where the documents are meant for: global, product, api or operation.")
  var scope: String = "operation"

  @Option(help: "text, or json: one object a complaint.")
  var output: Output = .text

  func validate() throws {
    guard PolicyFileCheck.scopes.contains(scope) else {
      throw ValidationError("'\(scope)' is no scope; expected \(PolicyFileCheck.scopes.joined(separator: ", "))")
    }
  }

  private struct Complaint: Encodable {
    var file: String
    var line: Int
    var column: Int
    var severity: String
    var code: String
    var message: String
    var suggestion: String?
  }

  func run() throws {
    var hasErrors = false
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    for file in files {
      guard let data = FileManager.default.contents(atPath: file) else {
        throw ConfigurationExit("cannot read \(file): \(String(cString: strerror(errno)))")
      }
      let found = PolicyFileCheck.diagnostics(String(decoding: data, as: UTF8.self), scope: scope) ?? []
      hasErrors = hasErrors || found.contains { $0.severity == .error }
      for diagnostic in found {
        switch output {
        case .text: print("\(file):\(diagnostic)")
        case .json:
          let complaint = Complaint(
            file: file, line: diagnostic.position.line, column: diagnostic.position.column,
            severity: diagnostic.severity.rawValue, code: diagnostic.code, message: diagnostic.message,
            suggestion: diagnostic.suggestion)
          print(String(decoding: try encoder.encode(complaint), as: UTF8.self))
        }
      }
    }
    if hasErrors { throw ExitCode(1) }
  }
}
