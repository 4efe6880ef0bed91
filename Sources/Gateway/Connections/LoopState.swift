import GatewayConfiguration
import HTTPWire
import Logging
import NIOCore
import PolicyLibrary
import Telemetry

/// Everything one event loop owns; never touched from another thread.
final class LoopState {
  let loop: any EventLoop
  let effects: LoopEffects
  let subscribers: LoopSubscribers
  let trustsForwardedProto: Bool
  /// Whether requests carry the gateway's own place in their trace on to backends.
  let joinsTraces: Bool
  let timeouts: ClientTimeouts
  let limits: ClientLimits
  /// Whether a 404 of the gateway itself says which part did not match.
  let explainsNotFound: Bool
  let backends: BackendConnections
  /// Where the traces of requests go; nil where there is nobody who could read them.
  let traces: TraceDelivery?
  /// What is served; nil before the first configuration.
  var configuration: ServingConfiguration? {
    didSet {
      // They know the way of their latest request.
      lifecycles = []
      pool.forgetTargets()
      effects.tokens.policiesChanged()
      effects.follow(configuration?.externalCache)
      effects.configuredTrust = configuration?.deployment.trust
      let authorities = configuration?.deployment.authorities ?? []
      pool.believe(authorities)
      effects.calls.believe(authorities)
    }
  }
  var notReadyReason: String?
  private(set) var isDraining = false
  /// Draining has waited long enough for requests on their way.
  private(set) var isClosingIdle = false
  var clock = LoopClock()
  private(set) var clients: [ObjectIdentifier: any ConnectedClient] = [:]
  let pool: UpstreamPool
  /// Ready to carry exchanges.
  private var lifecycles: [RequestLifecycle] = []
  /// Messages are put together here that go straight to their socket.
  private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: LoopState.roomBytes, alignment: 16)
  /// And here those that do not, or are longer; whole again once they are written, which is mostly at once.
  private var scratch = ByteBuffer()
  private var records: [RequestRecord] = []
  /// Nil when nobody reads records.
  private let onRecords: (@Sendable ([RequestRecord]) -> Void)?
  private var ticking: RepeatedTask?

  /// Records handed on together at most.
  private static let batch = 256
  /// Idle lifecycles kept.
  private static let lifecycleBound = 256
  /// Between two looks at the deadlines.
  static let tick = TimeAmount.milliseconds(100)
  /// Bodies up to this size share one write with their head.
  static let coalesceBound = 4_096
  private static let roomBytes = 16_384

  init(
    loop: any EventLoop, memory: ProcessMemory, logger: Logger, trustsForwardedProto: Bool, joinsTraces: Bool,
    timeouts: ClientTimeouts = ClientTimeouts(), limits: ClientLimits = ClientLimits(),
    backends: BackendConnections = BackendConnections(), explainsNotFound: Bool = false, counters: CounterStore? = nil,
    traces: TraceDelivery? = nil, identity: IdentityEndpoint,
    onRecords: (@Sendable ([RequestRecord]) -> Void)?
  ) {
    self.loop = loop
    self.trustsForwardedProto = trustsForwardedProto
    self.joinsTraces = joinsTraces
    self.timeouts = timeouts
    self.limits = limits
    self.backends = backends
    pool = UpstreamPool(backends)
    self.explainsNotFound = explainsNotFound
    self.onRecords = onRecords
    self.traces = traces
    subscribers = LoopSubscribers(memory.subscriptions, loop)
    effects = LoopEffects(
      memory: memory, counters: counters, identity: identity, logger: logger, loop: loop, backends)
  }

  deinit { room.deallocate() }

  // MARK: - Connections and deadlines

  func add(_ client: any ConnectedClient) {
    clients[ObjectIdentifier(client)] = client
    guard ticking == nil else { return }
    clock.adjust()
    let box = NIOLoopBound(self, eventLoop: loop)
    ticking = loop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { _ in box.value.onTick() }
  }

  func remove(_ client: any ConnectedClient) { clients[ObjectIdentifier(client)] = nil }

  /// A moment that is not over before so much time has passed; up to two ticks more.
  func deadline(after amount: TimeAmount) -> NIODeadline { clock.now + amount + Self.tick }

  /// Ends what has waited too long, and hands the records on.
  private func onTick() {
    flushRecords()
    clock.adjust()
    let now = clock.now
    var late: [any ConnectedClient] = []
    for (_, client) in clients where client.deadline <= now { late.append(client) }
    for client in late { client.timedOut() }
    pool.closeIdle(now)
    if clients.isEmpty, pool.isEmpty {
      ticking?.cancel()
      ticking = nil
      lifecycles = []
    }
  }

  // MARK: - Exchanges

  func takeLifecycle() -> RequestLifecycle { lifecycles.popLast() ?? RequestLifecycle(state: self) }

  func giveBack(_ lifecycle: RequestLifecycle) {
    // One that began with a former configuration would keep it.
    guard lifecycle.isCurrent, lifecycles.count < Self.lifecycleBound else { return }
    lifecycles.append(lifecycle)
  }

  /// Writes a message: its head, and what there is of its body, in one system call. Returns the bytes written.
  func write(
    _ head: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, body: ByteBuffer?, to socket: ConnectionSocket
  ) -> Int {
    let bound = head.writtenBound(rewrite)
    let bodyBytes = body?.readableBytes ?? 0
    let isSmall = bodyBytes <= Self.coalesceBound
    if isSmall, bound + bodyBytes <= Self.roomBytes, socket.isDirect {
      var message = OutputRawSpan(buffer: room, initializedCount: 0)
      head.write(rewrite, into: &message)
      if let body { message.append(copying: body.readableBytesSpan) }
      let count = message.finalize(for: room)
      socket.write(UnsafeRawBufferPointer(rebasing: room[..<count]))
      return count
    }
    scratch.clear(minimumCapacity: isSmall ? bound + bodyBytes : bound)
    scratch.writeWithOutputRawSpan(minimumWritableBytes: bound) { room in head.write(rewrite, into: &room) }
    let headBytes = scratch.readableBytes
    if let body, !isSmall {
      socket.write(scratch, body)
    } else {
      if let body { scratch.writeImmutableBuffer(body) }
      socket.write(scratch)
    }
    return headBytes + bodyBytes
  }

  // MARK: - Records

  var wantsRecords: Bool { onRecords != nil }

  /// Takes the record of a finished exchange. It is handed on with the next tick: whoever reads records is woken some
  /// times a second, not for each request.
  func add(_ record: RequestRecord) {
    records.append(record)
    if records.count >= Self.batch { flushRecords() }
  }

  func flushRecords() {
    if records.isEmpty { return }
    let batch = records
    records = []
    records.reserveCapacity(Self.batch)
    onRecords?(batch)
  }

  // MARK: - The end

  /// Takes one more request at most on each connection, whose answer says that it is the last.
  func drain() {
    isDraining = true
    for client in Array(clients.values) { client.announceEnd() }
  }

  /// Takes no further request on any connection; those between two requests end at once.
  func closeIdle() {
    isClosingIdle = true
    for client in Array(clients.values) { client.closeIfIdle() }
  }

  /// Ends every connection, whatever it is doing.
  func closeAll() {
    for client in Array(clients.values) { client.abort(.gatewayEnded) }
    pool.closeAll()
    effects.close()
    flushRecords()
    ticking?.cancel()
    ticking = nil
    lifecycles = []
  }
}

/// A client's connection as its loop sees it.
protocol ConnectedClient: AnyObject {
  /// When whatever is being waited for has taken too long.
  var deadline: NIODeadline { get }
  func timedOut()
  /// Tells the client, where the protocol can, that its next request will be the last.
  func announceEnd()
  /// Ends the connection if no exchange is under way.
  func closeIfIdle()
  /// Ends the connection in the middle of whatever it does.
  func abort(_ loss: ClientLoss)
}
