import Crypto
import Foundation
import Logging
import PolicyLibrary
import Synchronization
import Testing

@testable import Gateway

/// Quotas that replicas count together.
struct ReplicatedQuotaTests {
  private typealias Network = ReplicaNetwork

  @Test func `what one uses of a quota the others know within two rounds`() {
    let network = Network(3)
    network.pass(1_100)
    for (index, replica) in network.replicas.enumerated() {
      #expect(network.consume(replica, increment: index + 1).isAllowed)
    }
    network.pass(42)
    #expect(network.used() == [6, 6, 6])
    let refused = network.consume(network.replicas[0], limit: 6)
    #expect(!refused.isAllowed && refused.remaining == 0)
    // The answer to a call that came first and did not count learns of it, too.
    #expect(network.consume(network.replicas[1], limit: 8, increment: 2).remaining == 0)
    network.pass(42)
    #expect(network.used() == [8, 8, 8])
  }

  @Test func `a counter that only asked so far hears what others count`() {
    let network = Network(2)
    network.pass(1_100)
    // As bandwidth does before anything has passed.
    #expect(network.used(network.replicas[1]) == 0)
    _ = network.consume(network.replicas[0], increment: 7)
    network.pass(42)
    #expect(network.used(network.replicas[1]) == 7)
  }

  @Test func `loss, doubling and reordering change nothing but the moment`() {
    let network = Network(3)
    network.weather = .storm
    network.pass(5_000)
    var counted = 0
    network.pass(3_000) { network in
      if network.now % 3 == 0, network.consume(network.replicas[Int(network.now / 3) % 3]).isAllowed { counted += 1 }
    }
    for index in 0..<100 { _ = network.consume(network.replicas[index % 3], "k\(index)", increment: index + 1) }
    // Whatever repeats do not mend, the next telling of everything does; at last.
    network.pass(4 * QuotaRounds.sweepInterval)
    #expect(counted == 1_000)
    #expect(network.used() == [1_000, 1_000, 1_000])
    for index in 0..<100 { #expect(network.used("k\(index)") == [index + 1, index + 1, index + 1]) }
  }

  @Test(arguments: [
    ReplicaNetwork.Weather(), ReplicaNetwork.Weather(loss: 0.01, doubling: 0.01, delay: 0...10),
  ])
  private func `at 1,000 requests a second three replicas let hardly more pass than one would`(
    _ weather: ReplicaNetwork.Weather
  ) {
    let network = Network(3)
    network.weather = weather
    network.pass(1_500)
    var admitted = 0
    network.pass(4_000) { network in
      if network.consume(network.replicas[Int.random(in: 0..<3)], limit: 2_000).isAllowed { admitted += 1 }
    }
    #expect(admitted >= 2_000 && admitted <= 2_040)
  }

  @Test func `after a parting all know all, also what one counted that is gone since`() {
    let network = Network(4)
    network.pass(1_100)
    for replica in network.replicas { _ = network.consume(replica) }
    network.pass(200)
    network.parted = [network.replicas[2].address, network.replicas[3].address]
    for (index, replica) in network.replicas.enumerated() { _ = network.consume(replica, increment: 10 << index) }
    network.pass(200)
    #expect(network.used() == [34, 34, 124, 124])
    // What the last has counted, the third alone has heard.
    network.replicas[3].isRunning = false
    network.pass(Neighborhood.silence + 1_000)
    network.parted = []
    network.pass(2_500)
    #expect(network.used() == [154, 154, 154])
  }

  @Test func `one that comes late is told everything, also of those that are gone`() {
    let network = Network(3)
    network.pass(1_100)
    for index in 0..<1_000 { _ = network.consume(network.replicas[index % 3], "k\(index)", increment: index + 1) }
    network.pass(200)
    let gone = network.replicas[2]
    network.perform(gone.neighborhood.leave(wall: network.now), of: gone)
    gone.isRunning = false
    network.pass(100)
    let late = network.add(4)
    network.pass(2_500)
    for index in 0..<1_000 { #expect(network.used(late, "k\(index)") == index + 1) }
    // Nothing of it is told as the late one's own.
    #expect(late.quotas.takeChanges(now: network.seconds(late)).isEmpty)
  }

  @Test func `a period ends for all, and what was used in it is forgotten`() {
    let network = Network(2)
    network.replicas[1].skew = 3_000
    network.now = 295_000
    network.pass(1_100)
    _ = network.consume(network.replicas[0], period: 300, increment: 5)
    network.pass(100)
    #expect(network.used(period: 300) == [5, 5])
    // The clock of the second is ahead: it is in the next period already.
    network.pass(1_000)
    _ = network.consume(network.replicas[1], period: 300, increment: 2)
    network.pass(100)
    #expect(network.used(period: 300) == [5, 2])
    network.pass(4_000)
    #expect(network.used(period: 300) == [2, 2])
    for replica in network.replicas {
      let seconds = network.seconds(replica) + 700
      replica.quotas.replicated.forget(now: seconds)
      #expect(replica.quotas.everything(now: 0).isEmpty)
    }
  }

  @Test func `two periods of one key do not unlearn each other's counts`() {
    let network = Network(2)
    network.now = 400_000
    network.pass(1_100)
    for _ in 0..<10 {
      _ = network.consume(network.replicas[0], period: 300)
      _ = network.consume(network.replicas[0], period: 86_400, increment: 2)
      network.pass(7)
    }
    _ = network.consume(network.replicas[1], period: 300)
    network.pass(100)
    #expect(network.used(period: 300) == [11, 11])
    #expect(network.used(period: 86_400) == [20, 20])
  }

  @Test func `counters whose period is over leave the list of what is to be told, even if it never is`() {
    let table = LimitTable(replicated: ReplicatedQuotas())
    let shard = table.shard(of: "")
    let room = LimitTable.bound / LimitTable.shardCount
    var (number, made) = (0, 0)
    while made < 2 * room + 2 {
      let key = String(number, radix: 36)
      number += 1
      guard table.shard(of: key) === shard else { continue }
      made += 1
      // The second half comes in the next period.
      _ = table.consume(key, limit: 9, periodSeconds: 60, start: 0, increment: 1, now: made <= room ? 0 : 60)
    }
    let untold = shard.state.withLock { $0.unpublished }
    #expect(untold.count <= room)
    #expect(Set(untold).count == untold.count)
  }

  // MARK: - Restarts

  /// What a replica's file would hold now.
  private func file(_ network: Network, _ replica: Network.Replica) throws -> [UInt8] {
    let now = network.seconds(replica)
    replica.quotas.table.publish(to: replica.quotas.replicated, now: now)
    replica.quotas.replicated.markChanged()
    return QuotaFile.bytes(try #require(replica.quotas.replicated.takeChangedRecords(now: now))).bytes
  }

  private func restart(_ network: Network, _ number: Int, from file: [UInt8]) throws -> Network.Replica {
    for replica in network.replicas where replica.address == "10.0.0.\(number)" { replica.isRunning = false }
    let replica = network.add(number)
    let contents = try #require(QuotaFile.read(file))
    replica.quotas.replicated.restore(contents, of: file, now: network.seconds(replica))
    return replica
  }

  @Test func `one that crashed and comes back with an old file loses nothing and counts nothing twice`() throws {
    let network = Network(2)
    network.pass(1_100)
    let first = network.replicas[0]
    _ = network.consume(first, increment: 100)
    _ = network.consume(network.replicas[1], increment: 7)
    network.pass(100)
    let old = try file(network, first)
    _ = network.consume(first, increment: 20)
    network.pass(100)
    let again = try restart(network, 1, from: old)
    #expect(network.used(again) == 107)
    // At once, before it has heard anything.
    _ = network.consume(again, increment: 3)
    network.pass(1_500)
    // The others, for which the former life is still there, tell of it when they miss it.
    network.pass(Neighborhood.silence + 2 * QuotaRounds.sweepInterval)
    #expect(network.used() == [130, 130])
  }

  @Test func `when all are restarted their files are enough, and read twice they count once`() throws {
    let network = Network(3)
    network.pass(1_100)
    for (index, replica) in network.replicas.enumerated() { _ = network.consume(replica, increment: 1 << index) }
    network.pass(100)
    let last = try file(network, network.replicas[2])
    let former = network.replicas
    for replica in former { replica.isRunning = false }
    let one = try restart(network, 1, from: last)
    let two = try restart(network, 2, from: last)
    #expect(network.used(one) == 7 && network.used(two) == 7)
    _ = network.consume(one, increment: 100)
    network.pass(2_500)
    #expect(network.used() == [107, 107])
  }

  @Test func `the file of a process that counted alone is one replica's, however often it is read`() throws {
    let table = LimitTable()
    _ = table.consume("k", limit: 100, periodSeconds: 3_600, start: 0, increment: 5, now: 1)
    let file = QuotaFile.bytes(try #require(table.takeChangedQuotas(now: 1))).bytes
    let network = Network(2)
    _ = try restart(network, 1, from: file)
    network.pass(1_100)
    #expect(network.used() == [5, 5])
    _ = try restart(network, 1, from: file)
    network.pass(1_100)
    #expect(network.used() == [5, 5])
    // And back: who counts alone goes on from the sum.
    let one = try #require(network.replicas.last)
    _ = network.consume(one, increment: 2)
    network.pass(100)
    let shared = try self.file(network, one)
    let alone = LimitTable()
    alone.restore(try #require(QuotaFile.read(shared)).quotas)
    #expect(alone.consume("k", limit: 100, periodSeconds: 3_600, start: 0, increment: 1, now: 2).remaining == 92)
  }

  @Test(arguments: ["simple", "with\nlines and \\ signs", "ünïcödé n", "c 1 2 t"])
  func `what replicas count survives their file, and a file that is cut off is not believed`(_ key: String) throws {
    let network = Network(2)
    network.pass(1_100)
    for replica in network.replicas { _ = network.consume(replica, key, increment: 3) }
    // Of a counter that this one does not know itself.
    _ = network.consume(network.replicas[1], "other")
    network.pass(100)
    let bytes = try file(network, network.replicas[0])
    let contents = try #require(QuotaFile.read(bytes))
    #expect(contents.quotas.mapValues(\.used) == [key: 6])
    #expect(contents.records.count == 2)
    #expect(QuotaFile.bytes(contents.records).bytes.count == bytes.count)
    for length in 0..<bytes.count { #expect(QuotaFile.read(Array(bytes[..<length])) == nil) }
    for text in [
      "t 1 2 3", "c 1 2 3 4", "c 1 2 x y k", "c 1 9 1 2 k\nt 1 2 0", "c 1 9 1 2 k\nt 1 2 99999999999999999999",
    ] {
      let lines = text.split(separator: "\n").count
      #expect(QuotaFile.read(Array("postern quotas 2\n\(text)\nend \(lines)\n".utf8)) == nil)
    }
  }

  @Test func `a keeper keeps what this process and what others have counted`() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "quotas-" + UUID().uuidString)
      .path(percentEncoded: false)
    defer { for name in [path, path + ".lock"] { try? FileManager.default.removeItem(atPath: name) } }
    let now = Clock.ticks() / 10_000_000
    let period = QuotaPeriod(name: CounterName("k"), index: now / 3_600)
    func left() -> (LimitTable, QuotaKeeper, () -> Int) {
      let table = LimitTable(replicated: ReplicatedQuotas())
      let keeper = QuotaKeeper(path: path, limits: table, logger: Logger(label: "test"))
      keeper.load()
      return (
        table, keeper,
        { table.consume("k", limit: 100, periodSeconds: 3_600, start: 0, increment: 1, now: now).remaining }
      )
    }
    let (table, keeper, count) = left()
    #expect(count() == 99)
    #expect(count() == 98)
    let replicated = try #require(table.replicated)
    let heard = QuotaCount(period: period, end: (period.index + 1) * 3_600, origin: .random(), total: 40)
    SharedQuotas(table: table, replicated: replicated).hear([heard], now: now)
    keeper.save()
    let size = try Data(contentsOf: URL(filePath: path)).count
    // What others say anew is worth a write, too.
    SharedQuotas(table: table, replicated: replicated).hear(
      [QuotaCount(period: period, end: heard.end, origin: .random(), total: 10)], now: now)
    keeper.end()
    #expect(try Data(contentsOf: URL(filePath: path)).count > size)
    let (_, second, countAgain) = left()
    #expect(countAgain() == 47)
    second.end()
  }

  // MARK: - From process to process

  @Test func `a process that takes over knows all, and is told what came since without counting it twice`() throws {
    let network = Network(2)
    network.pass(1_100)
    let (first, other) = (network.replicas[0], network.replicas[1])
    _ = network.consume(first, increment: 5)
    _ = network.consume(other, increment: 40)
    network.pass(100)
    func counters() throws -> LimitCounters {
      let now = network.seconds(first)
      var counters = first.quotas.table.counters(seconds: now, uptime: network.now)
      counters.replicas = ReplicaMemory(quotas: first.quotas.everything(now: now))
      return try #require(LimitCounters(bytes: counters.bytes))
    }
    func take(_ counters: LimitCounters, _ successor: Network.Replica) {
      successor.quotas.table.add(counters)
      successor.quotas.hear(counters.replicas?.quotas ?? [], now: network.seconds(successor))
    }
    let successor = network.add(1)
    successor.isRunning = false
    let told = try counters()
    take(told, successor)
    #expect(network.used(successor) == 45)
    _ = network.consume(successor, increment: 100)
    _ = network.consume(first, increment: 2)
    let all = try counters()
    var since = all.since(told)
    since.replicas = all.replicas
    take(since, successor)
    #expect(network.used(successor) == 147)
    first.isRunning = false
    successor.isRunning = true
    network.pass(1_500)
    #expect(network.used() == [147, 147])
    // One that does not count together goes on from the sums.
    let alone = LimitTable()
    alone.add(told)
    alone.add(since)
    #expect(alone.counters(seconds: 1, uptime: 0).quotas["k"]?.used == 47)
    // And what one has counted alone is its successor's own.
    let next = network.add(3)
    next.quotas.table.add(LimitCounters(quotas: ["k": FixedWindow(index: 0, used: 1_000, end: .max)]))
    network.pass(1_500)
    #expect(network.used() == [1_147, 1_147, 1_147])
  }

  // MARK: - Datagrams and bounds

  private static func counts(_ number: Int, _ origin: ReplicaDatagram.Instance) -> [QuotaCount] {
    (0..<number).map { index in
      QuotaCount(
        period: QuotaPeriod(name: CounterName("\(index)"), index: index == 0 ? .min : .max - Int64(index)), end: .max,
        origin: origin, total: index == 0 ? 1 : QuotaCount.bound)
    }
  }

  @Test func `a datagram is what it was when it is read, however large its numbers`() throws {
    let key = SymmetricKey(size: .bits256)
    let (instance, other) = (ReplicaDatagram.Instance.random(), ReplicaDatagram.Instance.random())
    for origin in [instance, other] {
      let datagram = ReplicaDatagram(
        kind: .quotas, instance: instance, sequence: .max, time: .max,
        quotas: Self.counts(ReplicaDatagram.quotaBound, origin))
      let bytes = datagram.bytes(key: key)
      #expect(bytes.count <= ReplicaDatagram.bound)
      #expect(try ReplicaDatagram(bytes, keys: [key]) == datagram)
    }
    for (end, total) in [(Int64(5), UInt64(0)), (5, QuotaCount.bound + 1)] {
      let count = QuotaCount(
        period: QuotaPeriod(name: CounterName("k"), index: 1), end: end, origin: other, total: total)
      let bytes = ReplicaDatagram(kind: .quotas, instance: instance, sequence: 1, time: 1, quotas: [count]).bytes(
        key: key)
      #expect(throws: ReplicaDatagram.Refusal.malformed) { try ReplicaDatagram(bytes, keys: [key]) }
    }
  }

  @Test func `nobody hears of itself, of what is over, or of nothing`() {
    let replicated = ReplicatedQuotas()
    let period = QuotaPeriod(name: CounterName("k"), index: 1)
    func heard(_ origin: ReplicaDatagram.Instance, end: Int64 = 2_000, total: UInt64 = 5) -> Int {
      _ = replicated.hear(QuotaCount(period: period, end: end, origin: origin, total: total), now: 1_000)
      return replicated.others(period)
    }
    #expect(heard(replicated.origin) == 0)
    #expect(heard(.random(), end: 1_000 - ReplicatedQuotas.grace) == 0)
    #expect(heard(.random(), total: 0) == 0)
    #expect(heard(.random(), total: QuotaCount.bound + 1) == 0)
    let other = ReplicaDatagram.Instance.random()
    #expect(heard(other) == 5)
    #expect(heard(other, total: 4) == 5)
    #expect(heard(other, total: 6) == 6)
  }

  @Test func `counters have a bound, beyond which each replica counts by itself; what is over makes room`() {
    let replicated = ReplicatedQuotas()
    let table = LimitTable(replicated: replicated)
    let shared = SharedQuotas(table: table, replicated: replicated)
    let origin = ReplicaDatagram.Instance.random()
    for index in 0..<ReplicatedQuotas.bound {
      let period = QuotaPeriod(name: CounterName("\(index)"), index: 0)
      _ = replicated.hear(QuotaCount(period: period, end: 2_000, origin: origin, total: 1), now: 1_000)
    }
    let all = shared.everything(now: 1_000).count
    // Each is a counter and a number.
    #expect(all <= ReplicatedQuotas.bound / 2 && all > ReplicatedQuotas.bound / 2 - 2 * ReplicatedQuotas.partCount)
    func left(_ now: Int64) -> Int {
      table.consume("new", limit: 10, periodSeconds: 3_600, start: 0, increment: 1, now: now).remaining
    }
    #expect(left(1_001) == 9)
    #expect(left(1_001) == 8)
    #expect(shared.takeChanges(now: 1_001).isEmpty)
    #expect(left(2_100) == 7)
    #expect(shared.takeChanges(now: 2_100).map(\.total) == [3])
    #expect(shared.everything(now: 2_100).count == 1)
  }
}
