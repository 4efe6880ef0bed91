/// Why bytes are no message of a SQL server; the connection is of no use any more.
public struct TDSProtocolError: Error, Sendable, Equatable, CustomStringConvertible {
  public var message: String
  public var description: String { message }

  public init(message: String) { self.message = message }
}

/// Reads the fields of a message, which are little-endian, one behind the other.
struct TDSBytes {
  private let bytes: [UInt8]
  private(set) var index: Int
  private let end: Int

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    index = 0
    end = bytes.count
  }

  var isAtEnd: Bool { index >= end }
  var remaining: Int { end - index }

  private func need(_ count: Int) throws(TDSProtocolError) {
    guard count >= 0, count <= end - index else { throw TDSProtocolError(message: "a message ends in the middle") }
  }

  mutating func byte() throws(TDSProtocolError) -> UInt8 {
    try need(1)
    defer { index += 1 }
    return bytes[index]
  }

  /// A whole number of 1 to 8 bytes.
  mutating func number(_ count: Int) throws(TDSProtocolError) -> UInt64 {
    try need(count)
    var value: UInt64 = 0
    for place in (0..<count).reversed() { value = value << 8 | UInt64(bytes[index + place]) }
    index += count
    return value
  }

  mutating func uint16() throws(TDSProtocolError) -> Int { Int(try number(2)) }
  mutating func uint32() throws(TDSProtocolError) -> UInt32 { UInt32(truncatingIfNeeded: try number(4)) }
  mutating func int32() throws(TDSProtocolError) -> Int32 { Int32(bitPattern: try uint32()) }
  mutating func int64() throws(TDSProtocolError) -> Int64 { Int64(bitPattern: try number(8)) }

  mutating func take(_ count: Int) throws(TDSProtocolError) -> ArraySlice<UInt8> {
    try need(count)
    defer { index += count }
    return bytes[index..<(index + count)]
  }

  mutating func skip(_ count: Int) throws(TDSProtocolError) {
    try need(count)
    index += count
  }

  /// UTF-16 of so many units.
  mutating func text(units: Int) throws(TDSProtocolError) -> String { Self.utf16(try take(units * 2)) }

  /// A text with its units counted by one byte (B_VARCHAR), or by two (US_VARCHAR).
  mutating func shortText() throws(TDSProtocolError) -> String { try text(units: Int(try byte())) }
  mutating func longText() throws(TDSProtocolError) -> String { try text(units: try uint16()) }

  /// UTF-16, little-endian; what is none of it becomes U+FFFD, an odd byte at the end is dropped.
  static func utf16(_ bytes: ArraySlice<UInt8>) -> String {
    var units: [UInt16] = []
    units.reserveCapacity(bytes.count / 2)
    var index = bytes.startIndex
    while index + 1 < bytes.endIndex {
      units.append(UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8)
      index += 2
    }
    return String(decoding: units, as: UTF16.self)
  }
}

extension [UInt8] {
  /// A whole number in so many bytes, the lowest first.
  mutating func append(_ number: UInt64, bytes count: Int) {
    for place in 0..<count { append(UInt8(truncatingIfNeeded: number >> UInt64(8 * place))) }
  }

  mutating func append(_ number: Int, bytes count: Int) { append(UInt64(bitPattern: Int64(number)), bytes: count) }

  mutating func append(utf16 text: String) {
    for unit in text.utf16 { append(UInt64(unit), bytes: 2) }
  }

  /// With its units counted by one byte in front; at most 255 of them.
  mutating func append(shortText text: String) {
    append(UInt8(truncatingIfNeeded: text.utf16.count))
    append(utf16: text)
  }
}
