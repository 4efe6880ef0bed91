import ArgumentParser
import Expressions
import Foundation
import Workbench

/// `postern policy check`.
struct PolicyCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check documents and fragments: all complaints, each with line and column.",
    discussion: """
      Exit code 0: every file can be saved; 1: at least one cannot; 2: the command line is wrong or a file cannot be read.
      Without --named-values or --fragments, what a document refers to may exist: it is a warning, and so is every backend.
      """)

  enum Output: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Argument(help: "Policy documents, fragments, or folders of them.")
  var files: [String]

  @Option(help: "Where the documents are meant for: global, workspace, product, api or operation.")
  var scope: String = "operation"

  @OptionGroup var surroundings: PolicySurroundingsOptions

  @Option(help: "text, or json: one object a complaint and line.")
  var output: Output = .text

  private struct Complaint: Encodable {
    var file: String
    var line: Int
    var column: Int
    var length: Int
    var severity: String
    var code: String
    var message: String
    var offendingText: String
    var suggestion: String?

    init(_ finding: PolicyFinding) {
      let diagnostic = finding.diagnostic
      file = finding.file
      line = diagnostic.position.line
      column = diagnostic.position.column
      length = diagnostic.length
      severity = diagnostic.severity.rawValue
      code = diagnostic.code
      message = diagnostic.message
      offendingText = diagnostic.offendingText
      suggestion = diagnostic.suggestion
    }
  }

  func run() throws {
    guard let check = PolicyFileCheck(scope: scope, surroundings: try surroundings.load()) else {
      throw ValidationError(
        "'\(scope)' is no scope; expected one of \(PolicyFileCheck.scopes.joined(separator: ", ")).")
    }
    let files = try PolicyFiles.list(files)
    var errors = 0
    var warnings = 0
    for file in files {
      for finding in check.findings(try PolicyFiles.read(file), file: file) {
        if finding.isError { errors += 1 } else { warnings += 1 }
        print(try shown(finding))
      }
    }
    if output == .text {
      let counts = "\(Self.count(errors, "error")), \(Self.count(warnings, "warning"))"
      FileHandle.standardError.write(Data("\(Self.count(files.count, "file")) checked: \(counts)\n".utf8))
    }
    if errors > 0 { throw ExitCode(1) }
  }

  private func shown(_ finding: PolicyFinding) throws -> String {
    guard output == .json else { return finding.text }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(Complaint(finding)), as: UTF8.self)
  }

  private static func count(_ number: Int, _ noun: String) -> String {
    "\(number == 0 ? "no" : String(number)) \(noun)\(number == 1 ? "" : "s")"
  }
}
