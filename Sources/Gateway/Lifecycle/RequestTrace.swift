import Foundation
import GatewayConfiguration
import HTTPWire
import PolicyLibrary
import Telemetry

/// A trace that is complete.
public struct FinishedTrace: Sendable {
  /// As the caller was told it; that of the request's record.
  public let id: String
  let document: TraceDocument

  /// As `listTrace` shows it. Takes its time, so not on a loop.
  public func json() -> [UInt8] { document.json() }
}

/// Where traces go.
public struct TraceDelivery: Sendable {
  /// This gateway's address at the management service: `https://service/gateways/plant`.
  public let base: String
  /// Called from the loops; must not wait.
  public let take: @Sendable (FinishedTrace) -> Void

  public init(base: String, take: @escaping @Sendable (FinishedTrace) -> Void) {
    self.base = base
    self.take = take
  }
}

/// What a caller gets who asks for the trace of its request: gateway-facts.md, section 10.9.
struct RequestTrace {
  /// In the answer, and says what came of it; nil where nothing is to be said.
  var header: (name: String, value: String)?
  var outcome: RequestRecord.Tracing
  /// The caller's subscription decides, once it is known.
  var isForSubscription = false

  /// - Parameter api: what the request is for; nil when it is for none.
  init(credential text: String, api: API?, _ deployment: Deployment, id: RequestID, now: Int64) {
    outcome = .refused
    guard let key = deployment.gateway.debugKey, let credential = DebugCredential(text), credential.isSigned(with: key)
    else {
      header = (
        "Postern-Debug-Authorization-Invalid", "The token is none of gateway \(deployment.gateway.id), or was changed."
      )
      return
    }
    guard now < credential.expirySeconds else {
      outcome = .expired
      let date = Date(timeIntervalSince1970: Double(credential.expirySeconds))
      header = ("Apim-Debug-Authorization-Expired", date.formatted(.iso8601))
      return
    }
    guard let api, api.id.lowercased() == credential.apiID.lowercased(),
      api.workspace?.id.lowercased() == credential.workspaceID?.lowercased()
    else {
      let met = api.map { "is for API '\($0.id)'" } ?? "is for no API of this gateway"
      header = (
        "Apim-Debug-Authorization-WrongAPI", "The token is for API '\(credential.apiID)', the request \(met)."
      )
      return
    }
    outcome = .allowed
    header = ("Apim-Trace-Id", id.text)
  }

  /// For `Ocp-Apim-Trace`.
  init() {
    outcome = .refused
    isForSubscription = true
  }
}

extension RequestLifecycle {
  /// Looks at the caller's wish for a trace, and begins it if it may have one.
  /// - Parameter api: what the request is for; nil when it is for none.
  func beginTrace(_ configuration: ServingConfiguration, api: API?) {
    guard state.traces != nil else { return }
    if let text = exchange.request.firstValue(of: .debugAuthorization) {
      traced = RequestTrace(
        credential: text, api: api, configuration.deployment, id: exchange.facts.requestID,
        now: timing.startedSeconds)
      // A credential of the gateway's is nothing for policies and backends.
      exchange.request.remove(.debugAuthorization)
      if traced?.outcome != .allowed { return }
    } else if api != nil, exchange.request.firstValue(of: .trace)?.lowercased() == "true" {
      traced = RequestTrace()
    } else {
      return
    }
    let steps = ExchangeTrace(startTicks: timing.startedTicks)
    exchange.trace = steps
    let request = ExchangeTrace.Message(
      request: exchange.request, url: exchange.request.receivedURL(isTLS: exchange.facts.isTLS))
    steps.add("api-inspector", .inbound, .received(request), ticks: timing.startedTicks)
  }

  /// Who calls is known now, or that nobody is known.
  func admitTrace(_ configuration: ServingConfiguration) {
    guard let traced, let steps = exchange.trace else { return }
    if traced.isForSubscription {
      guard let subscription = exchange.facts.subscription, subscription.allowTracing,
        let key = configuration.deployment.gateway.debugKey, let base = state.traces?.base
      else {
        exchange.trace = nil
        return
      }
      let location = TraceLocation(
        traceID: exchange.facts.requestID.text,
        expirySeconds: timing.startedSeconds + DebugCredential.maximumLifetime, key: key)
      self.traced?.outcome = .allowed
      self.traced?.header = ("Ocp-Apim-Trace-Location", location.url(below: base))
    }
    steps.add("api-inspector", .inbound, .matched(exchange.facts), ticks: exchange.effects.now())
  }

  /// The request goes to the backend like this, but for what the backend entity adds to it of its own.
  func traceForwarding(_ rewrite: HeadRewrite, to backend: BackendTarget) {
    guard let steps = exchange.trace else { return }
    let url = exchange.request.currentURL(host: backend.host, isTLS: backend.origin.isTLS)
    let seconds = Double(forwarding.timeoutMilliseconds) / 1_000
    steps.add(
      "request-forwarder", .backend,
      .forwarded(.init(request: exchange.request, written: rewrite, url: url), timeoutSeconds: seconds),
      ticks: exchange.effects.now())
  }

  /// The head of the backend's answer is in `exchange.response`.
  func traceBackendAnswer() {
    exchange.trace?.add(
      "request-forwarder", .backend, .answered(.init(response: exchange.response)), ticks: exchange.effects.now())
  }

  /// The answer says what came of the caller's wish.
  func announceTrace() {
    guard let header = traced?.header else { return }
    // A head without room left goes without.
    do { try exchange.response.set(header.name, header.value) } catch { return }
  }

  /// The answer's head is about to be written like this.
  func traceAnswer(_ rewrite: HeadRewrite) {
    guard let steps = exchange.trace else { return }
    steps.add(
      "transfer-response", .outbound,
      .answered(.init("Response headers are sent to the caller", response: exchange.response, written: rewrite)),
      ticks: exchange.effects.now())
  }

  /// The exchange is over.
  func finishTrace(_ configuration: ServingConfiguration, isLost: Bool) {
    guard let steps = exchange.trace else { return }
    steps.end(exchange)
    exchange.trace = nil
    let text =
      isLost ? "The caller left before the response was complete" : "Response has been sent to the caller in full"
    steps.add("transfer-response", .outbound, .said(text, nil, []), ticks: exchange.effects.now())
    let document = TraceDocument(
      steps, serviceName: configuration.deployment.service.name, traceID: exchange.facts.requestID.text,
      workspaceID: exchange.facts.api?.value.workspace?.id, secrets: configuration.traceSecrets)
    state.traces?.take(FinishedTrace(id: exchange.facts.requestID.text, document: document))
  }
}
