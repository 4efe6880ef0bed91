import NIOCore
import PolicyLibrary
import Synchronization

/// Carries events from the loop where they are published to the subscribers on every loop of the process.
///
/// It is shared by the loops; its state is behind the lock, and what belongs to a loop is touched on that loop alone.
final class SubscriptionHub: Sendable {
  private struct State {
    /// The loops with subscribers, by topic.
    var loops: [GraphQLTopic: [ObjectIdentifier: NIOLoopBound<LoopSubscribers>]] = [:]
    /// Of the events that wait for a loop, once for each.
    var waitingBytes = 0
  }

  private let state = Mutex(State())
  /// The way to other replicas; nil where there are none.
  let relay = Mutex<EventRelay?>(nil)

  /// Bytes of events that wait; further ones are lost.
  static let waitingBound = 64 << 20
  /// Bytes of one event.
  static let eventBound = 1 << 20
  /// What an event takes beside its payload.
  private static let overhead = 512

  func add(_ subscribers: NIOLoopBound<LoopSubscribers>, to topic: GraphQLTopic) {
    state.withLock { $0.loops[topic, default: [:]][ObjectIdentifier(subscribers.eventLoop)] = subscribers }
  }

  func remove(_ loop: any EventLoop, from topic: GraphQLTopic) {
    state.withLock { state in
      state.loops[topic]?[ObjectIdentifier(loop)] = nil
      if state.loops[topic]?.isEmpty == true { state.loops[topic] = nil }
    }
  }

  /// Hands an event to those who subscribe here, and to other replicas for theirs; returns why it is lost here, nil when it
  /// is not.
  func publishEverywhere(_ event: GraphQLEvent) -> String? {
    let reason = publish(event)
    if event.size <= Self.eventBound { relay.withLock { $0 }?.send(event) }
    return reason
  }

  /// Hands an event to those who subscribe here.
  func publish(_ event: GraphQLEvent) -> String? {
    guard event.size <= Self.eventBound else {
      return "it has \(event.size) bytes; the limit is \(Self.eventBound)"
    }
    let size = event.size + Self.overhead
    let targets = state.withLock { state -> [NIOLoopBound<LoopSubscribers>]? in
      guard let loops = state.loops[event.topic] else { return [] }
      guard state.waitingBytes + size * loops.count <= Self.waitingBound else { return nil }
      state.waitingBytes += size * loops.count
      return Array(loops.values)
    }
    guard let targets else { return "\(Self.waitingBound) bytes of events wait already" }
    for target in targets { target.eventLoop.execute { target.value.take(event) } }
    return nil
  }

  /// A loop is done with an event.
  fileprivate func delivered(_ event: GraphQLEvent) {
    state.withLock { $0.waitingBytes -= event.size + Self.overhead }
  }
}

/// The subscribers on one loop. Confined to it.
final class LoopSubscribers {
  private let loop: any EventLoop
  private let hub: SubscriptionHub
  private var sessions: [GraphQLTopic: [ObjectIdentifier: SubscriptionSession]] = [:]
  /// Events in their order.
  private var waiting = CircularBuffer<GraphQLEvent>()
  /// The first of them, with those who have not got it yet; nil while nothing is under way.
  private var delivery: (event: GraphQLEvent, rest: [SubscriptionSession])?

  /// Subscribers that get an event in one turn, so that the loop's requests go on in between.
  private static let turn = 64

  init(_ hub: SubscriptionHub, _ loop: any EventLoop) {
    self.hub = hub
    self.loop = loop
  }

  func add(_ session: SubscriptionSession, to topic: GraphQLTopic) {
    if sessions[topic] == nil { hub.add(NIOLoopBound(self, eventLoop: loop), to: topic) }
    sessions[topic, default: [:]][ObjectIdentifier(session)] = session
  }

  func remove(_ session: SubscriptionSession, from topic: GraphQLTopic) {
    guard sessions[topic]?.removeValue(forKey: ObjectIdentifier(session)) != nil, sessions[topic]?.isEmpty == true
    else { return }
    sessions[topic] = nil
    hub.remove(loop, from: topic)
  }

  fileprivate func take(_ event: GraphQLEvent) {
    waiting.append(event)
    if delivery == nil { deliver() }
  }

  private func deliver() {
    var left = Self.turn
    while left > 0 {
      if delivery == nil {
        guard let event = waiting.popFirst() else { return }
        delivery = (event, Array((sessions[event.topic] ?? [:]).values))
      }
      guard let event = delivery?.event else { return }
      if let session = delivery?.rest.popLast() {
        session.deliver(event)
      } else {
        delivery = nil
        hub.delivered(event)
      }
      left -= 1
    }
    let box = NIOLoopBound(self, eventLoop: loop)
    loop.execute { box.value.deliver() }
  }
}
