import DotNet

extension JsonReader {
  /// A text from its quotation mark to the closing one.
  mutating func string() throws -> String {
    let quote = bytes[index]
    index += 1
    let start = index
    while index < bytes.count {
      let byte = bytes[index]
      if byte == quote {
        index += 1
        return String(decoding: bytes[start..<(index - 1)], as: UTF8.self)
      }
      if byte == 0x5C { return try escaped(quote, from: start) }
      index += 1
    }
    throw unterminated(quote)
  }

  private func unterminated(_ quote: UInt8) -> Thrown {
    error("Unterminated string. Expected delimiter: \(Character(UnicodeScalar(quote)))")
  }

  /// A text with escapes; surrogates that come in pairs are one character.
  private mutating func escaped(_ quote: UInt8, from start: Int) throws -> String {
    var text = Array(bytes[start..<index])
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == quote { return String(decoding: text, as: UTF8.self) }
      guard byte == 0x5C else {
        text.append(byte)
        continue
      }
      guard let mark = peek else { throw unterminated(quote) }
      index += 1
      switch mark {
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0C)
      case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(mark)
      case UInt8(ascii: "u"):
        var scalar = try codeUnit()
        if scalar & 0xFC00 == 0xD800 {
          if peek == 0x5C, index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "u") {
            index += 2
            let low = try codeUnit()
            scalar = low & 0xFC00 == 0xDC00 ? 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF) : 0xFFFD
          } else {
            scalar = 0xFFFD
          }
        }
        text.append(contentsOf: String(UnicodeScalar(scalar).map { Character($0) } ?? "\u{FFFD}").utf8)
      default: throw error("Bad JSON escape sequence: \\\(character(at: index - 1))")
      }
    }
    throw unterminated(quote)
  }

  private mutating func codeUnit() throws -> UInt32 {
    guard index + 4 <= bytes.count else {
      index = bytes.count
      throw error("Unexpected end while parsing Unicode escape sequence")
    }
    let digits = String(decoding: bytes[index..<(index + 4)], as: UTF8.self)
    guard let unit = UInt32(digits, radix: 16), !digits.hasPrefix("+") else {
      throw error("Invalid Unicode escape sequence: \\u\(digits)")
    }
    index += 4
    return unit
  }

  /// A number or one of the words of JSON and JavaScript.
  mutating func word() throws -> JsonToken {
    let words: [(StaticString, JsonToken.Content)]
    switch bytes[index] {
    case UInt8(ascii: "t"): words = [("true", .scalar(.bool(true)))]
    case UInt8(ascii: "f"): words = [("false", .scalar(.bool(false)))]
    case UInt8(ascii: "n"): words = [("null", .scalar(.null))]
    case UInt8(ascii: "u"): words = [("undefined", .undefined)]
    case UInt8(ascii: "N"): words = [("NaN", .scalar(.double(.nan)))]
    case UInt8(ascii: "I"): words = [("Infinity", .scalar(.double(.infinity)))]
    case UInt8(ascii: "-") where index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "I"):
      words = [("-Infinity", .scalar(.double(-.infinity)))]
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
      return JsonToken(.scalar(try number()))
    default:
      index += 1
      throw error("Unexpected character encountered while parsing value: \(character(at: index - 1))")
    }
    for (word, content) in words where isWord(word) {
      index += word.utf8CodeUnitCount
      return JsonToken(content)
    }
    index += 1
    throw error("Error parsing \(words[0].1.isNull ? "null" : "boolean") value")
  }

  private mutating func number() throws -> Value {
    let start = index
    var (isPlain, value): (Bool, Int64) = (true, 0)
    if bytes[index] == UInt8(ascii: "-") { index += 1 }
    let first = index
    while index < bytes.count {
      let byte = bytes[index]
      if byte >= 0x30, byte <= 0x39 {
        value = value &* 10 &+ Int64(byte &- 0x30)
      } else if Self.isName(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
      {
        isPlain = false
      } else {
        break
      }
      index += 1
    }
    let count = index - first
    if isPlain, count > 0, count < 19, bytes[first] != UInt8(ascii: "0") || count == 1 {
      return .int64(first == start ? value : -value)
    }
    return try unusual(String(decoding: bytes[start..<index], as: UTF8.self))
  }

  /// Reals, large numbers, and the forms of JavaScript: hexadecimal, octal, a leading point.
  private func unusual(_ text: String) throws -> Value {
    func refused() -> Thrown { error("Input string '\(text)' is not a valid number") }
    let isNegative = text.hasPrefix("-")
    let digits = isNegative ? text.dropFirst() : text[...]
    guard let first = digits.utf8.first else { throw refused() }
    if first == UInt8(ascii: "0"), digits.utf8.count > 1, !digits.utf8.contains(UInt8(ascii: ".")) {
      let second = digits.utf8[digits.utf8.index(after: digits.utf8.startIndex)]
      if second | 0x20 == UInt8(ascii: "x") {
        guard let value = Int64(digits.dropFirst(2), radix: 16) else { throw refused() }
        return .int64(isNegative ? -value : value)
      }
      if second | 0x20 != UInt8(ascii: "e") {
        guard let value = Int64(digits, radix: 8) else { throw refused() }
        return .int64(isNegative ? -value : value)
      }
    }
    if let value = Int64(text) { return .int64(value) }
    if digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
      if let value = UInt64(text) { return .uint64(value) }
      return .object(BigIntegerObject(text))
    }
    // Swift reads more forms than JSON has: texts like "infinity" or "0x1p2" do not get here or are refused.
    guard digits.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || "+-.eE".utf8.contains($0) }),
      let value = Double(first == UInt8(ascii: ".") ? (isNegative ? "-0" : "0") + digits : text)
    else { throw refused() }
    return .double(value)
  }
}

extension JsonToken.Content {
  fileprivate var isNull: Bool {
    if case .scalar(.null) = self { return true }
    return false
  }
}
