import Foundation
import PolicyLibrary
import Synchronization
import TDSWire
import Testing

@testable import Gateway

/// Connections to SQL Server as they are kept, waited for, given up and lost.
@Suite(.enabled(if: PeerProcess.areInstalled), .timeLimit(.minutes(3))) struct SQLPoolTests {
  @Test func `a connection is used again, and its session reset`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false")
    let first = try await sql.rows(string, "SELECT session")
    let second = try await sql.rows(string, "SELECT session")
    #expect(first.first?.first == .integer(1))
    #expect(first == second)
    #expect(await server.events("call", count: 2).map { $0.contains(#""resets": true"#) } == [false, true])
    // Another user is another session.
    _ = try await sql.rows(server.string("Encrypt=false", user: "User ID=other;Password=secret"), "SELECT session")
    #expect(await server.events("login", count: 2).count == 2)
    try await sql.end()
  }

  @Test func `without pooling each statement has its own connection`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false;Pooling=false")
    let first = try await sql.rows(string, "SELECT session")
    let second = try await sql.rows(string, "SELECT session")
    #expect(first != second)
    let isClosed = await eventually { (try? await sql.open()) == 0 }
    #expect(isClosed)
    try await sql.end()
  }

  @Test func `no more connections than the connection string has room for`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false;Max Pool Size=2")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<20 {
        group.addTask {
          let rows = try await sql.rows(string, "SELECT rows 10 10000")
          #expect(rows.count == 10)
        }
      }
      try await group.waitForAll()
    }
    #expect(await server.events("call", count: 20).count == 20)
    #expect(server.events("login").count <= 2)
    #expect(try await sql.open() <= 2)
    try await sql.end()
  }

  @Test func `an idle connection that the server has closed is not used`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false")
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    try await server.closeIdle()
    let isClosed = await eventually { (try? await sql.open()) == 0 }
    #expect(isClosed)
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    // Neither is one that is closed right behind an answer.
    #expect(try await sql.rows(string, "leave") == [[.integer(1)]])
    let isGone = await eventually { (try? await sql.open()) == 0 }
    #expect(isGone)
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    try await sql.end()
  }

  @Test func `a statement that takes too long is stopped, and its connection goes on`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false;Command Timeout=1")
    let failure = try await sql.failure(string, "sleep")
    #expect(failure?.reason == .timeout)
    #expect(failure?.message == "localhost did not answer within 1 s.")
    #expect(await server.events("attention", count: 1).count == 1)
    let isFree = await eventually { (try? await sql.rows(string, "PRINT")) == [[.integer(1)]] }
    #expect(isFree)
    #expect(server.events("broken") == [])
    try await sql.end()
  }

  @Test func `a server that does not even stop is left`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false;Command Timeout=1;Max Pool Size=1")
    #expect(try await sql.failure(string, "deaf")?.reason == .timeout)
    // Waits for the only place, and gets it with a new connection.
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    #expect(await server.events("login", count: 2).count == 2)
    try await sql.end()
  }

  @Test func `a server that lets nobody in is left in time`() async throws {
    let server = try await SQLServerPeer(["--silent-login"])
    let sql = try await ConnectedSQL()
    let failure = try await sql.failure(server.string("Encrypt=false;Connect Timeout=1"))
    #expect(failure?.reason == .timeout)
    let isClosed = await eventually { (try? await sql.open()) == 0 }
    #expect(isClosed)
    try await sql.end()
  }

  @Test func `nobody there is an error at once`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let failure = try await sql.failure("Server=127.0.0.1,1;User ID=sa;Password=secret")
    #expect(failure?.reason == .connection)
    #expect(failure?.message.contains("secret") == false)
    #expect(server.events("login") == [])
    try await sql.end()
  }

  @Test func `whoever goes away has the statement stopped`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false")
    let nothing = try await sql.ask(string, "sleep") { _ = await server.events("call", count: 1) }
    #expect(nothing == nil)
    #expect(await server.events("attention", count: 1).count == 1)
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    try await sql.end()
  }

  @Test func `a connection that dies in the middle of a row fails its statement alone`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false")
    for statement in ["die", "garbage"] {
      #expect(try await sql.failure(string, statement)?.reason == .connection)
      #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    }
    try await sql.end()
  }

  @Test func `an answer without end is cut, and its connection goes on`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false;Command Timeout=120")
    #expect(try await sql.failure(string, "endless")?.reason == .tooLarge)
    #expect(await server.events("attention", count: 1).count == 1)
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    try await sql.end()
  }

  @Test func `more rows than are possible are an error`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false;Command Timeout=120")
    let failure = try await sql.failure(string, "SELECT rows 100001 1")
    #expect(failure?.message.contains("more than 100000 rows") == true)
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    try await sql.end()
  }

  @Test func `a transaction that is left open ends with its connection`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false")
    #expect(try await sql.rows(string, "BEGIN TRAN") == [])
    #expect(await server.events("closed", count: 1).count == 1)
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    #expect(await server.events("login", count: 2).count == 2)
    try await sql.end()
  }
}
