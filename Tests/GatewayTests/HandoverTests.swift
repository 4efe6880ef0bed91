import Foundation
import GatewayConfiguration
import Logging
import PolicyLibrary
import Testing

@testable import Gateway

/// One process's work in another's hands: both are in this process, over real sockets.
struct HandoverTests {
  private static func server(_ folder: String, takesOver: Bool = false) throws -> GatewayServer {
    try GatewayServer(
      settings: GatewayServerSettings(
        address: "127.0.0.1", httpPort: 0, httpsPort: 0, threads: 2,
        certificate: try ListenerCertificate.selfSigned(hostName: "localhost"), quotaPath: folder + "/quotas",
        takesOver: takesOver), logger: Logger(label: "test"), onRecords: { _ in })
  }

  private static let api = API(
    id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: "http://127.0.0.1:1",
    subscriptionRequired: false,
    operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now")],
    policy: PolicyText(
      rawXML: """
        <policies><inbound><quota-by-key calls="10" renewal-period="315360000" counter-key="all"/>\
        <rate-limit-by-key calls="100" renewal-period="60" counter-key="all" remaining-calls-header-name="X-Left"/>\
        <return-response><set-status code="200"/></return-response></inbound></policies>
        """))

  private static func statuses(_ count: Int, _ client: RawClient) -> [Int?] {
    (0..<count).map { _ in
      client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      return client.answer()?.status
    }
  }

  private func withFolder(_ body: (String) async throws -> Void) async throws {
    // Longer than an address of a Unix socket may be.
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "handover-" + UUID().uuidString + String(repeating: "-long", count: 20))
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path(percentEncoded: false))
  }

  @Test func `the successor goes on with sockets, counts and the file of quotas`() async throws {
    try await withFolder { folder in
      let first = try Self.server(folder)
      try await first.start()
      try await first.apply(RunningGateway.snapshot([Self.api]))
      let port = try #require(first.boundHTTPPort)
      let lasting = try RawClient(port: port)
      #expect(Self.statuses(4, lasting) == [200, 200, 200, 200])
      let offer = try #require(
        HandoverOffer(directory: folder, version: "1", switchSeconds: 60, logger: Logger(label: "test")))
      let handed = Task { await offer.successor(of: first) }

      let request = try #require(try await HandoverRequest(directory: folder, version: "2", switchSeconds: 60))
      #expect(request.version == "1")
      let second = try Self.server(folder, takesOver: true)
      try await second.apply(RunningGateway.snapshot([Self.api]))
      // The first serves as long as the second prepares itself.
      #expect(Self.statuses(1, try RawClient(port: port)) == [200])
      try await request.finish(second)
      let successor = try #require(await handed.value)
      #expect(second.boundHTTPPort == port)
      let ending = Task { await first.drain(milliseconds: 2_000, idleMilliseconds: 2_000) }
      #expect(Self.statuses(2, try RawClient(port: port)) == [200, 200])
      // One more on the connection to the first, with notice.
      try await Task.sleep(for: .milliseconds(100))
      lasting.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      let last = try #require(lasting.answer())
      #expect(last.status == 200 && last.header("Connection") == "close" && lasting.isAtEnd)
      await ending.value
      await successor.tellRemainder()
      offer.end()
      await first.stop()
      try await request.awaitEnd(of: second, milliseconds: 0)
      // 4 + 1 + 2 + 1 of 10 are used.
      #expect(Self.statuses(3, try RawClient(port: port)) == [200, 200, 403])
      await second.stop()
      let third = try Self.server(folder)
      try await third.start()
      try await third.apply(RunningGateway.snapshot([Self.api]))
      #expect(Self.statuses(1, try RawClient(port: try #require(third.boundHTTPPort))) == [403])
      await third.stop()
    }
  }

  @Test(arguments: 0...3) func `a successor that goes away or talks nonsense leaves the first one serving`(
    _ stage: Int
  ) async throws {
    try await withFolder { folder in
      let first = try Self.server(folder)
      try await first.start()
      try await first.apply(RunningGateway.snapshot([Self.api]))
      let port = try #require(first.boundHTTPPort)
      #expect(Self.statuses(2, try RawClient(port: port)) == [200, 200])
      let offer = try #require(
        HandoverOffer(directory: folder, version: "1", switchSeconds: 60, logger: Logger(label: "test")))
      let handed = Task { await offer.successor(of: first) }
      let address = HandoverAddress(directory: folder)
      try await HandoverChannel.waiting {
        let channel = try #require(address.connect())
        channel.wait(seconds: 60)
        if stage == 0 { return try channel.send(.init(kind: .serving)) }
        try channel.send(.init(kind: .hello, bytes: Array("2".utf8)))
        if stage == 1 { return }
        while case let message = try channel.receive(.listener, .listenersEnd), message.kind == .listener {
          if let descriptor = message.descriptor { close(descriptor) }
        }
        if stage == 2 { return }
        try channel.send(.init(kind: .prepared))
        let file = try channel.receive(.quotaFile, .counters)
        if let descriptor = file.descriptor { close(descriptor) }
      }
      // Whoever connects in between waits, and is answered.
      // On threads of their own: the gateway needs those of tasks to go on.
      let meanwhile = try await HandoverChannel.waiting { Self.statuses(1, try RawClient(port: port)) }
      #expect(meanwhile == [200])
      try await Task.sleep(for: .milliseconds(100))
      let afterwards = try await HandoverChannel.waiting { Self.statuses(1, try RawClient(port: port)) }
      #expect(afterwards == [200])
      offer.end()
      let nobody = await handed.value == nil
      #expect(nobody)
      #expect(HandoverAddress(directory: folder).connect() == nil)
      await first.stop()
      // It kept the quotas, too.
      let again = LimitTable()
      QuotaKeeper(path: folder + "/quotas", limits: again, logger: Logger(label: "test")).load()
      let kept = again.counters(seconds: 0, uptime: 0).quotas.values.map(\.used)
      #expect(kept == [4])
    }
  }

  @Test func `a folder's socket is one process's; what a killed one left is replaced`() async throws {
    try await withFolder { folder in
      let lines = LogLines()
      let logger = Logger(label: "test") { _ in lines.handler }
      let first = try #require(HandoverOffer(directory: folder, version: "1", switchSeconds: 60, logger: logger))
      let isSecond = HandoverOffer(directory: folder, version: "1", switchSeconds: 60, logger: logger) != nil
      #expect(!isSecond && lines.all.count == 1)
      first.end()
      try Data().write(to: URL(filePath: folder + "/handover"))
      let third = try #require(HandoverOffer(directory: folder, version: "1", switchSeconds: 60, logger: logger))
      #expect(HandoverAddress(directory: folder).connect() != nil)
      third.end()
      let isNobody = try await HandoverRequest(directory: folder, version: "2") == nil
      #expect(isNobody)
    }
  }

  @Test func `counters are told exactly: what was there, and what came since`() throws {
    let table = LimitTable()
    func use(_ table: LimitTable, _ key: String, _ times: Int, now: Int64) {
      for _ in 0..<times {
        _ = table.consume(key, limit: 100, periodSeconds: 100, start: 0, increment: 1, now: now)
        _ = table.admit(key, limit: 100, windowSeconds: 60, increment: 1, now: now * 1_000)
      }
    }
    use(table, "a", 3, now: 250)
    use(table, "", 1, now: 250)
    let told = table.counters(seconds: 250, uptime: 250_000)
    use(table, "a", 2, now: 260)
    use(table, "bär", 4, now: 260)
    let since = table.counters(seconds: 260, uptime: 260_000).since(told)
    #expect(since.quotas.mapValues(\.used) == ["a": 2, "bär": 4])
    let other = LimitTable()
    other.add(try #require(LimitCounters(bytes: told.bytes)))
    use(other, "a", 5, now: 255)
    other.add(try #require(LimitCounters(bytes: since.bytes)))
    let all = other.counters(seconds: 260, uptime: 260_000)
    #expect(all.quotas.mapValues(\.used) == ["a": 10, "bär": 4, "": 1])
    #expect(all.windows.mapValues { $0.counts.reduce(0) { $0 + $1.count } } == ["a": 10, "bär": 4, "": 1])
    #expect(other.admit("a", limit: 11, windowSeconds: 60, increment: 1, now: 261_000).remaining == 0)
    for length in 0..<told.bytes.count { #expect(LimitCounters(bytes: Array(told.bytes[..<length])) == nil) }
    #expect(LimitCounters(bytes: told.bytes + [0]) == nil)
    #expect(LimitCounters(bytes: [UInt8](repeating: 0xff, count: 64)) == nil)
  }
}
