import Foundation
import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import RedisWire
import Synchronization
import Testing

@testable import Gateway

/// The client of Redis against real servers: entering, falling back, bounds, other servers.
@Suite(.enabled(if: RedisServer.isInstalled), .timeLimit(.minutes(2))) struct RedisClientTests {
  private typealias Connected = ConnectedRedis

  @Test(arguments: [
    ([], ""), (["--requirepass", "se=cret=="], ",password=se=cret=="),
    (["--rename-command", "HELLO", ""], ""),
    (["--rename-command", "HELLO", "", "--requirepass", "se=cret=="], ",password=se=cret==,defaultDatabase=3"),
    (["--user", "gate", "on", ">own", "~*", "&*", "+@all"], ",user=gate,password=own,name=plant,defaultDatabase=3"),
  ]) func `it enters with version 3 or 2, with password, user and database`(
    _ arguments: [String], _ options: String
  ) async throws {
    let redis = try await RedisServer(arguments)
    let connected = try await Connected(try redis.connection(options))
    #expect(await connected.isConnected())
    #expect(try await connected.answer("SET", "a", "1") == .simple("OK"))
    #expect(try await connected.answer("GET", "a") == .bulk([0x31]))
    let info = try await connected.answer("CLIENT", "INFO")
    #expect(info?.text?.contains(options.contains("defaultDatabase=3") ? " db=3 " : " db=0 ") == true)
    try await connected.end()
  }

  @Test func `a wrong password is told once, and not shown`() async throws {
    let redis = try await RedisServer(["--requirepass", "right"])
    let connected = try await Connected(try redis.connection(",password=wr0ng"))
    #expect(await connected.isConnected(seconds: 1) == false)
    #expect(try await connected.ask("PING") == .failure(.unavailable))
    #expect(connected.lines.all.count == 1)
    #expect(connected.lines.all.first?.contains("WRONGPASS") == true)
    #expect(connected.lines.all.first?.contains("wr0ng") == false)
    try await connected.end()
  }

  @Test func `what cannot be sent fails at once, and what is not answered fails in time`() async throws {
    let redis = try await RedisServer()
    let connected = try await Connected(try redis.connection(",asyncTimeout=1000"))
    #expect(await connected.isConnected())
    redis.pause()
    let outcomes = Mutex<[RedisFailure?]>([])
    let client = connected.client
    // Counted on the loop itself, before any time can run out.
    let refusedAtOnce = try await client.eventLoop.submit {
      for _ in 0..<1_500 {
        client.value.send(RedisCommand.bytes("PING")) { result in
          if case .failure(let failure) = result { outcomes.withLock { $0.append(failure) } }
        }
      }
      return outcomes.withLock { $0.count }
    }.get()
    #expect(refusedAtOnce == 1_500 - RedisClient.callBound)
    let isOver = await eventually() { outcomes.withLock { $0.count } == 1_500 }
    #expect(isOver)
    #expect(outcomes.withLock { $0.filter { $0 == .full }.count } == 1_500 - RedisClient.callBound)
    #expect(outcomes.withLock { $0.filter { $0 == .timeout }.count } == RedisClient.callBound)
    redis.resume()
    #expect(await connected.isConnected(seconds: 60))
    try await connected.end()
  }

  @Test func `the next server of the list is taken when one is dead or a replica`() async throws {
    let main = try await RedisServer()
    let replica = try await RedisServer(["--replicaof", "127.0.0.1", "\(main.port)"])
    let dead = try await RedisServer()
    dead.kill()
    let list = "127.0.0.1:\(dead.port),127.0.0.1:\(replica.port),127.0.0.1:\(main.port)"
    let connected = try await Connected(try RedisConnection(list))
    #expect(await connected.isConnected())
    #expect(try await connected.answer("SET", "a", "1") == .simple("OK"))
    #expect(try await main.ask("GET", "a") == "1")
    try await connected.end()
  }

  @Test func `a server that speaks something else is left`() async throws {
    let server = try await ScriptedBackend { _ in nil }
    let connected = try await Connected(try RedisConnection("127.0.0.1:\(server.port),connectTimeout=200"))
    #expect(await connected.isConnected(seconds: 1) == false)
    #expect(try await connected.ask("PING") == .failure(.unavailable))
    #expect(connected.lines.all.count == 1)
    try await connected.end()
    await server.stop()
  }

  @Test func `the connection is encrypted, and the server's certificate is checked`() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tls-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (certificate, key) = (folder.path() + "/c.pem", folder.path() + "/k.pem")
    _ = try await SystemTool(path: "/usr/bin/openssl").run([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout",
      key, "-out", certificate, "-subj", "/CN=cache.plant", "-addext", "subjectAltName=DNS:cache.plant",
    ])
    let redis = try await RedisServer(["--requirepass", "own"])
    let port = redis.port
    redis.kill()
    let secure = try await RedisServer([
      "--requirepass", "own", "--tls-port", "\(port)", "--tls-cert-file", certificate, "--tls-key-file", key,
      "--tls-auth-clients", "no", "--tls-ca-cert-file", certificate,
    ])
    let text = "127.0.0.1:\(port),ssl=True,password=own,abortConnect=False"
    let trusted = try await Connected(try RedisConnection(text + ",sslHost=cache.plant"), roots: .file(certificate))
    #expect(await trusted.isConnected())
    #expect(try await trusted.answer("SET", "a", "1") == .simple("OK"))
    try await trusted.end()
    for (options, roots) in [
      (",sslHost=other.plant", NIOSSLTrustRoots.file(certificate)), (",sslHost=cache.plant", .default),
    ] {
      let refused = try await Connected(try RedisConnection(text + options), roots: roots)
      #expect(await refused.isConnected(seconds: 1) == false)
      #expect(refused.lines.all.count == 1)
      try await refused.end()
    }
    secure.kill()
  }
}
