/// A word of C#.
struct Token {
  enum Kind: Equatable {
    case identifier(String)
    case keyword(String)
    case punctuation(String)
    case integer(UInt64, suffix: String)
    /// Digits as written, without separators.
    case real(String, suffix: String)
    case string(String)
    case character(UInt16)
    /// `$"…"`: texts and the tokens of the holes between them.
    case interpolated([InterpolationPart])
    case end
  }

  enum InterpolationPart: Equatable {
    case text(String)
    case hole(source: String, format: String?, offset: Int)
  }

  var kind: Kind
  /// In Unicode scalars from the start of the source.
  var offset: Int
  var length: Int
}

/// A complaint about the text itself, with its place.
struct SyntaxError: Error {
  var code: String
  var message: String
  var offset: Int
  var length = 1
  var suggestion: String?
}

/// Takes C# text apart.
struct Lexer {
  private let text: [Unicode.Scalar]
  private var index = 0

  static let keywords: Set<String> = [
    "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "const", "continue", "decimal",
    "default",
    "delegate", "do", "double",
    "class", "else", "false", "finally", "fixed", "float", "for", "foreach", "goto", "if", "in", "int", "is", "lock",
    "long", "new",
    "null",
    "object", "out", "params", "private", "public", "ref", "return", "sbyte", "short", "sizeof", "stackalloc", "static",
    "string", "switch", "this", "throw", "true", "try",
    "typeof", "uint", "ulong", "unchecked", "unsafe", "ushort", "using", "void", "while",
  ]
  private static let punctuation = [
    "<<=", ">>=", "?.", "??", "==", "!=", "<=", ">=", "&&", "||", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=",
    "|=", "^=", "=>", "<<", "::",
  ].map { (text: $0, scalars: Array($0.unicodeScalars)) }

  init(_ source: String) { text = Array(source.unicodeScalars) }

  /// Every token, the last one being `.end`.
  static func tokens(_ source: String) throws(SyntaxError) -> [Token] {
    var lexer = Lexer(source)
    var result: [Token] = []
    while true {
      let token = try lexer.next()
      result.append(token)
      if token.kind == .end { return result }
    }
  }

  private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
    index + distance < text.count ? text[index + distance] : nil
  }

  private mutating func skipBlanks() throws(SyntaxError) {
    while let c = peek() {
      if c.isBlank {
        index += 1
      } else if c == "/", peek(1) == "/" {
        while let c = peek(), c != "\n" { index += 1 }
      } else if c == "/", peek(1) == "*" {
        let start = index
        index += 2
        while !(peek() == "*" && peek(1) == "/") {
          guard peek() != nil else {
            throw SyntaxError(code: "CS1035", message: "End-of-file found, '*/' expected", offset: start)
          }
          index += 1
        }
        index += 2
      } else {
        return
      }
    }
  }

  private func part(_ range: Range<Int>) -> String {
    let scalars = text[range]
    guard scalars.allSatisfy(\.isASCII) else { return String(String.UnicodeScalarView(scalars)) }
    return String(unsafeUninitializedCapacity: scalars.count) { bytes in
      for (place, scalar) in scalars.enumerated() { bytes[place] = UInt8(truncatingIfNeeded: scalar.value) }
      return scalars.count
    }
  }

  private func text(of units: [UInt16]) -> String {
    guard units.allSatisfy({ $0 < 0x80 }) else { return String(decoding: units, as: UTF16.self) }
    return String(unsafeUninitializedCapacity: units.count) { bytes in
      for (place, unit) in units.enumerated() { bytes[place] = UInt8(truncatingIfNeeded: unit) }
      return units.count
    }
  }

  private func append(_ scalar: Unicode.Scalar, to units: inout [UInt16]) {
    if scalar.value < 0x1_0000 { units.append(UInt16(scalar.value)) } else { units += String(scalar).utf16 }
  }

  private mutating func next() throws(SyntaxError) -> Token {
    try skipBlanks()
    let start = index
    let kind = try read()
    return Token(kind: kind, offset: start, length: max(1, index - start))
  }

  private mutating func read() throws(SyntaxError) -> Token.Kind {
    guard let c = peek() else { return .end }
    if c.beginsName { return word() }
    if c == "@", let n = peek(1), n.beginsName {
      index += 1
      if case .keyword(let name) = word() { return .identifier(name) }
      index -= 1
    }
    if ("0"..."9").contains(c) || (c == "." && peek(1).map { ("0"..."9").contains($0) } == true) { return try number() }
    if c == "\"" { return .string(try string(isVerbatim: false)) }
    if c == "@", peek(1) == "\"" {
      index += 1
      return .string(try string(isVerbatim: true))
    }
    if c == "$", peek(1) == "\"" {
      index += 1
      return .interpolated(try interpolated(isVerbatim: false))
    }
    if (c == "$" && peek(1) == "@") || (c == "@" && peek(1) == "$"), peek(2) == "\"" {
      index += 2
      return .interpolated(try interpolated(isVerbatim: true))
    }
    if c == "'" { return try character() }
    for candidate in Self.punctuation where candidate.scalars[0] == c {
      let scalars = candidate.scalars
      guard index + scalars.count <= text.count, text[index..<(index + scalars.count)].elementsEqual(scalars) else {
        continue
      }
      // `a?.5:b` is a condition and a number.
      if candidate.text == "?.", let n = peek(2), ("0"..."9").contains(n) { continue }
      index += scalars.count
      return .punctuation(candidate.text)
    }
    guard "+-*/%&|^!~=<>?:;,.()[]{}".unicodeScalars.contains(c) else {
      throw SyntaxError(code: "CS1056", message: "Unexpected character '\(c)'", offset: index)
    }
    index += 1
    return .punctuation(String(c))
  }

  private mutating func word() -> Token.Kind {
    let start = index
    while let c = peek(), c.continuesName { index += 1 }
    let name = part(start..<index)
    return Self.keywords.contains(name) ? .keyword(name) : .identifier(name)
  }

  private mutating func number() throws(SyntaxError) -> Token.Kind {
    let start = index
    var radix = 10
    if peek() == "0", let x = peek(1), "xXbB".unicodeScalars.contains(x) {
      radix = x == "x" || x == "X" ? 16 : 2
      index += 2
    }
    func isDigit(_ c: Unicode.Scalar?) -> Bool {
      guard let c else { return false }
      return c == "_" || (radix == 16 ? c.properties.isASCIIHexDigit : ("0"..."9").contains(c))
    }
    // A separator stands between digits: never last.
    func skipDigits() throws(SyntaxError) {
      while isDigit(peek()) { index += 1 }
      if index > start, text[index - 1] == "_" {
        throw SyntaxError(code: "CS1013", message: "Invalid number", offset: start, length: index - start)
      }
    }
    try skipDigits()
    var isReal = false
    if radix == 10 {
      if peek() == ".", let digit = peek(1), ("0"..."9").contains(digit) {
        isReal = true
        index += 1
        try skipDigits()
      }
      if let e = peek(), e == "e" || e == "E",
        isDigit(peek(1)) || ("+-".unicodeScalars.contains(peek(1) ?? "x") && isDigit(peek(2)))
      {
        isReal = true
        index += 2
        try skipDigits()
      }
    }
    var digits = String(String.UnicodeScalarView(text[start..<index].filter { $0 != "_" }))
    if radix != 10 { digits.removeFirst(2) }
    let suffix = numberSuffix(isReal: isReal, radix: radix)
    if isReal || suffix == "f" || suffix == "d" || suffix == "m" {
      return .real(digits, suffix: suffix)
    }
    guard let value = UInt64(digits, radix: radix) else {
      throw SyntaxError(code: "CS1021", message: "Integral constant is too large", offset: start, length: index - start)
    }
    return .integer(value, suffix: suffix)
  }

  /// `u`, `l` or both behind a whole number, `f`, `d` or `m` behind any decimal one; in small letters.
  private mutating func numberSuffix(isReal: Bool, radix: Int) -> String {
    guard let first = peek().map({ String($0).lowercased() }) else { return "" }
    if radix == 10, first == "f" || first == "d" || first == "m" {
      index += 1
      return first
    }
    guard !isReal, first == "u" || first == "l" else { return "" }
    index += 1
    guard let second = peek().map({ String($0).lowercased() }), second == "u" || second == "l", second != first else {
      return first
    }
    index += 1
    return "ul"
  }

  private mutating func escape(in kind: String) throws(SyntaxError) -> [UInt16] {
    let start = index - 1
    guard let c = peek() else { throw SyntaxError(code: "CS1010", message: "Newline in constant", offset: start) }
    index += 1
    switch c {
    case "n": return [10]
    case "r": return [13]
    case "t": return [9]
    case "0": return [0]
    case "a": return [7]
    case "b": return [8]
    case "f": return [12]
    case "v": return [11]
    case "\\", "\"", "'": return [UInt16(c.value)]
    case "u", "U", "x":
      let exact = c == "u" ? 4 : c == "U" ? 8 : 0
      var value: UInt32 = 0
      var count = 0
      while count < (exact == 0 ? 4 : exact), let d = peek(), let digit = UInt32(String(d), radix: 16) {
        value = value << 4 | digit
        count += 1
        index += 1
      }
      guard count > 0, exact == 0 || count == exact,
        let scalar = Unicode.Scalar(value) ?? (value < 0x1_0000 ? " " : nil)
      else { throw SyntaxError(code: "CS1009", message: "Unrecognized escape sequence", offset: start, length: 2) }
      return value < 0x1_0000 ? [UInt16(value)] : Array(String(scalar).utf16)
    default: throw SyntaxError(code: "CS1009", message: "Unrecognized escape sequence", offset: start, length: 2)
    }
  }

  private mutating func string(isVerbatim: Bool) throws(SyntaxError) -> String {
    let start = index
    index += 1
    var units: [UInt16] = []
    while true {
      guard let c = peek(), isVerbatim || c != "\n" else {
        throw SyntaxError(
          code: isVerbatim ? "CS1039" : "CS1010",
          message: isVerbatim ? "Unterminated string literal" : "Newline in constant", offset: start)
      }
      index += 1
      if c == "\"" {
        if isVerbatim, peek() == "\"" { index += 1 } else { return text(of: units) }
        units.append(0x22)
      } else if c == "\\", !isVerbatim {
        units += try escape(in: "string")
      } else {
        append(c, to: &units)
      }
    }
  }

  private mutating func character() throws(SyntaxError) -> Token.Kind {
    let start = index
    index += 1
    guard let c = peek(), c != "'", c != "\n" else {
      throw SyntaxError(code: "CS1011", message: "Empty character literal", offset: start, length: 2)
    }
    index += 1
    let units = c == "\\" ? try escape(in: "character") : Array(String(c).utf16)
    guard peek() == "'", units.count == 1 else {
      throw SyntaxError(code: "CS1012", message: "Too many characters in character literal", offset: start, length: 2)
    }
    index += 1
    return .character(units[0])
  }

  private mutating func interpolated(isVerbatim: Bool) throws(SyntaxError) -> [Token.InterpolationPart] {
    let start = index
    index += 1
    var parts: [Token.InterpolationPart] = []
    var units: [UInt16] = []
    func end() -> SyntaxError { SyntaxError(code: "CS1010", message: "Newline in constant", offset: start) }
    while true {
      guard let c = peek(), isVerbatim || c != "\n" else { throw end() }
      index += 1
      switch c {
      case "\"" where isVerbatim && peek() == "\"", "{" where peek() == "{", "}" where peek() == "}":
        index += 1
        units.append(UInt16(c.value))
      case "\"":
        if !units.isEmpty { parts.append(.text(text(of: units))) }
        return parts
      case "\\" where !isVerbatim: units += try escape(in: "string")
      case "{":
        if !units.isEmpty { parts.append(.text(text(of: units))) }
        units = []
        let hole = index
        let formatStart = try skipHole(start, isVerbatim: isVerbatim)
        let source = part(hole..<(formatStart ?? index))
        let format = formatStart.map { part(($0 + 1)..<index) }
        parts.append(.hole(source: source, format: format, offset: hole))
        index += 1
      case "}":
        throw SyntaxError(
          code: "CS8086", message: "A '}' character must be escaped (by doubling) in an interpolated string.",
          offset: index - 1)
      default: append(c, to: &units)
      }
    }
  }

  /// To the brace that ends a hole: strings and brackets in it are passed over. Gives the place of the colon before a
  /// format, if there is one.
  private mutating func skipHole(_ start: Int, isVerbatim: Bool) throws(SyntaxError) -> Int? {
    var depth = 0
    while let c = peek() {
      switch c {
      case "(", "[", "{": depth += 1
      case "}" where depth == 0: return nil
      case ":" where depth == 0:
        if peek(1) == ":" {
          index += 2
          continue
        }
        let colon = index
        while let c = peek(), c != "}" {
          if c == "\"" || c == "\n" {
            throw SyntaxError(
              code: "CS8361",
              message: "A conditional expression cannot be used directly in a string "
                + "interpolation because the ':' ends the interpolation. Parenthesize the conditional expression.",
              offset: colon)
          }
          index += 1
        }
        if peek() == nil { break }
        return colon
      case ")", "]", "}": depth -= 1
      case "\"":
        _ = try string(isVerbatim: index > 0 && text[index - 1] == "@")
        continue
      case "$" where peek(1) == "\"" || (peek(1) == "@" && peek(2) == "\""):
        let isInnerVerbatim = peek(1) == "@"
        index += isInnerVerbatim ? 2 : 1
        _ = try interpolated(isVerbatim: isInnerVerbatim)
        continue
      case "'":
        _ = try character()
        continue
      default: break
      }
      index += 1
    }
    throw SyntaxError(code: "CS8076", message: "Missing close delimiter '}' for interpolated expression", offset: start)
  }
}

extension Unicode.Scalar {
  /// White space; asked of Unicode only where ASCII does not tell.
  fileprivate var isBlank: Bool { isASCII ? value == 0x20 || value &- 9 < 5 : properties.isWhitespace }

  fileprivate var beginsName: Bool {
    isASCII ? (value | 0x20) &- 0x61 < 26 || value == 0x5F : properties.isAlphabetic
  }

  fileprivate var continuesName: Bool {
    beginsName || (isASCII ? value &- 0x30 < 10 : properties.numericType != nil)
  }
}
