import Crypto
import Foundation
import GatewayConfiguration
import Logging
import PolicyLibrary
import Testing

@testable import Gateway

/// A replica whose process is replaced while others count with it.
@Suite(.timeLimit(.minutes(2)))
struct ReplicaHandoverTests {
  private static func counts(_ total: UInt64, _ key: String = "k") -> ReplicaCount {
    ReplicaCount(name: CounterName(key), seconds: 60, generation: 1, total: total, recent: total)
  }

  @Test func `the successor knows what was heard, and adds what it hears again but once`() throws {
    let key = SymmetricKey(size: .bits256)
    let peer = ReplicaDatagram.Instance(high: 7, low: 7)
    let (first, second) = (ReplicatedLimits(), ReplicatedLimits())
    var one = Neighborhood(instance: .init(high: 1, low: 1))
    var two = Neighborhood(instance: .init(high: 2, low: 2))
    one.use(key, now: 0)
    two.use(key, now: 0)
    var sequence: UInt64 = 0
    func say(
      _ total: UInt64, of sender: ReplicaDatagram.Instance, to hearer: inout Neighborhood, _ limits: ReplicatedLimits
    ) {
      sequence += 1
      let datagram = ReplicaDatagram(
        kind: .counts, instance: sender, sequence: sequence, time: 5_000, counts: [Self.counts(total)])
      let actions = hearer.received(datagram.bytes(key: key), from: "10.0.0.7", now: 5_000, wall: 5_000) { [] }
      for case .add(let count, let name, let seconds) in actions {
        limits.add(count, to: name, seconds: seconds, now: 5_000)
      }
    }
    func seen(_ limits: ReplicatedLimits) -> Int {
      1_000 - limits.admit(CounterName("k"), limit: 1_000, windowSeconds: 60, increment: 0, now: 5_000).remaining
    }
    func remembered() -> ReplicaMemory {
      ReplicaMemory(windows: first.windows(now: 5_000), heard: one.marks(own: first.everything(now: 5_000)))
    }
    func takeOver(_ memory: ReplicaMemory) throws {
      let bytes = LimitCounters(replicas: memory).bytes
      // Without the last number, that of quotas, it is what older versions tell.
      for length in 17..<bytes.count where length != bytes.count - 8 {
        #expect(LimitCounters(bytes: Array(bytes[..<length])) == nil)
      }
      let read = try #require(LimitCounters(bytes: bytes)?.replicas)
      #expect(read == memory)
      second.add(read.windows, now: 5_000)
      two.takeOver(read.heard, now: 5_000)
    }

    say(5, of: peer, to: &one, first)
    #expect(first.admit(CounterName("k"), limit: 1_000, windowSeconds: 60, increment: 3, now: 5_000).isAllowed)
    let told = remembered()
    try takeOver(told)
    #expect(seen(first) == 8 && seen(second) == 8)
    // Nothing of it is this one's own to tell.
    #expect(second.takeChanges(now: 5_000).isEmpty && second.everything(now: 5_000).isEmpty)
    // Meanwhile the first finishes its requests, and is still the one who hears.
    #expect(second.admit(CounterName("k"), limit: 1_000, windowSeconds: 60, increment: 10, now: 5_000).isAllowed)
    #expect(first.admit(CounterName("k"), limit: 1_000, windowSeconds: 60, increment: 1, now: 5_000).isAllowed)
    say(9, of: peer, to: &one, first)
    try takeOver(remembered().since(told))
    #expect(seen(second) == 8 + 10 + 1 + 4)
    say(9, of: peer, to: &two, second)
    #expect(seen(second) == 23)
    say(11, of: peer, to: &two, second)
    #expect(seen(second) == 25)
    #expect(second.everything(now: 5_000).map(\.total) == [10])
  }

  private static func api(_ limit: Int) -> API {
    API(
      id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: "http://127.0.0.1:1",
      subscriptionRequired: false,
      operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now")],
      policy: PolicyText(
        rawXML: """
          <policies><inbound><rate-limit-by-key calls="\(limit)" renewal-period="300" counter-key="all" \
          remaining-calls-header-name="X-Left"/><return-response><set-status code="200"/>
          <set-header name="X-Left" exists-action="skip"><value>none</value></set-header></return-response></inbound>
          </policies>
          """))
  }

  private static func left(_ client: RawClient) -> Int? {
    client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
    guard let answer = client.answer() else { return nil }
    return answer.header("X-Left").flatMap(Int.init) ?? -answer.status
  }

  @Test func `over real sockets the successor counts on from what replicas told its predecessor`() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "replicas-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.path(percentEncoded: false)
    let ports = (20_000 + Int.random(in: 0..<5_000), 25_001 + Int.random(in: 0..<5_000))
    // Addresses of this test alone.
    let addresses = (0..<2).map { _ in "127.\(Int.random(in: 1...250)).\(Int.random(in: 1...250)).1" }
    var snapshot = RunningGateway.snapshot([Self.api(1_000)])
    snapshot.gateway.replicaKey = Data((0..<32).map { _ in UInt8.random(in: 0...255) })
    func server(_ address: String, _ meters: GatewayMeters, takesOver: Bool = false) throws -> GatewayServer {
      try GatewayServer(
        settings: GatewayServerSettings(
          address: address, httpPort: 0, httpsPort: 0, threads: 1,
          certificate: try ListenerCertificate.selfSigned(hostName: "localhost"),
          neighborhood: NeighborhoodSettings(
            host: addresses.joined(separator: ","), heartbeatPort: ports.0, countsPort: ports.1, address: address),
          takesOver: takesOver), logger: Logger(label: "test"), meters: meters, onRecords: { _ in })
    }
    func wait(_ isDone: () -> Bool) async throws {
      for _ in 0..<3_000 where !isDone() { try await Task.sleep(for: .milliseconds(10)) }
      try #require(isDone())
    }
    let meters = (0..<3).map { _ in GatewayMeters() }
    let first = try server(addresses[0], meters[0])
    let other = try server(addresses[1], meters[1])
    for gateway in [first, other] {
      try await gateway.start()
      try await gateway.apply(snapshot)
    }
    try await wait { meters[0].replicas.present == 1 && meters[1].replicas.present == 1 }
    let (atFirst, atOther) = (
      try RawClient(port: try #require(first.boundHTTPPort), address: addresses[0]),
      try RawClient(port: try #require(other.boundHTTPPort), address: addresses[1])
    )
    for _ in 0..<40 { _ = Self.left(atOther) }
    for _ in 0..<5 { _ = Self.left(atFirst) }
    func seen(_ server: GatewayServer) async -> Int {
      let memory = await server.replicaMemory()
      return memory?.windows.values.reduce(0) { $0 + $1.counts.reduce(0) { $0 + $1.count } } ?? 0
    }
    for _ in 0..<500 where await seen(first) + seen(other) < 90 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(await seen(first) == 45)

    let offer = try #require(HandoverOffer(directory: path, version: "1", logger: Logger(label: "test")))
    let handed = Task { await offer.successor(of: first) }
    let request = try #require(try await HandoverRequest(directory: path, version: "2"))
    let second = try server(addresses[0], meters[2], takesOver: true)
    try await second.apply(snapshot)
    try await request.finish(second)
    let successor = try #require(await handed.value)
    #expect(await seen(second) == 45)
    let client = try RawClient(port: try #require(second.boundHTTPPort), address: addresses[0])
    #expect(Self.left(client) == 1_000 - 46)
    // The predecessor, which still hears, is told more; the successor learns it from it.
    _ = Self.left(atOther)
    for _ in 0..<500 where await seen(first) < 46 { try await Task.sleep(for: .milliseconds(10)) }
    await first.drain(milliseconds: 1_000, idleMilliseconds: 0)
    await successor.tellRemainder()
    offer.end()
    await first.stop()
    try await request.awaitEnd(of: second, milliseconds: 0)
    #expect(await seen(second) == 47)
    // It opens the ports that the first has closed, and is told everything once more, which adds nothing.
    try await wait { meters[2].replicas.present == 1 && meters[1].replicas.present == 1 }
    for _ in 0..<500 where await seen(other) < 47 { try await Task.sleep(for: .milliseconds(10)) }
    _ = Self.left(atOther)
    for _ in 0..<500 where await seen(second) < 48 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(await seen(second) == 48)
    #expect(await seen(other) == 48)
    await second.stop()
    await other.stop()
  }
}
