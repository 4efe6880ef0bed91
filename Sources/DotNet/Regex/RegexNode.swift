/// A .NET regular expression as a tree. Groups go by .NET's numbers.
indirect enum RegexNode: Sendable {
  case literal(UInt32, ignoresCase: Bool)
  /// `.`; `all` includes the line feed.
  case any(all: Bool)
  case set(RegexSet, ignoresCase: Bool)
  case anchor(Anchor)
  case sequence([RegexNode])
  case alternatives([RegexNode])
  case capture(Int, RegexNode)
  /// `(?<push-pop>…)`: takes the last capture of one group away and, with `push`, captures what lies between.
  case balance(push: Int?, pop: Int, RegexNode)
  case look(RegexNode, isAhead: Bool, isNegative: Bool)
  case atomic(RegexNode)
  case loop(RegexNode, minimum: Int, maximum: Int?, isLazy: Bool)
  case reference(Int, ignoresCase: Bool)
  case conditional(Condition, RegexNode, RegexNode)

  enum Anchor: Sendable {
    case textStart, textEnd, textEndOrLastLine, lineStart, lineEnd, searchStart, wordBoundary, noWordBoundary
  }

  enum Condition: Sendable {
    case captured(Int)
    case matches(RegexNode)
  }

  static let empty = RegexNode.sequence([])
}

/// Options of a part of a pattern, as `RegexOptions` has them.
struct RegexFlags: OptionSet, Sendable {
  let rawValue: Int
  static let ignoreCase = RegexFlags(rawValue: 1)
  static let multiline = RegexFlags(rawValue: 2)
  static let explicitCapture = RegexFlags(rawValue: 4)
  static let singleline = RegexFlags(rawValue: 16)
  static let ignoreWhiteSpace = RegexFlags(rawValue: 32)
  static let rightToLeft = RegexFlags(rawValue: 64)
  static let ecmaScript = RegexFlags(rawValue: 256)

  /// All bits `RegexOptions` has; `Compiled` and `CultureInvariant` change nothing here.
  static let known = 0x37F
}

/// A set of characters: `[a-z\d-[aeiou]]`, `\w`, `\p{Lu}`.
struct RegexSet: Sendable {
  /// A named class of characters.
  enum Category: Sendable, Hashable {
    case digit, word, space
    /// A Unicode general category or its first letter.
    case general(String)
  }

  var ranges: [ClosedRange<UInt32>] = []
  var categories: [(category: Category, isNegated: Bool)] = []
  var isNegated = false
  /// At most one: what is taken out again.
  var subtracted: [RegexSet] = []

  static func of(_ category: Category, isNegated: Bool, ecmaScript: Bool) -> RegexSet {
    var set = RegexSet()
    guard ecmaScript, let ranges = asciiRanges[category] else {
      set.categories = [(category, isNegated)]
      return set
    }
    set.ranges = ranges
    set.isNegated = isNegated
    return set
  }

  private static let asciiRanges: [Category: [ClosedRange<UInt32>]] = [
    .digit: [0x30...0x39], .word: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A],
    .space: [0x09...0x0D, 0x20...0x20],
  ]

  func contains(_ value: UInt32, ignoresCase: Bool) -> Bool {
    if !ignoresCase { return contains(value) }
    return contains(value) || contains(RegexCase.lower(value)) || contains(RegexCase.upper(value))
  }

  private func contains(_ value: UInt32) -> Bool {
    let isIn =
      ranges.contains { $0.contains(value) } || categories.contains { $0.category.contains(value) != $0.isNegated }
    return isIn != isNegated && !subtracted.contains { $0.contains(value) }
  }
}

extension RegexSet.Category {
  func contains(_ value: UInt32) -> Bool {
    guard let scalar = Unicode.Scalar(value) else { return false }
    switch self {
    case .digit:
      return value < 0x80 ? (0x30...0x39).contains(value) : scalar.properties.generalCategory == .decimalNumber
    case .space:
      if value < 0x80 { return value == 0x20 || (0x09...0x0D).contains(value) }
      return value == 0x85 || Self.name(scalar).hasPrefix("Z")
    case .word:
      if value < 0x80 { return value == 0x5F || Self.isASCIILetterOrDigit(value) }
      let name = Self.name(scalar)
      return name.hasPrefix("L") || name == "Mn" || name == "Nd" || name == "Pc"
    case .general(let wanted): return Self.name(scalar).hasPrefix(wanted)
    }
  }

  private static func isASCIILetterOrDigit(_ value: UInt32) -> Bool {
    (0x30...0x39).contains(value) || (0x61...0x7A).contains(value | 0x20)
  }

  private static func name(_ scalar: Unicode.Scalar) -> String {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter: "Lu"
    case .lowercaseLetter: "Ll"
    case .titlecaseLetter: "Lt"
    case .modifierLetter: "Lm"
    case .otherLetter: "Lo"
    case .nonspacingMark: "Mn"
    case .spacingMark: "Mc"
    case .enclosingMark: "Me"
    case .decimalNumber: "Nd"
    case .letterNumber: "Nl"
    case .otherNumber: "No"
    case .connectorPunctuation: "Pc"
    case .dashPunctuation: "Pd"
    case .openPunctuation: "Ps"
    case .closePunctuation: "Pe"
    case .initialPunctuation: "Pi"
    case .finalPunctuation: "Pf"
    case .otherPunctuation: "Po"
    case .mathSymbol: "Sm"
    case .currencySymbol: "Sc"
    case .modifierSymbol: "Sk"
    case .otherSymbol: "So"
    case .spaceSeparator: "Zs"
    case .lineSeparator: "Zl"
    case .paragraphSeparator: "Zp"
    case .control: "Cc"
    case .format: "Cf"
    case .surrogate: "Cs"
    case .privateUse: "Co"
    case .unassigned: "Cn"
    @unknown default: "Cn"
    }
  }

  static let generalNames: Set<String> = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi",
    "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Cs", "Co", "Cn",
  ]
}

/// Characters in the other case, where that is one character.
enum RegexCase {
  static func lower(_ value: UInt32) -> UInt32 {
    if value < 0x80 { return (0x41...0x5A).contains(value) ? value + 0x20 : value }
    return single(Unicode.Scalar(value)?.properties.lowercaseMapping) ?? value
  }

  static func upper(_ value: UInt32) -> UInt32 {
    if value < 0x80 { return (0x61...0x7A).contains(value) ? value - 0x20 : value }
    return single(Unicode.Scalar(value)?.properties.uppercaseMapping) ?? value
  }

  private static func single(_ mapping: String?) -> UInt32? {
    guard let scalars = mapping?.unicodeScalars, let first = scalars.first, scalars.count == 1 else { return nil }
    return first.value
  }

  static func areEqual(_ a: UInt32, _ b: UInt32, ignoresCase: Bool) -> Bool {
    a == b || (ignoresCase && (lower(a) == lower(b) || upper(a) == upper(b)))
  }
}
