/// A word of an expression.
struct ODataToken: Equatable {
  enum Kind: Equatable {
    case end
    /// One of `( ) , / ; = : $ @ * [ ] { } &`.
    case mark(UInt8)
    /// A name, with dots and a namespace perhaps.
    case name
    case number
    /// A text in single quotes, with a type in front perhaps; or one of JSON in double quotes.
    case text
    /// A date, a time, or a GUID.
    case moment
    case minus
  }

  var kind: Kind
  var text: Substring
}

/// Cuts an expression (OData ABNF 4.01, decoded) into words.
struct ODataLexer {
  private let text: [UInt8]
  private(set) var index = 0
  /// Whether blanks stood before the current word.
  private(set) var hasBlank = false

  init(_ text: String) { self.text = Array(text.utf8) }

  struct Unreadable: Error {
    var message: String
    /// Whether it can be read, but the model does not know a name.
    var isUnknownName = false
  }

  private func byte(_ ahead: Int = 0) -> UInt8? { index + ahead < text.count ? text[index + ahead] : nil }

  private func token(_ kind: ODataToken.Kind, _ range: Range<Int>) -> ODataToken {
    ODataToken(kind: kind, text: Substring(String(decoding: text[range], as: UTF8.self)))
  }

  mutating func next() throws(Unreadable) -> ODataToken {
    hasBlank = false
    while let byte = byte(), byte == 0x20 || byte == 0x09 {
      index += 1
      hasBlank = true
    }
    let start = index
    guard let first = byte() else { return token(.end, start..<start) }
    if let length = guidLength {
      index += length
      return token(.moment, start..<index)
    }
    switch first {
    case UInt8(ascii: "'"): return try quoted(from: start)
    case UInt8(ascii: "\""): return try doubleQuoted(from: start)
    case 0x30...0x39: return number(from: start)
    case UInt8(ascii: "-"):
      index += 1
      return token(.minus, start..<index)
    case _ where Self.beginsName(first):
      while let byte = byte(), Self.continuesName(byte) { index += 1 }
      // A typed text: duration'PT1S', Colour'Red'.
      if byte() == UInt8(ascii: "'") { return try quoted(from: start) }
      return token(.name, start..<index)
    default:
      guard "(),/;=:$@*[]{}&".utf8.contains(first) else {
        throw Unreadable(message: "unexpected '\(String(decoding: text[start..<characterEnd], as: UTF8.self))'")
      }
      index += 1
      return token(.mark(first), start..<index)
    }
  }

  private var characterEnd: Int {
    var end = index + 1
    while end < text.count, text[end] & 0xc0 == 0x80 { end += 1 }
    return end
  }

  private static func beginsName(_ byte: UInt8) -> Bool {
    byte == 0x5f || byte >= 0x80 || (0x61...0x7a).contains(byte | 0x20)
  }

  private static func continuesName(_ byte: UInt8) -> Bool {
    beginsName(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: ".")
  }

  /// Two quotes are one in the text.
  private mutating func quoted(from start: Int) throws(Unreadable) -> ODataToken {
    index += 1
    while let byte = byte() {
      index += 1
      guard byte == UInt8(ascii: "'") else { continue }
      guard self.byte() == UInt8(ascii: "'") else { return token(.text, start..<index) }
      index += 1
    }
    throw Unreadable(message: "a text does not end")
  }

  private mutating func doubleQuoted(from start: Int) throws(Unreadable) -> ODataToken {
    index += 1
    while let byte = byte() {
      index += byte == 0x5c ? 2 : 1
      if byte == UInt8(ascii: "\"") { return token(.text, start..<index) }
    }
    throw Unreadable(message: "a text does not end")
  }

  /// A number; or a date or time, which hold other signs between their digits.
  private mutating func number(from start: Int) -> ODataToken {
    while let byte = byte() {
      let isDigit = (0x30...0x39).contains(byte) || byte == UInt8(ascii: ".")
      let previous = index > start ? text[index - 1] : 0
      let isExponentSign =
        (byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")) && previous | 0x20 == UInt8(ascii: "e")
      // 2026-01-02T03:04:05Z, 03:04:05
      let isMoment =
        "-:+".utf8.contains(byte) && (0x30...0x39).contains(self.byte(1) ?? 0) || "TZeE".utf8.contains(byte)
        || "tz".utf8.contains(byte)
      guard isDigit || isExponentSign || isMoment else { break }
      index += 1
    }
    let word = text[start..<index]
    let isPlain = word.allSatisfy { (0x30...0x39).contains($0) || ".eE+-".utf8.contains($0) } && !word.contains(0x3a)
    let isDate = word.count >= 8 && word.dropFirst(4).first == UInt8(ascii: "-")
    return token(isPlain && !isDate ? .number : .moment, start..<index)
  }

  /// 36 where a GUID stands.
  private var guidLength: Int? {
    guard index + 36 <= text.count, index == 0 || !Self.continuesName(text[index - 1]) else { return nil }
    for (offset, byte) in text[index..<(index + 36)].enumerated() {
      if [8, 13, 18, 23].contains(offset) {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        guard (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20) else { return nil }
      }
    }
    return 36
  }
}
