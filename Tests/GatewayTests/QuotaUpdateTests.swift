import Foundation
import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import PolicyLibrary
import Testing

@testable import Gateway

/// Counters of quotas that the management service is told of, and sets.
struct QuotaUpdateTests {
  private static let name = "quota-by-key|3600|0|k|calls"
  private static let logger = Logger(label: "test")

  /// Seconds since 0001-01-01, and the hour that holds them.
  private static let now = Clock.ticks() / 10_000_000
  private static let hour = now / 3_600

  private static func update(_ number: UInt64, _ value: Int64, name: String = name, index: Int64 = hour) -> QuotaUpdate
  {
    QuotaUpdate(number: number, name: name, index: index, end: (index + 1) * 3_600, value: value)
  }

  @discardableResult
  private static func use(_ table: LimitTable, _ count: Int = 1, name: String = name, now: Int64 = now) -> Int {
    100
      - table.consume(name, limit: 100, periodSeconds: 3_600, start: 0, increment: count, now: now).remaining
  }

  private static func reporter(
    _ table: LimitTable, _ keeper: QuotaKeeper? = nil, _ redis: [NIOLoopBound<RedisCounters>] = []
  ) -> QuotaReporter {
    QuotaReporter(table, keeper: keeper, redis: redis, instanceID: "i", logger: logger)
  }

  private static func told(_ report: QuotaReport) -> [String: Int64] {
    Dictionary(report.counters.map { ($0.name, $0.used) }) { $1 }
  }

  @Test func `the names of the counters say what the policies have counted`() {
    let byKey = QuotaCounterName("quota-by-key|300|62|a|b/c|bandwidth")
    #expect(byKey?.key == "a|b/c" && byKey?.periods == .fixed(seconds: 300, start: 62) && byKey?.measure == .bandwidth)
    #expect(byKey?.group == "quota-by-key|300|62|a|b/c")
    let ofProduct = QuotaCounterName("quota|sub|product/p|api/a|calls")
    #expect(ofProduct?.key == "sub" && ofProduct?.scope == "product/p|api/a" && ofProduct?.group == "quota|sub")
    for name in [
      "", "calls", "quota-by-key|x|0|k|calls", "quota|sub|calls|", "token-quota|a|calls", "quota-by-key|1|calls",
    ] {
      #expect(QuotaCounterName(name) == nil)
    }
  }

  @Test func `only what has changed is told, and again until it is heard`() async {
    let table = LimitTable()
    let reporter = Self.reporter(table)
    for number in 0..<3 { Self.use(table, number + 1, name: "quota-by-key|3600|0|\(number)|calls") }
    // Not a counter of these policies, one that only asked, and one that is too long.
    Self.use(table, name: "token-quota|k")
    Self.use(table, 0, name: "quota-by-key|3600|0|asked|bandwidth")
    Self.use(table, name: "quota-by-key|3600|0|\(String(repeating: "x", count: 1_100))|calls")
    let first = await reporter.report()
    #expect(Set(first.counters.map(\.used)) == [1, 2, 3])
    #expect(await Self.told(reporter.report()) == Self.told(first))
    await reporter.confirm(first)
    #expect(await reporter.report().counters.isEmpty)
    Self.use(table, name: "quota-by-key|3600|0|1|calls")
    #expect(await Self.told(reporter.report()) == ["quota-by-key|3600|0|1|calls": 3])
  }

  @Test func `a report has a bound, and the rest is told with the next`() async {
    let table = LimitTable()
    let reporter = Self.reporter(table)
    for number in 0..<2_500 { Self.use(table, name: "quota-by-key|3600|0|\(number)|calls") }
    var all: [String: Int64] = [:]
    var sizes: [Int] = []
    while sizes.last != 0 {
      let report = await reporter.report()
      await reporter.confirm(report)
      sizes.append(report.counters.count)
      all.merge(Self.told(report)) { $1 }
    }
    #expect(sizes == [1_000, 1_000, 500, 0] && all.count == 2_500)
  }

  @Test func `a counter is set once, calls count on, and a period that is over stays as it was`() async {
    let table = LimitTable()
    let reporter = Self.reporter(table)
    Self.use(table, 9)
    #expect(await reporter.apply([Self.update(5, 20)]))
    #expect(Self.use(table) == 21)
    // Again, and one that is older.
    #expect(await reporter.apply([Self.update(5, 20), Self.update(4, 0)]))
    #expect(Self.use(table) == 22)
    #expect(await reporter.apply([Self.update(6, 3, index: Self.hour - 1)]))
    #expect(Self.use(table) == 23 && reporter.applied == 6)
    // The next period has begun, though by the clock that sets it is not over.
    Self.use(table, now: Self.now + 3_600)
    #expect(await reporter.apply([Self.update(7, 50)]))
    #expect(Self.use(table, now: Self.now + 3_600) == 2)
    // One that has counted nothing yet here.
    #expect(await reporter.apply([Self.update(8, 7, name: "quota-by-key|3600|0|new|calls")]))
    #expect(Self.use(table, name: "quota-by-key|3600|0|new|calls") == 8)
    #expect(await reporter.report().applied == 8)
  }

  @Test(arguments: [false, true]) func `what was set stays set over a restart, and is not set again`(
    _ isShared: Bool
  ) async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "quotas-" + UUID().uuidString)
      .path(percentEncoded: false)
    defer { for name in [path, path + ".lock"] { try? FileManager.default.removeItem(atPath: name) } }
    func start() -> (LimitTable, QuotaKeeper) {
      let table = LimitTable(replicated: isShared ? ReplicatedQuotas() : nil)
      let keeper = QuotaKeeper(path: path, limits: table, logger: Self.logger)
      keeper.load()
      return (table, keeper)
    }
    let (first, keeper) = start()
    Self.use(first, 30)
    #expect(await Self.reporter(first, keeper).apply([Self.update(5, 10)]))
    #expect(Self.use(first, 2) == 12)
    keeper.end()
    let (second, again) = start()
    let reporter = Self.reporter(second, again)
    #expect(reporter.applied == 5 && Self.use(second) == 13)
    #expect(await reporter.apply([Self.update(5, 10)]))
    #expect(Self.use(second) == 14)
    // Killed right after a counter was set: what is on disk knows of it.
    #expect(await reporter.apply([Self.update(6, 0)]))
    let bytes = try #require(WholeFile.read(path, bound: QuotaFile.bound))
    let contents = try #require(QuotaFile.read(bytes))
    #expect(contents.applied == 6 && (contents.quotas[Self.name]?.used ?? 0) == 0)
    for length in 0..<bytes.count { #expect(QuotaFile.read(Array(bytes[..<length])) == nil) }
    again.end()
  }

  @Test func `a process that another has taken over from sets nothing any more`() async {
    let table = LimitTable()
    let keeper = QuotaKeeper(
      path: FileManager.default.temporaryDirectory.appending(path: "quotas-" + UUID().uuidString).path(), limits: table,
      logger: Self.logger)
    Self.use(table, 9)
    let reporter = Self.reporter(table, keeper)
    #expect(await reporter.apply([Self.update(5, 1)]))
    let (claim, counters) = keeper.handOver()
    #expect(await reporter.apply([Self.update(6, 0)]) == false)
    #expect(Self.use(table) == 2 && reporter.applied == 5)
    let successor = LimitTable()
    let next = QuotaKeeper(path: "", limits: successor, logger: Self.logger, takesOver: true)
    next.takeOver(claim, counters, keeper.quotaState)
    #expect(await Self.reporter(successor, next).apply([Self.update(5, 1)]))
    #expect(Self.use(successor) == 2)
    // What it had begun is answered at last.
    successor.add(keeper.remainder())
    #expect(Self.use(successor) == 4)
    next.end()
  }

  // MARK: - Replicas

  private static func set(
    _ network: ReplicaNetwork, _ replica: ReplicaNetwork.Replica, _ number: UInt64, _ value: Int64
  ) {
    let now = network.seconds(replica)
    let update = QuotaUpdate(
      number: number, name: "k", index: now / 3_600, end: (now / 3_600 + 1) * 3_600, value: value)
    replica.quotas.table.set(update, now: now)
  }

  @Test func `replicas that count together are set once, whenever each hears of it`() {
    let network = ReplicaNetwork(3)
    network.weather = .storm
    network.pass(3_000)
    for replica in network.replicas { _ = network.consume(replica, increment: 10) }
    network.pass(3_000)
    Self.set(network, network.replicas[0], 7, 5)
    _ = network.consume(network.replicas[0], increment: 1)
    // The second has not heard of it: it counts where it has counted.
    _ = network.consume(network.replicas[1], increment: 100)
    network.pass(500)
    Self.set(network, network.replicas[1], 7, 5)
    _ = network.consume(network.replicas[1], increment: 2)
    network.pass(500)
    Self.set(network, network.replicas[2], 7, 5)
    Self.set(network, network.replicas[2], 6, 1_000)
    Self.set(network, network.replicas[0], 7, 5)
    _ = network.consume(network.replicas[2], increment: 4)
    network.pass(4 * QuotaRounds.sweepInterval)
    #expect(network.used() == [12, 12, 12])
    for replica in network.replicas { Self.set(network, replica, 8, 0) }
    _ = network.consume(network.replicas[2])
    network.pass(4 * QuotaRounds.sweepInterval)
    #expect(network.used() == [1, 1, 1])
  }

  @Test func `a replica that was away while a counter was set goes on from there, and brings nothing back`() throws {
    let network = ReplicaNetwork(2)
    network.pass(1_100)
    for replica in network.replicas { _ = network.consume(replica, increment: 10) }
    network.pass(100)
    let away = network.replicas[1]
    network.parted = [away.address]
    Self.set(network, network.replicas[0], 7, 0)
    _ = network.consume(network.replicas[0], increment: 3)
    _ = network.consume(away, increment: 50)
    network.pass(Neighborhood.silence + 1_000)
    network.parted = []
    network.pass(2 * QuotaRounds.sweepInterval)
    // It does not know of it yet.
    #expect(network.used() == [3, 70])
    Self.set(network, away, 7, 0)
    #expect(network.used() == [3, 3])
    _ = network.consume(away)
    network.pass(100)
    #expect(network.used() == [4, 4])
    // One that comes new, and is set before it has heard of anything.
    let late = network.add(3)
    Self.set(network, late, 7, 0)
    _ = network.consume(late)
    network.pass(2 * QuotaRounds.sweepInterval)
    #expect(network.used() == [5, 5, 5])
  }
}

/// The same with counters in a real Redis.
@Suite(.enabled(if: RedisServer.isInstalled), .timeLimit(.minutes(2))) struct RedisQuotaUpdateTests {
  private struct Replica {
    let counters: NIOLoopBound<RedisCounters>
    let table = LimitTable()
    let reporter: QuotaReporter

    init(_ redis: RedisServer) async throws {
      let loop = MultiThreadedEventLoopGroup.singleton.next()
      let meter = RedisMeter()
      let store = CounterStore(connection: try redis.connection(), gatewayID: "plant")
      counters = try await loop.submit {
        NIOLoopBound(RedisCounters(store, loop: loop, meter: meter, logger: Logger(label: "test")), eventLoop: loop)
      }.get()
      reporter = QuotaReporter(
        table, keeper: nil, redis: [counters], instanceID: "i", logger: Logger(label: "test"))
      let isConnected = await eventually { meter.connections(.counters) == 1 }
      #expect(isConnected)
    }

    /// What was used with that.
    func use(_ name: String, seconds: Int = 3_600, _ increment: Int = 1) async throws -> Int? {
      let ask = CounterAsk(
        name, group: QuotaCounterName(name)?.group, limit: 1_000, window: .fixed(seconds: seconds, start: 0),
        increment: increment)
      let promise = counters.eventLoop.makePromise(of: [Admission]?.self)
      let counters = counters
      counters.eventLoop.execute { _ = counters.value.count([ask]) { promise.succeed($0) } }
      return try await promise.futureResult.get()?.first.map { 1_000 - $0.remaining }
    }

    func end() async throws {
      let counters = counters
      try await counters.eventLoop.submit { counters.value.end() }.get()
    }
  }

  private let hour = Clock.ticks() / 10_000_000 / 3_600

  @Test func `two replicas set a counter in Redis once, and tell what is there`() async throws {
    let redis = try await RedisServer()
    let (one, other) = (try await Replica(redis), try await Replica(redis))
    let name = "quota-by-key|3600|0|k|calls"
    #expect(try await one.use(name, 30) == 30)
    #expect(try await other.use(name) == 31)
    for replica in [one, other] {
      let report = await replica.reporter.report()
      #expect(report.isAuthoritative && report.counters.map(\.used) == [31])
      #expect(report.counters.first?.index == hour && report.counters.first?.end == (hour + 1) * 3_600)
      await replica.reporter.confirm(report)
      #expect(await replica.reporter.report().counters.isEmpty)
    }
    let update = QuotaUpdate(number: 7, name: name, index: hour, end: (hour + 1) * 3_600, value: 5)
    #expect(await one.reporter.apply([update]))
    #expect(try await one.use(name) == 6)
    #expect(await other.reporter.apply([update]))
    #expect(try await other.use(name) == 7)
    // A period that is over by the clock of Redis.
    let late = QuotaUpdate(number: 8, name: name, index: hour - 1, end: hour * 3_600, value: 500)
    #expect(await one.reporter.apply([late]))
    #expect(try await one.use(name) == 8)
    // One for ever, which nobody has counted yet.
    let ever = "quota-by-key|0|0|e|calls"
    #expect(await one.reporter.apply([QuotaUpdate(number: 9, name: ever, index: 0, end: .max, value: 40)]))
    #expect(try await other.use(ever, seconds: 0) == 41)
    #expect(one.reporter.applied == 9 && other.reporter.applied == 7)
    try await one.end()
    try await other.end()
  }

  @Test func `while Redis is gone nothing is set, and it is set once when Redis is back`() async throws {
    let redis = try await RedisServer()
    let replica = try await Replica(redis)
    let name = "quota-by-key|3600|0|k|calls"
    #expect(try await replica.use(name, 30) == 30)
    redis.kill()
    let update = QuotaUpdate(number: 7, name: name, index: hour, end: (hour + 1) * 3_600, value: 5)
    #expect(await replica.reporter.apply([update]) == false)
    #expect(replica.reporter.applied == 0)
    try await redis.start()
    var isSet = false
    for _ in 0..<500 where !isSet {
      isSet = await replica.reporter.apply([update])
      if !isSet { try await Task.sleep(for: .milliseconds(20)) }
    }
    #expect(isSet && replica.reporter.applied == 7)
    #expect(try await replica.use(name) == 6)
    try await replica.end()
  }
}
