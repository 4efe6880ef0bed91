import Foundation
import GatewayConfiguration
import Synchronization
import Telemetry
import Testing

@testable import Gateway

/// Backend entities through a gateway, over real sockets.
struct BackendTests {
  private static func answer(_ status: Int, _ body: String, _ headers: String = "") -> String {
    "HTTP/1.1 \(status) Some\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  private static func policy(_ id: String, backend: String = "<forward-request/>") -> String {
    "<policies><inbound><set-backend-service backend-id=\"\(id)\"/></inbound><backend>\(backend)</backend></policies>"
  }

  private static func api(_ policy: String) -> API {
    API(
      id: "time", displayName: "Time", path: "time", protocols: [.http, .https], subscriptionRequired: false,
      operations: [
        Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now"),
        Operation(id: "set", displayName: "Set", method: "POST", urlTemplate: "/set"),
      ], policy: PolicyText(rawXML: policy))
  }

  private static func rule(
    _ count: Int = 1, trip: Int64 = 60_000, acceptsRetryAfter: Bool = false
  ) -> CircuitBreakerRule {
    CircuitBreakerRule(
      name: "rule", threshold: .count(count), intervalMilliseconds: 60_000,
      statusCodeRanges: [StatusCodeRange(min: 500, max: 599)], tripMilliseconds: trip,
      acceptsRetryAfter: acceptsRetryAfter)
  }

  /// Scripted backends `a` and `b`, the pool `pool` of both, and a gateway whose API goes where the policy says.
  private func withPool(
    policy: String = policy("pool"), members: [Backend.PoolMember] = [.init(backendID: "a"), .init(backendID: "b")],
    sessionCookie: String? = nil, rule: CircuitBreakerRule? = nil, check: HealthCheck? = nil,
    a: @escaping @Sendable (String) -> String? = { _ in answer(200, "a") },
    b: @escaping @Sendable (String) -> String? = { _ in answer(200, "b") },
    _ body: (RunningGateway, ScriptedBackend, ScriptedBackend) async throws -> Void
  ) async throws {
    let (first, second) = (try await ScriptedBackend(answer: a), try await ScriptedBackend(answer: b))
    let backends = [
      Backend(id: "a", url: "http://127.0.0.1:\(first.port)/one", circuitBreaker: rule, healthCheck: check),
      Backend(id: "b", url: "http://127.0.0.1:\(second.port)/two/more", circuitBreaker: rule, healthCheck: check),
      Backend(id: "pool", url: nil, pool: members, sessionCookie: sessionCookie),
    ]
    try await RunningGateway.serving([Self.api(policy)], backends: backends) { try await body($0, first, second) }
    await first.stop()
    await second.stop()
  }

  private static func get(_ headers: String = "") -> String {
    "GET /time/now?zone=utc HTTP/1.1\r\nHost: gateway\r\n\(headers)\r\n"
  }

  private func bodies(_ client: RawClient, _ count: Int) -> [String] {
    (0..<count).map { _ in
      client.send(Self.get())
      return client.answer()?.body ?? "-"
    }
  }

  @Test func `a pool's members take turns, each under its own path, and the record names the member`() async throws {
    try await withPool { gateway, a, b in
      let client = try RawClient(port: gateway.httpPort)
      #expect(bodies(client, 4) == ["a", "b", "a", "b"])
      #expect(a.received.allSatisfy { $0.hasPrefix("GET /one/now?zone=utc HTTP/1.1\r\n") })
      #expect(b.received.allSatisfy { $0.hasPrefix("GET /two/more/now?zone=utc HTTP/1.1\r\n") })
      #expect(b.received.first?.contains("Host: 127.0.0.1:\(b.port)\r\n") == true)
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.map(\.backendId) == ["a", "b", "a", "b"])
    }
  }

  @Test func `a retry goes to another member, under that one's path`() async throws {
    let retry =
      "<retry condition=\"@(context.Response.StatusCode == 503)\" count=\"2\" interval=\"0\"><forward-request/></retry>"
    try await withPool(
      policy: Self.policy("pool", backend: retry), a: { _ in Self.answer(503, "down") }
    ) { gateway, a, b in
      let client = try RawClient(port: gateway.httpPort)
      #expect(bodies(client, 1) == ["b"])
      #expect(a.received.count == 1)
      #expect(b.received.first?.hasPrefix("GET /two/more/now?zone=utc ") == true)
    }
  }

  @Test func `an open circuit answers 503 with Retry-After, and the backend is left alone`() async throws {
    try await withPool(policy: Self.policy("a"), rule: Self.rule(2), a: { _ in Self.answer(500, "no") }) {
      gateway, a, _ in
      let client = try RawClient(port: gateway.httpPort)
      #expect(bodies(client, 2) == ["no", "no"])
      client.send(Self.get())
      let refused = try #require(client.answer())
      #expect(refused.status == 503)
      #expect(refused.body == "{ \"statusCode\": 503, \"message\": \"Service Unavailable\" }")
      #expect((59...60).contains(refused.header("Retry-After").flatMap(Int.init) ?? 0))
      #expect(a.received.count == 2)
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.last?.lastError?.reason == "CircuitBreakerOpen")
    }
  }

  @Test func `when all circuits of a pool are open it answers 503, and one call finds out that a member is well`()
    async throws
  {
    let isWell = Flag()
    try await withPool(
      rule: Self.rule(trip: 3_000), a: { _ in isWell.isSet ? Self.answer(200, "a") : Self.answer(502, "no") },
      b: { _ in Self.answer(502, "no") }
    ) { gateway, a, b in
      let client = try RawClient(port: gateway.httpPort)
      #expect(bodies(client, 2) == ["no", "no"])
      client.send(Self.get())
      let refused = try #require(client.answer())
      #expect(refused.status == 503 && refused.header("Retry-After") == "3")
      isWell.set()
      try await Task.sleep(for: .milliseconds(3_050))
      let tried = bodies(client, 4)
      #expect(tried.count { $0 == "no" } == 1 && tried.count { $0 == "a" } == 3, "\(tried)")
      #expect(b.received.count == 2)
    }
  }

  @Test func `a lower group takes over when the higher one's circuits are open, also where nobody listens`()
    async throws
  {
    let b = try await ScriptedBackend { _ in Self.answer(200, "b") }
    let backends = [
      Backend(id: "a", url: "http://127.0.0.1:1", circuitBreaker: Self.rule()),
      Backend(id: "b", url: "http://127.0.0.1:\(b.port)", circuitBreaker: Self.rule()),
      Backend(
        id: "pool", url: nil,
        pool: [.init(backendID: "b", priority: 2), .init(backendID: "a", priority: 1)]),
    ]
    try await RunningGateway.serving([Self.api(Self.policy("pool"))], backends: backends) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send(Self.get())
      #expect(client.answer()?.status == 500)
      #expect(bodies(client, 3) == ["b", "b", "b"])
    }
    await b.stop()
  }

  @Test func `Retry-After of the failing answer says how long the backend is left alone`() async throws {
    try await withPool(
      policy: Self.policy("a"), rule: Self.rule(trip: 100, acceptsRetryAfter: true),
      a: { _ in Self.answer(503, "no", "Retry-After: 3000\r\n") }
    ) { gateway, _, _ in
      let client = try RawClient(port: gateway.httpPort)
      #expect(bodies(client, 1) == ["no"])
      client.send(Self.get())
      #expect((2_990...3_000).contains(client.answer()?.header("Retry-After").flatMap(Int.init) ?? 0))
    }
  }

  @Test func `a session cookie keeps a client at its member, beside the cookies of the backend`() async throws {
    try await withPool(
      sessionCookie: "SessionId", a: { _ in Self.answer(200, "a", "Set-Cookie: own=1\r\n") }
    ) { gateway, a, b in
      let client = try RawClient(port: gateway.httpPort)
      client.send(Self.get())
      let first = try #require(client.answer())
      let lines = first.head.components(separatedBy: "\r\n").filter { $0.hasPrefix("Set-Cookie: ") }
      #expect(lines.count == 2 && lines.contains("Set-Cookie: own=1"))
      let cookie = try #require(lines.first { $0.contains("SessionId=") }?.dropFirst(12).prefix { $0 != ";" })
      #expect(lines.contains { $0.hasSuffix("; Path=/; HttpOnly") })
      for _ in 0..<3 {
        client.send(Self.get("Cookie: other=2; \(cookie)\r\n"))
        let next = try #require(client.answer())
        #expect(next.body == "a" && !next.head.contains("SessionId"))
      }
      #expect(b.received.isEmpty)
    }
  }

  @Test func `a configuration that leaves a backend as it was leaves its circuit open`() async throws {
    try await withPool(policy: Self.policy("a"), rule: Self.rule(), a: { _ in Self.answer(500, "no") }) {
      gateway, a, b in
      let client = try RawClient(port: gateway.httpPort)
      #expect(bodies(client, 1) == ["no"])
      let same = Backend(id: "a", url: "http://127.0.0.1:\(a.port)/one", circuitBreaker: Self.rule())
      let api = Self.api(Self.policy("a"))
      try await gateway.server.apply(RunningGateway.snapshot([api], [same], version: 2))
      client.send(Self.get())
      #expect(client.answer()?.status == 503)
      let moved = Backend(id: "a", url: "http://127.0.0.1:\(b.port)", circuitBreaker: Self.rule())
      try await gateway.server.apply(RunningGateway.snapshot([api], [moved], version: 3))
      #expect(bodies(client, 1) == ["b"])
    }
  }

  @Test func `a backend that fails its health checks gets no calls until it passes them again`() async throws {
    let isWell = Flag()
    let check = HealthCheck(
      path: "/well", intervalMilliseconds: 100, timeoutMilliseconds: 1_000, healthyThreshold: 1, unhealthyThreshold: 2)
    try await withPool(
      check: check,
      a: { $0.hasPrefix("GET /well ") ? Self.answer(isWell.isSet ? 200 : 500, "") : Self.answer(200, "a") }
    ) { gateway, a, b in
      let client = try RawClient(port: gateway.httpPort)
      let isAvoided = await eventually { a.received.count >= 2 && bodies(client, 4) == ["b", "b", "b", "b"] }
      #expect(isAvoided)
      #expect(bodies(client, 4) == ["b", "b", "b", "b"])
      isWell.set()
      let isBack = await eventually { bodies(client, 2).contains("a") }
      #expect(isBack)
    }
  }

  @Test func `credentials are added on the way, in place of the caller's, and never recorded`() async throws {
    let backend = try await ScriptedBackend { _ in Self.answer(200, "ok") }
    let entity = Backend(
      id: "a", url: "http://127.0.0.1:\(backend.port)",
      credentials: .init(
        headers: ["X-Key": ["secret one", "two"]], query: ["code": ["a b"]], authorizationScheme: "Basic",
        authorizationParameter: "dTpw"))
    try await RunningGateway.serving([Self.api(Self.policy("a"))], backends: [entity]) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send(
        "GET /time/now?zone=utc&code=mine HTTP/1.1\r\nHost: g\r\nx-key: mine\r\nAuthorization: Bearer me\r\n\r\n")
      #expect(client.answer()?.status == 200)
      let received = try #require(backend.received.first)
      #expect(received.hasPrefix("GET /now?zone=utc&code=a%20b HTTP/1.1\r\n"), "\(received)")
      #expect(received.contains("X-Key: secret one\r\nX-Key: two\r\n") && !received.contains("mine"))
      #expect(received.contains("Authorization: Basic dTpw\r\n") && !received.contains("Bearer"))
      await gateway.server.drain(milliseconds: 0)
      let record = try #require(gateway.records.all.first)
      #expect(record.backendUrl?.contains("a%20b") == false)
    }
    await backend.stop()
  }
}

/// Something that a test tells its backend.
private final class Flag: Sendable {
  private let value = Mutex(false)
  var isSet: Bool { value.withLock { $0 } }
  func set() { value.withLock { $0 = true } }
}
