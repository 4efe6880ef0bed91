import Foundation
import GatewayConfiguration
import Logging
import NIOCore
import PolicyLibrary
import Testing

@testable import Gateway

/// Cache policies with a real Redis behind them: it is asked, and whatever happens to it is a miss.
@Suite(.enabled(if: RedisServer.isInstalled), .timeLimit(.minutes(2))) struct ExternalCacheTests {
  private static let policy = """
    <policies><inbound><cache-lookup vary-by-developer="false" vary-by-developer-groups="false"/></inbound>\
    <backend><forward-request/></backend><outbound><cache-store duration="60"/></outbound></policies>
    """

  private func api(_ backend: ScriptedBackend, _ policy: String = Self.policy) -> API {
    API(
      id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: "http://127.0.0.1:\(backend.port)",
      subscriptionRequired: false,
      operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now")],
      policy: PolicyText(rawXML: policy))
  }

  private func backend(_ body: String = "ok") async throws -> ScriptedBackend {
    try await ScriptedBackend { _ in "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)" }
  }

  /// A gateway with an external cache, once its connection is there.
  private func serving(
    _ api: API, _ redis: RedisServer, options: String = "", body: (RunningGateway, RedisMeter) async throws -> Void
  ) async throws {
    let meters = GatewayMeters()
    let cache = ExternalCache(id: "default", connection: try redis.connection(options))
    try await RunningGateway.serving([api], externalCache: cache, meters: meters) { gateway in
      let isConnected = await eventually { meters.redis.connections(.cache) == 1 }
      #expect(isConnected)
      try await body(gateway, meters.redis)
    }
  }

  /// Sends a request; its status, and how long the answer took.
  private func get(_ gateway: RunningGateway) throws -> (status: Int?, time: Duration) {
    let client = try RawClient(port: gateway.httpPort)
    let start = ContinuousClock.now
    client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
    return (client.answer()?.status, ContinuousClock.now - start)
  }

  private func expectAnswer(_ gateway: RunningGateway) throws {
    let answer = try get(gateway)
    #expect(answer.status == 200)
  }

  @Test func `a response that one gateway has kept is served by another`() async throws {
    let redis = try await RedisServer()
    let backend = try await backend()
    let api = api(backend)
    try await serving(api, redis) { first, meter in
      try expectAnswer(first)
      let isKept = await eventually { meter.number(.set, .done) == 1 }
      #expect(isKept)
      try await serving(api, redis) { second, meter in
        try expectAnswer(second)
        #expect(meter.number(.get, .hit) == 1)
      }
    }
    #expect(backend.received.count == 1)
    let seconds = Int(try await redis.ask("--raw", "eval", "return redis.call('TTL', redis.call('KEYS', '*')[1])", "0"))
    #expect((1...60).contains(seconds ?? 0))
    await backend.stop()
  }

  @Test func `a Redis that is killed is a miss, and serves again when it is back`() async throws {
    let redis = try await RedisServer()
    let backend = try await backend()
    try await serving(api(backend), redis) { gateway, meter in
      try expectAnswer(gateway)
      try expectAnswer(gateway)
      #expect(meter.number(.get, .hit) == 1)
      redis.kill()
      let isGone = await eventually { meter.connections(.cache) == 0 }
      #expect(isGone)
      let calls = backend.received.count
      for _ in 0..<5 {
        try expectAnswer(gateway)
      }
      #expect(backend.received.count == calls + 5)
      #expect(meter.number(.get, .unavailable) >= 5)
      try await redis.start()
      let isBack = await eventually { meter.connections(.cache) == 1 }
      #expect(isBack)
      let isHit = try await eventually {
        _ = try get(gateway)
        return meter.number(.get, .hit) >= 2
      }
      #expect(isHit)
    }
    await backend.stop()
  }

  @Test func `a Redis that stands still delays one request by the bound, and no further one`() async throws {
    let redis = try await RedisServer()
    let backend = try await backend()
    try await serving(api(backend), redis, options: ",asyncTimeout=200") { gateway, meter in
      redis.pause()
      let first = try get(gateway)
      #expect(first.status == 200 && first.time < .seconds(4))
      #expect(meter.number(.get, .timeout) == 1)
      for _ in 0..<5 { try expectAnswer(gateway) }
      // They found no connection, and asked nothing.
      #expect(meter.number(.get, .timeout) == 1)
      #expect(meter.number(.get, .unavailable) == 5)
      redis.resume()
      let isHit = try await eventually() {
        _ = try get(gateway)
        return meter.number(.get, .hit) > 0
      }
      #expect(isHit)
    }
    await backend.stop()
  }

  @Test func `a Redis that is full keeps nothing, and nothing fails`() async throws {
    let redis = try await RedisServer(["--maxmemory", "1", "--maxmemory-policy", "noeviction"])
    let backend = try await backend()
    try await serving(api(backend), redis) { gateway, meter in
      for _ in 0..<3 { try expectAnswer(gateway) }
      let isRefused = await eventually { meter.number(.set, .refused) == 3 }
      #expect(isRefused)
      #expect(meter.number(.get, .miss) == 3)
      #expect(meter.connections(.cache) == 1)
    }
    #expect(backend.received.count == 3)
    await backend.stop()
  }

  @Test(arguments: [(1_900_000, 1), (2_200_000, 2)]) func `entries have a bound of 2 MiB`(
    _ bytes: Int, _ calls: Int
  ) async throws {
    let redis = try await RedisServer()
    let backend = try await backend(String(repeating: "x", count: bytes))
    try await serving(api(backend), redis, options: ",asyncTimeout=1000") { gateway, meter in
      try expectAnswer(gateway)
      let isOver = await eventually { meter.number(.set, .done) + meter.number(.set, .oversized) == 1 }
      #expect(isOver)
      try expectAnswer(gateway)
    }
    #expect(backend.received.count == calls)
    await backend.stop()
  }

  @Test func `values are kept, found and removed`() async throws {
    let redis = try await RedisServer()
    let backend = try await backend()
    let policy = """
      <policies><inbound><cache-store-value key="k" value="@(5)" duration="60" caching-type="external"/>\
      <cache-lookup-value key="k" variable-name="v" caching-type="external"/>\
      <cache-remove-value key="k" caching-type="external"/>\
      <cache-lookup-value key="k" variable-name="w" default-value="none" caching-type="external"/>\
      <return-response><set-header name="X"><value>@($"{(int)context.Variables["v"] + 1} {context.Variables["w"]}")</value>\
      </set-header></return-response></inbound></policies>
      """
    try await serving(api(backend, policy), redis) { gateway, _ in
      let client = try RawClient(port: gateway.httpPort)
      client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(client.answer()?.header("X") == "6 none")
    }
    await backend.stop()
  }
}
