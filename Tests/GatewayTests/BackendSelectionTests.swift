import GatewayConfiguration
import Logging
import Telemetry
import Testing

@testable import Gateway
@testable import PolicyLibrary

/// Which member of a pool a request goes to, on a clock of the test's own.
struct BackendSelectionTests {
  private static func rule(_ count: Int = 1) -> CircuitBreakerRule {
    CircuitBreakerRule(
      name: "rule", threshold: .count(count), intervalMilliseconds: 10_000,
      statusCodeRanges: [StatusCodeRange(min: 500, max: 599)], tripMilliseconds: 5_000)
  }

  /// The set of a configuration with the pool `pool` of these members, and single backends for all of them.
  private func set(
    _ members: [(id: String, priority: Int, weight: Int)], registry: BackendRegistry? = nil,
    _ change: (inout [Backend]) -> Void = { _ in }
  ) throws -> BackendSet {
    var backends = members.map { Backend(id: $0.id, url: "http://\($0.id)", circuitBreaker: Self.rule()) }
    backends.append(
      Backend(
        id: "pool", url: nil,
        pool: members.map { .init(backendID: $0.id, priority: $0.priority, weight: $0.weight) }))
    change(&backends)
    let snapshot = Snapshot(
      version: 1, service: ServiceIdentity(name: "postern", resourceID: "/service"),
      gateway: GatewayIdentity(id: "plant", location: "Hall 7"), backends: backends)
    let registry = registry ?? BackendRegistry(logger: Logger(label: "test"))
    let set = registry.set(for: PlanSet(snapshot).backends.entities)
    registry.adopt(set)
    return set
  }

  private func entity(_ id: String, of set: BackendSet) throws -> BackendEntity {
    try #require(set.entries.first { $0.entity.id == id }?.entity)
  }

  /// Chooses in the pool so often; every call is answered with a status.
  private func choose(
    _ set: BackendSet, _ count: Int, status: (String) -> Int = { _ in 200 }, at now: Int64 = 0
  ) throws -> [String] {
    let pool = try entity("pool", of: set)
    return (0..<count).map { _ in
      guard case .call(let call) = set.choose(pool, cookie: nil, now) else { return "-" }
      let id = call.target.backendID ?? ""
      call.health.answered(status(id), isProbe: call.isProbe, retryAfter: nil, now)
      return id
    }
  }

  @Test func `members without weights take turns`() throws {
    let set = try set([("a", 0, 0), ("b", 0, 0), ("c", 0, 0)])
    #expect(try choose(set, 6) == ["a", "b", "c", "a", "b", "c"])
  }

  @Test func `weights are shares, spread evenly, and nobody gets more`() throws {
    let set = try set([("a", 0, 5), ("b", 0, 1), ("c", 0, 1), ("d", 0, 0)])
    #expect(try choose(set, 7) == ["a", "a", "b", "a", "c", "a", "a"])
    let many = try choose(set, 700)
    #expect(["a", "b", "c", "d"].map { id in many.count { $0 == id } } == [500, 100, 100, 0])
  }

  @Test func `a lower group is used only while no higher member may be called, and left again`() throws {
    let set = try set([("low", 2, 1), ("a", 1, 1), ("b", 1, 1)])
    #expect(try choose(set, 4) == ["a", "b", "a", "b"])
    // Each fails once and opens its circuit.
    #expect(try choose(set, 4, status: { $0 == "low" ? 200 : 503 }) == ["a", "b", "low", "low"])
    #expect(try choose(set, 2, at: 4_999) == ["low", "low"])
    #expect(try Set(choose(set, 2, at: 5_000)) == ["a", "b"])
  }

  @Test func `when every circuit is open the pool says when the first one may be tried`() throws {
    let set = try set([("a", 0, 0), ("b", 1, 0)])
    _ = try choose(set, 1, status: { _ in 500 }, at: 1_000)
    _ = try choose(set, 1, status: { _ in 500 }, at: 3_000)
    guard case .refused(let wait) = set.choose(try entity("pool", of: set), cookie: nil, 3_000) else {
      Issue.record("somebody was called")
      return
    }
    #expect(wait == 3_000)
    #expect(try choose(set, 1, at: 6_000) == ["a"])
  }

  @Test func `a half-open member gets one call, the others go elsewhere`() throws {
    let set = try set([("a", 0, 1), ("b", 1, 1)])
    _ = try choose(set, 1, status: { _ in 500 })
    let pool = try entity("pool", of: set)
    guard case .call(let probe) = set.choose(pool, cookie: nil, 5_000) else {
      Issue.record("nobody was tried")
      return
    }
    #expect(probe.isProbe && probe.target.backendID == "a")
    #expect(try choose(set, 3, at: 5_001) == ["b", "b", "b"])
    probe.health.answered(200, isProbe: true, retryAfter: nil, 5_002)
    #expect(try choose(set, 2, at: 5_003) == ["a", "a"])
  }

  @Test func `a session cookie keeps a client at its member, and a member that is away costs it the cookie`() throws {
    let set = try set([("a", 0, 0), ("b", 0, 0)])
    let pool = try entity("pool", of: set)
    guard case .call(let first) = set.choose(pool, cookie: nil, 0) else {
      Issue.record("nobody was called")
      return
    }
    let cookie = try #require(first.cookie)
    for _ in 0..<3 {
      guard case .call(let call) = set.choose(pool, cookie: cookie, 0) else { continue }
      #expect(call.target === first.target)
      #expect(call.cookie == nil)
    }
    first.health.answered(503, isProbe: false, retryAfter: nil, 0)
    guard case .call(let other) = set.choose(pool, cookie: cookie, 0) else {
      Issue.record("nobody was called")
      return
    }
    #expect(other.target !== first.target)
    #expect(other.cookie != nil && other.cookie != cookie)
    guard case .call(let invented) = set.choose(pool, cookie: Array("nonsense".utf8), 0) else { return }
    #expect(invented.cookie != nil)
  }

  @Test func `what is known of a backend outlives a configuration that leaves it as it was`() throws {
    let registry = BackendRegistry(logger: Logger(label: "test"))
    let members = [(id: "a", priority: 0, weight: 0), (id: "b", priority: 0, weight: 0)]
    let before = try set(members, registry: registry)
    _ = try choose(before, 1, status: { _ in 500 })
    let same = try set(members, registry: registry)
    #expect(try choose(same, 2) == ["b", "b"])
    // Another URL is another backend: its circuit is closed.
    let moved = try set(members, registry: registry) { backends in backends[0].url = "http://elsewhere" }
    #expect(try Set(choose(moved, 2)) == ["a", "b"])
  }

  @Test func `failures without an answer count by their reason, or as the 500 that callers get`() {
    func counts(_ ranges: [StatusCodeRange], _ reasons: [String], _ reason: String) -> Bool {
      let health = BackendHealth(
        Backend(
          id: "a", url: "http://a",
          circuitBreaker: CircuitBreakerRule(
            name: "rule", threshold: .count(1), intervalMilliseconds: 1_000, statusCodeRanges: ranges,
            errorReasons: reasons, tripMilliseconds: 1_000)))
      health.failed(reason, isProbe: false, 0)
      return health.isCircuitClosed == false
    }
    #expect(counts([StatusCodeRange(min: 500, max: 599)], [], "Timeout"))
    #expect(!counts([StatusCodeRange(min: 429, max: 429)], [], "Timeout"))
    #expect(counts([StatusCodeRange(min: 429, max: 429)], ["timeout"], "Timeout"))
    #expect(!counts([], ["BackendConnectionFailure"], "Timeout"))
  }

  @Test func `health checks change a backend's standing after as many answers as they should`() throws {
    let set = try set([("a", 0, 0), ("b", 1, 0)]) { backends in
      backends[0].healthCheck = HealthCheck(path: "/", healthyThreshold: 2, unhealthyThreshold: 2)
    }
    let health = try #require(set.entries.first { $0.entity.id == "a" }?.health)
    health.checked(isGood: false)
    health.checked(isGood: true)
    health.checked(isGood: false)
    #expect(try choose(set, 1) == ["a"])
    health.checked(isGood: false)
    #expect(try choose(set, 2) == ["b", "b"])
    health.checked(isGood: true)
    health.checked(isGood: true)
    #expect(try choose(set, 1) == ["a"])
  }

  @Test func `metrics tell of every backend and every member`() throws {
    let registry = BackendRegistry(logger: Logger(label: "test"))
    let set = try set([("a", 0, 0), ("b", 1, 0)], registry: registry)
    _ = try choose(set, 3, status: { $0 == "a" ? 500 : 200 })
    let points = Dictionary(uniqueKeysWithValues: registry.metrics().map { ($0.name, $0.points) })
    func value(_ name: String, _ labels: String...) -> Double? {
      let point = points[name]?.first { $0.attributes.map(\.value) == labels }
      if let point, case .number(let value) = point.value { return value }
      return nil
    }
    #expect(value("BackendCalls", "a", "failure") == 1)
    #expect(value("BackendCalls", "b", "success") == 2)
    #expect(value("BackendCircuitOpen", "a") == 1)
    #expect(value("BackendPoolCalls", "pool", "b") == 2)
  }
}
