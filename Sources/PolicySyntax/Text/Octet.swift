/// Bytes with a meaning in the dialect.
enum Octet {
  static let lf = UInt8(ascii: "\n")
  static let cr = UInt8(ascii: "\r")
  static let quote = UInt8(ascii: "\"")
  static let apostrophe = UInt8(ascii: "'")
  static let less = UInt8(ascii: "<")
  static let greater = UInt8(ascii: ">")
  static let ampersand = UInt8(ascii: "&")
  static let slash = UInt8(ascii: "/")
  static let backslash = UInt8(ascii: "\\")
  static let equals = UInt8(ascii: "=")
  static let at = UInt8(ascii: "@")
  static let dollar = UInt8(ascii: "$")
  static let hyphen = UInt8(ascii: "-")
  static let star = UInt8(ascii: "*")
  static let openParenthesis = UInt8(ascii: "(")
  static let closeParenthesis = UInt8(ascii: ")")
  static let openBrace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")
  static let semicolon = UInt8(ascii: ";")

  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

  static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }

  /// First byte of an element or attribute name.
  static func beginsName(_ byte: UInt8) -> Bool { isLetter(byte) || byte == 0x5F || byte == 0x3A || byte >= 0x80 }

  /// Further byte of an element or attribute name.
  static func continuesName(_ byte: UInt8) -> Bool {
    beginsName(byte) || isDigit(byte) || byte == 0x2D || byte == 0x2E
  }

  /// A byte of a named value's display name.
  static func isNamedValue(_ byte: UInt8) -> Bool {
    isLetter(byte) || isDigit(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F
  }
}

extension Array where Element == UInt8 {
  /// Whether the text stands at the offset.
  func has(_ text: StaticString, at offset: Int) -> Bool {
    let n = text.utf8CodeUnitCount
    guard offset >= 0, offset + n <= count else { return false }
    for i in 0..<n where self[offset + i] != text.utf8Start[i] { return false }
    return true
  }

  /// Offset of the text at or behind `from` and before `end`, nil when it does not occur.
  func find(_ text: StaticString, from: Int, to end: Int? = nil) -> Int? {
    let n = text.utf8CodeUnitCount
    let first = text.utf8Start[0]
    var i = from
    let last = (end ?? count) - n
    while i <= last {
      if self[i] == first, has(text, at: i) { return i }
      i += 1
    }
    return nil
  }
}
