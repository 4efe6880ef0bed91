import Foundation

/// The order and likeness of texts in the invariant culture: letters by alphabet first, accents second, case last.
///
/// A text is a list of elements: a character with the accents behind it. What has no weight (soft hyphens, zero-width
/// characters, controls) does not count.
public enum Collation {
  /// `string.Compare(a, b)`: -1, 0 or 1.
  public static func compare(_ a: String, _ b: String, ignoresCase: Bool = false) -> Int {
    let (x, y) = (elements(a), elements(b))
    for (p, q) in zip(x, y) where p.primary != q.primary { return p.primary < q.primary ? -1 : 1 }
    if x.count != y.count { return x.count < y.count ? -1 : 1 }
    for (p, q) in zip(x, y) where p.marks != q.marks { return p.marks.lexicographicallyPrecedes(q.marks) ? -1 : 1 }
    if ignoresCase { return 0 }
    // Small letters come before capitals.
    for (p, q) in zip(x, y) where p.isUpper != q.isUpper { return q.isUpper ? -1 : 1 }
    return 0
  }

  /// The place of the first (or last) part of `text` from UTF-16 unit `start` on that is like `wanted`; -1 when there is
  /// none.
  public static func place(
    of wanted: String, in text: String, from start: Int = 0, ignoresCase: Bool = false, isLast: Bool = false
  ) -> Int {
    let (all, part) = (elements(text, from: start), elements(wanted))
    if part.isEmpty { return isLast ? text.utf16.count : start }
    guard all.count >= part.count else { return -1 }
    let places = 0...(all.count - part.count)
    func holds(_ place: Int) -> Bool {
      for index in part.indices where !all[place + index].isLike(part[index], ignoresCase) { return false }
      return true
    }
    let found = isLast ? places.last(where: holds) : places.first(where: holds)
    return found.map { all[$0].offset } ?? -1
  }

  /// `StartsWith`, or `EndsWith`.
  public static func isEdge(_ part: String, of text: String, ignoresCase: Bool, atEnd: Bool) -> Bool {
    let (all, wanted) = (elements(text), elements(part))
    guard all.count >= wanted.count else { return false }
    let edge = atEnd ? all.suffix(wanted.count) : all.prefix(wanted.count)
    return zip(edge, wanted).allSatisfy { $0.isLike($1, ignoresCase) }
  }

  private struct Element {
    var primary: UInt32
    var isUpper: Bool
    var marks: [UInt32] = []
    /// UTF-16 units before it.
    var offset: Int

    func isLike(_ other: Element, _ ignoresCase: Bool) -> Bool {
      primary == other.primary && marks == other.marks && (ignoresCase || isUpper == other.isUpper)
    }
  }

  private static func elements(_ text: String, from start: Int = 0) -> [Element] {
    var result: [Element] = []
    var offset = 0
    for character in text {
      defer { offset += character.utf16.count }
      if offset < start { continue }
      let scalars = character.isASCII ? String(character) : String(character).decomposedStringWithCanonicalMapping
      for scalar in scalars.unicodeScalars where !isIgnored(scalar) {
        if scalar.properties.generalCategory == .nonspacingMark, !result.isEmpty {
          result[result.count - 1].marks.append(scalar.value)
        } else {
          let small = InvariantCase.lower(scalar)
          result.append(Element(primary: weight(small), isUpper: small != scalar, offset: offset))
        }
      }
    }
    return result
  }

  private static func isIgnored(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .format: true
    case .control: !(0x09...0x0D).contains(scalar.value)
    default: false
    }
  }

  /// Blanks, signs, digits, letters: the order of the root collation.
  private static func weight(_ scalar: Unicode.Scalar) -> UInt32 {
    if scalar.properties.isAlphabetic { return 0x40_0000 + scalar.value }
    if let number = scalar.properties.numericValue, number >= 0, number < 1000 {
      return 0x20_0000 + UInt32(number * 1000)
    }
    return signs[scalar] ?? 0x10_0000 + scalar.value
  }

  private static let signs: [Unicode.Scalar: UInt32] = {
    var result: [Unicode.Scalar: UInt32] = [:]
    let order = "\t\n\u{B}\u{C}\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
    for (place, sign) in order.unicodeScalars.enumerated() { result[sign] = UInt32(place) }
    return result
  }()
}
