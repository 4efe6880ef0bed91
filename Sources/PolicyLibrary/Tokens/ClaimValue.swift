import JSONSchema

/// A value of a token's JSON.
enum ClaimValue: Sendable, Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  case real(Double)
  case string(String)
  case array([ClaimValue])
  case object([String: ClaimValue])

  private init(_ json: JSONValue) {
    self =
      switch json {
      case .null: .null
      case .bool(let flag): .bool(flag)
      case .integer(let number): .integer(number)
      // A whole number may be written with a fraction: 1.0 is 1.
      case .real(let number): Int64(exactly: number).map { .integer($0) } ?? .real(number)
      case .text(let text): .string(text)
      case .array(let elements): .array(elements.map { ClaimValue($0) })
      case .object(let object): .object(Self.members(of: object))
      }
  }

  private static func members(of object: JSONObject) -> [String: ClaimValue] {
    // The names of an object differ from each other.
    Dictionary(object.members.map { ($0.name, ClaimValue($0.value)) }, uniquingKeysWith: { _, last in last })
  }

  /// The members of a JSON object; nil for other text.
  static func members(_ json: [UInt8]) -> [String: ClaimValue]? {
    (try? JSONValue(json))?.object.map { members(of: $0) }
  }

  var string: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  /// A number of seconds, as times are given; nil for what is no number.
  var seconds: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .real(let number) where number.isFinite: number
    default: nil
    }
  }

  /// The value as the texts a policy compares with: an array has several.
  var texts: [String] {
    switch self {
    case .null: []
    case .bool(let flag): [flag ? "true" : "false"]
    case .integer(let number): ["\(number)"]
    case .real(let number): ["\(number)"]
    case .string(let text): [text]
    case .array(let values): values.flatMap(\.texts)
    case .object: []
    }
  }
}

/// Base64 for URLs (RFC 7515, 2); padding may be there.
enum Base64URL {
  /// nil for text with other characters, or of a length that no bytes have.
  static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    var digits = Array(text.utf8)
    if digits.count % 4 == 0 {
      for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
    }
    guard digits.count % 4 != 1 else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(digits.count * 3 / 4)
    var (pending, bits) = (UInt32(0), 0)
    for digit in digits {
      guard let value = value(of: digit) else { return nil }
      pending = pending << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        result.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
      }
    }
    return result
  }

  @inline(__always)
  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
