import Expressions
public import Foundation
import GatewayConfiguration
import PolicyLibrary

/// One exchange with a policy document, told as text and as a trace.
public struct PolicyRun: Sendable {
  /// What the caller gets, as HTTP writes it.
  public let response: String
  /// What backends received, in order.
  public let received: [String]
  /// What services received that policies call.
  public let called: [String]
  /// What was logged.
  public let log: [String]
  /// What failed, in order: the line of the policy, its name, the reason and the message.
  public let errors: [String]
  /// The trace as JSON.
  public let trace: String

  /// Runs a document or fragment of one scope.
  ///
  /// - Parameters:
  ///   - scope: one of ``PolicyFileCheck/scopes``; at workspace scope the API lives in a workspace.
  ///   - request: a message such as `GET /echo/resource`, headers, an empty line, the body.
  ///   - backends: the backend's answers, in order: `200 OK`, headers, an empty line, the body; or `fail REASON message`.
  ///   - clientCertificate: a PEM file with the certificate that the caller shows; nil for none.
  ///   - now: when it begins; nil for 2026-01-01.
  public init(
    document: String, scope: String = "api", request: String, backends: [String],
    surroundings: PolicySurroundings,
    clientCertificate: String? = nil, now: Date?
  ) throws(CaseProblem) {
    guard let scope = PolicyScope(rawValue: scope) else {
      throw CaseProblem(line: 1, message: "'\(scope)' is no scope.")
    }
    var policyCase = PolicyCase()
    let lines = Self.lines(document)
    let isDocument = lines.contains { $0.text.contains("<policies") }
    policyCase.parts = [.init(scope: scope, section: isDocument ? nil : .inbound, lines: lines)]
    policyCase.startTicks = now?.ticks
    var step = PolicyCase.Step(request: try CaseMessage(Self.lines(request), after: 1))
    if let clientCertificate {
      guard let certificate = Certificate(id: "client", pem: clientCertificate) else {
        throw CaseProblem(line: 1, message: "The client's certificate is none in PEM.")
      }
      policyCase.certificates = [certificate]
      step.caller = CaseCaller(certificateID: certificate.id)
    }
    for answer in backends { step.backend.append(try CaseMessage(Self.lines(answer), after: 1)) }
    policyCase.steps = [step]
    let runner = CaseRunner(policyCase, surroundings: surroundings)
    let errors = runner.diagnostics().filter { $0.diagnostic.severity == .error }
    guard errors.isEmpty else {
      let text = errors.map { "\($0.diagnostic)" }.joined(separator: "\n")
      throw CaseProblem(line: errors[0].line, message: "The policy cannot run:\n\(text)")
    }
    guard let outcome = try runner.run().first else {
      throw CaseProblem(line: 1, message: "There is no request.")
    }
    response = outcome.response.text
    received = outcome.received.map(\.text)
    called = outcome.called.map(\.text)
    log = outcome.log
    self.errors = outcome.trace.entries.flatMap { entry -> [String] in
      guard case .step(let step) = entry.content else { return [] }
      return step.changes.filter { $0.subject == "error" }.compactMap(\.after).map { "line \(step.place.line): \($0)" }
    }
    let document = TraceDocument(
      outcome.trace, serviceName: "postern", traceID: "local", workspaceID: outcome.workspaceID)
    trace = String(decoding: document.json(isIndented: true), as: UTF8.self)
  }

  private static func lines(_ text: String) -> [CaseLine] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map {
      CaseLine(number: $0.offset + 1, text: $0.element.hasSuffix("\r") ? $0.element.dropLast() : $0.element)
    }
  }
}
