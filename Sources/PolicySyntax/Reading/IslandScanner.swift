/// Finds where a C# island ends: the bracket that closes the one it began with, strings and comments skipped.
///
/// Reads each byte a bounded number of times in total: `budget` is shared by all scans of a document, so that a document
/// full of islands that never close costs linear time.
struct IslandScanner {
  /// Bytes still to be looked at.
  var budget: Int
  private static let deepestHole = 24

  init(budget: Int) { self.budget = budget }

  /// Whether an island begins here.
  static func begins(_ bytes: [UInt8], at offset: Int, end: Int) -> Bool {
    offset + 1 < end && bytes[offset] == Octet.at
      && (bytes[offset + 1] == Octet.openParenthesis || bytes[offset + 1] == Octet.openBrace)
  }

  /// Whether an island begins anywhere in the text.
  static func hasIsland(_ bytes: [UInt8]) -> Bool {
    bytes.indices.contains { begins(bytes, at: $0, end: bytes.count) }
  }

  /// The offset behind the island's closing bracket, nil when it never closes before `end`.
  ///
  /// - Parameters:
  ///   - offset: of the `@`.
  ///   - onCode: called with the offset of each byte that is neither in a string, a character nor a comment.
  mutating func end(
    _ bytes: [UInt8], at offset: Int, end: Int, onCode: (Int) -> Void = { _ in }
  ) -> Int? {
    let isBlock = bytes[offset + 1] == Octet.openBrace
    return code(
      bytes, from: offset + 2, end: end, open: isBlock ? Octet.openBrace : Octet.openParenthesis,
      close: isBlock ? Octet.closeBrace : Octet.closeParenthesis, depth: 0, onCode)
  }

  /// Skips C# up to the closing bracket; gives the offset behind it.
  private mutating func code(
    _ bytes: [UInt8], from: Int, end: Int, open: UInt8, close: UInt8, depth: Int, _ onCode: (Int) -> Void
  ) -> Int? {
    guard depth < Self.deepestHole else { return nil }
    var i = from
    var level = 1
    while i < end {
      budget -= 1
      if budget <= 0 { return nil }
      let byte = bytes[i]
      switch byte {
      case Octet.quote:
        i = string(bytes, from: i + 1, end: end)
      case Octet.at where bytes.has("@\"", at: i):
        i = verbatim(bytes, from: i + 2, end: end)
      case Octet.dollar where bytes.has("$\"", at: i):
        guard let next = interpolated(bytes, from: i + 2, end: end, isVerbatim: false, depth: depth, onCode) else {
          return nil
        }
        i = next
      case Octet.dollar where bytes.has("$@\"", at: i), Octet.at where bytes.has("@$\"", at: i):
        guard let next = interpolated(bytes, from: i + 3, end: end, isVerbatim: true, depth: depth, onCode) else {
          return nil
        }
        i = next
      case Octet.apostrophe:
        i = character(bytes, from: i, end: end)
      case Octet.slash where bytes.has("//", at: i):
        while i < end, bytes[i] != Octet.lf, bytes[i] != Octet.cr {
          i += 1
          budget -= 1
        }
      case Octet.slash where bytes.has("/*", at: i):
        let close = bytes.find("*/", from: i + 2, to: end).map { $0 + 2 } ?? end
        budget -= close - i
        i = close
      case open:
        level += 1
        onCode(i)
        i += 1
      case close:
        level -= 1
        i += 1
        if level == 0 { return i }
      default:
        onCode(i)
        i += 1
      }
    }
    return nil
  }

  /// Behind a plain string; a line's end ends it, for a compiler to complain.
  private mutating func string(_ bytes: [UInt8], from: Int, end: Int) -> Int {
    var i = from
    defer { budget -= i - from }
    while i < end {
      switch bytes[i] {
      case Octet.quote: return i + 1
      case Octet.backslash: i += 2
      case Octet.lf, Octet.cr: return i
      default: i += 1
      }
    }
    return min(i, end)
  }

  private mutating func verbatim(_ bytes: [UInt8], from: Int, end: Int) -> Int {
    var i = from
    defer { budget -= i - from }
    while i < end {
      if bytes[i] == Octet.quote {
        if i + 1 < end, bytes[i + 1] == Octet.quote {
          i += 2
          continue
        }
        return i + 1
      }
      i += 1
    }
    return end
  }

  private mutating func interpolated(
    _ bytes: [UInt8], from: Int, end: Int, isVerbatim: Bool, depth: Int, _ onCode: (Int) -> Void
  ) -> Int? {
    var i = from
    while i < end {
      budget -= 1
      if budget <= 0 { return nil }
      switch bytes[i] {
      case Octet.quote:
        if isVerbatim, i + 1 < end, bytes[i + 1] == Octet.quote { i += 2 } else { return i + 1 }
      case Octet.backslash where !isVerbatim: i += 2
      case Octet.lf where !isVerbatim, Octet.cr where !isVerbatim: return i
      case Octet.openBrace:
        if i + 1 < end, bytes[i + 1] == Octet.openBrace {
          i += 2
        } else {
          guard
            let next = code(
              bytes, from: i + 1, end: end, open: Octet.openBrace, close: Octet.closeBrace, depth: depth + 1, onCode)
          else { return nil }
          i = next
        }
      default: i += 1
      }
    }
    return min(i, end)
  }

  /// Behind a character literal; behind the apostrophe alone when it begins none.
  private func character(_ bytes: [UInt8], from: Int, end: Int) -> Int {
    var i = from + 1
    guard i < end else { return end }
    if bytes[i] == Octet.backslash {
      i += 2
      let limit = min(end, from + 12)
      while i < limit, bytes[i] != Octet.apostrophe, bytes[i] != Octet.lf { i += 1 }
    } else {
      i += 1
      while i < end, bytes[i] & 0xC0 == 0x80 { i += 1 }
    }
    return i < end && bytes[i] == Octet.apostrophe ? i + 1 : from + 1
  }
}
