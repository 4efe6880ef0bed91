import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import PolicyLibrary
import Telemetry

/// Everything one event loop owns; never touched from another thread.
final class LoopState {
  let loop: any EventLoop
  let effects: LoopEffects
  let trustsForwardedProto: Bool
  let instanceID: String
  /// What is served; nil before the first configuration.
  var configuration: ServingConfiguration?
  var notReadyReason: String?
  var isDraining = false
  private(set) var clients: [ObjectIdentifier: ClientConnection] = [:]
  let pool: UpstreamPool
  private var records: [RequestRecord] = []
  /// Nil when nobody reads records.
  private let onRecords: (@Sendable ([RequestRecord]) -> Void)?
  private var ticking: RepeatedTask?

  /// Records handed on together at most.
  private static let batch = 256
  /// Milliseconds between two looks at the deadlines.
  private static let tickMilliseconds: Int64 = 100

  init(
    loop: any EventLoop, limits: LimitTable, logger: Logger, trustsForwardedProto: Bool, instanceID: String,
    onRecords: (@Sendable ([RequestRecord]) -> Void)?
  ) {
    self.loop = loop
    self.trustsForwardedProto = trustsForwardedProto
    self.instanceID = instanceID
    self.onRecords = onRecords
    effects = LoopEffects(limits: limits, logger: logger)
    pool = UpstreamPool(loop: loop, logger: logger)
  }

  func add(_ client: ClientConnection) {
    clients[ObjectIdentifier(client)] = client
    if ticking == nil {
      let box = NIOLoopBound(self, eventLoop: loop)
      let interval = TimeAmount.milliseconds(Self.tickMilliseconds)
      ticking = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in box.value.tick() }
    }
  }

  func remove(_ client: ClientConnection) { clients[ObjectIdentifier(client)] = nil }

  /// Takes the record of a finished exchange; it is made only if somebody reads it.
  func add(_ record: @autoclosure () -> RequestRecord) {
    guard onRecords != nil else { return }
    records.append(record())
    if records.count >= Self.batch {
      flushRecords()
    } else if records.count == 1 {
      // Once the events at hand are worked off: under load that makes batches, and a crash loses next to nothing.
      let box = NIOLoopBound(self, eventLoop: loop)
      loop.execute { box.value.flushRecords() }
    }
  }

  func flushRecords() {
    if records.isEmpty { return }
    let batch = records
    records = []
    records.reserveCapacity(Self.batch)
    onRecords?(batch)
  }

  /// Ends what has waited too long, and hands the records on.
  private func tick() {
    flushRecords()
    let now = NIODeadline.now()
    for client in Array(clients.values) where client.deadline <= now { client.timedOut() }
    pool.closeIdle(now)
    if clients.isEmpty, pool.isEmpty {
      ticking?.cancel()
      ticking = nil
    }
  }

  /// Takes no further request on any connection; those between two requests end at once.
  func drain() {
    isDraining = true
    for client in Array(clients.values) { client.closeIfIdle() }
  }

  /// Ends every connection, whatever it is doing.
  func closeAll() {
    for client in Array(clients.values) { client.abort() }
    pool.closeAll()
    flushRecords()
    ticking?.cancel()
    ticking = nil
  }
}
