import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import RedisWire

@testable import Gateway

/// A client of Redis on its loop, and what it counts.
struct ConnectedRedis {
  let meter = RedisMeter()
  let lines = LogLines()
  let client: NIOLoopBound<RedisClient>

  init(_ connection: RedisConnection, roots: NIOSSLTrustRoots = .default) async throws {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let (meter, lines) = (meter, lines)
    client = try await loop.submit {
      NIOLoopBound(
        RedisClient(
          connection, use: .cache, loop: loop, meter: meter,
          logger: Logger(label: "test") { _ in lines.handler }, roots: roots), eventLoop: loop)
    }.get()
  }

  /// Whether there are so many connections.
  func isConnected(_ count: Int = 1, seconds: Double = 10) async -> Bool {
    await eventually(seconds: seconds) { meter.connections(.cache) == count }
  }

  /// What comes of a command, whose second word is the key.
  func ask(_ words: String...) async throws -> Result<RedisReply, RedisFailure> { try await ask(words) }

  func ask(_ words: [String]) async throws -> Result<RedisReply, RedisFailure> {
    let promise = client.eventLoop.makePromise(of: Result<RedisReply, RedisFailure>.self)
    let client = client
    client.eventLoop.execute {
      let command = RedisCommand.bytes(words.map { Array($0.utf8) })
      client.value.send(command, key: words.count > 1 ? Array(words[1].utf8) : nil) { promise.succeed($0) }
    }
    return try await promise.futureResult.get()
  }

  /// The reply, however busy the machine is.
  func answer(_ words: String...) async throws -> RedisReply? {
    for _ in 0..<20 {
      if case .success(let reply) = try await ask(words) { return reply }
      try await Task.sleep(for: .milliseconds(500))
    }
    return nil
  }

  func end() async throws {
    let client = client
    try await client.eventLoop.submit { client.value.end() }.get()
  }
}
