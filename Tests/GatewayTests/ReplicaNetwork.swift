import Crypto
import PolicyLibrary

@testable import Gateway

/// Replicas that count together, on a clock that is moved by hand and a network that loses, doubles and reorders.
final class ReplicaNetwork {
  /// One replica: what it counts, and how it sees the others.
  final class Replica {
    let address: String
    let limits = ReplicatedLimits()
    let quotas: SharedQuotas
    var neighborhood: Neighborhood
    /// How far its wall clock is off, in milliseconds.
    var skew: Int64 = 0
    var isRunning = true
    var events: [Neighborhood.Action] = []
    /// Events of GraphQL subscriptions, and what came of those of others.
    var datagrams = EventDatagrams()
    var heard: [EventDatagrams.Heard] = []

    init(_ number: Int, key: SymmetricKey, now: Int64) {
      address = "10.0.0.\(number)"
      let replicated = ReplicatedQuotas(origin: .init(high: UInt64.random(in: 1...(.max)), low: UInt64(number)))
      quotas = SharedQuotas(table: LimitTable(replicated: replicated), replicated: replicated)
      neighborhood = Neighborhood(instance: replicated.origin)
      neighborhood.use(key, now: now)
      datagrams.use(key)
    }
  }

  /// What a link does to datagrams.
  struct Weather {
    var loss = 0.0
    var doubling = 0.0
    /// Milliseconds that a datagram travels.
    var delay: ClosedRange<Int64> = 1...1

    static let storm = Weather(loss: 0.3, doubling: 0.3, delay: 1...120)
  }

  private struct Flight {
    var at: Int64
    var order: Int
    var bytes: [UInt8]
    var from: String
    var to: String
  }

  let key = SymmetricKey(size: .bits256)
  var now: Int64 = 1_000
  var weather = Weather()
  private(set) var replicas: [Replica] = []
  private var flights: [Flight] = []
  private var order = 0
  private var random: Xoshiro
  /// Everything that was ever sent.
  private(set) var sent: [(bytes: [UInt8], from: String, to: String)] = []
  var parted: Set<String> = []

  init(_ count: Int) {
    random = Xoshiro()
    for number in 0..<count { add(number + 1) }
  }

  @discardableResult
  func add(_ number: Int) -> Replica {
    let replica = Replica(number, key: key, now: now)
    replicas.append(replica)
    for other in replicas { other.neighborhood.resolved(replicas.map(\.address)) }
    return replica
  }

  private func chance() -> Double { Double(random.next() >> 11) / Double(1 << 53) }

  func deliver(_ bytes: [UInt8], from: String, to: String) {
    sent.append((bytes, from, to))
    if parted.contains(from) != parted.contains(to) { return }
    for _ in 0..<(chance() < weather.doubling ? 2 : 1) where chance() >= weather.loss {
      order += 1
      let spread = weather.delay.upperBound - weather.delay.lowerBound
      let delay = weather.delay.lowerBound + Int64(chance() * Double(spread + 1))
      flights.append(Flight(at: now + delay, order: order, bytes: bytes, from: from, to: to))
    }
  }

  func perform(_ actions: [Neighborhood.Action], of replica: Replica) {
    for action in actions {
      switch action {
      case .send(let bytes, let address, _): deliver(bytes, from: replica.address, to: address)
      case .add(let count, let name, let seconds): replica.limits.add(count, to: name, seconds: seconds, now: now)
      case .hear(let counts): replica.quotas.hear(counts, now: seconds(replica))
      case .take(let part, let sender):
        replica.heard.append(replica.datagrams.hear(part, of: sender, now: now))
      case .joined, .left, .refused: replica.events.append(action)
      }
    }
  }

  /// Lets time pass, a millisecond after the other; rounds are every 20.
  func pass(_ milliseconds: Int64, _ each: (ReplicaNetwork) -> Void = { _ in }) {
    for _ in 0..<milliseconds {
      now += 1
      each(self)
      let due = flights.filter { $0.at <= now }.sorted { ($0.at, $0.order) < ($1.at, $1.order) }
      if !due.isEmpty { flights.removeAll { $0.at <= now } }
      for flight in due {
        for replica in replicas where replica.address == flight.to && replica.isRunning {
          let actions = replica.neighborhood.received(
            flight.bytes, from: flight.from, now: now, wall: now + replica.skew
          ) { replica.limits.everything(now: now) }
          perform(actions, of: replica)
        }
      }
      guard now % 20 == 0 else { continue }
      for replica in replicas where replica.isRunning { tick(replica) }
    }
  }

  private func tick(_ replica: Replica) {
    let seconds = seconds(replica)
    let actions = replica.neighborhood.tick(
      now: now, wall: now + replica.skew, changes: replica.limits.takeChanges(now: now),
      quotaChanges: replica.quotas.takeChanges(now: seconds)
    ) { replica.quotas.replicated.part($0, now: seconds) }
    perform(actions, of: replica)
    perform(replica.neighborhood.say(replica.datagrams.next(now), wall: now + replica.skew), of: replica)
    for _ in 0..<replica.datagrams.forget(now) { replica.heard.append(.lost(.incomplete)) }
  }

  // MARK: - Rates

  func admit(_ replica: Replica, _ key: String = "k", limit: Int, seconds: Int = 60, increment: Int = 1) -> Bool {
    replica.limits.admit(
      CounterName(key), limit: limit, windowSeconds: seconds, increment: increment, now: now
    ).isAllowed
  }

  /// What a replica believes was counted under a key.
  func seen(_ replica: Replica, _ key: String = "k", seconds: Int = 60) -> Int {
    let room = replica.limits.admit(CounterName(key), limit: 1 << 40, windowSeconds: seconds, increment: 0, now: now)
    return (1 << 40) - room.remaining
  }

  // MARK: - Quotas

  /// Seconds since 0001-01-01, by a replica's clock.
  func seconds(_ replica: Replica) -> Int64 { (now + replica.skew) / 1_000 }

  func consume(
    _ replica: Replica, _ key: String = "k", limit: Int = 1 << 40, period: Int = 3_600, increment: Int = 1
  ) -> Admission {
    replica.quotas.table.consume(
      key, limit: limit, periodSeconds: period, start: 0, increment: increment, now: seconds(replica))
  }

  /// What a replica believes was used under a key.
  func used(_ replica: Replica, _ key: String = "k", period: Int = 3_600) -> Int {
    (1 << 40) - consume(replica, key, period: period, increment: 0).remaining
  }

  func used(_ key: String = "k", period: Int = 3_600) -> [Int] {
    replicas.filter(\.isRunning).map { used($0, key, period: period) }
  }
}
