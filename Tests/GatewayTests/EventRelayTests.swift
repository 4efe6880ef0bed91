import ChildProcesses
import Foundation
import GatewayConfiguration
import Logging
import Testing

@testable import Gateway

/// Events between three gateways of real sockets: what is published at one reaches the subscribers of all, once.
@Suite(
  .enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"),
  .timeLimit(.minutes(3)))
struct EventRelayTests {
  /// Three replicas of one gateway.
  private final class Replicas {
    let meters = (0..<3).map { _ in GatewayMeters() }
    let lines = LogLines()
    private(set) var servers: [GatewayServer] = []
    private(set) var gateways: [RunningGateway] = []
    let addresses: [String]
    private let backend: ScriptedBackend
    private let key = Data((0..<32).map { _ in UInt8.random(in: 0...255) })

    /// - Parameters:
    ///   - redis: where limits are counted; nil for none.
    ///   - isNeighborhood: whether they find each other.
    init(redis: RedisServer? = nil, isNeighborhood: Bool) async throws {
      backend = try await ScriptedBackend { People.answer($0) }
      let store = try redis.map { CounterStore(connection: try $0.connection(), gatewayID: "plant") }
      let ports = (20_000 + Int.random(in: 0..<5_000), 25_001 + Int.random(in: 0..<5_000))
      addresses = (0..<3).map { _ in "127.\(Int.random(in: 1...250)).\(Int.random(in: 1...250)).1" }
      let (lines, all) = (lines, addresses.joined(separator: ","))
      for (address, meters) in zip(addresses, meters) {
        var settings = GatewayServerSettings(
          address: address, httpPort: 0, httpsPort: 0, threads: 2,
          certificate: try ListenerCertificate.selfSigned(hostName: "localhost"), counters: store,
          neighborhood: isNeighborhood
            ? NeighborhoodSettings(host: all, heartbeatPort: ports.0, countsPort: ports.1, address: address) : nil)
        settings.timeouts = People.patient
        let server = try GatewayServer(
          settings: settings, logger: Logger(label: "test") { _ in lines.handler }, meters: meters, onRecords: { _ in })
        servers.append(server)
        try await server.start()
        try await apply([People.api(backend.port)], to: server)
        gateways.append(
          RunningGateway(
            server: server, records: RecordedRequests(), httpPort: server.boundHTTPPort ?? 0,
            httpsPort: server.boundHTTPSPort ?? 0))
      }
      if isNeighborhood {
        for meters in meters { try await wait("three replicas") { meters.replicas.present == 2 } }
      }
      if store != nil {
        // Of each replica two event loops count, one connection publishes, and one listens.
        for meters in meters { try await wait("Redis") { meters.redis.connections(.events) == 2 } }
      }
    }

    func apply(_ apis: [API], to server: GatewayServer, version: UInt64 = 1) async throws {
      var snapshot = RunningGateway.snapshot(apis, version: version)
      snapshot.gateway.replicaKey = key
      try await server.apply(snapshot)
    }

    func wait(_ what: String, _ isDone: () -> Bool) async throws {
      for _ in 0..<6_000 where !isDone() { try await Task.sleep(for: .milliseconds(10)) }
      try #require(isDone(), "\(what)")
    }

    func subscriber(_ index: Int) async throws -> People.Subscriber {
      let url = "ws://\(addresses[index]):\(gateways[index].httpPort)/people"
      var subscriber = try People.Subscriber(url: url)
      try await subscriber.begin()
      try subscriber.subscribe("1")
      let pong = await subscriber.next()
      #expect(pong == "pong")
      return subscriber
    }

    func create(_ index: Int, _ name: String) throws {
      let client = try RawClient(port: gateways[index].httpPort, address: addresses[index])
      let body = #"{"query":"mutation { createUser(name: \"\#(name)\") { id } }"}"#
      client.send(
        "POST /people HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
      )
      #expect(client.answer()?.status == 200)
    }

    func end() async {
      for server in servers { await server.stop() }
      await backend.stop()
    }
  }

  private static func next(_ name: String) -> String {
    #"{"id":"1","type":"next","payload":{"data":{"onUserCreated":{"name":"\#(name)"}}}}"#
  }

  /// Publishes at each of the replicas by turns; every subscriber gets all of it, in the order of each publisher, and once.
  private func exchange(
    _ replicas: Replicas, _ subscribers: inout [People.Subscriber], _ round: String, bytes: Int = 0
  ) async throws {
    for index in 0..<3 {
      let name = "\(round)-\(index)x\(bytes)"
      try replicas.create(index, name)
      for at in subscribers.indices {
        let got = await subscribers[at].next()
        #expect(got == Self.next(name), "subscriber \(at), event \(name)")
      }
    }
  }

  private func serving(_ replicas: Replicas, _ body: (Replicas, inout [People.Subscriber]) async throws -> Void)
    async throws
  {
    var subscribers: [People.Subscriber] = []
    do {
      for index in 0..<3 { subscribers.append(try await replicas.subscriber(index)) }
      try await body(replicas, &subscribers)
    } catch {
      await replicas.end()
      throw error
    }
    await replicas.end()
  }

  @Test func `by datagrams an event reaches the subscribers of every replica once`() async throws {
    try await serving(try await Replicas(isNeighborhood: true)) { replicas, subscribers in
      for round in 0..<3 { try await exchange(replicas, &subscribers, "\(round)") }
      // Of some ten datagrams.
      try await exchange(replicas, &subscribers, "long", bytes: 9_000)
      // Larger than that way takes: the subscribers of the same replica get it, and it is counted.
      let large = "largex\(EventDatagrams.eventBound)"
      try replicas.create(0, large)
      #expect(await subscribers[0].next() == Self.next(large))
      try await replicas.wait("the loss is counted") { replicas.meters[0].events.number(.oversized) == 1 }
      #expect(replicas.lines.all.contains { $0.contains("An event is lost on its way between replicas (oversized)") })
      try await exchange(replicas, &subscribers, "after")
      // Each replica has published its own, and got those of the two others.
      for (index, meters) in replicas.meters.enumerated() {
        #expect(meters.events.number(.sent) == 5 && meters.events.number(.received) == 10, "replica \(index)")
      }
    }
  }

  @Test(.enabled(if: RedisServer.isInstalled), arguments: [[], ["--protocol-2"]])
  func `through Redis an event reaches the subscribers of every replica once`(_ options: [String]) async throws {
    // A server that knows no HELLO speaks version 2 of the protocol, in which messages come as arrays.
    let redis = try await RedisServer(options.isEmpty ? [] : ["--rename-command", "HELLO", ""])
    try await serving(try await Replicas(redis: redis, isNeighborhood: false)) { replicas, subscribers in
      for round in 0..<3 { try await exchange(replicas, &subscribers, "\(round)") }
      try await exchange(replicas, &subscribers, "large", bytes: 900_000)
      for meters in replicas.meters {
        #expect(meters.events.number(.sent) == 4 && meters.events.number(.received) == 8)
      }
      // While Redis is gone nobody waits, and those of the same replica get what is published there.
      redis.kill()
      for meters in replicas.meters {
        try await replicas.wait("Redis is gone") { meters.redis.connections(.events) == 0 }
      }
      try replicas.create(0, "alone")
      #expect(await subscribers[0].next() == Self.next("alone"))
      try await replicas.wait("the loss is counted") { replicas.meters[0].events.number(.unavailable) == 1 }
      try await redis.start()
      for meters in replicas.meters {
        try await replicas.wait("Redis is back") { meters.redis.connections(.events) == 2 }
      }
      try await untilHeard(redis, 3)
      try await exchange(replicas, &subscribers, "back")
    }
  }

  /// Waits until so many listen at Redis.
  private func untilHeard(_ redis: RedisServer, _ count: Int) async throws {
    for _ in 0..<1_000 {
      if try await redis.ask("PUBSUB", "NUMSUB", "postern:events:1:plant").hasSuffix("\(count)") { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("nobody listens")
  }

  @Test func `a replica with another configuration takes what it knows, and is not harmed by the rest`() async throws {
    try await serving(try await Replicas(isNeighborhood: true)) { replicas, subscribers in
      // The third has no such API any more; its subscriber keeps what it has.
      try await replicas.apply([], to: replicas.servers[2], version: 2)
      try replicas.create(0, "a")
      for at in 0..<2 { #expect(await subscribers[at].next() == Self.next("a")) }
      #expect(await subscribers[2].next() == Self.next("a"))
      // Another schema, in which the field is something else.
      let schema =
        "type Query { user: Int } type Mutation { createUser(name: String!): Int } type Subscription { onNothing: Int }"
      try await replicas.apply([People.api(1, schema: schema)], to: replicas.servers[2], version: 3)
      try replicas.create(1, "b")
      for at in 0..<3 { #expect(await subscribers[at].next() == Self.next("b")) }
      #expect(replicas.meters.allSatisfy { $0.events.number(.malformed) == 0 })
    }
  }
}
