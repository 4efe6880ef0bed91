import Expressions
import HTTPWire
import PolicySyntax

/// How a policy's own request is made for each exchange.
struct OutgoingRequestTemplate: Sendable {
  enum Mode: String, Sendable, CaseIterable {
    /// Only what the policy says.
    case new
    /// The exchange's request, changed by what the policy says.
    case copy
  }

  let mode: Argument<String>
  let timeoutSeconds: Argument<Int>
  let url: Argument<String>?
  let method: Argument<String>?
  let headers: [SetHeader]
  let body: SetBody?
  let authentication: (any OutgoingAuthentication)?
  let proxy: ProxySetting?
  /// `copy` takes the request's body along.
  let copiesBody: Bool

  static let invalidURL = "InvalidUrl"

  func request(_ exchange: Exchange) throws(PolicyError) -> OutgoingRequest {
    let mode = try mode.value(exchange)
    guard let mode = Mode(rawValue: mode) else {
      throw invalid(exchange, "InvalidMode", "'\(mode)' is no value of mode; expected new or copy.")
    }
    var request = OutgoingRequest(method: "GET", url: try address(exchange, mode))
    if mode == .copy {
      request.method = exchange.request.method
      exchange.request.forEachHeader { name, value in
        if !Self.ownHeaders.contains(name.lowercased()) { request.headers.append((name, value)) }
      }
      if copiesBody { request.body = exchange.requestBody.bytes }
    }
    if let method {
      let text = try method.value(exchange).trimmed
      guard HeaderName(text) != nil else {
        throw invalid(exchange, "InvalidMethod", "'\(text)' is no method of HTTP.")
      }
      request.method = text
    }
    request.timeoutMilliseconds = min(max(1, try timeoutSeconds.value(exchange)), 86_400) * 1_000
    if let body {
      request.body = try body.bytes(exchange)
      request.headers.removeAll { $0.name.lowercased() == "content-encoding" }
    }
    for header in headers { try header.apply(exchange, to: &request) }
    request.proxy = try proxy?.server(exchange)
    return request
  }

  /// Names, in lower case, that a copied request makes itself.
  private static let ownHeaders: Set<String> = [
    "host", "content-length", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect",
    "proxy-connection", "proxy-authorization",
  ]

  private func address(_ exchange: Exchange, _ mode: Mode) throws(PolicyError) -> RequestURL {
    if let url {
      let text = try url.value(exchange).trimmed
      do {
        return try RequestURL(text)
      } catch {
        throw invalid(exchange, Self.invalidURL, error.message)
      }
    }
    guard mode == .copy, let backend = exchange.backend else {
      throw invalid(
        exchange, Self.invalidURL, "The request has no <set-url>, and there is no backend to copy one from.")
    }
    return exchange.currentURL(of: backend)
  }

  private func invalid(_ exchange: Exchange, _ reason: String, _ message: String) -> PolicyError {
    .internal(source: exchange.place?.policy ?? "send-request", reason: reason, message: message)
  }

  /// Adds what proves who asks, which may itself need a request; the wait, if any, holds what is under way.
  func authenticate(
    _ request: OutgoingRequest, _ exchange: Exchange, _ wait: PolicyWait?,
    _ completion: @escaping (Result<OutgoingRequest, PolicyError>) -> Void
  ) {
    guard let authentication else { return completion(.success(request)) }
    if let pending = authentication.authenticate(request, exchange, completion) { wait?.holds(pending) }
  }
}

/// A policy that may stand in a request of a policy and proves who sends it.
protocol OutgoingAuthentication: Sendable {
  /// Completes with the request as it shall be sent; what takes time is returned, to be given up with the wait.
  func authenticate(
    _ request: OutgoingRequest, _ exchange: Exchange,
    _ completion: @escaping (Result<OutgoingRequest, PolicyError>) -> Void
  ) -> (any PendingEffect)?
}

/// Reads the attributes and children that `send-request` and `send-one-way-request` share.
struct OutgoingRequestReader {
  /// Nil after a complaint.
  let template: OutgoingRequestTemplate?

  private static let children = [
    "set-url", "set-method", "set-header", "set-body", "authentication-certificate", "authentication-managed-identity",
    "authentication-basic", "proxy",
  ]

  init(_ element: PolicyElement, _ plan: PolicyCompilation, _ attributes: AttributeReader) {
    let modes = OutgoingRequestTemplate.Mode.allCases.map(\.rawValue)
    let mode = attributes.word("mode", among: modes) ?? .literal("new")
    let timeout = attributes.integer("timeout", in: 1...86_400) ?? .literal(60)
    plan.allowChildren(Self.children, in: element)
    for name in Self.children where name != "set-header" {
      for child in element.elements(named: name).dropFirst() {
        plan.report(child.diagnostic("PL0129", "'\(element.name)' may hold only one <\(name)>."))
      }
    }
    let url = Self.text("set-url", in: element, plan)
    let method = Self.text("set-method", in: element, plan)
    if mode.literal == "new" {
      for name in ["set-url", "set-method"] where element.first(name) == nil {
        plan.report(element.diagnostic("PL0109", "'\(element.name)' with mode=\"new\" needs a <\(name)>."))
      }
    }
    if case .literal(let text) = url {
      do { _ = try RequestURL(text.trimmed) } catch {
        let text = element.first("set-url")?.text
        plan.report(text?.diagnostic("PL0125", error.message) ?? element.diagnostic("PL0125", error.message))
      }
    }
    let headers = element.elements(named: "set-header").compactMap { SetHeader($0, plan, onResponse: false) }
    let body = element.first("set-body").flatMap { SetBody($0, plan, onResponse: false) }
    // The request's body is there until the backend has it.
    let copiesBody = mode.literal != "new" && body == nil && [.inbound, .backend].contains(plan.section)
    if copiesBody { plan.readsRequestBody = true }
    let authentication = element.elements.first { $0.name.hasPrefix("authentication-") }
      .flatMap { OutgoingAuthentications.read($0, plan) }
    template = OutgoingRequestTemplate(
      mode: mode, timeoutSeconds: timeout, url: url, method: method, headers: headers, body: body,
      authentication: authentication, proxy: element.first("proxy").flatMap { ProxySetting($0, plan) },
      copiesBody: copiesBody)
  }

  static func text(_ name: String, in element: PolicyElement, _ plan: PolicyCompilation) -> Argument<String>? {
    guard let child = element.first(name) else { return nil }
    AttributeReader(child, plan).finish()
    plan.allowChildren([], in: child)
    guard let text = child.text else {
      plan.report(child.diagnostic("PL0109", "<\(name)> needs a text."))
      return nil
    }
    return plan.string(text)
  }
}
