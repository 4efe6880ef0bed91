import Dispatch
import Logging
import NIOCore
import PolicyLibrary
import Synchronization

/// Carries events of GraphQL subscriptions to the other replicas of the gateway, and theirs to the subscribers here: through
/// Redis where limits are counted there, else by the datagrams of the replicas.
///
/// Nobody waits for it: events are written and read on a thread of its own, and what finds no room is lost and counted.
final class EventRelay: Sendable {
  private struct State {
    var number: UInt64 = 0
    /// Bytes of events that wait to be written, and of those that wait to be read.
    var outgoing = 0
    var incoming = 0
    var taken: [ReplicaDatagram.Instance: (numbers: TakenNumbers, last: NIODeadline)] = [:]
  }

  /// Bytes that wait in one direction at most.
  static let waitingBound = 16 << 20
  /// Processes whose events are told apart: more than there may be replicas.
  static let originBound = 256

  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "postern.events")
  private let origin: ReplicaDatagram.Instance
  private let hub: SubscriptionHub
  private let meter: EventMeter
  private let logger: Logger
  private let loop: any EventLoop
  private let redis: NIOLoopBound<RedisEvents>?
  private let link: NIOLoopBound<ReplicaLink>?

  /// To be made on the loop.
  /// - Parameter origin: this process.
  init(
    origin: ReplicaDatagram.Instance, hub: SubscriptionHub, store: CounterStore?, link: ReplicaLink?,
    loop: any EventLoop, meters: GatewayMeters, logger: Logger
  ) {
    self.origin = origin
    self.hub = hub
    self.loop = loop
    self.logger = logger
    meter = meters.events
    self.link = link.map { NIOLoopBound($0, eventLoop: loop) }
    redis = store.map {
      NIOLoopBound(RedisEvents($0, loop: loop, meter: meters.redis, logger: logger), eventLoop: loop)
    }
    redis?.value.onMessage = { [weak self] in self?.receive($0) }
    link?.onEvent = { [weak self] in self?.receive($0) }
    link?.onLostEvent = { [weak self] in self?.lose($0) }
  }

  /// To be called on the loop, once.
  func end() {
    redis?.value.end()
    link?.value.onEvent = nil
    link?.value.onLostEvent = nil
  }

  private func lose(_ outcome: EventMeter.Outcome) {
    guard meter.count(outcome) else { return }
    logger.warning("An event is lost on its way between replicas (\(outcome)); further ones are counted, not logged")
  }

  // MARK: - To others

  /// Takes an event that was published here. Returns at once.
  func send(_ event: GraphQLEvent) {
    let number = state.withLock { state -> UInt64? in
      guard state.outgoing + event.size <= Self.waitingBound else { return nil }
      state.outgoing += event.size
      state.number += 1
      return state.number
    }
    guard let number else { return lose(.full) }
    let envelope = EventEnvelope(origin: origin, number: number, event: event)
    queue.async { [self] in
      let bytes = envelope.bytes
      loop.execute { [self] in
        state.withLock { $0.outgoing -= event.size }
        if bytes.count > EventEnvelope.bound { lose(.oversized) } else { send(bytes) }
      }
    }
  }

  private func send(_ bytes: [UInt8]) {
    if let redis {
      redis.value.publish(bytes) { [self] failure in
        if let failure { lose(failure) } else { meter.count(.sent) }
      }
    } else if let link {
      if let outcome = link.value.say(event: bytes) { lose(outcome) } else { meter.count(.sent) }
    }
  }

  // MARK: - From others

  /// What has come by Redis or datagrams; on the loop.
  private func receive(_ bytes: [UInt8]?) {
    guard let bytes, bytes.count <= EventEnvelope.bound else { return lose(.oversized) }
    let hasRoom = state.withLock { state in
      guard state.incoming + bytes.count <= Self.waitingBound else { return false }
      state.incoming += bytes.count
      return true
    }
    guard hasRoom else { return lose(.full) }
    queue.async { [self] in
      defer { state.withLock { $0.incoming -= bytes.count } }
      guard let envelope = EventEnvelope(bytes) else { return lose(.malformed) }
      guard envelope.origin != origin, take(envelope) else { return }
      meter.count(.received)
      if hub.publish(envelope.event) != nil { lose(.full) }
    }
  }

  /// Whether an event comes for the first time.
  private func take(_ envelope: EventEnvelope) -> Bool {
    state.withLock { state in
      if state.taken[envelope.origin] == nil, state.taken.count >= Self.originBound,
        let oldest = state.taken.min(by: { $0.value.last < $1.value.last })?.key
      {
        state.taken[oldest] = nil
      }
      state.taken[envelope.origin, default: (TakenNumbers(), .now())].last = .now()
      return state.taken[envelope.origin]?.numbers.take(envelope.number) ?? false
    }
  }
}
