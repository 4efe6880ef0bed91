import DotNet
import Expressions
import HTTPWire
import PolicyLibrary

/// A message that went over the wire of a case.
struct SeenMessage: Sendable {
  var firstLine: String
  var headers: [(name: String, value: String)]
  var body: String

  init(firstLine: String, headers: [(name: String, value: String)], body: String) {
    self.firstLine = firstLine
    self.headers = headers
    self.body = body
  }

  /// What the caller gets.
  init(responseOf exchange: Exchange) {
    var headers: [(name: String, value: String)] = []
    exchange.response.forEachHeader { headers.append(($0, $1)) }
    let reason = exchange.response.reason
    firstLine = exchange.hasResponse ? "\(exchange.response.status)\(reason.isEmpty ? "" : " \(reason)")" : "200 OK"
    self.headers = headers
    body = String(decoding: exchange.responseBody.bytes ?? [], as: UTF8.self)
  }

  /// What a backend gets.
  init(requestOf exchange: Exchange, _ settings: ForwardSettings) {
    var headers: [(name: String, value: String)] = []
    exchange.request.forEachHeader { if $0.lowercased() != "host" { headers.append(($0, $1)) } }
    let target = exchange.backend.map { exchange.asReached($0) ?? $0 }
    let host = String(decoding: target?.host ?? [], as: UTF8.self)
    firstLine =
      "\(exchange.request.method) \(target?.origin.isTLS == true ? "https" : "http")://\(host)\(exchange.request.target)"
      + (target.map { Self.way($0.origin, settings.httpVersion) } ?? "")
    self.headers = headers
    body = String(decoding: exchange.requestBody.bytes ?? [], as: UTF8.self)
  }

  /// What a service that a policy calls gets.
  init(_ request: OutgoingRequest) {
    firstLine =
      "\(request.method) \(request.origin.isTLS ? "https" : "http")://\(request.host)\(request.target)"
      + Self.way(Origin(of: request))
    headers = request.headers
    body = String(decoding: request.body ?? [], as: UTF8.self)
  }

  /// How it is reached, beyond its address: ` through proxy:8080 Basic dTpw, showing THUMBPRINT`.
  private static func way(_ origin: Origin, _ version: HTTPVersion = .one) -> String {
    var parts: [String] = []
    switch version {
    case .one: break
    case .two: parts.append("over HTTP/2")
    case .twoOrOne: parts.append("over HTTP/2 or 1.1")
    }
    if let proxy = origin.proxy {
      parts.append("through \(proxy.host):\(proxy.port)" + (proxy.authorization.map { " \($0)" } ?? ""))
    }
    let shown = showing(origin.clientCertificate)
    if !shown.isEmpty { parts.append(String(shown.dropFirst(2))) }
    return parts.isEmpty ? "" : " " + parts.joined(separator: ", ")
  }

  /// Which certificate is shown: `, showing THUMBPRINT`; empty for none.
  static func showing(_ certificate: ClientCertificate?) -> String {
    guard let source = certificate?.source else { return "" }
    let value =
      switch source {
      case .pem(let certificates, _): try? CertificateValue(pem: certificates)
      case .pkcs12(let bytes, let password): try? CertificateValue(bytes, password: password)
      }
    return ", showing \(value?.thumbprint ?? "what cannot be read")"
  }

  /// As a case would write it.
  var text: String {
    var lines = [firstLine] + headers.map { "\($0.name): \($0.value)" }
    if !body.isEmpty { lines += ["", body] }
    return lines.joined(separator: "\n")
  }
}

/// The answers of one request's backends and services, and what they received.
final class CaseScript {
  private var backend: [CaseMessage] = []
  var services: [CaseMessage] = []
  private(set) var received: [SeenMessage] = []
  var called: [SeenMessage] = []
  /// An answer that cannot be understood.
  var problem: CaseProblem?

  func begin(_ step: PolicyCase.Step) {
    (backend, services, received, called, problem) = (step.backend, step.services, [], [], nil)
  }

  /// The backend's answer; without any it is an empty 200, and the last one is given again.
  func forward(_ exchange: Exchange, _ settings: ForwardSettings) -> PlanRunner.BackendAnswer {
    received.append(SeenMessage(requestOf: exchange, settings))
    guard let answer = backend.first else { return .response(status: 200) }
    if backend.count > 1 { backend.removeFirst() }
    if let failure = failure(answer) { return .failure(reason: failure.reason, message: failure.message) }
    return .response(
      status: status(answer), headers: answer.headers.map { ($0.name, $0.value) }, body: answer.body ?? "",
      milliseconds: answer.delay * 1_000)
  }

  /// A service's answer; without any it cannot be reached.
  func answer(_ request: OutgoingRequest) -> ScriptedEffects.Answer {
    called.append(SeenMessage(request))
    guard !services.isEmpty else {
      return .init(.failure(.init(reason: .connection, message: "\(request.host) cannot be reached.")))
    }
    let answer = services.removeFirst()
    let milliseconds = answer.delay * 1_000
    if let failure = failure(answer) {
      let reason = OutgoingFailure.Reason(rawValue: failure.reason) ?? .connection
      return .init(.failure(.init(reason: reason, message: failure.message)), milliseconds: milliseconds)
    }
    let message = ResponseMessage(
      statusCode: status(answer), statusReason: answer.words.dropFirst().joined(separator: " "),
      headers: answer.headers.map { (name: $0.name, values: [$0.value]) }, body: answer.body.map { Array($0.utf8) })
    return .init(.success(message), milliseconds: milliseconds)
  }

  /// `fail REASON message`.
  func failure(_ answer: CaseMessage) -> (reason: String, message: String)? {
    guard answer.words.first == "fail", answer.words.count >= 2 else { return nil }
    return (answer.words[1], answer.words.dropFirst(2).joined(separator: " "))
  }

  private func status(_ answer: CaseMessage) -> Int {
    if let status = answer.words.first.flatMap({ Int($0) }), (100...999).contains(status) { return status }
    problem = CaseProblem(line: answer.line, message: "Expected a status such as '200 OK', or 'fail REASON message'.")
    return 500
  }
}
