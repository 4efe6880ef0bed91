import Foundation
import PolicyLibrary
import Synchronization
import TDSWire
import Testing

@testable import Gateway

/// The client of SQL Server against a scripted server, which independent clients are satisfied with: what it reads and
/// sends.
@Suite(.enabled(if: PeerProcess.areInstalled), .timeLimit(.minutes(3))) struct SQLClientTests {
  private static let types: [(String, TDSValue)] = [
    ("tiny", .integer(255)), ("small", .integer(-32_768)), ("int", .integer(-2_147_483_648)), ("big", .integer(.min)),
    ("bit", .flag(true)), ("decimal", .number("-1234567890123456789012345678.0123456789")),
    ("numeric", .number("-0.05")),
    ("float", .real(0.1)), ("real", .real(0.1)), ("money", .number("-922337203685477.5808")),
    ("smallmoney", .number("214748.3647")), ("datetime", .text("2026-01-31T13:14:15.123")),
    ("smalldatetime", .text("2026-01-31T13:14:00")), ("date", .text("9999-12-31")), ("time", .text("23:59:59.9999999")),
    ("time0", .text("01:02:03")), ("datetime2", .text("2026-01-31T13:14:15.123")),
    ("offset", .text("2026-01-01T00:30:00+02:00")), ("offset2", .text("2025-12-31T23:00:00-03:30")),
    ("guid", .text("0f8fad5b-d9cb-469f-a165-70867728950e")), ("char", .text("ab   ")), ("varchar", .text("Zoë €")),
    ("nchar", .text("ж   ")), ("nvarchar", .text("Ж 😀 \"\\")),
    ("varcharmax", .text(String(repeating: "ü", count: 20))),
    ("nvarcharmax", .text(String(repeating: "long ", count: 2_000))), ("binary", .bytes([1, 2, 0, 0])),
    ("varbinary", .bytes([0, 255])), ("varbinarymax", .bytes(Array(0..<100))), ("xml", .text("<a>ж</a>")),
    ("empty", .text("")),
  ]

  @Test func `columns of every type are read, and their nulls`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false")
    let result = try #require(try await sql.ask(string, "SELECT types")).get()
    #expect(result.columns == Self.types.map(\.0))
    #expect(result.rows.count == 1)
    for (type, value) in zip(Self.types, result.rows[0]) { #expect(value == type.1, "\(type.0)") }
    let nothing = Self.types.map { _ in TDSValue.null }
    #expect(try await sql.rows(string, "SELECT nulls") == [nothing, nothing, Self.types.map(\.1)])
    #expect(
      try await sql.rows(string, "SELECT old") == [
        [
          .text("Zoë"), .text("Ж"), .bytes([1, 2, 3]), .integer(7), .integer(200), .integer(-7), .integer(1 << 40),
          .flag(true), .real(2.5), .real(0.5), .number("-1.5000"), .number("1.2345"),
        ]
      ])
    #expect(
      try await sql.rows(string, "SELECT variants") == [
        [
          .integer(42), .text("Ж"), .text("ë"), .number("12.34"), .text("2026-01-31"),
          .text("0f8fad5b-d9cb-469f-a165-70867728950e"), .null,
        ]
      ])
    try await sql.end()
  }

  @Test func `varchar is read in the code page of its collation, and refused in those of two bytes`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false")
    let texts = [
      "Ж😀", "łódź", "Жук", "λόγος", "ığş", "שלום", "سلام", "ąčę", "ơđ", "สวัสดี", "éß", "ñð", "ascii",
    ]
    #expect(try await sql.rows(string, "SELECT collations") == [texts.map { .text($0) }])
    let failure = try await sql.failure(string, "SELECT kanji")
    #expect(failure?.message.contains("code page 932") == true)
    #expect(failure?.message.contains("nvarchar") == true)
    try await sql.end()
  }

  @Test func `parameters of every type arrive as they were meant`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let long = String(repeating: "Ж", count: 5_000)
    let bytes = Array(repeating: UInt8(0x41), count: 9_000)
    let sent: [(String, TDSInput, TDSValue)] = [
      ("bigint", .number("-9223372036854775808"), .integer(.min)), ("int", .text("42"), .integer(42)),
      ("smallint", .number("-7"), .integer(-7)), ("tinyint", .number("2.5e2"), .integer(250)),
      ("bit", .text("true"), .flag(true)), ("bit", .number("0"), .flag(false)),
      ("decimal(10,3)", .number("-1.2345"), .number("-1.235")), ("decimal", .text("12.50"), .number("12.50")),
      (
        "numeric(38,0)", .text("-99999999999999999999999999999999999999"),
        .number("-99999999999999999999999999999999999999")
      ),
      ("money", .text("-922337203685477.5808"), .number("-922337203685477.5808")),
      ("smallmoney", .number("1.5"), .number("1.5000")), ("float", .number("1e-3"), .real(0.001)),
      ("real", .number("0.1"), .real(0.1)), ("date", .text("0001-01-01"), .text("0001-01-01")),
      ("time(3)", .text("12:34:56.7899"), .text("12:34:56.79")),
      ("datetime", .text("1753-01-01 00:00:00.004"), .text("1753-01-01T00:00:00.003")),
      ("smalldatetime", .text("2026-01-31T12:34:30"), .text("2026-01-31T12:35:00")),
      ("datetime2", .text("9999-12-31T23:59:59.9999999"), .text("9999-12-31T23:59:59.999999")),
      ("datetimeoffset(2)", .text("2026-01-01T00:30:00.12+02:00"), .text("2026-01-01T00:30:00.12+02:00")),
      ("datetimeoffset", .text("2026-01-01T00:30:00Z"), .text("2026-01-01T00:30:00+00:00")),
      ("varbinary(4)", .text("0x0102"), .bytes([1, 2])), ("varbinary", .text("AQI="), .bytes([1, 2])),
      ("varbinary(max)", .text("0x" + String(repeating: "41", count: 9_000)), .bytes(bytes)),
      (
        "uniqueidentifier", .text("{0F8FAD5B-D9CB-469F-A165-70867728950E}"),
        .text("0f8fad5b-d9cb-469f-a165-70867728950e")
      ),
      ("nvarchar(50)", .text("Ж 😀"), .text("Ж 😀")), ("nvarchar(max)", .text(long), .text(long)),
      ("varchar(10)", .text("Ж"), .text("Ж")), ("xml", .text("<a/>"), .text("<a/>")),
      ("nvarchar", .text(""), .text("")),
    ]
    let parameters = try sent.enumerated().map { place, item in
      let type: TDSParameterType = try #require(TDSParameterType(item.0), "\(item.0)")
      return try TDSParameter("@p\(place)", item.1, as: type)
    }
    let string = server.string("Encrypt=false")
    let row = try #require(try await sql.rows(string, "echo", parameters).first)
    #expect(row.count == sent.count)
    for (item, value) in zip(sent, row) { #expect(value == item.2, "\(item.0)") }

    let nulls = try TDSParameterType.names.enumerated().map { place, name in
      try TDSParameter("@n\(place)", .null, as: TDSParameterType(name))
    }
    #expect(try await sql.rows(string, "echo", nulls) == [nulls.map { _ in .null }])

    let fitting: [(TDSInput, TDSValue)] = [
      (.number("5"), .integer(5)), (.number("5000000000"), .integer(5_000_000_000)), (.number("1.25"), .real(1.25)),
      (.flag(false), .flag(false)), (.text("'; DROP TABLE x --"), .text("'; DROP TABLE x --")), (.null, .null),
    ]
    let untyped = try fitting.enumerated().map { try TDSParameter("@u\($0)", $1.0, as: nil) }
    #expect(try await sql.rows(string, "echo", untyped) == [fitting.map(\.1)])
    // What was decoded there, by another hand.
    let calls = await server.events("call", count: 3)
    #expect(
      calls.last?.contains(
        #""declared": "@u0 int,@u1 bigint,@u2 float,@u3 bit,@u4 nvarchar(4000),@u5 nvarchar(4000)""#) == true)
    #expect(calls.last?.contains(#"["@u4", "nvarchar", "'; DROP TABLE x --"]"#) == true)
    #expect(calls.first?.contains(#"["@p14", "time(3)", "12:34:56.790000"]"#) == true)
    #expect(calls.first?.contains(#"["@p18", "datetimeoffset(2)", "2026-01-01 00:30:00.120000+02:00"]"#) == true)
    #expect(server.events("broken") == [])
    try await sql.end()
  }

  @Test(arguments: ["Packet Size=512", "", "Packet Size=32767"]) func `messages go in packets, both ways`(
    _ size: String
  ) async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false;\(size)")
    let long = String(repeating: "0123456789", count: 10_000)
    let statement = "echo --" + long
    let rows = try await sql.rows(string, statement, [TDSParameter("@long", .text(long), as: nil)])
    #expect(rows == [[.text(long)]])
    let many = try await sql.rows(string, "SELECT rows 100 3000")
    #expect(many.count == 100)
    #expect(many.last == [.integer(99), .text(String(repeating: "x", count: 3_000))])
    #expect(server.events("broken") == [])
    try await sql.end()
  }

  @Test func `the server's packet size is kept to`() async throws {
    let server = try await SQLServerPeer(["--packet-size", "600"])
    let sql = try await ConnectedSQL()
    let long = String(repeating: "x", count: 3_000)
    let rows = try await sql.rows(server.string("Encrypt=false"), "echo", [TDSParameter("@a", .text(long), as: nil)])
    #expect(rows == [[.text(long)]])
    #expect(server.events("broken") == [])
    try await sql.end()
  }

  @Test func `the last result counts, and what has none gives no columns`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false")
    #expect(
      try await sql.rows(string, "INSERT SELECT") == [[.integer(1), .text("Ada")], [.integer(2), .text("Bob")]])
    #expect(try await sql.ask(string, "UPDATE") == .success(SQLResult(columns: [], rows: [])))
    #expect(try await sql.ask(string, "SELECT none") == .success(SQLResult(columns: ["id"], rows: [])))
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    let same = try await sql.ask(string, "SELECT same")
    #expect(try same?.get().columns == ["a", "a", ""])
    try await sql.end()
  }

  @Test func `errors of the server have number, line and text, with rows before them, too`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string("Encrypt=false")
    for statement in ["error 208", "error 208 rows"] {
      let failure = try await sql.failure(string, statement)
      #expect(failure?.reason == .refused)
      #expect(failure?.number == 208)
      #expect(
        failure?.message == "SQL error 208, state 3, severity 16, line 7: Invalid object name 'dbo.Secret'.")
    }
    // The connection goes on, unless the error ends it.
    #expect(try await sql.rows(string, "SELECT session").first?.first == .integer(1))
    #expect(await server.events("login", count: 1).count == 1)
    #expect(try await sql.failure(string, "fatal")?.number == 596)
    #expect(try await sql.rows(string, "PRINT") == [[.integer(1)]])
    #expect(await server.events("login", count: 2).count == 2)
    try await sql.end()
  }

  @Test func `a wrong password is told with the number of its error, and not shown`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let failure = try await sql.failure(server.string("Encrypt=false", user: "uid=sa;pwd=wr0ng"))
    #expect(failure?.reason == .refused)
    #expect(failure?.number == 18_456)
    #expect(failure?.message.contains("wr0ng") == false)
    let isClosed = await eventually { (try? await sql.open()) == 0 }
    #expect(isClosed)
    try await sql.end()
  }

  @Test func `the login says who asks, from where, for what`() async throws {
    let server = try await SQLServerPeer()
    let sql = try await ConnectedSQL()
    let string = server.string(
      "Encrypt=false;Application Name=Zoë;Workstation ID=w;Language=Deutsch;ApplicationIntent=ReadOnly;PacketSize=9000")
    _ = try await sql.rows(string, "PRINT")
    let login = try #require(await server.events("login", count: 1).first)
    for part in [
      #""user": "sa""#, #""database": "people""#, #""application": "Zo\u00eb""#, #""server": "localhost""#,
      #""host": "w""#, #""language": "Deutsch""#, #""version": "74000004""#, #""size": 9000"#, #""readonly": true"#,
      #""features": [10]"#,
    ] { #expect(login.contains(part), "\(part)") }
    try await sql.end()
  }
}
