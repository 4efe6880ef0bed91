import GatewayConfiguration
import HTTPWire
import NIOCore
import PolicyLibrary
import Telemetry

/// When an exchange did what, and with which backend: all that the record needs beyond the exchange.
struct ExchangeTiming {
  private(set) var startedTicks: Int64 = 0
  private var started = NIODeadline.uptimeNanoseconds(0)
  private(set) var backendStarted = NIODeadline.uptimeNanoseconds(0)
  private var backendEnded = NIODeadline.uptimeNanoseconds(0)
  /// Of the backend's answer; 0 for none.
  var backendStatus = 0
  /// The backend that was asked last, be it for a former exchange.
  private var asked: BackendTarget?
  private var hasAsked = false
  /// The backend that was asked; nil for none.
  var backend: BackendTarget? { hasAsked ? asked : nil }
  /// What the exchange came to, where the client is told a status of another kind; nil for that of the answer.
  var answeredStatus: Int?
  /// When a caller of gRPC stops waiting.
  var callDeadline: NIODeadline?
  var backendProtocol: StaticString = "HTTP/1.1"
  /// Between the sending of the request and the end of the backend's answer.
  private(set) var isAtBackend = false
  private var extraErrors: [RequestRecord.ProcessingError] = []
  private(set) var hasLostClient = false

  /// Seconds since 1970.
  var startedSeconds: Int64 { (startedTicks - Clock.unixEpochTicks) / 10_000_000 }

  mutating func begin(_ clock: LoopClock) {
    startedTicks = clock.ticks
    started = clock.now
    backendStatus = 0
    hasAsked = false
    isAtBackend = false
    answeredStatus = nil
    callDeadline = nil
    hasLostClient = false
    if !extraErrors.isEmpty { extraErrors = [] }
  }

  mutating func backendStarts(_ target: BackendTarget, _ clock: LoopClock) {
    backendStarted = clock.now
    backendProtocol = "HTTP/1.1"
    isAtBackend = true
    asked.renew(target)
    hasAsked = true
  }

  mutating func backendEnds(_ clock: LoopClock) {
    isAtBackend = false
    backendEnded = clock.now
  }

  /// The backend failed when its answer was already on its way to the client.
  mutating func fails(_ clock: LoopClock, reason: String, message: String) {
    backendEnds(clock)
    note(clock, "forward-request", reason, message, section: "backend")
  }

  mutating func clientLeft(_ clock: LoopClock, _ loss: ClientLoss) {
    if isAtBackend { backendEnds(clock) }
    note(clock, "client", "ClientConnectionFailure", loss.message)
    hasLostClient = true
  }

  private mutating func note(
    _ clock: LoopClock, _ source: String, _ reason: String, _ message: String, section: String? = nil
  ) {
    extraErrors.append(
      .init(
        elapsed: milliseconds(started, clock.now), source: source, section: section, reason: reason, message: message))
  }

  private func milliseconds(_ from: NIODeadline, _ to: NIODeadline) -> Int {
    Int((to - from).nanoseconds / 1_000_000)
  }

  private static func cache(_ state: CacheState) -> RequestRecord.Cache {
    switch state {
    case .hit: .hit
    case .miss: .miss
    case .none: .none
    }
  }

  private func errors(of exchange: Exchange) -> [RequestRecord.ProcessingError] {
    if exchange.errors.isEmpty, extraErrors.isEmpty { return [] }
    let met = exchange.errors.map { item in
      RequestRecord.ProcessingError(
        elapsed: Int(max(0, item.ticks - startedTicks) / 10_000), source: item.error.source, scope: item.error.scope,
        section: item.error.section, reason: item.error.reason,
        message: item.error.detail.map { "\(item.error.message) \($0)" } ?? item.error.message)
    }
    return (met + extraErrors).suffix(16)
  }

  /// The record of an exchange that is over now.
  func record(_ work: RequestLifecycle, _ client: any ClientStream, _ configuration: ServingConfiguration)
    -> RequestRecord
  {
    let exchange = work.exchange
    let facts = exchange.facts
    // 499, as nginx has it: nobody was there to take the answer.
    let status = hasLostClient && client.responseBytes == 0 ? 499 : answeredStatus ?? exchange.response.status
    var record = RequestRecord(
      timeGenerated: (startedTicks - Clock.unixEpochTicks) / 10, correlationId: facts.requestID.text,
      gatewayId: configuration.deployment.gateway.id, region: configuration.deployment.gateway.location,
      isRequestSuccess: status < 400 && extraErrors.isEmpty, totalTime: milliseconds(started, work.state.clock.now),
      callerIpAddress: facts.clientAddress, method: exchange.request.receivedMethodText,
      url: exchange.request.receivedURL(isTLS: facts.isTLS),
      clientProtocol: client.protocolName.description, responseCode: status,
      responseSize: client.responseBytes, requestSize: client.requestBytes,
      cache: Self.cache(exchange.cacheState), errors: errors(of: exchange))
    if let backend {
      record.backendMethod = exchange.request.method
      record.backendUrl = exchange.request.currentURL(host: backend.host, isTLS: backend.origin.isTLS)
      record.backendProtocol = backendProtocol.description
      record.backendResponseCode = backendStatus == 0 ? nil : backendStatus
      record.backendId = backend.backendID
      record.backendTime = milliseconds(backendStarted, backendEnded)
    } else if let entity = exchange.entity {
      // It was not called, be it that it may not be for now.
      record.backendId = entity.id
    }
    record.trace = work.trace
    record.tracing = work.traced?.outcome
    record.clientTlsVersion = client.tlsVersion
    record.apiId = facts.api?.value.id
    record.apiRevision = facts.api?.value.revision
    record.operationId = facts.operation?.value.id
    record.productId = facts.product?.value.id
    record.userId = facts.user?.value.id
    record.apimSubscriptionId = facts.subscription?.id
    record.workspaceId = facts.api?.value.workspace?.id
    return record
  }
}
