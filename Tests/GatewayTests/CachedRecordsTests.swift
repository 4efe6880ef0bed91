import Foundation
import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import PolicyLibrary
import Testing

@testable import Gateway

/// Records that several put under one key at once.
@Suite(.timeLimit(.minutes(2))) struct CachedRecordsTests {
  private static func record(_ text: String) -> [UInt8] { CachedRecords.framed(Array(text.utf8)) }

  private static func texts(_ entry: CachedEntry?) -> [String]? {
    entry.flatMap { CachedRecords.records(in: $0.bytes) }?.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `records stand one behind the other, and the oldest make room`() {
    var bytes: [UInt8] = []
    for text in ["one", "", "three"] { CachedRecords.append(Self.record(text), to: &bytes, limit: 20) }
    #expect(CachedRecords.records(in: bytes)?.map { String(decoding: $0, as: UTF8.self) } == ["one", "", "three"])
    CachedRecords.append(Self.record("four"), to: &bytes, limit: 20)
    #expect(CachedRecords.records(in: bytes)?.map { String(decoding: $0, as: UTF8.self) } == ["three", "four"])
    // What is longer than all may be changes nothing.
    CachedRecords.append(Self.record("far too long for it"), to: &bytes, limit: 20)
    #expect(bytes.count == 17)
    bytes = [0, 0, 1, 0, 7]
    #expect(CachedRecords.records(in: bytes) == nil && CachedRecords.records(in: [0, 0]) == nil)
    CachedRecords.append(Self.record("new"), to: &bytes, limit: 10)
    #expect(CachedRecords.records(in: bytes)?.count == 1)
  }

  @Test func `of threads that append at once in the process, nobody's record is lost`() {
    let cache = ValueCache()
    DispatchQueue.concurrentPerform(iterations: 400) { number in
      cache.append(Self.record("\(number)"), to: "key", seconds: 60, limit: 1 << 20, storedTicks: 1, now: 0)
    }
    let found = Self.texts(cache.find("key", now: 59_999))
    #expect(Set(found ?? []).count == 400)
    // The longest life of all holds for all, and an entry that is over begins anew.
    cache.append(Self.record("last"), to: "key", seconds: 1, limit: 1 << 20, storedTicks: 1, now: 30_000)
    #expect(Self.texts(cache.find("key", now: 59_999))?.count == 401)
    cache.append(Self.record("new"), to: "key", seconds: 1, limit: 1 << 20, storedTicks: 1, now: 60_000)
    #expect(Self.texts(cache.find("key", now: 60_500)) == ["new"])
  }

  @Test(.enabled(if: RedisServer.isInstalled))
  func `of gateways that append at once in Redis, nobody's record is lost, and the oldest make room`() async throws {
    let redis = try await RedisServer()
    let cache = ExternalCache(id: "default", connection: try redis.connection())
    let meter = RedisMeter()
    let loops = MultiThreadedEventLoopGroup.singleton
    var clients: [NIOLoopBound<ExternalCacheClient>] = []
    for loop in [loops.next(), loops.next()] {
      clients.append(
        try await loop.submit {
          NIOLoopBound(
            ExternalCacheClient(cache, loop: loop, meter: meter, logger: Logger(label: "test")), eventLoop: loop)
        }.get())
    }
    let (first, second) = (clients[0], clients[1])
    let isConnected = await eventually { meter.connections(.cache) == 2 }
    #expect(isConnected)
    for (index, client) in clients.enumerated() {
      client.eventLoop.execute {
        for number in 0..<100 {
          client.value.append(
            Self.record("\(index)-\(number)"), to: "key", seconds: number == 50 ? 600 : 60, limit: 1 << 20,
            storedTicks: 7)
        }
      }
    }
    let isDone = await eventually { meter.number(.set, .done) == 200 }
    #expect(isDone)
    func find() async throws -> [String]? {
      let promise = first.eventLoop.makePromise(of: [String]?.self)
      first.eventLoop.execute { _ = first.value.find("key") { promise.succeed(Self.texts($0)) } }
      return try await promise.futureResult.get()
    }
    let found = try await find()
    #expect(Set(found ?? []).count == 200)
    let seconds = Int(try await redis.ask("ttl", "postern:cache:1:key"))
    #expect((300...600).contains(seconds ?? 0))
    // Of 200 records of seven or eight bytes, four stay beside the new one.
    first.eventLoop.execute {
      first.value.append(Self.record("last"), to: "key", seconds: 60, limit: 40, storedTicks: 7)
    }
    let isShorter = try await eventually { try await find()?.last == "last" }
    #expect(isShorter)
    let short = try await find()
    #expect(short?.count == 5)
    // What another program has put there goes.
    _ = try await redis.ask("set", "postern:cache:1:key", "else")
    second.eventLoop.execute {
      second.value.append(Self.record("own"), to: "key", seconds: 60, limit: 40, storedTicks: 7)
    }
    let isOwn = try await eventually { try await find() == ["own"] }
    #expect(isOwn)
    for client in clients { try await client.eventLoop.submit { client.value.end() }.get() }
  }
}
