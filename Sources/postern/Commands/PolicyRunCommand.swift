import ArgumentParser
import Foundation
import Workbench

/// `postern policy run`.
struct PolicyRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run one exchange with a policy document, in this process, with scripted backends.",
    discussion: """
      Prints what the backend received, the response, what was logged, and the trace. The document is taken as the policy of
      an API at /echo with its backend at http://be/api, or of the scope around it that --scope names.
      Exit code 0: there is a response; 1: the policy cannot run; 2: the command line is wrong or a file cannot be read.
      """)

  @Argument(help: "A policy document, or policies for inbound.")
  var document: String

  @Option(help: "Where the document is meant for: global, workspace, product, api or operation.")
  var scope: String = "api"

  @Option(help: "The request: 'GET /echo/path', headers, an empty line, the body.")
  var request: String

  @Option(
    parsing: .upToNextOption, help: "The backend's answers, in order: '200 OK', headers, an empty line, the body.")
  var backend: [String] = []

  @OptionGroup var surroundings: PolicySurroundingsOptions

  @Option(help: "The certificate that the caller shows, in PEM.")
  var clientCertificate: String?

  @Option(help: "The time at the beginning, such as 2026-01-15T10:30:00Z.")
  var now: String?

  func run() throws {
    guard PolicyFileCheck.scopes.contains(scope) else {
      throw ValidationError(
        "'\(scope)' is no scope; expected one of \(PolicyFileCheck.scopes.joined(separator: ", ")).")
    }
    var date: Date?
    if let now {
      date = try? Date(now, strategy: .iso8601)
      if date == nil { throw ValidationError("--now needs a time such as 2026-01-15T10:30:00Z, not '\(now)'.") }
    }
    let text = try PolicyFiles.read(document)
    let message = try PolicyFiles.read(request)
    var answers: [String] = []
    for file in backend { answers.append(try PolicyFiles.read(file)) }
    let surroundings = try surroundings.load()
    let certificate = try clientCertificate.map { try PolicyFiles.read($0) }
    do {
      let run = try PolicyRun(
        document: text, scope: scope, request: message, backends: answers, surroundings: surroundings,
        clientCertificate: certificate,
        now: date)
      for message in run.received { print("### received\n\(message)\n") }
      for message in run.called { print("### called\n\(message)\n") }
      print("### response\n\(run.response)\n")
      if !run.errors.isEmpty { print("### errors\n\(run.errors.joined(separator: "\n"))\n") }
      if !run.log.isEmpty { print("### log\n\(run.log.joined(separator: "\n"))\n") }
      print("### trace\n\(run.trace)")
    } catch {
      FileHandle.standardError.write(Data("\(error.message)\n".utf8))
      throw ExitCode(1)
    }
  }
}
