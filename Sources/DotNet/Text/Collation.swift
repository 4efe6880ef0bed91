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
    // Plain letters come before their ligatures and wide forms, small letters before capitals.
    for (p, q) in zip(x, y) {
      let (m, n) = (p.third(ignoresCase), q.third(ignoresCase))
      if m != n { return m < n ? -1 : 1 }
    }
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
    /// A part of a ligature, or another form of a letter: `æ`, `ﬁ`, `ａ`.
    var isVariant: Bool
    var marks: [UInt32] = []
    /// UTF-16 units before it.
    var offset: Int

    func third(_ ignoresCase: Bool) -> Int { (isUpper && !ignoresCase ? 2 : 0) + (isVariant ? 1 : 0) }

    func isLike(_ other: Element, _ ignoresCase: Bool) -> Bool {
      primary == other.primary && marks == other.marks && third(ignoresCase) == other.third(ignoresCase)
    }
  }

  private static func elements(_ text: String, from start: Int = 0) -> [Element] {
    var result: [Element] = []
    var offset = 0
    for character in text {
      defer { offset += character.utf16.count }
      if offset < start { continue }
      let whole = character.isASCII ? String(character) : String(character).decomposedStringWithCanonicalMapping
      let (scalars, isVariant) = character.isASCII ? (whole, false) : expanded(whole)
      for scalar in scalars.unicodeScalars where !isIgnored(scalar) {
        if scalar.properties.generalCategory == .nonspacingMark, !result.isEmpty {
          result[result.count - 1].marks.append(scalar.value)
        } else {
          let small = InvariantCase.lower(scalar)
          result.append(Element(primary: weight(small), isUpper: small != scalar, isVariant: isVariant, offset: offset))
        }
      }
    }
    return result
  }

  /// Ligatures and other forms of letters as the letters they stand for, and whether there were any.
  private static func expanded(_ text: String) -> (String, Bool) {
    var result = ""
    for scalar in text.unicodeScalars {
      if let letters = ligatures[scalar] {
        result += letters
      } else if scalar.properties.isAlphabetic {
        result += String(scalar).decomposedStringWithCompatibilityMapping
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return (result, result != text)
  }

  /// Those that Unicode does not take apart itself.
  private static let ligatures: [Unicode.Scalar: String] = [
    "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ß": "ss", "ẞ": "SS",
  ]

  private static func isIgnored(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .format: true
    case .control: !(0x09...0x0D).contains(scalar.value)
    default: false
    }
  }

  /// Blanks, signs, digits, letters: the order of the root collation.
  private static func weight(_ scalar: Unicode.Scalar) -> UInt32 {
    // Latin letters keep room behind them for those that follow them in the alphabet.
    if let place = behind[scalar] { return place }
    if scalar.value < 0x80, scalar.properties.isAlphabetic { return 0x40_0000 + scalar.value << 4 }
    if scalar.properties.isAlphabetic { return 0x41_0000 + scalar.value }
    if let number = scalar.properties.numericValue, number >= 0, number < 1000 {
      return 0x20_0000 + UInt32(number * 1000)
    }
    return signs[scalar] ?? 0x10_0000 + scalar.value
  }

  /// Letters of their own behind a letter of the English alphabet.
  private static let behind: [Unicode.Scalar: UInt32] = {
    var result: [Unicode.Scalar: UInt32] = [:]
    for (letter, after) in [("đ", "d"), ("ð", "d"), ("ħ", "h"), ("ı", "i"), ("ł", "l"), ("ŋ", "n"), ("ø", "o")]
      as [(Unicode.Scalar, Unicode.Scalar)]
    {
      let place = 0x40_0000 + after.value << 4 + 1
      result[letter] = result.values.contains(place) ? place + 1 : place
    }
    return result
  }()

  private static let signs: [Unicode.Scalar: UInt32] = {
    var result: [Unicode.Scalar: UInt32] = [:]
    let order = "\t\n\u{B}\u{C}\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
    for (place, sign) in order.unicodeScalars.enumerated() { result[sign] = UInt32(place) }
    return result
  }()
}
