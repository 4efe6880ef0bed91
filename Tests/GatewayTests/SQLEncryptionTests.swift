import Foundation
import GatewayConfiguration
import PolicyLibrary
import TDSWire
import Testing

@testable import Gateway

/// How connections to SQL Server are encrypted, whom they believe, and who enters with what.
@Suite(.enabled(if: PeerProcess.areInstalled), .timeLimit(.minutes(3))) struct SQLEncryptionTests {
  /// What the server offers, what the connection string says, how it is reached, and whether it works: encrypted or not.
  private static let meetings: [(String, String, String, Bool?)] = [
    ("off", "Encrypt=false", "127.0.0.1", true), ("unsupported", "Encrypt=false", "127.0.0.1", false),
    ("required", "Encrypt=false", "127.0.0.1", true), ("on", "Encrypt=false", "127.0.0.1", true),
    ("off", "Encrypt=true", "localhost", true), ("on", "", "localhost", true), ("required", "", "localhost", true),
    ("unsupported", "", "localhost", nil),
    // The certificate has the name localhost alone.
    ("on", "", "127.0.0.1", nil), ("on", "HostNameInCertificate=localhost", "127.0.0.1", true),
    ("on", "HostNameInCertificate=elsewhere", "localhost", nil),
    ("on", "HostNameInCertificate=elsewhere;TrustServerCertificate=true", "localhost", true),
  ]

  @Test(arguments: Self.meetings) func `both sides agree on encryption, or nobody enters`(
    _ meeting: (String, String, String, Bool?)
  ) async throws {
    let server = try await SQLServerPeer(["--encryption", meeting.0])
    let sql = try await ConnectedSQL(roots: server.roots)
    let string = server.string(meeting.1, host: meeting.2)
    // More than one message, so that what stands behind a login alone is seen.
    guard let isEncrypted = meeting.3 else {
      #expect(try await sql.failure(string)?.reason == .connection)
      #expect(server.events("login") == [])
      return try await sql.end()
    }
    #expect(try await sql.rows(string, "SELECT rows 3 10000").count == 3)
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    #expect(await server.events("login", count: 1).map { $0.contains(#""encrypted": \#(isEncrypted)"#) } == [true])
    try await sql.end()
  }

  @Test func `a certificate of nobody's is refused, unless the connection string trusts it`() async throws {
    let server = try await SQLServerPeer(["--encryption", "required"])
    let sql = try await ConnectedSQL()
    #expect(try await sql.failure(server.string("Encrypt=true"))?.reason == .connection)
    #expect(try await sql.rows(server.string("Encrypt=true;TrustServerCertificate=true"), "PRINT") == [[.integer(1)]])
    // Who asks for no encryption gets one that is not checked.
    #expect(try await sql.rows(server.string("Encrypt=false"), "PRINT") == [[.integer(1)]])
    #expect(await server.events("login", count: 2).count == 2)
    try await sql.end()
  }

  @Test func `strict is TLS before anything else, with its name of protocol, and always checked`() async throws {
    let server = try await SQLServerPeer(["--strict", "--encryption", "unsupported"])
    let sql = try await ConnectedSQL(roots: server.roots)
    let string = server.string("Encrypt=Strict")
    #expect(try await sql.rows(string, "SELECT rows 5 20000").count == 5)
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    let handshake = try #require(await server.events("tls", count: 1).first)
    #expect(handshake.contains(#""alpn": "tds/8.0""#))
    #expect(handshake.contains("TLSv1.3"))
    #expect(await server.events("login", count: 1).first?.contains(#""version": "8000000""#) == true)
    let trusting = server.string("Encrypt=Strict;TrustServerCertificate=true", host: "127.0.0.1")
    #expect(try await sql.failure(trusting)?.reason == .connection)
    try await sql.end()
    let stranger = try await ConnectedSQL()
    #expect(try await stranger.failure(string)?.reason == .connection)
    try await stranger.end()
  }

  @Test func `where TLS 1.3 alone is allowed, it takes strict`() async throws {
    let choice = try TLSChoice(suites: "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256")
    let strict = try await SQLServerPeer(["--strict"])
    let sql = try await ConnectedSQL(tls: choice, roots: strict.roots)
    #expect(try await sql.rows(strict.string("Encrypt=Strict"), "PRINT") == [[.integer(1)]])
    let server = try await SQLServerPeer(["--encryption", "required"])
    let failure = try await sql.failure(server.string("TrustServerCertificate=true"))
    #expect(failure?.message.contains("want TLS 1.3") == true)
    #expect(server.events("login") == [])
    try await sql.end()
  }

  @Test(arguments: [true, false]) func `a client certificate is shown`(_ isStrict: Bool) async throws {
    let clients = try TestAuthority("Clients")
    let server = try await SQLServerPeer(
      isStrict ? ["--strict"] : ["--encryption", "required"], clients: clients)
    let sql = try await ConnectedSQL(roots: server.roots)
    let string = server.string(isStrict ? "Encrypt=Strict" : "")
    let issued = try clients.issue("gateway")
    let certificate = ClientCertificate(source: .pem(certificates: issued.pem, key: issued.keyPEM))
    let outcome = try await sql.ask(string, "PRINT", certificate: certificate)
    #expect(try outcome?.get().rows == [[.integer(1)]])
    #expect(try await sql.failure(string)?.reason == .connection)
    try await sql.end()
  }

  @Test func `a token enters in place of user and password, and only encrypted`() async throws {
    let server = try await SQLServerPeer(["--encryption", "on"])
    let sql = try await ConnectedSQL(roots: server.roots)
    let string = server.string("", user: "")
    let entered = try await sql.ask(string, "PRINT", token: "t0ken")
    #expect(try entered?.get().rows == [[.integer(1)]])
    let login = try #require(await server.events("login", count: 1).first)
    #expect(login.contains(#""user": """#))
    #expect(login.contains(#""features": [2, 10]"#))
    try await sql.end()

    let other = try await ConnectedSQL(roots: server.roots)
    let refused = try await other.failure(string, token: "wr0ng")
    #expect(refused?.number == 18_456)
    #expect(refused?.message.contains("wr0ng") == false)
    let long = String(repeating: "x", count: 70_000)
    #expect(try await other.failure(string, token: long)?.message.contains("too long") == true)
    try await other.end()

    let open = try await SQLServerPeer(["--encryption", "unsupported"])
    let third = try await ConnectedSQL(roots: open.roots)
    let failure = try await third.failure(open.string("Encrypt=false", user: ""), token: "t0ken")
    #expect(failure?.message.contains("a token is not sent without") == true)
    #expect(open.events("login") == [])
    try await third.end()
  }

  @Test func `a server may send elsewhere, once`() async throws {
    let authority = try TestAuthority("SQL Root")
    let second = try await SQLServerPeer(["--encryption", "on"], authority: authority)
    let first = try await SQLServerPeer(
      ["--encryption", "on", "--route", "localhost:\(second.port)"], authority: authority)
    let sql = try await ConnectedSQL(roots: first.roots)
    #expect(try await sql.rows(first.string(""), "PRINT") == [[.integer(1)]])
    #expect(try await sql.rows(first.string(""), "PRINT") == [[.integer(1)]])
    let entered = try await sql.ask(first.string("", user: ""), "PRINT", token: "t0ken")
    #expect(try entered?.get().rows == [[.integer(1)]])
    #expect(await first.events("login", count: 2).count == 2)
    #expect(first.events("call") == [])
    #expect(await second.events("login", count: 2).count == 2)
    #expect(await second.events("call", count: 3).count == 3)
    try await sql.end()

    let third = try await SQLServerPeer(["--route", "127.0.0.1:\(first.port)", "--encryption", "on"])
    let lost = try await ConnectedSQL()
    let failure = try await lost.failure(third.string("TrustServerCertificate=true"))
    #expect(failure?.message.contains("for a second time") == true)
    #expect(await second.events("login", count: 2).count == 2)
    try await lost.end()
  }

  @Test func `a place with an instance is named in the login`() async throws {
    let second = try await SQLServerPeer()
    let first = try await SQLServerPeer(["--route", "localhost\\inst:\(second.port)"])
    let sql = try await ConnectedSQL()
    #expect(try await sql.rows(first.string("Encrypt=false"), "PRINT") == [[.integer(1)]])
    #expect(await second.events("login", count: 1).first?.contains(#""server": "localhost\\inst""#) == true)
    try await sql.end()
  }
}
