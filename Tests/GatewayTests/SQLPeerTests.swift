import ChildProcesses
import Foundation
import Testing

@testable import Gateway

/// The server of the tests beside is held against clients of others: what satisfies them is what Postern meets.
@Suite(.enabled(if: PeerProcess.have("pytds") && PeerProcess.have("pymssql")), .timeLimit(.minutes(3)))
struct SQLPeerTests {
  @Test(arguments: [
    ("plain", "unsupported"), ("login", "off"), ("tls", "required"), ("tls", "on"), ("token", "on"),
  ]) func `pytds and FreeTDS are satisfied with the server`(_ mode: String, _ encryption: String) async throws {
    let server = try await SQLServerPeer(["--encryption", encryption])
    let clients = try PeerProcess("sql_clients.py", ["\(server.port)", mode, server.authorityPath])
    var lines: [String] = []
    for await line in clients.lines { lines.append(line) }
    #expect(lines == ["right"])
    #expect(server.events("broken") == [])
    let logins = await server.events("login", count: 1)
    #expect(!logins.isEmpty)
    #expect(logins.allSatisfy { $0.contains(#""encrypted": \#(mode != "plain")"#) })
  }

  private static let bsqldb = SystemTool(path: "/usr/bin/bsqldb")

  @Test(.enabled(if: Self.bsqldb.isInstalled)) func `bsqldb reads every row`() async throws {
    let server = try await SQLServerPeer()
    let file = FileManager.default.temporaryDirectory.appending(path: "sql-\(UUID().uuidString)")
    try Data("SELECT rows 3 5000\ngo\n".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let output = try await Self.bsqldb.run([
      "-S", "127.0.0.1:\(server.port)", "-U", "sa", "-P", "secret", "-i", file.path(percentEncoded: false), "-q", "-h",
      "-t", "|",
    ])
    // Long texts are printed as the digits of their bytes.
    let rows = output.split(separator: "\n").map { String($0) }.filter { $0.contains("|0x") }
    let digits = String(repeating: "78", count: 5_000)
    #expect(rows == ["0|0x\(digits)", "1|0x\(digits)", "2|0x\(digits)"])
  }
}
