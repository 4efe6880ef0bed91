/// One value of DER with its tag, of a kind whose length is given. It is read a level at a time: what nobody asks for, as
/// the hundred thousand entries of a revocation list, becomes no tree.
struct DERField {
  /// The first octet; tags above 30 are refused.
  let tag: UInt8
  let content: ArraySlice<UInt8>
  /// Tag and length included.
  let encoded: ArraySlice<UInt8>

  struct Failure: Error {}

  static let boolean: UInt8 = 0x01
  static let integer: UInt8 = 0x02
  static let bits: UInt8 = 0x03
  static let octets: UInt8 = 0x04
  static let identifier: UInt8 = 0x06
  static let enumeration: UInt8 = 0x0a
  static let sequence: UInt8 = 0x30

  /// A constructed value with a tag of its place: `[number]`.
  static func place(_ number: UInt8) -> UInt8 { 0xa0 | number }

  /// The only value of some bytes.
  static func only(_ bytes: ArraySlice<UInt8>, _ tag: UInt8) throws(Failure) -> DERField {
    var fields = DERFields(bytes)
    let field = try fields.take(tag)
    guard fields.isEmpty else { throw Failure() }
    return field
  }

  /// The values inside.
  var fields: DERFields { DERFields(content) }

  /// The one value inside, as explicit tags have it.
  func inner(_ tag: UInt8) throws(Failure) -> DERField { try DERField.only(content, tag) }

  /// Whole octets of a bit string.
  var bitOctets: ArraySlice<UInt8> {
    get throws(Failure) {
      guard tag == Self.bits, content.first == 0 else { throw Failure() }
      return content.dropFirst()
    }
  }

  /// UTC ticks of a UTCTime or GeneralizedTime, to the second and in Zulu time as RFC 5280 §4.1.2.5 wants them.
  var ticks: Int64 {
    get throws(Failure) {
      let isShort = tag == 0x17
      guard isShort || tag == 0x18, content.count == (isShort ? 13 : 15), content.last == UInt8(ascii: "Z") else {
        throw Failure()
      }
      var digits = content.dropLast().map { Int($0) - 48 }
      guard digits.allSatisfy({ (0...9).contains($0) }) else { throw Failure() }
      if isShort { digits = (digits[0] >= 5 ? [1, 9] : [2, 0]) + digits }
      func number(_ place: Int) -> Int { digits[place] * 10 + digits[place + 1] }
      guard
        let time = try? DateTimeValue(
          year: number(0) * 100 + number(2), month: number(4), day: number(6), hour: number(8), minute: number(10),
          second: number(12))
      else { throw Failure() }
      return time.ticks
    }
  }

  /// Encodes a value.
  static func encode(_ tag: UInt8, _ parts: [UInt8]...) -> [UInt8] {
    let content = parts.flatMap { $0 }
    guard content.count >= 0x80 else { return [tag, UInt8(content.count)] + content }
    var length: [UInt8] = []
    var rest = content.count
    while rest > 0 {
      length.insert(UInt8(rest & 0xff), at: 0)
      rest >>= 8
    }
    return [tag, 0x80 | UInt8(length.count)] + length + content
  }
}

/// Values of DER, one behind the other.
struct DERFields {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var isEmpty: Bool { rest.isEmpty }

  /// The tag of the next value.
  var tag: UInt8? { rest.first }

  /// The next value; nil at the end.
  mutating func next() throws(DERField.Failure) -> DERField? {
    guard let tag = rest.first else { return nil }
    var place = rest.startIndex + 1
    guard tag & 0x1f != 0x1f, place < rest.endIndex else { throw DERField.Failure() }
    var length = Int(rest[place])
    place += 1
    if length >= 0x80 {
      let count = length & 0x7f
      // Four octets say more than any document that is read here has.
      guard (1...4).contains(count), rest.endIndex - place >= count else { throw DERField.Failure() }
      length = rest[place..<place + count].reduce(0) { $0 << 8 | Int($1) }
      place += count
    }
    guard rest.endIndex - place >= length else { throw DERField.Failure() }
    let field = DERField(
      tag: tag, content: rest[place..<place + length], encoded: rest[rest.startIndex..<place + length])
    rest = rest[(place + length)...]
    return field
  }

  /// The next value, which has to have this tag.
  mutating func take(_ tag: UInt8) throws(DERField.Failure) -> DERField {
    guard let field = try take(optional: tag) else { throw DERField.Failure() }
    return field
  }

  /// The next value if it has this tag.
  mutating func take(optional tag: UInt8) throws(DERField.Failure) -> DERField? {
    guard rest.first == tag else { return nil }
    return try next()
  }

  /// The next value, whatever it is.
  mutating func take() throws(DERField.Failure) -> DERField {
    guard let field = try next() else { throw DERField.Failure() }
    return field
  }
}

/// An extension of a certificate, a list or an answer (RFC 5280 §4.1).
struct DERExtension {
  let identifier: ArraySlice<UInt8>
  let isCritical: Bool
  let value: ArraySlice<UInt8>

  /// Those of a sequence; at most 64.
  static func all(_ sequence: DERField) throws(DERField.Failure) -> [DERExtension] {
    var found: [DERExtension] = []
    var items = sequence.fields
    while !items.isEmpty {
      guard found.count < 64 else { throw DERField.Failure() }
      var parts = try items.take(DERField.sequence).fields
      let identifier = try parts.take(DERField.identifier).content
      let isCritical = try parts.take(optional: DERField.boolean)?.content.first.map { $0 != 0 } ?? false
      found.append(
        DERExtension(
          identifier: identifier, isCritical: isCritical, value: try parts.take(DERField.octets).content))
    }
    return found
  }
}
