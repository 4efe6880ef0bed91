import Crypto
import Foundation
import Logging
import NIOCore
import NIOPosix

/// How a gateway finds its other replicas.
public struct NeighborhoodSettings: Sendable, Equatable {
  /// Names that lead to every replica, this one among them; several are separated by commas.
  public var host: String
  /// UDP ports, the same at every replica.
  public var heartbeatPort: Int
  public var countsPort: Int
  /// The address this replica listens on and sends from.
  public var address: String

  public init(host: String, heartbeatPort: Int = 4_291, countsPort: Int = 4_290, address: String = "0.0.0.0") {
    self.host = host
    self.heartbeatPort = heartbeatPort
    self.countsPort = countsPort
    self.address = address
  }
}

/// The sockets of a ``Neighborhood``: two UDP ports and a round every 20 ms, all on one event loop.
final class ReplicaLink {
  /// Between two rounds: what is counted meanwhile is what other replicas do not know.
  static let round = TimeAmount.milliseconds(20)
  /// Between two looks at where the names lead.
  static let resolveInterval: Int64 = 5_000
  /// Between two looks for quotas whose period is over.
  static let forgetInterval: Int64 = 60_000

  private let settings: NeighborhoodSettings
  private let loop: any EventLoop
  private let limits: ReplicatedLimits
  private let quotas: SharedQuotas
  private let meter: ReplicaMeter
  private let logger: Logger
  private var neighborhood: Neighborhood
  private var events = EventDatagrams()
  /// Takes an event of another replica.
  var onEvent: (([UInt8]) -> Void)?
  /// Told of one that is lost.
  var onLostEvent: ((EventMeter.Outcome) -> Void)?
  private var channels: [Neighborhood.Channel: any Channel] = [:]
  private var targets: [String: SocketAddress] = [:]
  private var ticking: RepeatedTask?
  private var nextResolve = Int64.min
  private var isResolving = false
  private var nextForgetting = Int64.min
  private var started: Int64 = 0
  private var isOpening = false
  private var nextOpen = Int64.min
  private var isClosed = false
  private var isToldClosed = false
  private var isToldAlone = false
  private var isToldRefused = false

  init(
    _ settings: NeighborhoodSettings, loop: any EventLoop, limits: ReplicatedLimits, quotas: SharedQuotas,
    meter: ReplicaMeter, logger: Logger
  ) {
    self.settings = settings
    self.loop = loop
    self.limits = limits
    self.quotas = quotas
    self.meter = meter
    self.logger = logger
    neighborhood = Neighborhood(instance: quotas.replicated.origin)
    meter.present = 0
  }

  // MARK: - Beginning and end

  /// Opens the ports; where another process still has them, as one that this one takes over from, again a second later.
  private func open(_ now: Int64) {
    guard !isOpening, now >= nextOpen else { return }
    isOpening = true
    nextOpen = now + 1_000
    let box = NIOLoopBound(self, eventLoop: loop)
    let opened = [settings.heartbeatPort, settings.countsPort].map { port in
      DatagramBootstrap(group: loop)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(Receiver(link: box.value))
          }
        }
        .bind(host: settings.address, port: port)
    }
    EventLoopFuture.whenAllComplete(opened, on: loop).whenSuccess { box.value.opened($0) }
  }

  private func opened(_ results: [Result<any Channel, any Error>]) {
    isOpening = false
    let made = results.compactMap { try? $0.get() }
    guard made.count == 2, ticking != nil else {
      for channel in made { channel.close(promise: nil) }
      if !isToldClosed, ticking != nil {
        isToldClosed = true
        logger.warning(
          "UDP ports \(settings.heartbeatPort) and \(settings.countsPort) cannot be opened yet; trying again: \(results)"
        )
      }
      return
    }
    channels = [.heartbeat: made[0], .counts: made[1]]
    started = Self.now()
    logger.info(
      "Replicas are looked for at \(settings.host), UDP ports \(settings.heartbeatPort) and \(settings.countsPort)")
  }

  /// The key of the gateway's replicas, as the configuration in force has it.
  func use(_ key: Data?) {
    guard let key else {
      return logger.warning(
        "Limits are not shared: the management service gave no key for replicas (it is older than this gateway)")
    }
    neighborhood.use(SymmetricKey(data: key), now: Self.now())
    events.use(SymmetricKey(data: key))
    guard ticking == nil, !isClosed else { return }
    let box = NIOLoopBound(self, eventLoop: loop)
    ticking = loop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.round) { _ in box.value.tick() }
  }

  func close() {
    isClosed = true
    ticking?.cancel()
    ticking = nil
    perform(neighborhood.leave(wall: Self.wall()))
    for channel in channels.values { channel.close(promise: nil) }
    channels = [:]
    meter.present = 0
  }

  /// Tells an event to the others with the next rounds; gives why it cannot.
  func say(event bytes: [UInt8]) -> EventMeter.Outcome? { neighborhood.present == 0 ? nil : events.add(bytes) }

  // MARK: - From process to process

  /// What is counted, and how far others were heard, at one moment.
  func remembered() -> ReplicaMemory {
    let now = Self.now()
    return ReplicaMemory(
      windows: limits.windows(now: now), heard: neighborhood.marks(own: limits.everything(now: now)),
      quotas: quotas.everything(now: Self.seconds()))
  }

  /// Goes on from what another process of this replica remembers.
  func takeOver(_ memory: ReplicaMemory) {
    let now = Self.now()
    limits.add(memory.windows, now: now)
    neighborhood.takeOver(memory.heard, now: now)
    quotas.hear(memory.quotas, now: Self.seconds())
  }

  // MARK: - Rounds

  private static func now() -> Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }
  private static func wall() -> Int64 { (Clock.ticks() - Clock.unixEpochTicks) / 10_000 }
  /// Since 0001-01-01.
  private static func seconds() -> Int64 { Clock.ticks() / 10_000_000 }

  private func tick() {
    let now = Self.now()
    guard !channels.isEmpty else { return open(now) }
    if now >= nextResolve, !isResolving { resolve(now) }
    let (seconds, replicated) = (Self.seconds(), quotas.replicated)
    perform(
      neighborhood.tick(
        now: now, wall: Self.wall(), changes: limits.takeChanges(now: now),
        quotaChanges: quotas.takeChanges(now: seconds)
      ) { replicated.part($0, now: seconds) })
    if neighborhood.present == 0 { events.clear() }
    perform(neighborhood.say(events.next(now), wall: Self.wall()))
    for _ in 0..<events.forget(now) { onLostEvent?(.incomplete) }
    if now >= nextForgetting {
      nextForgetting = now + Self.forgetInterval
      replicated.forget(now: seconds)
    }
    meter.present = neighborhood.present
    if !isToldAlone, neighborhood.present == 0, now - started > 15_000 {
      isToldAlone = true
      logger.warning(
        "No other replica answers at \(settings.host), UDP port \(settings.heartbeatPort): limits count here alone"
      )
    }
    for channel in channels.values { channel.flush() }
  }

  /// Follows the names; the system's resolver may take seconds, so that it has a thread of its own.
  private func resolve(_ now: Int64) {
    isResolving = true
    nextResolve = now + Self.resolveInterval
    let box = NIOLoopBound(self, eventLoop: loop)
    let host = settings.host
    NIOThreadPool.singleton.runIfActive(eventLoop: loop) { ReplicaAddresses.resolve(host) }
      .whenComplete { result in
        box.value.isResolving = false
        // A resolver that fails for once does not part replicas that know each other.
        if case .success(let addresses) = result, !addresses.isEmpty { box.value.neighborhood.resolved(addresses) }
      }
  }

  fileprivate func received(_ bytes: [UInt8], from address: String) {
    meter.countReceived()
    let now = Self.now()
    perform(
      neighborhood.received(bytes, from: address, now: now, wall: Self.wall()) { limits.everything(now: now) })
    meter.present = neighborhood.present
  }

  private func perform(_ actions: [Neighborhood.Action]) {
    for action in actions {
      switch action {
      case .send(let bytes, let address, let channel): send(bytes, to: address, channel)
      case .add(let count, let name, let seconds): limits.add(count, to: name, seconds: seconds, now: Self.now())
      case .hear(let counts): quotas.hear(counts, now: Self.seconds())
      case .take(let part, let sender):
        switch events.hear(part, of: sender, now: Self.now()) {
        case .nothing: break
        case .event(let bytes): onEvent?(bytes)
        case .lost(let outcome): onLostEvent?(outcome)
        }
      case .joined(let address):
        isToldAlone = false
        started = Self.now()
        logger.info("The replica at \(address) shares its limits with this one")
      case .left(let address): logger.info("The replica at \(address) is gone")
      case .refused(let refusal, let address):
        meter.count(refusal)
        if !isToldRefused, refusal != .replayed {
          isToldRefused = true
          logger.warning(
            "A datagram from \(address) is refused (\(refusal.rawValue)); further ones are counted, not logged")
        }
      }
    }
  }

  private func send(_ bytes: [UInt8], to address: String, _ kind: Neighborhood.Channel) {
    guard let channel = channels[kind], channel.isWritable else { return meter.countSent(false) }
    let port = kind == .heartbeat ? settings.heartbeatPort : settings.countsPort
    let key = "\(address) \(port)"
    if targets.count > 1_024 { targets = [:] }
    guard let target = targets[key] ?? (try? SocketAddress(ipAddress: address, port: port)) else {
      return meter.countSent(false)
    }
    targets[key] = target
    var buffer = channel.allocator.buffer(capacity: bytes.count)
    buffer.writeBytes(bytes)
    meter.countSent(true)
    channel.writeAndFlush(AddressedEnvelope(remoteAddress: target, data: buffer), promise: nil)
  }

  private final class Receiver: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    private let link: ReplicaLink

    init(link: ReplicaLink) { self.link = link }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let envelope = unwrapInboundIn(data)
      guard let address = envelope.remoteAddress.ipAddress else { return }
      link.received(Array(envelope.data.readableBytesView), from: address)
    }

    // What a replica that is gone leaves behind (ICMP) is no end of the socket.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
  }
}
