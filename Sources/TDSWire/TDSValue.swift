/// A value of a column, as JSON can have it.
public enum TDSValue: Sendable, Equatable {
  case null
  case flag(Bool)
  case integer(Int64)
  /// A number as it is written, with all its digits: `12.3400`.
  case number(String)
  case real(Double)
  /// A text; also a date, a time and an identifier, which are texts in JSON.
  case text(String)
  case bytes([UInt8])
}

/// A column of a result.
public struct TDSColumn: Sendable, Equatable {
  /// Empty where the statement gives none.
  public var name: String
  let type: TDSColumnType
}

/// The type of a column, as it stands in front of its values (TYPE_INFO, [MS-TDS] 2.2.5.6).
struct TDSColumnType: Sendable, Equatable {
  /// How a value says its length.
  enum Length: Sendable, Equatable {
    case fixed(Int)
    /// In so many bytes; of two bytes 0xFFFF, of four 0xFFFFFFFF, and else 0 is null.
    case counted(Int)
    /// In pieces, each with its length (PLP).
    case pieces
    /// Behind a pointer of the type of old (`text`, `ntext`, `image`).
    case pointed
    case variant
  }

  let code: UInt8
  let length: Length
  var scale = 0
  var collation = TDSCollation.standard

  enum Code {
    static let null: UInt8 = 0x1f
    static let int1: UInt8 = 0x30
    static let bit: UInt8 = 0x32
    static let int2: UInt8 = 0x34
    static let int4: UInt8 = 0x38
    static let int8: UInt8 = 0x7f
    static let smallDateTime: UInt8 = 0x3a
    static let dateTime: UInt8 = 0x3d
    static let real: UInt8 = 0x3b
    static let float: UInt8 = 0x3e
    static let money: UInt8 = 0x3c
    static let smallMoney: UInt8 = 0x7a
    static let image: UInt8 = 0x22
    static let text: UInt8 = 0x23
    static let guid: UInt8 = 0x24
    static let intN: UInt8 = 0x26
    static let date: UInt8 = 0x28
    static let time: UInt8 = 0x29
    static let dateTime2: UInt8 = 0x2a
    static let dateTimeOffset: UInt8 = 0x2b
    static let oldDecimal: UInt8 = 0x37
    static let oldNumeric: UInt8 = 0x3f
    static let variant: UInt8 = 0x62
    static let ntext: UInt8 = 0x63
    static let bitN: UInt8 = 0x68
    static let decimal: UInt8 = 0x6a
    static let numeric: UInt8 = 0x6c
    static let floatN: UInt8 = 0x6d
    static let moneyN: UInt8 = 0x6e
    static let dateTimeN: UInt8 = 0x6f
    static let varbinary: UInt8 = 0xa5
    static let varchar: UInt8 = 0xa7
    static let binary: UInt8 = 0xad
    static let char: UInt8 = 0xaf
    static let nvarchar: UInt8 = 0xe7
    static let nchar: UInt8 = 0xef
    static let userDefined: UInt8 = 0xf0
    static let xml: UInt8 = 0xf1
    static let json: UInt8 = 0xf4
  }

  private init(_ code: UInt8, _ length: Length, scale: Int = 0, collation: TDSCollation = .standard) {
    (self.code, self.length, self.scale, self.collation) = (code, length, scale, collation)
  }

  init(_ bytes: inout TDSBytes) throws(TDSProtocolError) {
    let code = try bytes.byte()
    switch code {
    case Code.null, Code.int1, Code.bit, Code.int2, Code.int4, Code.int8, Code.smallDateTime, Code.dateTime,
      Code.real, Code.float, Code.money, Code.smallMoney:
      self.init(code, .fixed(Self.size(code)))
    case Code.guid, Code.intN, Code.bitN, Code.floatN, Code.moneyN, Code.dateTimeN:
      _ = try bytes.byte()
      self.init(code, .counted(1))
    case Code.date: self.init(code, .counted(1))
    case Code.time, Code.dateTime2, Code.dateTimeOffset:
      self.init(code, .counted(1), scale: try Self.scale(try bytes.byte(), 7))
    case Code.decimal, Code.numeric, Code.oldDecimal, Code.oldNumeric:
      try bytes.skip(2)
      self.init(code, .counted(1), scale: try Self.scale(try bytes.byte(), 38))
    case Code.varbinary, Code.binary:
      self.init(code, try bytes.uint16() == 0xffff ? .pieces : .counted(2))
    case Code.varchar, Code.char, Code.nvarchar, Code.nchar:
      let size = try bytes.uint16()
      let collation = TDSCollation(try bytes.take(TDSCollation.size))
      self.init(code, size == 0xffff ? .pieces : .counted(2), collation: collation)
    case Code.xml:
      if try bytes.byte() != 0 {
        _ = try bytes.shortText()
        _ = try bytes.shortText()
        _ = try bytes.longText()
      }
      self.init(code, .pieces)
    case Code.userDefined:
      try bytes.skip(2)
      for _ in 0..<3 { _ = try bytes.shortText() }
      _ = try bytes.longText()
      self.init(code, .pieces)
    case Code.json: self.init(code, .pieces)
    case Code.text, Code.ntext:
      try bytes.skip(4)
      self.init(code, .pointed, collation: TDSCollation(try bytes.take(TDSCollation.size)))
    case Code.image:
      try bytes.skip(4)
      self.init(code, .pointed)
    case Code.variant:
      try bytes.skip(4)
      self.init(code, .variant)
    default: throw TDSProtocolError(message: "a column is of the type \(code), which is not read here")
    }
  }

  private static func scale(_ byte: UInt8, _ most: Int) throws(TDSProtocolError) -> Int {
    guard Int(byte) <= most else { throw TDSProtocolError(message: "a column has the scale \(byte)") }
    return Int(byte)
  }

  private static func size(_ code: UInt8) -> Int {
    switch code {
    case Code.null: 0
    case Code.int1, Code.bit: 1
    case Code.int2: 2
    case Code.int4, Code.smallDateTime, Code.real, Code.smallMoney: 4
    default: 8
    }
  }

  /// Whether the name of a table follows in the description of a column.
  var hasTable: Bool { length == .pointed }

  // MARK: - Values

  func value(_ bytes: inout TDSBytes) throws(TDSProtocolError) -> TDSValue {
    switch length {
    case .fixed(let size): return size == 0 ? .null : try value(of: try bytes.take(size))
    case .counted(let width):
      let size = Int(try bytes.number(width))
      if size == (width == 1 ? 0 : 0xffff) { return .null }
      return try value(of: try bytes.take(size))
    case .pieces:
      guard let whole = try Self.pieces(&bytes) else { return .null }
      return try value(of: whole[...])
    case .pointed:
      let pointer = Int(try bytes.byte())
      if pointer == 0 { return .null }
      try bytes.skip(pointer + 8)
      return try value(of: try bytes.take(Int(try bytes.uint32())))
    case .variant:
      let size = Int(try bytes.uint32())
      if size == 0 { return .null }
      return try Self.variant(try bytes.take(size))
    }
  }

  /// The pieces of a value, put together; nil for null.
  private static func pieces(_ bytes: inout TDSBytes) throws(TDSProtocolError) -> [UInt8]? {
    let size = try bytes.number(8)
    if size == .max { return nil }
    var whole: [UInt8] = []
    // The server need not know how long it is (0xFFFFFFFFFFFFFFFE).
    if size < UInt64(bytes.remaining) { whole.reserveCapacity(Int(size)) }
    while true {
      let length = Int(try bytes.uint32())
      if length == 0 { break }
      whole += try bytes.take(length)
    }
    guard size == .max - 1 || size == UInt64(whole.count) else {
      throw TDSProtocolError(message: "a value has another length than it said")
    }
    return whole
  }

  /// A value that brings its type along.
  private static func variant(_ content: ArraySlice<UInt8>) throws(TDSProtocolError) -> TDSValue {
    var bytes = TDSBytes(Array(content))
    let code = try bytes.byte()
    let properties = Int(try bytes.byte())
    var type = TDSColumnType(code, .fixed(0))
    switch code {
    case Code.time where properties == 1, Code.dateTime2 where properties == 1,
      Code.dateTimeOffset where properties == 1:
      type.scale = try scale(try bytes.byte(), 7)
    case Code.decimal where properties == 2, Code.numeric where properties == 2:
      try bytes.skip(1)
      type.scale = try scale(try bytes.byte(), 38)
    case Code.varchar where properties == 7, Code.char where properties == 7, Code.nvarchar where properties == 7,
      Code.nchar where properties == 7:
      type.collation = TDSCollation(try bytes.take(TDSCollation.size))
      try bytes.skip(2)
    default: try bytes.skip(properties)
    }
    return try type.value(of: try bytes.take(bytes.remaining))
  }

  private func value(of bytes: ArraySlice<UInt8>) throws(TDSProtocolError) -> TDSValue {
    switch code {
    case Code.bit, Code.bitN: return .flag(try number(bytes, [1]) != 0)
    case Code.int1: return .integer(Int64(try number(bytes, [1])))
    case Code.int2, Code.int4, Code.int8, Code.intN: return .integer(try integer(bytes))
    case Code.real, Code.float, Code.floatN:
      let bits = try number(bytes, [4, 8])
      // A number of 4 bytes keeps the digits that it has, not those of its neighbour of 8 bytes.
      if bytes.count == 4 {
        return .real(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)).description) ?? 0)
      }
      return .real(Double(bitPattern: bits))
    case Code.money, Code.smallMoney, Code.moneyN:
      let bits = try number(bytes, [4, 8])
      if bytes.count == 4 { return .number(TDSDecimal(money: Int64(Int32(truncatingIfNeeded: bits))).text) }
      // The upper half comes first.
      return .number(TDSDecimal(money: Int64(bitPattern: bits << 32 | bits >> 32)).text)
    case Code.decimal, Code.numeric, Code.oldDecimal, Code.oldNumeric:
      guard [5, 9, 13, 17].contains(bytes.count) else { throw Self.wrongLength }
      return .number(TDSDecimal(bytes, scale: scale).text)
    case Code.guid: return .text(try guid(bytes))
    case Code.smallDateTime, Code.dateTime, Code.dateTimeN, Code.date, Code.time, Code.dateTime2, Code.dateTimeOffset:
      return .text(try time(bytes))
    case Code.varchar, Code.char, Code.text: return .text(try collation.text(bytes))
    case Code.nvarchar, Code.nchar, Code.ntext: return .text(TDSBytes.utf16(bytes))
    case Code.xml: return .text(TDSBytes.utf16(bytes.starts(with: [0xff, 0xfe]) ? bytes.dropFirst(2) : bytes))
    case Code.json: return .text(String(decoding: bytes, as: UTF8.self))
    case Code.varbinary, Code.binary, Code.image, Code.userDefined: return .bytes(Array(bytes))
    default: throw TDSProtocolError(message: "a value is of the type \(code), which is not read here")
    }
  }

  private static let wrongLength = TDSProtocolError(message: "a value has a length that its type does not have")

  private func number(_ bytes: ArraySlice<UInt8>, _ lengths: [Int]) throws(TDSProtocolError) -> UInt64 {
    guard lengths.contains(bytes.count) else { throw Self.wrongLength }
    return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func integer(_ bytes: ArraySlice<UInt8>) throws(TDSProtocolError) -> Int64 {
    let bits = try number(bytes, [1, 2, 4, 8])
    return switch bytes.count {
    // The only one without a sign.
    case 1: Int64(bits)
    case 2: Int64(Int16(truncatingIfNeeded: bits))
    case 4: Int64(Int32(truncatingIfNeeded: bits))
    default: Int64(bitPattern: bits)
    }
  }

  /// The first three groups of an identifier stand with their lowest byte first.
  private func guid(_ bytes: ArraySlice<UInt8>) throws(TDSProtocolError) -> String {
    guard bytes.count == 16 else { throw Self.wrongLength }
    let bytes = Array(bytes)
    var text = ""
    for (place, index) in TDSGuid.order.enumerated() {
      if [4, 6, 8, 10].contains(place) { text += "-" }
      let digits = String(bytes[index], radix: 16)
      text += digits.count == 1 ? "0" + digits : digits
    }
    return text
  }

  private func time(_ bytes: ArraySlice<UInt8>) throws(TDSProtocolError) -> String {
    var reader = TDSBytes(Array(bytes))
    switch code {
    case Code.date:
      guard bytes.count == 3 else { throw Self.wrongLength }
      return TDSTime(day: try day(&reader)).date
    case Code.smallDateTime, Code.dateTime, Code.dateTimeN:
      if bytes.count == 4 {
        let day = TDSTime.daysTo1900 + (try reader.uint16())
        let minutes = try reader.uint16()
        guard minutes < 1_440 else { throw Self.wrongTime }
        return TDSTime(day: day, ticks: Int64(minutes) * 60 * TDSTime.ticksPerSecond).dateTime
      }
      guard bytes.count == 8 else { throw Self.wrongLength }
      let day = TDSTime.daysTo1900 + Int(try reader.int32())
      let parts = Int64(try reader.uint32())
      guard (0...TDSTime.lastDay).contains(day), parts < 300 * 86_400 else { throw Self.wrongTime }
      // Three-hundredths of a second, shown in milliseconds.
      return TDSTime(day: day, ticks: (parts * 10 + 1) / 3 * 10_000).dateTime
    default:
      let width = Self.timeBytes(scale)
      guard bytes.count == width + (code == Code.time ? 0 : code == Code.dateTime2 ? 3 : 5) else {
        throw Self.wrongLength
      }
      var ticks = Int64(try reader.number(width))
      for _ in scale..<7 { ticks *= 10 }
      guard ticks < TDSTime.ticksPerDay else { throw Self.wrongTime }
      if code == Code.time { return TDSTime(ticks: ticks).time }
      var time = TDSTime(day: try day(&reader), ticks: ticks)
      if code == Code.dateTime2 { return time.dateTime }
      let offset = Int(Int16(truncatingIfNeeded: try reader.uint16()))
      guard abs(offset) <= 840 else { throw Self.wrongTime }
      time.offset = offset
      return time.dateTimeOffset
    }
  }

  private static let wrongTime = TDSProtocolError(message: "a date or time is out of its bounds")

  private func day(_ reader: inout TDSBytes) throws(TDSProtocolError) -> Int {
    let day = Int(try reader.number(3))
    guard day <= TDSTime.lastDay else { throw Self.wrongTime }
    return day
  }

  /// Bytes of a time with so many digits of a second.
  static func timeBytes(_ scale: Int) -> Int { scale <= 2 ? 3 : scale <= 4 ? 4 : 5 }
}
