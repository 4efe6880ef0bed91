import DotNet

/// Texts compared and searched as .NET does without a culture: unit by unit. Over UTF-8, which gives the same answers.
enum Ordinal {
  @inline(__always)
  static func areEqual(_ a: String, _ b: String) -> Bool {
    let (x, y) = (a.utf8Span.span, b.utf8Span.span)
    return x.count == y.count && equal(x, 0, y)
  }

  static func areEqual(_ a: String, _ b: String, ignoringCase: Bool) -> Bool {
    if !ignoringCase { return areEqual(a, b) }
    let (x, y) = (a.utf8Span.span, b.utf8Span.span)
    if let same = folded(x, 0, y, count: x.count == y.count ? x.count : -1) { return same }
    return areEqual(InvariantCase.upper(a), InvariantCase.upper(b))
  }

  static func hasPrefix(_ text: String, _ prefix: String, ignoringCase: Bool = false) -> Bool {
    let (x, y) = (text.utf8Span.span, prefix.utf8Span.span)
    if !ignoringCase { return x.count >= y.count && equal(x, 0, y) }
    if let same = folded(x, 0, y, count: x.count >= y.count ? y.count : -1) { return same }
    return hasPrefix(InvariantCase.upper(text), InvariantCase.upper(prefix))
  }

  static func hasSuffix(_ text: String, _ suffix: String, ignoringCase: Bool = false) -> Bool {
    let (x, y) = (text.utf8Span.span, suffix.utf8Span.span)
    if !ignoringCase { return x.count >= y.count && equal(x, x.count - y.count, y) }
    if let same = folded(x, x.count - y.count, y, count: x.count >= y.count ? y.count : -1) { return same }
    return hasSuffix(InvariantCase.upper(text), InvariantCase.upper(suffix))
  }

  /// The first place of a text within another in bytes; -1 when there is none.
  static func index(of wanted: String, in text: String, _ machine: Machine) throws -> Int {
    let (x, y) = (text.utf8Span.span, wanted.utf8Span.span)
    if y.isEmpty { return 0 }
    if x.count < y.count { return -1 }
    try machine.charge(steps: x.count >> 6)
    let first = y[0]
    for at in 0...(x.count - y.count) where x[at] == first {
      if equal(x, at, y) { return at }
      try machine.charge(steps: y.count >> 6)
    }
    return -1
  }

  /// Whether `y` stands in `x` at a place with room for it.
  @inline(__always)
  private static func equal(_ x: Span<UInt8>, _ at: Int, _ y: Span<UInt8>) -> Bool {
    for index in y.indices where x[at &+ index] != y[index] { return false }
    return true
  }

  /// Whether the bytes are the same but for case; nil when one is not ASCII, so that it is not for this function to
  /// say. A negative count says that the lengths do not fit.
  private static func folded(_ x: Span<UInt8>, _ at: Int, _ y: Span<UInt8>, count: Int) -> Bool? {
    if count < 0 { return isASCII(x) && isASCII(y) ? false : nil }
    if count != x.count, !isASCII(x) { return nil }
    for index in 0..<count {
      let (p, q) = (x[at &+ index], y[index])
      if (p | q) & 0x80 != 0 { return nil }
      if p != q, upper(p) != upper(q) { return isASCII(x) && isASCII(y) ? false : nil }
    }
    return true
  }

  private static func isASCII(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices where bytes[index] & 0x80 != 0 { return false }
    return true
  }

  @inline(__always)
  private static func upper(_ byte: UInt8) -> UInt8 { byte &- 0x61 < 26 ? byte &- 0x20 : byte }

  /// Number of UTF-16 units.
  static func count(_ text: String) -> Int { text.utf16.count }

  /// The text without ASCII white space at the ends; nil when an end is not ASCII.
  static func trimmed(_ text: String, start: Bool, end: Bool) -> String? {
    let bytes = text.utf8Span.span
    var (from, to) = (0, bytes.count)
    while start, from < to, isBlank(bytes[from]) { from &+= 1 }
    while end, to > from, isBlank(bytes[to &- 1]) { to &-= 1 }
    if from < to, start && bytes[from] & 0x80 != 0 || end && bytes[to &- 1] & 0x80 != 0 { return nil }
    return from == 0 && to == bytes.count ? text : part(text, from, to)
  }

  @inline(__always)
  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 9 < 5 }

  /// The parts between occurrences of an ASCII character.
  static func split(_ text: String, at separator: UInt8) -> [Value] {
    let bytes = text.utf8Span.span
    var count = 1
    for index in bytes.indices where bytes[index] == separator { count += 1 }
    var parts: [Value] = []
    parts.reserveCapacity(count)
    var start = 0
    for index in bytes.indices where bytes[index] == separator {
      parts.append(.string(part(text, start, index)))
      start = index + 1
    }
    parts.append(.string(start == 0 ? text : part(text, start, bytes.count)))
    return parts
  }

  /// The bytes of a text from one place to another, both between characters.
  static func part(_ text: String, _ from: Int, _ to: Int) -> String {
    if from == 0, to == text.utf8.count { return text }
    let fast = text.utf8.withContiguousStorageIfAvailable { bytes in
      String(decoding: UnsafeBufferPointer(rebasing: bytes[from..<to]), as: UTF8.self)
    }
    return fast ?? String(decoding: text.utf8.dropFirst(from).prefix(to - from), as: UTF8.self)
  }
}
