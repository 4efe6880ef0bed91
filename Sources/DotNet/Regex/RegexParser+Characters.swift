/// Escapes and sets of characters.
extension RegexParser {
  private var ecmaScript: Bool { flags.contains(.ecmaScript) }

  private func category(_ category: RegexSet.Category, _ isNegated: Bool) -> RegexNode {
    .set(.of(category, isNegated: isNegated, ecmaScript: ecmaScript), ignoresCase: false)
  }

  /// What follows a backslash outside of brackets.
  mutating func escape() throws -> RegexNode {
    guard let next = peek else { throw failure("Illegal \\ at end of pattern.") }
    switch Unicode.Scalar(next) {
    case "b", "B", "A", "Z", "z", "G":
      index += 1
      switch Unicode.Scalar(next) {
      case "b": return .anchor(.wordBoundary)
      case "B": return .anchor(.noWordBoundary)
      case "A": return .anchor(.textStart)
      case "Z": return .anchor(.textEndOrLastLine)
      case "z": return .anchor(.textEnd)
      default: return .anchor(.searchStart)
      }
    case "w", "W", "d", "D", "s", "S":
      index += 1
      return classEscape(next)
    case "p", "P":
      index += 1
      return .set(try property(isNegated: next == 0x50), ignoresCase: false)
    case "k": return try namedReference()
    case "1", "2", "3", "4", "5", "6", "7", "8", "9":
      if let node = try numberedReference() { return node }
      return literal(try character())
    default: return literal(try character())
    }
  }

  private func classEscape(_ letter: UInt32) -> RegexNode {
    let isNegated = letter < 0x61
    switch Unicode.Scalar(letter | 0x20) {
    case "w": return category(.word, isNegated)
    case "d": return category(.digit, isNegated)
    default: return category(.space, isNegated)
    }
  }

  private func reference(_ number: Int) -> RegexNode { .reference(number, ignoresCase: flags.contains(.ignoreCase)) }

  private mutating func namedReference() throws -> RegexNode {
    index += 1
    let isAngle = accept("<")
    guard isAngle || accept("'") else { throw failure("Malformed \\k<...> named back reference.") }
    let name = word()
    guard accept(isAngle ? ">" : "'") else { throw failure("Malformed \\k<...> named back reference.") }
    guard let number = groupNumber(name) else {
      throw failure("Reference to undefined group name '\(name)'.")
    }
    return reference(number)
  }

  /// `\1`; nil, and nothing read, when the digits name no group and may be a character's number.
  private mutating func numberedReference() throws -> RegexNode? {
    let start = index
    guard let number = try number() else { return nil }
    if hasGroup(number) { return reference(number) }
    if number <= 9, !ecmaScript { throw failure("Reference to undefined group number \(number).") }
    index = start
    return nil
  }

  /// A character written with a backslash, which has been read.
  private mutating func character() throws -> UInt32 {
    guard let next = peek else { throw failure("Illegal \\ at end of pattern.") }
    if (0x30...0x37).contains(next) { return octal() }
    index += 1
    switch Unicode.Scalar(next) {
    case "x": return try hexadecimal(2)
    case "u":
      let unit = try hexadecimal(4)
      // A pair of surrogates is one character.
      guard unit & 0xFC00 == 0xD800, isNext("\\u") else { return unit }
      let start = index
      index += 2
      let low = try hexadecimal(4)
      guard low & 0xFC00 == 0xDC00 else {
        index = start
        return unit
      }
      return 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
    case "a": return 0x07
    case "b": return 0x08
    case "e": return 0x1B
    case "f": return 0x0C
    case "n": return 0x0A
    case "r": return 0x0D
    case "t": return 0x09
    case "v": return 0x0B
    case "c":
      guard let letter = peek else { throw failure("Missing control character.") }
      index += 1
      let value = ((0x61...0x7A).contains(letter) ? letter - 0x20 : letter) &- 0x40
      guard value < 0x20 else { throw failure("Unrecognized control character.") }
      return value
    default:
      if !ecmaScript, RegexSet.Category.word.contains(next) {
        throw failure("Unrecognized escape sequence \\\(Unicode.Scalar(next).map { String($0) } ?? "").")
      }
      return next
    }
  }

  private mutating func octal() -> UInt32 {
    var value: UInt32 = 0
    var count = 0
    while count < 3, let digit = peek, (0x30...0x37).contains(digit) {
      value = value * 8 + (digit - 0x30)
      index += 1
      count += 1
    }
    return value & 0xFF
  }

  private mutating func hexadecimal(_ count: Int) throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<count {
      guard let digit = peek, let character = Unicode.Scalar(digit), character.isASCII,
        let number = Character(character).hexDigitValue
      else { throw failure("Insufficient hexadecimal digits.") }
      value = value << 4 | UInt32(number)
      index += 1
    }
    return value
  }

  /// `{Lu}` or `{IsCyrillic}` after `\p`.
  private mutating func property(isNegated: Bool) throws -> RegexSet {
    guard accept("{") else { throw failure("Malformed \\p{X} character escape.") }
    let start = index
    while let next = peek, next != 0x7D { _ = next; index += 1 }
    let name = String(String.UnicodeScalarView(text[start..<index].compactMap { Unicode.Scalar($0) }))
    guard accept("}") else { throw failure("Incomplete \\p{X} character escape.") }
    var set = RegexSet()
    let cased = ["Lu", "Ll", "Lt"]
    if cased.contains(name), flags.contains(.ignoreCase) {
      // Without case one kind of letter stands for all that have case.
      set.categories = cased.map { (.general($0), false) }
      set.isNegated = isNegated
    } else if RegexSet.Category.generalNames.contains(name) {
      set.categories = [(.general(name), isNegated)]
    } else if let range = RegexBlocks.range(name) {
      set.ranges = [range]
      set.isNegated = isNegated
    } else {
      throw failure("Unknown property '\(name)'.")
    }
    return set
  }

  /// A text with its escapes carried out.
  static func unescaped(_ text: String) throws -> String {
    var parser = RegexParser(text)
    var result = String.UnicodeScalarView()
    while let next = parser.peek {
      parser.index += 1
      let value = next == 0x5C ? try parser.character() : next
      result.append(Unicode.Scalar(value) ?? "\u{FFFD}")
    }
    return String(result)
  }

  // MARK: - Sets

  /// A set after its `[`, with its `]`.
  mutating func set() throws -> RegexSet {
    var result = RegexSet()
    result.isNegated = accept("^")
    var isFirst = true
    while true {
      guard let next = peek else { throw failure("Unterminated [] set.") }
      index += 1
      if next == 0x5D, !isFirst { return result }
      if next == 0x2D, peek == 0x5B, !isFirst {
        index += 1
        try subtract(&result)
        return result
      }
      isFirst = false
      guard let low = try member(next, &result) else { continue }
      guard peek == 0x2D, let after = peek(1), after != 0x5D else {
        result.ranges.append(low...low)
        continue
      }
      index += 1
      if after == 0x5B {
        // `-[…]` takes characters out and ends the set.
        result.ranges.append(low...low)
        index += 1
        try subtract(&result)
        return result
      }
      index += 1
      guard let high = try member(after, &result) else {
        throw failure("Cannot include class in character range.")
      }
      guard high >= low else { throw failure("[x-y] range in reverse order.") }
      result.ranges.append(low...high)
    }
  }

  private mutating func subtract(_ set: inout RegexSet) throws {
    let start = index
    set.subtracted = [try self.set()]
    guard accept("]") else {
      index = start
      throw failure("A subtraction must be the last element in a character class.")
    }
  }

  /// One character of a set; nil when it was a class of characters, which is added.
  private mutating func member(_ next: UInt32, _ set: inout RegexSet) throws -> UInt32? {
    if next == 0x5C {
      guard let letter = peek else { throw failure("Illegal \\ at end of pattern.") }
      switch Unicode.Scalar(letter) {
      case "w", "W", "d", "D", "s", "S":
        index += 1
        if case .set(let found, _) = classEscape(letter) { add(found, to: &set) }
        return nil
      case "p", "P":
        index += 1
        add(try property(isNegated: letter == 0x50), to: &set)
        return nil
      case "-":
        index += 1
        return 0x2D
      default: return try character()
      }
    }
    return next
  }

  private func add(_ found: RegexSet, to set: inout RegexSet) {
    if found.isNegated {
      set.ranges += Self.complement(found.ranges)
    } else {
      set.ranges += found.ranges
      set.categories += found.categories
    }
  }

  private static func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
    var result: [ClosedRange<UInt32>] = []
    var next: UInt32 = 0
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
      next = max(next, range.upperBound + 1)
    }
    result.append(next...0x10FFFF)
    return result
  }
}
