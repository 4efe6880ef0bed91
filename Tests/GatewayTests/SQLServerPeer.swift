import Foundation
import GatewayConfiguration
import NIOCore
import NIOPosix
import NIOSSL
import PolicyLibrary
import Synchronization
import TDSWire

@testable import Gateway

/// `Tests/Peers/sql_server.py`, with its certificate of the name `localhost`; ended with the test.
final class SQLServerPeer: Sendable {
  let port: Int
  /// A file with the authority of its certificate.
  let authorityPath: String
  private let authority: TestAuthority
  private let folder: TemporaryFolder
  private let process: Mutex<PeerProcess>
  private let lines: Seen

  private final class Seen: Sendable {
    let all = Mutex<[String]>([])
  }

  private final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
      url = FileManager.default.temporaryDirectory.appending(path: "sql-" + UUID().uuidString)
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    func write(_ name: String, _ text: String) throws -> String {
      let file = url.appending(path: name)
      try Data(text.utf8).write(to: file)
      return file.path(percentEncoded: false)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
  }

  struct DidNotStart: Error {}

  /// - Parameter clients: whoever shows no certificate of this authority is not let in.
  init(_ arguments: [String] = [], authority: TestAuthority? = nil, clients: TestAuthority? = nil) async throws {
    let authority = try authority ?? TestAuthority("SQL Root")
    self.authority = authority
    let folder = try TemporaryFolder()
    self.folder = folder
    let issued = try authority.issue("localhost")
    let certificate = try folder.write("server.pem", issued.pem + "\n" + issued.keyPEM + "\n")
    authorityPath = try folder.write("authority.pem", authority.root.pem + "\n")
    var arguments = arguments + ["--certificate", certificate]
    if let clients { arguments += ["--client-ca", try folder.write("clients.pem", clients.root.pem + "\n")] }
    let process = try PeerProcess("sql_server.py", arguments)
    let stream = process.lines
    self.process = Mutex(process)
    let lines = Seen()
    self.lines = lines
    Task { for await line in stream { lines.all.withLock { $0.append(line) } } }
    var port: Int?
    _ = await eventually {
      port = lines.all.withLock { $0.first }.flatMap { Int($0.split(separator: " ").last ?? "") }
      return port != nil
    }
    guard let port else { throw DidNotStart() }
    self.port = port
  }

  var roots: NIOSSLTrustRoots { .file(authorityPath) }

  /// What has happened there so far, in lines of JSON.
  func events(_ kind: String) -> [String] {
    lines.all.withLock { $0.filter { $0.hasPrefix(#"{"event": "\#(kind)""#) } }
  }

  /// The same once there are so many.
  func events(_ kind: String, count: Int) async -> [String] {
    _ = await eventually { self.events(kind).count >= count }
    return events(kind)
  }

  /// Ends idle connections, and waits until that is done.
  func closeIdle() async throws {
    let before = lines.all.withLock { $0.filter { $0 == "closed" }.count }
    try process.withLock { try $0.send("close") }
    _ = await eventually { self.lines.all.withLock { $0.filter { $0 == "closed" }.count } > before }
  }

  /// A connection string that leads here.
  func string(_ more: String, host: String = "localhost", user: String = "User ID=sa;Password=secret") -> String {
    "Server=\(host),\(port);Database=people;\(user);\(more)"
  }
}

/// A client of SQL Server on its loop.
struct ConnectedSQL {
  let client: NIOLoopBound<SQLClient>

  init(tls: TLSChoice = TLSChoice(), roots: NIOSSLTrustRoots = .default) async throws {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    client = try await loop.submit { NIOLoopBound(SQLClient(loop: loop, tls: tls, roots: roots), eventLoop: loop) }
      .get()
  }

  /// What comes of a statement.
  ///
  /// - Parameter gone: the moment when whoever asked goes away; then there is nothing.
  func ask(
    _ string: String, _ statement: String, _ parameters: [TDSParameter] = [], token: String? = nil,
    certificate: ClientCertificate? = nil, gone: (() async -> Void)? = nil
  ) async throws -> SQLOutcome? {
    let settings = try TDSSettings(connectionString: string, usesIdentity: token != nil)
    let request = SQLRequest(
      settings: settings, token: token, certificate: certificate,
      call: TDSCall(statement: statement, parameters: parameters))
    let (client, loop) = (client, client.eventLoop)
    let promise = loop.makePromise(of: SQLOutcome?.self)
    let effect = try await loop.submit {
      NIOLoopBound(client.value.query(request) { promise.succeed($0) }, eventLoop: loop)
    }.get()
    if let gone {
      await gone()
      try await loop.submit { effect.value.cancel() }.get()
      promise.succeed(nil)
    }
    return try await promise.futureResult.get()
  }

  /// The rows, or why there are none.
  func rows(_ string: String, _ statement: String, _ parameters: [TDSParameter] = []) async throws -> [[TDSValue]] {
    guard let outcome = try await ask(string, statement, parameters) else { return [] }
    return try outcome.get().rows
  }

  func failure(
    _ string: String, _ statement: String = "SELECT session", token: String? = nil,
    certificate: ClientCertificate? = nil
  ) async throws -> SQLFailure? {
    guard case .failure(let failure) = try await ask(string, statement, token: token, certificate: certificate) else {
      return nil
    }
    return failure
  }

  /// How many connections there are.
  func open() async throws -> Int {
    let client = client
    return try await client.eventLoop.submit { client.value.open }.get()
  }

  func end() async throws {
    let client = client
    try await client.eventLoop.submit { client.value.end() }.get()
  }
}
