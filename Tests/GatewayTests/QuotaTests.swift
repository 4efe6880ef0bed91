import Foundation
import GatewayConfiguration
import Logging
import PolicyLibrary
import Testing

@testable import Gateway

/// Counters of quotas over restarts.
struct QuotaTests {
  private func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "quotas-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    do { try await body(folder.path(percentEncoded: false) + "/") } catch {
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
    try FileManager.default.removeItem(at: folder)
  }

  @Test func `a quota that was used up is used up after a restart, too`() async throws {
    let policy = """
      <policies><inbound><quota-by-key calls="2" renewal-period="315360000" counter-key="everybody"/></inbound>\
      <backend><forward-request/></backend></policies>
      """
    let backend = try await ScriptedBackend { _ in "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" }
    let api = API(
      id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: "http://127.0.0.1:\(backend.port)",
      subscriptionRequired: false,
      operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now")],
      policy: PolicyText(rawXML: policy))
    try await withFolder { folder in
      for expected in [[200, 200, 403], [403]] {
        let server = try GatewayServer(
          settings: GatewayServerSettings(
            address: "127.0.0.1", httpPort: 0, httpsPort: 0, threads: 1,
            certificate: try ListenerCertificate.selfSigned(hostName: "localhost"), quotaPath: folder + "quotas"),
          logger: Logger(label: "test"), onRecords: { _ in })
        try await server.start()
        try await server.apply(RunningGateway.snapshot([api]))
        let client = try RawClient(port: try #require(server.boundHTTPPort))
        var statuses: [Int?] = []
        for _ in expected {
          client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
          statuses.append(client.answer()?.status)
        }
        #expect(statuses == expected)
        await server.stop()
      }
    }
    await backend.stop()
  }

  private func table(_ key: String, uses: Int, now: Int64) -> LimitTable {
    let table = LimitTable()
    for _ in 0..<uses {
      _ = table.consume(key, limit: 10, periodSeconds: 100, start: 0, increment: 1, now: now)
    }
    return table
  }

  @Test(arguments: ["simple", "with\nlines and \\ signs", "", "ünïcödé n"])
  func `counters survive their file, whatever their names`(_ key: String) throws {
    let quotas = try #require(table(key, uses: 3, now: 250).takeChangedQuotas(now: 250))
    let read = try #require(QuotaFile.read(QuotaFile.bytes(quotas).bytes)).quotas
    #expect(read == quotas)
    let fresh = LimitTable()
    fresh.restore(read)
    #expect(fresh.consume(key, limit: 10, periodSeconds: 100, start: 0, increment: 1, now: 260).remaining == 6)
    // The next period begins anew.
    #expect(fresh.consume(key, limit: 10, periodSeconds: 100, start: 0, increment: 1, now: 300).remaining == 9)
  }

  @Test func `only what has changed is written, and what is over is not`() {
    let table = table("a", uses: 1, now: 250)
    #expect(table.takeChangedQuotas(now: 250)?.count == 1)
    #expect(table.takeChangedQuotas(now: 250) == nil)
    _ = table.consume("a", limit: 10, periodSeconds: 100, start: 0, increment: 1, now: 250)
    #expect(table.takeChangedQuotas(now: 300)?.isEmpty == true)
  }

  @Test func `a file that is cut off, mixed up or something else is not believed`() throws {
    let quotas = try #require(table("a", uses: 1, now: 250).takeChangedQuotas(now: 250))
    let bytes = QuotaFile.bytes(quotas).bytes
    for length in 0..<bytes.count { #expect(QuotaFile.read(Array(bytes[..<length])) == nil) }
    #expect(QuotaFile.read(Array("postern quotas 1\nx y z a\nend 1\n".utf8)) == nil)
    #expect(QuotaFile.read(Array("postern quotas 1\n1 -1 9 a\nend 1\n".utf8)) == nil)
    #expect(QuotaFile.read(bytes + bytes) == nil)
  }

  @Test func `the file has a bound, and tells how much had no room`() throws {
    let name = String(repeating: "k", count: 1 << 20)
    let quotas = Dictionary(
      uniqueKeysWithValues: (0..<20).map { ("\($0)\(name)", FixedWindow(index: 1, used: 1, end: 9)) })
    let (bytes, omitted) = QuotaFile.bytes(quotas)
    #expect(bytes.count <= QuotaFile.bound)
    #expect(omitted > 0)
    #expect(try #require(QuotaFile.read(bytes)).quotas.count == 20 - omitted)
  }

  @Test func `processes that share a folder keep their quotas in files of their own`() async throws {
    try await withFolder { folder in
      let now = Clock.ticks() / 10_000_000
      let lines = LogLines()
      func keeper(_ table: LimitTable) -> QuotaKeeper {
        QuotaKeeper(path: folder + "quotas", limits: table, logger: Logger(label: "test") { _ in lines.handler })
      }
      let first = keeper(table("a", uses: 1, now: now))
      #expect(lines.all.isEmpty)
      let second = keeper(table("b", uses: 2, now: now))
      #expect(lines.all.count == 1 && lines.all[0].contains("quotas.1"))
      second.end()
      first.end()
      // Restarted, each finds what was in the file that it takes; none is lost or mixed.
      let (tableA, tableB) = (LimitTable(), LimitTable())
      for table in [tableA, tableB] {
        keeper(table).load()
        table.markQuotasChanged()
      }
      #expect(tableA.takeChangedQuotas(now: now)?.mapValues(\.used) == ["a": 1])
      #expect(tableB.takeChangedQuotas(now: now)?.mapValues(\.used) == ["b": 2])
    }
  }

  @Test func `a disk that takes nothing is one line in the log, and counting goes on`() async throws {
    try await withFolder { folder in
      let lines = LogLines()
      let table = table("a", uses: 1, now: Clock.ticks() / 10_000_000)
      let keeper = QuotaKeeper(
        path: folder + "none/quotas", limits: table, logger: Logger(label: "test") { _ in lines.handler })
      keeper.save()
      keeper.save()
      #expect(lines.all.count == 1 && lines.all[0].contains("none/quotas"))
      try FileManager.default.createDirectory(atPath: folder + "none", withIntermediateDirectories: true)
      keeper.end()
      #expect(lines.all.count == 2)
      let again = LimitTable()
      QuotaKeeper(path: folder + "none/quotas", limits: again, logger: Logger(label: "test")).load()
      again.markQuotasChanged()
      #expect(again.takeChangedQuotas(now: 0)?.keys.first == "a")
    }
  }
}
