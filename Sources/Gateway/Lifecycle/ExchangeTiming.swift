import GatewayConfiguration
import HTTPWire
import NIOCore
import NIOSSL
import PolicyLibrary
import Telemetry

/// When an exchange did what, and with which backend: all that the record needs beyond the exchange.
struct ExchangeTiming {
  private(set) var startedTicks: Int64 = 0
  private var started = NIODeadline.now()
  private(set) var backendStarted = NIODeadline.now()
  private var backendEnded: NIODeadline?
  private var backendStatus: Int?
  private var backendMethod: String?
  private var backendURL: String?
  private var backendID: String?
  /// Between the sending of the request and the end of the backend's answer.
  private(set) var isAtBackend = false
  private var extraErrors: [RequestRecord.ProcessingError] = []
  private var hasLostClient = false

  init() {}

  init(state: LoopState) {
    startedTicks = state.effects.now()
    started = .now()
  }

  mutating func backendStarts(_ exchange: Exchange, _ backend: BackendTarget) {
    backendStarted = .now()
    backendEnded = nil
    isAtBackend = true
    backendMethod = exchange.request.method
    backendURL =
      "\(backend.origin.isTLS ? "https" : "http")://\(String(decoding: backend.host, as: UTF8.self))\(exchange.request.target)"
    backendID = backend.backendID
  }

  mutating func backendAnswers(_ status: Int) { backendStatus = status }

  mutating func backendEnds() {
    isAtBackend = false
    backendEnded = .now()
  }

  /// The backend failed when its answer was already on its way to the client.
  mutating func fails(_ exchange: Exchange, reason: String, message: String) {
    backendEnds()
    note("forward-request", reason, message, section: "backend")
  }

  mutating func clientLeft(_ exchange: Exchange) {
    if isAtBackend { backendEnds() }
    note("client", "ClientConnectionFailure", "The client closed the connection before its answer was complete.")
    hasLostClient = true
  }

  private mutating func note(_ source: String, _ reason: String, _ message: String, section: String? = nil) {
    extraErrors.append(
      .init(elapsed: milliseconds(started, .now()), source: source, section: section, reason: reason, message: message))
  }

  private func milliseconds(_ from: NIODeadline, _ to: NIODeadline) -> Int {
    Int((to - from).nanoseconds / 1_000_000)
  }

  /// The record of an exchange that is over.
  func record(_ client: ClientConnection, _ configuration: ServingConfiguration) -> RequestRecord {
    let exchange = client.exchange
    let facts = exchange.facts
    // 499, as nginx has it: nobody was there to take the answer.
    let status = hasLostClient && client.responseBytes == 0 ? 499 : exchange.response.status
    let errors = exchange.errors.map { item in
      RequestRecord.ProcessingError(
        elapsed: Int(max(0, item.ticks - startedTicks) / 10_000), source: item.error.source, scope: item.error.scope,
        section: item.error.section, reason: item.error.reason, message: item.error.message)
    }
    var record = RequestRecord(
      timeGenerated: (startedTicks - Clock.unixEpochTicks) / 10, correlationId: facts.requestID,
      gatewayId: configuration.gateway.id, region: configuration.gateway.location,
      isRequestSuccess: status < 400 && extraErrors.isEmpty, totalTime: milliseconds(started, .now()),
      callerIpAddress: facts.clientAddress, method: client.originalMethod,
      url: "\(client.isSecure ? "https" : "http")://\(client.originalAuthority)\(facts.originalTarget)",
      clientProtocol: exchange.request.minorVersion == 0 ? "HTTP/1.0" : "HTTP/1.1", responseCode: status,
      responseSize: client.responseBytes, requestSize: client.requestBytes, cache: .none,
      errors: Array((errors + extraErrors).suffix(16)))
    if let method = backendMethod {
      record.backendMethod = method
      record.backendUrl = backendURL
      record.backendProtocol = "HTTP/1.1"
      record.backendResponseCode = backendStatus
      record.backendId = backendID
      record.backendTime = milliseconds(backendStarted, backendEnded ?? .now())
    }
    record.clientTlsVersion = client.tlsVersion
    record.apiId = facts.api?.id
    record.apiRevision = facts.api?.revision
    record.operationId = facts.operation?.id
    record.productId = facts.product?.id
    record.userId = facts.user?.id
    record.apimSubscriptionId = facts.subscription?.id
    return record
  }
}
