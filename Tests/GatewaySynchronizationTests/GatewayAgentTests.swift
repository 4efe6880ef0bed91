import AsyncHTTPClient
import Crypto
import Foundation
import GatewayConfiguration
import HTTPTypes
import Logging
import Synchronization
import Telemetry
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(4))) struct GatewayAgentTests {
  /// Collects what an agent puts into force.
  private final class Applied: Sendable {
    struct Refused: Error {}
    let versions = Mutex<[UInt64]>([])
    let refuses = Mutex<UInt64?>(nil)
    /// How many were read, be they in force or refused.
    let read = Mutex(0)

    func apply(_ snapshot: Snapshot) throws {
      if refuses.withLock({ $0 }) == snapshot.version { throw Refused() }
      versions.withLock { $0.append(snapshot.version) }
    }
  }

  private static let gatewayKey = Data((0..<64).map { UInt8($0) })
  private static let token = GatewayToken(gatewayID: "plant", expirySeconds: 4_000_000_000, key: gatewayKey)

  private static func snapshot(_ version: UInt64) -> Snapshot {
    Snapshot(
      version: version, service: .init(name: "acme", resourceID: "/x"), gateway: .init(id: "plant", location: "hall"))
  }

  private static func record(_ number: Int) -> RequestRecord {
    RequestRecord(
      timeGenerated: Int64(number), correlationId: "id-\(number)", gatewayId: "plant", region: "hall",
      isRequestSuccess: true, totalTime: 1, callerIpAddress: "127.0.0.1", method: "GET", url: "/",
      clientProtocol: "HTTP/1.1",
      responseCode: 200, responseSize: 1, requestSize: 1)
  }

  private static var logger: Logger {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }

  /// Runs an agent against an endpoint while the body looks at it.
  private static func withAgent(
    port: Int, directory: String, applied: Applied, shipper: RecordShipper? = nil,
    _ body: (GatewayAgent) async throws -> Void
  ) async throws {
    let settings = try GatewaySettings(
      file: try EnvironmentFile(
        "config.service.endpoint=http://127.0.0.1:\(port)\nconfig.service.auth=GatewayKey \(token.text)"),
      environment: [:])
    let client = HTTPClient(eventLoopGroupProvider: .singleton)
    let agent = GatewayAgent(
      settings: settings,
      identity: .init(instanceID: "i-1", version: "0", hostName: "h", startedAtMicroseconds: 0),
      client: ServiceClient(settings: settings, client: client),
      backup: try BackupStore(directory: directory, token: token),
      shipper: try shipper ?? RecordShipper(directory: directory + "/records", newID: "s-1", logger: logger),
      logger: logger, apply: { try applied.apply($0) }, onStatus: { _ in },
      onRead: { applied.read.withLock { $0 += 1 } })
    let running = Task { await agent.run() }
    do {
      try await body(agent)
    } catch {
      running.cancel()
      await running.value
      try? await client.shutdown()
      throw error
    }
    running.cancel()
    await running.value
    try await client.shutdown()
  }

  private static func eventually(_ what: String, _ question: () async -> Bool) async {
    for _ in 0..<3_000 {
      if await question() { return }
      try? await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("never: \(what)")
  }

  private static func temporaryDirectory() -> String { NSTemporaryDirectory() + "agent-" + UUID().uuidString }

  @Test func `a change is in force at once, is backed up, and a restart without the service serves it`() async throws {
    let directory = Self.temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let service = ScriptedService()
    try service.publish(Self.snapshot(3))
    try await service.serve { port in
      let applied = Applied()
      try await Self.withAgent(port: port, directory: directory, applied: applied) { agent in
        await Self.eventually("version 3") { await agent.status.configurationVersion == 3 }
        try service.publish(Self.snapshot(4))
        await Self.eventually("version 4") { await agent.status.configurationVersion == 4 }
        await Self.eventually("backup") {
          (try? BackupStore(directory: directory, token: Self.token).load())??.snapshot.version == 4
        }
        await Self.eventually("heartbeat") {
          service.state.withLock { $0.heartbeats.contains { $0.contains(#""configurationVersion":4"#) } }
        }
      }
      #expect(applied.versions.withLock { $0 } == [3, 4])
      #expect(service.state.withLock { $0.authorizations } == ["GatewayKey \(Self.token.text)"])
    }
    let applied = Applied()
    try await Self.withAgent(port: 1, directory: directory, applied: applied) { agent in
      await Self.eventually("backup in force") { await agent.status.configurationVersion == 4 }
      await Self.eventually("problem known") { await agent.status.problem != nil }
      #expect(await !agent.status.isConnected)
    }
    #expect(applied.versions.withLock { $0 } == [4])
    #expect(applied.read.withLock { $0 } == 1)
  }

  @Test func `a configuration that cannot run is reported and the last good one stays`() async throws {
    let directory = Self.temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let service = ScriptedService()
    try service.publish(Self.snapshot(1))
    try await service.serve { port in
      let applied = Applied()
      applied.refuses.withLock { $0 = 2 }
      try await Self.withAgent(port: port, directory: directory, applied: applied) { agent in
        await Self.eventually("version 1") { await agent.status.configurationVersion == 1 }
        try service.publish(Self.snapshot(2))
        await Self.eventually("refusal") { await agent.status.refusal != nil }
        #expect(await agent.status.configurationVersion == 1)
        await Self.eventually("told the service") {
          service.state.withLock { $0.heartbeats.contains { $0.contains("configurationError") } }
        }
        try service.publish(Self.snapshot(3))
        await Self.eventually("version 3") { await agent.status.configurationVersion == 3 }
        #expect(await agent.status.refusal == nil)
        await Self.eventually("all three are read") { applied.read.withLock { $0 } == 3 }
      }
      #expect(try BackupStore(directory: directory, token: Self.token).load()?.snapshot.version == 3)
    }
  }

  @Test func `a snapshot signed by somebody else is refused once the service's key is known`() async throws {
    let directory = Self.temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let service = ScriptedService()
    try service.publish(Self.snapshot(1))
    try await service.serve { port in
      let applied = Applied()
      try await Self.withAgent(port: port, directory: directory, applied: applied) { agent in
        await Self.eventually("version 1") { await agent.status.configurationVersion == 1 }
        try service.publish(Self.snapshot(2), signedBy: Curve25519.Signing.PrivateKey())
        await Self.eventually("refusal") { await agent.status.refusal?.contains("not signed by this service") == true }
        #expect(applied.versions.withLock { $0 } == [1])
      }
    }
  }

  @Test func `a refused token is explained with its end`() async throws {
    let directory = Self.temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let service = ScriptedService()
    service.state.withLock { $0.status = .unauthorized }
    try await service.serve { port in
      try await Self.withAgent(port: port, directory: directory, applied: Applied()) { agent in
        await Self.eventually("problem") {
          await agent.status.problem?.hasPrefix("no such luck (the token's end: 2096") == true
        }
      }
    }
  }

  @Test func `records made while the service is away are delivered once, in order, when it is back`() async throws {
    let directory = Self.temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let service = ScriptedService()
    service.state.withLock { $0.refusesTelemetry = true }
    try await service.serve { port in
      let shipper = try RecordShipper(directory: directory + "-records", newID: "s-1", logger: Self.logger)
      for number in 0..<25 { await shipper.append((0..<100).map { Self.record(number * 100 + $0) }) }
      try await Self.withAgent(port: port, directory: directory, applied: Applied(), shipper: shipper) { _ in
        try await Task.sleep(for: .milliseconds(300))
        #expect(await shipper.pending == 2_500)
        service.state.withLock { $0.refusesTelemetry = false }
        await Self.eventually("all delivered") { await shipper.pending == 0 }
      }
      let deliveries = service.state.withLock { $0.deliveries }
      #expect(deliveries.reduce(0) { $0 + $1.count } == 2_500)
      #expect(deliveries.map(\.first) == [1, 1_001, 2_001])
      #expect(Set(deliveries.map(\.spool)) == ["s-1"])
      try? FileManager.default.removeItem(atPath: directory + "-records")
    }
  }

  @Test func `processes that share a folder have a spool each; what one leaves behind the other delivers`() async throws
  {
    let directory = Self.temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    var first: RecordShipper? = try RecordShipper(directory: directory + "/records", newID: "a", logger: Self.logger)
    let second = try RecordShipper(directory: directory + "/records", newID: "b", logger: Self.logger)
    await first?.append((1...5).map(Self.record))
    await second.append((6...7).map(Self.record))
    let seen = Mutex<[String: Int]>([:])
    let deliver: RecordShipper.Deliver = { spool, batch in
      seen.withLock { $0[spool, default: 0] += batch.count }
      return batch.lastSequence
    }
    try await second.deliverPending(deliver)
    try await second.deliverAbandoned(deliver)
    // The first one lives: its records are its own.
    #expect(seen.withLock { $0 } == ["b": 2])
    #expect(FileManager.default.fileExists(atPath: directory + "/records/id"))
    first = nil
    try await second.deliverAbandoned { spool, batch in
      seen.withLock { $0[spool, default: 0] += 2 }
      return batch.firstSequence + 1
    }
    try await second.deliverAbandoned(deliver)
    #expect(seen.withLock { $0["b"] } == 2)
    #expect(seen.withLock { $0["a"] ?? 0 } >= 5)
    #expect(!FileManager.default.fileExists(atPath: directory + "/records"))
    // The next process begins a new one, numbered under a new name.
    let third = try RecordShipper(directory: directory + "/records", newID: "c", logger: Self.logger)
    await third.append([Self.record(8)])
    try await third.deliverPending(deliver)
    #expect(seen.withLock { $0["c"] } == 1)
  }

  @Test func `without a folder records are kept in memory and delivered in order`() async throws {
    let shipper = try RecordShipper(directory: nil, newID: "m", logger: Self.logger)
    await shipper.append((1...5).map(Self.record))
    let seen = Mutex<[[UInt64]]>([])
    try await shipper.deliverPending { _, batch in
      seen.withLock { $0.append([batch.firstSequence, batch.lastSequence]) }
      return batch.firstSequence == 1 ? 3 : batch.lastSequence
    }
    // Three of five were confirmed; the rest was offered again under its own numbers.
    #expect(seen.withLock { $0 } == [[1, 5], [4, 5]])
    #expect(await shipper.pending == 0)
  }
}

@Suite struct BackoffTests {
  @Test func `waits double up to ten seconds and start over after a success`() {
    var backoff = Backoff()
    let waits = (0..<9).map { _ in backoff.failed(spread: 1) }
    #expect(waits == [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000])
    backoff.succeeded()
    #expect(backoff.failed(spread: 0) == 125)
  }
}
