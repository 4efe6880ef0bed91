import Foundation
import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import PolicyLibrary
import Synchronization
import Testing

@testable import Gateway

/// Limits counted in a real Redis.
@Suite(.enabled(if: RedisServer.isInstalled), .timeLimit(.minutes(2))) struct RedisCountersTests {
  /// The counters as one replica has them.
  private struct Replica {
    let meter = RedisMeter()
    let counters: NIOLoopBound<RedisCounters>

    init(_ redis: RedisServer, gatewayID: String = "plant") async throws {
      let loop = MultiThreadedEventLoopGroup.singleton.next()
      let meter = meter
      let store = CounterStore(connection: try redis.connection(), gatewayID: gatewayID)
      counters = try await loop.submit {
        NIOLoopBound(
          RedisCounters(store, loop: loop, meter: meter, logger: Logger(label: "test")), eventLoop: loop)
      }.get()
      let isConnected = await eventually { meter.connections(.counters) == 1 }
      #expect(isConnected)
    }

    func count(_ asks: CounterAsk...) async throws -> [Admission]? {
      let promise = counters.eventLoop.makePromise(of: [Admission]?.self)
      let counters = counters
      counters.eventLoop.execute { _ = counters.value.count(asks) { promise.succeed($0) } }
      return try await promise.futureResult.get()
    }

    /// Asks two replicas by turns, all the time, from their own event loops; when each admitted call was asked and answered.
    func countOn(_ other: Replica, _ ask: CounterAsk, for time: Duration) async throws -> [(
      from: Duration, to: Duration
    )] {
      let start = ContinuousClock.now
      let admitted = Mutex<[(from: Duration, to: Duration)]>([])
      @Sendable func next(_ turn: Int, _ done: EventLoopPromise<Void>) {
        let counters = turn.isMultiple(of: 2) ? self.counters : other.counters
        counters.eventLoop.execute {
          let from = ContinuousClock.now - start
          guard from < time else { return done.succeed() }
          _ = counters.value.count([ask]) { admissions in
            if admissions?.first?.isAllowed == true {
              admitted.withLock { $0.append((from, ContinuousClock.now - start)) }
            }
            next(turn + 1, done)
          }
        }
      }
      let done = counters.eventLoop.makePromise(of: Void.self)
      next(0, done)
      try await done.futureResult.get()
      return admitted.withLock { $0 }
    }

    func end() async throws {
      let counters = counters
      try await counters.eventLoop.submit { counters.value.end() }.get()
    }
  }

  private func sliding(_ key: String, _ limit: Int, _ seconds: Int, _ increment: Int = 1) -> CounterAsk {
    CounterAsk(key, limit: limit, window: .sliding(seconds: seconds), increment: increment)
  }

  private func fixed(_ key: String, _ limit: Int, _ seconds: Int, _ increment: Int = 1) -> CounterAsk {
    CounterAsk(key, limit: limit, window: .fixed(seconds: seconds, start: 0), increment: increment)
  }

  @Test func `replicas share a sliding window, and no stretch as long as it sees more than the limit`() async throws {
    let redis = try await RedisServer()
    let replicas = [try await Replica(redis), try await Replica(redis)]
    let admitted = try await replicas[0].countOn(replicas[1], sliding("k", 20, 1), for: .milliseconds(3_300))
    // The n-th and the one 20 before it: the earlier can have been counted when it was asked at the earliest, and this one
    // when it was answered at the latest.
    for index in admitted.indices.dropFirst(20) {
      #expect(admitted[index].to - admitted[index - 20].from >= .seconds(1))
    }
    // On a busy machine fewer were asked for.
    #expect((21...80).contains(admitted.count))
    let answer = try #require(try await replicas[0].count(sliding("other", 3, 60))?.first)
    #expect(answer == Admission(isAllowed: true, remaining: 2, retryAfterSeconds: 0))
    for replica in replicas { try await replica.end() }
  }

  @Test func `what is asked together is counted together or not at all`() async throws {
    let redis = try await RedisServer()
    let replica = try await Replica(redis)
    for index in 0..<3 {
      let both = try #require(try await replica.count(sliding("a", 10, 60), fixed("b", 2, 3_600)))
      #expect(both.map(\.isAllowed) == [true, index < 2])
    }
    let left = try #require(try await replica.count(sliding("a", 10, 60, 0), fixed("b", 2, 3_600, 0)))
    #expect(left.map(\.remaining) == [8, 0])
    #expect(left[1].retryAfterSeconds > 0 && left[1].retryAfterSeconds <= 3_600)
    try await replica.end()
  }

  @Test func `fixed windows end with their period, and one without end never does`() async throws {
    let redis = try await RedisServer()
    let replica = try await Replica(redis)
    #expect(try await replica.count(fixed("k", 5, 1, 5))?.first?.remaining == 0)
    let isAnew = try await eventually() {
      try await replica.count(fixed("k", 5, 1, 0))?.first?.remaining == 5
    }
    #expect(isAnew)
    #expect(try await replica.count(fixed("k", 5, 0, 4))?.first?.remaining == 1)
    let refused = try #require(try await replica.count(fixed("k", 5, 0, 2))?.first)
    #expect(refused == Admission(isAllowed: false, remaining: 1, retryAfterSeconds: Int(Int32.max)))
    // What has passed counts however much it is.
    #expect(try await replica.count(fixed("big", .max, 3_600, 1 << 40))?.first?.isAllowed == true)
    #expect(try await replica.count(fixed("big", 1 << 40, 3_600, 0))?.first?.isAllowed == false)
    try await replica.end()
  }

  @Test func `gateways do not share counters, and counters end with their window`() async throws {
    let redis = try await RedisServer()
    let (first, second) = (try await Replica(redis), try await Replica(redis, gatewayID: "yard"))
    #expect(try await first.count(sliding("k", 1, 60))?.first?.isAllowed == true)
    #expect(try await second.count(sliding("k", 1, 60))?.first?.isAllowed == true)
    #expect(try await redis.ask("dbsize") == "2")
    #expect(try await first.count(sliding("short", 1, 1), fixed("short", 1, 1))?.count == 2)
    let isOver = try await eventually() { try await redis.ask("dbsize") == "2" }
    #expect(isOver)
    for replica in [first, second] { try await replica.end() }
  }

  @Test func `a Redis that has lost the script learns it again`() async throws {
    let redis = try await RedisServer()
    let replica = try await Replica(redis)
    #expect(try await replica.count(sliding("k", 10, 60))?.first?.remaining == 9)
    #expect(try await redis.ask("script", "flush") == "OK")
    #expect(try await replica.count(sliding("k", 10, 60))?.first?.remaining == 8)
    #expect(replica.meter.number(.count, .done) == 2)
    try await replica.end()
  }

  // MARK: - Gateways

  private func api(_ backend: ScriptedBackend) -> API {
    API(
      id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: "http://127.0.0.1:\(backend.port)",
      subscriptionRequired: false,
      operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now")],
      policy: PolicyText(
        rawXML: """
          <policies><inbound><rate-limit-by-key calls="4" renewal-period="300" counter-key="all"/>\
          <quota-by-key calls="100" bandwidth="40000" renewal-period="315360000" counter-key="all"/></inbound>\
          <backend><forward-request/></backend></policies>
          """))
  }

  private func statuses(_ gateway: RunningGateway, _ count: Int) throws -> [Int?] {
    let client = try RawClient(port: gateway.httpPort)
    return (0..<count).map { _ in
      client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      return client.answer()?.status
    }
  }

  @Test func `two gateways count as one; when Redis dies each counts alone, and again as one when it is back`()
    async throws
  {
    let redis = try await RedisServer()
    let backend = try await ScriptedBackend { _ in "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" }
    let store = CounterStore(connection: try redis.connection(), gatewayID: "plant")
    let (first, second) = (GatewayMeters(), GatewayMeters())
    try await RunningGateway.serving([api(backend)], counters: store, meters: first) { one in
      try await RunningGateway.serving([api(backend)], counters: store, meters: second) { two in
        func areConnected(_ count: Int) async -> Bool {
          await eventually() {
            first.redis.connections(.counters) == count && second.redis.connections(.counters) == count
          }
        }
        let isReady = await areConnected(1)
        #expect(isReady)
        let shared = [try statuses(one, 2), try statuses(two, 3)]
        #expect(shared == [[200, 200], [200, 200, 429]])
        redis.kill()
        let isGone = await areConnected(0)
        #expect(isGone)
        let alone = [try statuses(one, 5), try statuses(two, 5)]
        #expect(alone == [[200, 200, 200, 200, 429], [200, 200, 200, 200, 429]])
        try await redis.start()
        let isBack = await areConnected(1)
        #expect(isBack)
        let again = [try statuses(one, 3), try statuses(two, 2)]
        #expect(again == [[200, 200, 200], [200, 429]])
        // One that stands still costs one bounded wait.
        redis.pause()
        let start = ContinuousClock.now
        let paused = try statuses(one, 3)
        #expect(paused == [429, 429, 429])
        #expect(ContinuousClock.now - start < .seconds(5))
        redis.resume()
      }
    }
    await backend.stop()
  }
}
