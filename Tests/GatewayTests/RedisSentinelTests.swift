import Foundation
import GatewayConfiguration
import RedisWire
import Testing

@testable import Gateway

/// Servers of Redis that are found by way of a real sentinel.
@Suite(.enabled(if: RedisServer.isInstalled), .timeLimit(.minutes(3))) struct RedisSentinelTests {
  @Test func `the server that the sentinel names is used, and the one that stands in for it when it is gone`()
    async throws
  {
    let server = try await RedisServer()
    let replica = try await RedisServer(
      ["--replicaof", "127.0.0.1", "\(server.port)", "--repl-diskless-sync-delay", "0"])
    let sentinel = try await RedisSentinel(watching: server)
    let dead = try await RedisServer()
    dead.kill()
    let isWatched = try await eventually {
      guard try await replica.ask("info", "replication").contains("master_link_status:up") else { return false }
      return try await sentinel.ask("sentinel", "replicas", "plant").contains("\(replica.port)")
    }
    #expect(isWatched)
    // The first of the list does not answer.
    let list = "127.0.0.1:\(dead.port),127.0.0.1:\(sentinel.port)"
    let redis = try await ConnectedRedis(try RedisConnection(list + ",serviceName=plant,syncTimeout=1000"))
    #expect(await redis.isConnected())
    #expect(try await redis.answer("SET", "a", "1") == .simple("OK"))
    #expect(try await server.ask("get", "a") == "1")
    server.kill()
    let standsIn = try await eventually { try await redis.ask("SET", "a", "2") == .success(.simple("OK")) }
    #expect(standsIn)
    #expect(try await replica.ask("get", "a") == "2")
    // It comes back as a replica, and changes places again on request.
    try await server.start()
    let isReplica = try await eventually {
      try await server.ask("info", "replication").contains("master_link_status:up")
    }
    #expect(isReplica)
    let isAsked = try await eventually { try await sentinel.ask("sentinel", "failover", "plant").hasPrefix("OK") }
    #expect(isAsked)
    let isBack = try await eventually {
      let isSet = try await redis.ask("SET", "a", "3") == .success(.simple("OK"))
      guard isSet else { return false }
      return try await server.ask("info", "replication").contains("role:master")
    }
    #expect(isBack)
    let isThere = try await eventually {
      _ = try await redis.ask("SET", "a", "4")
      return try await server.ask("get", "a") == "4"
    }
    #expect(isThere)
    try await redis.end()
  }

  @Test func `a sentinel that knows no such server says so in the log`() async throws {
    let server = try await RedisServer()
    let sentinel = try await RedisSentinel(watching: server)
    let redis = try await ConnectedRedis(try RedisConnection("127.0.0.1:\(sentinel.port),serviceName=other"))
    let isTold = await eventually { redis.lines.all.first?.contains("knows no server 'other'") == true }
    #expect(isTold, "\(redis.lines.all)")
    #expect(try await redis.ask("PING") == .failure(.unavailable))
    // A server by itself is no sentinel.
    let wrong = try await ConnectedRedis(try RedisConnection("127.0.0.1:\(server.port),serviceName=plant"))
    let isRefused = await eventually { wrong.lines.all.first?.contains("knows no server 'plant'") == true }
    #expect(isRefused, "\(wrong.lines.all)")
    try await redis.end()
    try await wrong.end()
  }
}
