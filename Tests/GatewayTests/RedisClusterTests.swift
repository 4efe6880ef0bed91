import Foundation
import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import PolicyLibrary
import RedisWire
import Testing

@testable import Gateway

/// Caches and counters in a real cluster of Redis: the connection string names one server, the rest is found.
@Suite(.enabled(if: RedisServer.isInstalled), .timeLimit(.minutes(4))) struct RedisClusterTests {
  private static func text(_ text: String) -> RedisReply { .bulk(Array(text.utf8)) }

  /// Keys in turn, each with its own value.
  private func setAll(_ redis: ConnectedRedis, _ count: Int) async throws {
    for number in 0..<count {
      // A server that has just come back does not take everything at once.
      let isSet = try await eventually {
        try await redis.ask("SET", "k\(number)", "\(number)") == .success(.simple("OK"))
      }
      #expect(isSet)
    }
  }

  @Test(arguments: [([], ""), ([], "own"), (["--rename-command", "HELLO", ""], "")])
  func `each key goes to the server that has its slot`(_ arguments: [String], _ password: String) async throws {
    // A server that knows no HELLO, and so does not say what it is, tells it with the first key that is not there.
    let cluster = try await RedisCluster(3, arguments)
    for server in cluster.servers where !password.isEmpty {
      #expect(try await server.ask("config", "set", "masterauth", password, "requirepass", password) == "OK")
    }
    let redis = try await ConnectedRedis(try cluster.connection(",password=" + password, by: 1))
    try await setAll(redis, 60)
    #expect(await redis.isConnected(3))
    for number in 0..<60 { #expect(try await redis.ask("GET", "k\(number)") == .success(Self.text("\(number)"))) }
    var sum = 0
    for server in cluster.servers {
      let size = try await server.ask((password.isEmpty ? [] : ["--no-auth-warning", "-a", password]) + ["dbsize"])
      #expect(Int(size) ?? 0 > 0)
      sum += Int(size) ?? 0
    }
    #expect(sum == 60)
    #expect(redis.lines.all.isEmpty)
    try await redis.end()
  }

  @Test func `servers that are told by their addresses are taken for the one that the connection string names`()
    async throws
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tls-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (certificate, key) = (folder.path() + "/c.pem", folder.path() + "/k.pem")
    _ = try await SystemTool.openssl.run([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout",
      key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
    ])
    let cluster = try await RedisCluster(tls: (certificate, key))
    let port = try #require(cluster.servers[0].value(of: "--tls-port"))
    let text = "localhost:\(port),ssl=True,syncTimeout=1000"
    let redis = try await ConnectedRedis(try RedisConnection(text), roots: .file(certificate))
    try await setAll(redis, 30)
    #expect(await redis.isConnected(3))
    #expect(redis.lines.all.isEmpty)
    try await redis.end()
    // Another name than the certificate's is not believed, of none of them.
    let other = try await ConnectedRedis(try RedisConnection(text + ",sslHost=other.plant"), roots: .file(certificate))
    #expect(await other.isConnected(seconds: 1) == false)
    try await other.end()
  }

  @Test func `a slot that is on its way is found at both ends, and then at the new one`() async throws {
    let cluster = try await RedisCluster()
    let redis = try await ConnectedRedis(try cluster.connection())
    // Both in one slot, by their tag.
    let (there, fresh) = ("{move}there", "{move}new")
    let slot = RedisSlot.of(Array(there.utf8))
    #expect(try await redis.answer("SET", there, "1") == .simple("OK"))
    let from = cluster.servers[cluster.index(of: slot)]
    let to = cluster.servers[(cluster.index(of: slot) + 1) % 3]
    let (fromID, toID) = (try await cluster.id(of: from), try await cluster.id(of: to))
    #expect(await redis.isConnected(3))
    #expect(try await to.ask("cluster", "setslot", "\(slot)", "importing", fromID) == "OK")
    #expect(try await from.ask("cluster", "setslot", "\(slot)", "migrating", toID) == "OK")
    // What is there still stands at the old end; what is not is asked for at the new one, for this once.
    #expect(try await redis.answer("GET", there) == Self.text("1"))
    #expect(try await redis.answer("SET", fresh, "2") == .simple("OK"))
    #expect(try await redis.answer("GET", fresh) == Self.text("2"))
    let atNewEnd = try await to.ask("cluster", "getkeysinslot", "\(slot)", "10")
    #expect(atNewEnd == fresh)
    #expect(try await from.ask("migrate", "127.0.0.1", "\(to.port)", there, "0", "5000") == "OK")
    for server in [to, from] + cluster.servers.filter({ $0 !== from && $0 !== to }) {
      #expect(try await server.ask("cluster", "setslot", "\(slot)", "node", toID) == "OK")
    }
    #expect(try await redis.answer("GET", there) == Self.text("1"))
    #expect(try await redis.answer("GET", fresh) == Self.text("2"))
    #expect(redis.lines.all.isEmpty)
    try await redis.end()
  }

  @Test func `a server that is gone takes its slots with it and no others, and is found again`() async throws {
    let cluster = try await RedisCluster()
    let redis = try await ConnectedRedis(try cluster.connection())
    try await setAll(redis, 30)
    #expect(await redis.isConnected(3))
    cluster.servers[2].kill()
    #expect(await redis.isConnected(2))
    for number in 0..<30 {
      let key = "k\(number)"
      if cluster.index(of: RedisSlot.of(Array(key.utf8))) == 2 {
        #expect(try await redis.ask("GET", key) == .failure(.unavailable))
      } else {
        #expect(try await redis.answer("GET", key) == Self.text("\(number)"))
      }
    }
    #expect(redis.lines.all.count == 1 && redis.lines.all[0].contains("A part of it"), "\(redis.lines.all)")
    try await cluster.servers[2].start()
    #expect(await redis.isConnected(3, seconds: 60))
    let isBack = await eventually { redis.lines.all.count == 2 }
    #expect(isBack && redis.lines.all.last?.contains("can be used again") == true)
    try await setAll(redis, 30)
    try await redis.end()
  }

  @Test func `a replica that stands in for the one that the connection string names is found`() async throws {
    let cluster = try await RedisCluster(3, replicas: 1)
    let redis = try await ConnectedRedis(try cluster.connection())
    try await setAll(redis, 20)
    #expect(await redis.isConnected(3))
    cluster.servers[0].kill()
    let key = try #require((0..<1_000).map { "k\($0)" }.first { cluster.index(of: RedisSlot.of(Array($0.utf8))) == 0 })
    let isTakenOver = try await eventually { try await redis.ask("SET", key, "new") == .success(.simple("OK")) }
    #expect(isTakenOver)
    #expect(await redis.isConnected(3, seconds: 60))
    #expect(try await cluster.replicas[0].ask("get", key) == "new")
    let isWhole = await eventually { redis.lines.all.last?.contains("can be used again") == true }
    #expect(isWhole, "\(redis.lines.all)")
    try await redis.end()
  }

  @Test func `a server that was taken out of the cluster and lives on does not hide the others`() async throws {
    let cluster = try await RedisCluster()
    let redis = try await ConnectedRedis(try cluster.connection())
    #expect(await redis.isConnected(3))
    let (out, heir, other) = (cluster.servers[0], cluster.servers[1], cluster.servers[2])
    let id = try await cluster.id(of: out)
    #expect(try await out.ask("cluster", "reset", "hard") == "OK")
    for server in [heir, other] { #expect(try await server.ask("cluster", "forget", id) == "OK") }
    #expect(try await heir.ask("cluster", "addslotsrange", "0", "5460") == "OK")
    let key = try #require((0..<1_000).map { "k\($0)" }.first { cluster.index(of: RedisSlot.of(Array($0.utf8))) == 0 })
    let isTaken = try await eventually { try await redis.ask("SET", key, "new") == .success(.simple("OK")) }
    try #require(isTaken)
    #expect(try await heir.ask("get", key) == "new")
    try await setAll(redis, 30)
    try await redis.end()
  }

  // MARK: - Counters

  private func api(_ backend: ScriptedBackend) -> API {
    API(
      id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: "http://127.0.0.1:\(backend.port)",
      operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now")],
      policy: PolicyText(
        rawXML: """
          <policies><inbound><base/><rate-limit-by-key calls="5" renewal-period="300" \
          counter-key="@(context.Request.OriginalUrl.QueryString)"/>\
          <quota-by-key calls="100" bandwidth="40000" renewal-period="315360000" \
          counter-key="@(context.Request.OriginalUrl.QueryString)"/>\
          <llm-token-limit counter-key="@(context.Request.OriginalUrl.QueryString)" tokens-per-minute="100000" \
          token-quota="1000000" token-quota-period="Daily" estimate-prompt-tokens="true"/></inbound>\
          <backend><forward-request/></backend></policies>
          """))
  }

  private static let product = PolicyText(
    rawXML: """
      <policies><inbound><base/><rate-limit calls="1000" renewal-period="300"><api name="Time" calls="900" \
      renewal-period="200"><operation name="Now" calls="800" renewal-period="100"/></api></rate-limit>\
      <quota calls="1000" bandwidth="400000" renewal-period="315360000"><api name="Time" calls="900" renewal-period="315360000"/>\
      </quota></inbound><backend><base/></backend><outbound><base/></outbound></policies>
      """)

  @Test func `two gateways count as one, whatever a policy asks together`() async throws {
    let cluster = try await RedisCluster()
    let backend = try await ScriptedBackend { _ in "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" }
    let store = CounterStore(connection: try cluster.connection(), gatewayID: "plant")
    let (first, second) = (GatewayMeters(), GatewayMeters())
    try await RunningGateway.serving([api(backend)], productPolicy: Self.product, counters: store, meters: first) {
      one in
      try await RunningGateway.serving([api(backend)], productPolicy: Self.product, counters: store, meters: second) {
        two in
        let areReady = await eventually {
          first.redis.connections(.counters) == 3 && second.redis.connections(.counters) == 3
        }
        #expect(areReady)
        for run in 0..<8 {
          var statuses: [Int] = []
          for gateway in [one, two, one, two, one, two] {
            let client = try RawClient(port: gateway.httpPort)
            client.send("GET /time/now?run=\(run) HTTP/1.1\r\nHost: g\r\nOcp-Apim-Subscription-Key: first\r\n\r\n")
            statuses.append(client.answer()?.status ?? 0)
          }
          #expect(statuses == [200, 200, 200, 200, 200, 429])
        }
        for meters in [first, second] {
          #expect(meters.redis.number(.count, .done) > 0)
          for outcome in [RedisMeter.Outcome.refused, .unavailable, .timeout, .lost] {
            #expect(meters.redis.number(.count, outcome) == 0)
          }
        }
      }
    }
    var counters = 0
    for server in cluster.servers {
      let size = Int(try await server.ask("dbsize")) ?? 0
      #expect(size > 0)
      counters += size
    }
    // Of each run a rate, calls and bandwidth (there are no tokens to count); of the subscription three rates, calls of two
    // kinds and bandwidth.
    #expect(counters == 8 * 3 + 6)
    await backend.stop()
  }

  // MARK: - Caches

  @Test func `entries of a cache are found by another gateway`() async throws {
    let cluster = try await RedisCluster()
    let connection = try cluster.connection(by: 2)
    let meter = RedisMeter()
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    func client() async throws -> NIOLoopBound<ExternalCacheClient> {
      try await loop.submit {
        NIOLoopBound(
          ExternalCacheClient(
            ExternalCache(id: "c", connection: connection), loop: loop, meter: meter, logger: Logger(label: "test")),
          eventLoop: loop)
      }.get()
    }
    let (first, second) = (try await client(), try await client())
    let areReady = await eventually { meter.connections(.cache) == 6 }
    #expect(areReady)
    func find(_ key: String) async throws -> CachedEntry? {
      let promise = loop.makePromise(of: CachedEntry?.self)
      loop.execute { _ = second.value.find(key) { promise.succeed($0) } }
      return try await promise.futureResult.get()
    }
    for number in 0..<40 {
      let entry = CachedEntry(bytes: Array("value \(number)".utf8), storedTicks: 7)
      let key = "{\(number % 2 == 0 ? "" : "a")}key \(number)}"
      let isKept = try await eventually {
        try await loop.submit { first.value.put(entry, as: key, seconds: 60) }.get()
        return try await find(key) == entry
      }
      #expect(isKept)
      try await loop.submit { first.value.remove(key) }.get()
      let isGone = try await eventually { try await find(key) == nil }
      #expect(isGone)
    }
    // Records go straight to the server that has their slot, too: nobody has to send them elsewhere.
    for server in cluster.servers { #expect(try await server.ask("config", "resetstat") == "OK") }
    let record = CachedRecords.framed(Array("record".utf8))
    for number in 0..<20 {
      let key = "records \(number)"
      try await loop.submit { first.value.append(record, to: key, seconds: 60, limit: 100, storedTicks: 7) }.get()
      let isKept = try await eventually { try await find(key)?.bytes == record }
      #expect(isKept)
    }
    for server in cluster.servers {
      let errors = try await server.ask("info", "errorstats")
      #expect(!errors.contains("MOVED"))
    }
    try await loop.submit {
      first.value.end()
      second.value.end()
    }.get()
  }
}
