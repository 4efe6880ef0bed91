import Testing

@testable import TDSWire

/// Answers of servers as tokens.
struct TDSResponseTests {
  private static let done: [UInt8] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]

  private static func columns(_ types: [[UInt8]]) -> [UInt8] {
    [0x81, UInt8(types.count), 0] + types.flatMap { [0, 0, 0, 0, 0, 0] + $0 + [1, 0x61, 0] }
  }

  private func value(_ type: [UInt8], _ value: [UInt8]) throws -> TDSValue? {
    try TDSResponseReader.read(Self.columns([type]) + [0xd1] + value + Self.done).rows.first?.first
  }

  @Test func `a result begins anew with each description of columns`() throws {
    let first = Self.columns([[0x38]]) + [0xd1, 1, 0, 0, 0]
    let second = Self.columns([[0x30], [0x30]]) + [0xd1, 2, 3]
    let response = try TDSResponseReader.read(first + Self.done + second + Self.done)
    #expect(response.rows == [[.integer(2), .integer(3)]])
    #expect(response.columns.map(\.name) == ["a", "a"])
    #expect(response.hasResult)
    #expect(try TDSResponseReader.read(Self.done).hasResult == false)
  }

  @Test func `numbers of four bytes keep their digits, and what is no number is none`() throws {
    #expect(try value([0x6d, 4], [4, 0xcd, 0xcc, 0xcc, 0x3d]) == .real(0.1))
    #expect(try value([0x6d, 8], [0]) == .null)
    guard case .real(let infinite) = try value([0x3b], [0, 0, 0x80, 0x7f]) else {
      Issue.record("no real")
      return
    }
    #expect(infinite == .infinity)
  }

  @Test(arguments: [
    (0, "0001-01-01"), (58, "0001-02-28"), (730_119, "2000-01-01"), (730_178, "2000-02-29"), (3_652_058, "9999-12-31"),
  ]) func `days have their dates`(_ day: Int, _ date: String) throws {
    let bytes = [UInt8(day & 0xff), UInt8(day >> 8 & 0xff), UInt8(day >> 16)]
    #expect(try value([0x28], [3] + bytes) == .text(date))
    #expect(TDSTime(date)?.day == day)
  }

  @Test func `every day is found again`() {
    for day in stride(from: 0, through: TDSTime.lastDay, by: 17) {
      let text = TDSTime(day: day).date
      if TDSTime(text)?.day != day { Issue.record("\(text)") }
    }
  }

  @Test(
    arguments: [
      // Dates and times out of their bounds.
      ([0x28], [3, 0xff, 0xff, 0xff]), ([0x29, 0], [3, 0x80, 0x51, 1]), ([0x29, 8], [3, 0, 0, 0]),
      ([0x3d], [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]), ([0x3a], [0, 0, 0xff, 0xff]),
      ([0x2b, 0], [8, 0, 0, 0, 0, 0, 0, 0xff, 0x7f]),
      // Lengths that the types do not have.
      ([0x26, 4], [3, 0, 0, 0]), ([0x24, 16], [2, 0, 0]), ([0x6a, 17, 38, 0], [6, 0, 0, 0, 0, 0, 0]),
      ([0x68, 1], [2, 0, 0]),
      ([0x6a, 17, 38, 39], [0]),
      // Pieces that are more or fewer than was said, and ends in the middle.
      ([0xa5, 0xff, 0xff], [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0]), ([0xa5, 0xff, 0xff], [1, 0, 0]),
      ([0xa5, 16, 0], [9, 0, 1]), ([0x62, 0, 0, 0, 0], [3, 0, 0, 0, 0x38, 5, 0]), ([0x99], []),
    ] as [([UInt8], [UInt8])]) func `a value that is none is an error`(_ type: [UInt8], _ bytes: [UInt8])
  {
    #expect(throws: TDSProtocolError.self) { try value(type, bytes) }
  }

  @Test(
    arguments: [
      [], [0x99], [0xd1], [0xfd, 0], [0xaa, 4, 0, 1, 2], [0xe3, 9, 0, 1], [0x81, 0, 0x40], [0xae, 2, 9, 0, 0, 0],
      [0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0x38, 1, 0x61],
    ] as [[UInt8]]) func `an answer that is none is an error`(_ bytes: [UInt8])
  {
    #expect(throws: TDSProtocolError.self) {
      try TDSResponseReader.read(bytes + (bytes.first == 0xd1 ? Self.done : []))
    }
  }

  @Test func `changes of the session are noted`() throws {
    func change(_ kind: UInt8, _ content: [UInt8]) -> [UInt8] { [0xe3, UInt8(content.count + 1), 0, kind] + content }
    let bytes =
      change(4, [3, 0x35, 0, 0x31, 0, 0x32, 0, 0]) + change(7, [5, 9, 4, 0xd0, 0, 0x34, 0])
      + change(20, [11, 0, 0, 0x99, 5, 3, 0, 0x61, 0, 0x2e, 0, 0x62, 0, 0, 0]) + change(8, [0, 0]) + [0x79, 7, 0, 0, 0]
      + [0xad, 1, 0, 0] + [0xae, 2, 0, 0, 0, 0, 0xff] + Self.done
    let response = try TDSResponseReader.read(bytes)
    #expect(response.packetSize == 512)
    #expect(response.collation == .standard)
    #expect(response.route == TDSResponse.Route(host: "a.b", port: 1_433))
    #expect(response.isInTransaction)
    #expect(response.returnStatus == 7)
    #expect(response.isLoginAccepted)
    #expect(response.isTokenAccepted)
    #expect(try TDSResponseReader.read(bytes + change(10, [0, 0]) + Self.done).isInTransaction == false)
    // A size that no packet can have is not taken.
    #expect(try TDSResponseReader.read(change(4, [1, 0x35, 0, 0]) + Self.done).packetSize == nil)
    #expect(throws: TDSProtocolError.self) {
      try TDSResponseReader.read(change(20, [5, 0, 0, 0, 0, 0, 0, 0, 0]) + Self.done)
    }
  }

  @Test func `more than some errors are read and not kept`() throws {
    let error: [UInt8] = [0xaa, 16, 0, 208, 0, 0, 0, 1, 16, 1, 0, 0x61, 0, 0, 0, 7, 0, 0, 0]
    let response = try TDSResponseReader.read(Array(repeating: error, count: 1_000).flatMap { $0 } + Self.done)
    #expect(response.errors.count == 64)
    #expect(response.errors.first == TDSServerError(number: 208, line: 7, message: "a"))
  }
}
