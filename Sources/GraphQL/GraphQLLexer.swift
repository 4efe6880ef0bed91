/// A word of the language.
struct GraphQLToken {
  enum Kind: Equatable {
    case end
    /// One of `! $ & ( ) : = @ [ ] { | }`.
    case mark(UInt8)
    /// `...`
    case spread
    case name, integer, real, string
  }

  var kind: Kind
  /// Of a name or number as written, of a string what it means.
  var text = ""
  var position: GraphQLPosition

  /// As messages show it.
  var shown: String {
    switch kind {
    case .end: "the end"
    case .mark(let byte): "'\(Character(Unicode.Scalar(byte)))'"
    case .spread: "'...'"
    case .name, .integer, .real: "'\(text)'"
    case .string: "a string"
    }
  }
}

/// Cuts a text into words (GraphQL, October 2021, section 2.1). Time and memory are linear in the text.
struct GraphQLLexer {
  private let bytes: [UInt8]
  private var index = 0
  private var line = 1
  /// Where the line begins.
  private var lineStart = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
      index = 3
      lineStart = 3
    }
  }

  private var position: GraphQLPosition { GraphQLPosition(line: line, column: index - lineStart + 1) }
  private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }
  private func byte(_ ahead: Int) -> UInt8? { index + ahead < bytes.count ? bytes[index + ahead] : nil }

  private func failure(_ message: String) -> GraphQLError { GraphQLError("Syntax Error: \(message)", at: [position]) }

  private mutating func newLine() {
    if bytes[index] == 0x0d, byte(1) == 0x0a { index += 1 }
    index += 1
    line += 1
    lineStart = index
  }

  private mutating func skipIgnored() {
    while let byte {
      switch byte {
      case 0x20, 0x09, 0x2c: index += 1
      case 0x0a, 0x0d: newLine()
      case UInt8(ascii: "#"): while let byte = self.byte, byte != 0x0a, byte != 0x0d { index += 1 }
      case 0xef where self.byte(1) == 0xbb && self.byte(2) == 0xbf: index += 3
      default: return
      }
    }
  }

  mutating func next() throws(GraphQLError) -> GraphQLToken {
    skipIgnored()
    let position = position
    guard let byte else { return GraphQLToken(kind: .end, position: position) }
    switch byte {
    case UInt8(ascii: "."):
      guard self.byte(1) == byte, self.byte(2) == byte else { throw failure("Unexpected '.'.") }
      index += 3
      return GraphQLToken(kind: .spread, position: position)
    case UInt8(ascii: "\""): return GraphQLToken(kind: .string, text: try string(), position: position)
    case UInt8(ascii: "-"), 0x30...0x39: return try number(position)
    case _ where Self.beginsName(byte):
      let start = index
      while let byte = self.byte, Self.continuesName(byte) { index += 1 }
      return GraphQLToken(kind: .name, text: text(start..<index), position: position)
    default:
      guard "!$&():=@[]{|}".utf8.contains(byte) else { throw failure("Unexpected character \(shown(byte)).") }
      index += 1
      return GraphQLToken(kind: .mark(byte), position: position)
    }
  }

  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  private func shown(_ byte: UInt8) -> String {
    if (0x21...0x7e).contains(byte) { return "'\(Character(Unicode.Scalar(byte)))'" }
    let digits = String(byte, radix: 16, uppercase: true)
    return "0x" + (digits.count < 2 ? "0" + digits : digits)
  }

  static func beginsName(_ byte: UInt8) -> Bool {
    byte == 0x5f || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
  }

  static func continuesName(_ byte: UInt8) -> Bool { beginsName(byte) || (0x30...0x39).contains(byte) }

  // MARK: - Numbers

  private mutating func number(_ position: GraphQLPosition) throws(GraphQLError) -> GraphQLToken {
    let start = index
    var kind = GraphQLToken.Kind.integer
    if byte == UInt8(ascii: "-") { index += 1 }
    let first = byte
    try digits()
    if first == 0x30, index - start > (bytes[start] == UInt8(ascii: "-") ? 2 : 1) {
      throw failure("A number does not begin with 0.")
    }
    if byte == UInt8(ascii: ".") {
      kind = .real
      index += 1
      try digits()
    }
    if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      kind = .real
      index += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { index += 1 }
      try digits()
    }
    if let byte, byte == UInt8(ascii: ".") || Self.beginsName(byte) {
      throw failure("A number ends in \(shown(byte)).")
    }
    return GraphQLToken(kind: kind, text: text(start..<index), position: position)
  }

  private mutating func digits() throws(GraphQLError) {
    guard let byte, (0x30...0x39).contains(byte) else { throw failure("Expected a digit.") }
    while let byte = self.byte, (0x30...0x39).contains(byte) { index += 1 }
  }

  // MARK: - Strings

  private mutating func string() throws(GraphQLError) -> String {
    if byte(1) == UInt8(ascii: "\""), byte(2) == UInt8(ascii: "\"") { return try blockString() }
    index += 1
    var result: [UInt8] = []
    while let byte {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        return String(decoding: result, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &result)
      case 0x0a, 0x0d: throw failure("A string does not end on its line.")
      case 0..<0x20 where byte != 0x09: throw failure("Unexpected character \(shown(byte)) in a string.")
      default:
        result.append(byte)
        index += 1
      }
    }
    throw failure("A string does not end.")
  }

  private mutating func escape(into result: inout [UInt8]) throws(GraphQLError) {
    let escapes: [UInt8: UInt8] = [
      0x22: 0x22, 0x5c: 0x5c, 0x2f: 0x2f, 0x62: 0x08, 0x66: 0x0c, 0x6e: 0x0a, 0x72: 0x0d, 0x74: 0x09,
    ]
    guard let mark = byte(1) else { throw failure("A string does not end.") }
    if let plain = escapes[mark] {
      result.append(plain)
      index += 2
      return
    }
    guard mark == UInt8(ascii: "u") else { throw failure("Unknown escape in a string.") }
    index += 2
    var scalar = try codePoint()
    if (0xd800...0xdbff).contains(scalar), byte == 0x5c, byte(1) == UInt8(ascii: "u") {
      index += 2
      let low = try codePoint()
      guard (0xdc00...0xdfff).contains(low) else { throw failure("Half a surrogate pair in a string.") }
      scalar = 0x10000 + (scalar & 0x3ff) << 10 + (low & 0x3ff)
    }
    guard let scalar = Unicode.Scalar(scalar) else { throw failure("An escape that is no character in a string.") }
    result += Array(String(Character(scalar)).utf8)
  }

  private mutating func codePoint() throws(GraphQLError) -> UInt32 {
    var digits = index..<min(index + 4, bytes.count)
    var end = digits.upperBound
    if byte == UInt8(ascii: "{") {
      guard let close = bytes[index...].prefix(10).firstIndex(of: UInt8(ascii: "}")) else {
        throw failure("Unknown escape in a string.")
      }
      digits = (index + 1)..<close
      end = close + 1
    } else if digits.count < 4 {
      throw failure("Unknown escape in a string.")
    }
    let text = text(digits)
    guard text.utf8.allSatisfy({ Self.continuesName($0) }), let value = UInt32(text, radix: 16) else {
      throw failure("Unknown escape in a string.")
    }
    index = end
    return value
  }

  /// A string between triple quotes, without the indentation that its lines share.
  private mutating func blockString() throws(GraphQLError) -> String {
    index += 3
    let quotes = Array("\"\"\"".utf8)
    var lines: [[UInt8]] = [[]]
    while let byte {
      if byte == quotes[0], bytes[index...].starts(with: quotes) {
        index += 3
        return Self.withoutIndentation(lines)
      }
      if byte == 0x5c, bytes[(index + 1)...].starts(with: quotes) {
        lines[lines.count - 1] += quotes
        index += 4
      } else if byte == 0x0a || byte == 0x0d {
        newLine()
        lines.append([])
      } else {
        lines[lines.count - 1].append(byte)
        index += 1
      }
    }
    throw failure("A string does not end.")
  }

  private static func withoutIndentation(_ lines: [[UInt8]]) -> String {
    func indentation(_ line: [UInt8]) -> Int? {
      line.firstIndex { $0 != 0x20 && $0 != 0x09 }
    }
    let shared = lines.dropFirst().compactMap(indentation).min() ?? 0
    var result = lines.enumerated().map { $0.offset == 0 ? $0.element[...] : $0.element.dropFirst(shared) }[...]
    while let first = result.first, indentation(Array(first)) == nil { result = result.dropFirst() }
    while let last = result.last, indentation(Array(last)) == nil { result = result.dropLast() }
    return result.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
  }
}
