/// Reads .NET's syntax of regular expressions.
///
/// Two passes: the first finds the groups, for `\2` and `(?(name)…)` depend on groups that come later.
struct RegexParser {
  let text: [UInt32]
  let source: String
  var index = 0
  var flags: RegexFlags
  private var depth = 0
  private var groups: Groups
  /// Whether the groups are known: the second pass.
  let isFinal: Bool

  private static let maximumDepth = 200

  struct Groups {
    /// Numbers of groups, of those without a name and those with a number for a name.
    var numbers: Set<Int> = [0]
    /// Names in order of appearance; they get the numbers that are left.
    var names: [String] = []
    var numberOfName: [String: Int] = [:]
    fileprivate var nextNumber = 1
    /// How many groups of the pattern have each number.
    var uses: [Int: Int] = [:]

    fileprivate mutating func nameAll() {
      for name in names {
        while numbers.contains(nextNumber) { nextNumber += 1 }
        numberOfName[name] = nextNumber
        numbers.insert(nextNumber)
      }
    }
  }

  /// ArgumentException for a pattern that is none.
  static func parse(_ pattern: String, _ flags: RegexFlags) throws -> (node: RegexNode, groups: Groups) {
    var scout = RegexParser(pattern, flags, Groups(), isFinal: false)
    _ = try scout.whole()
    var groups = scout.groups
    groups.nameAll()
    groups.uses = [:]
    groups.nextNumber = 1
    var parser = RegexParser(pattern, flags, groups, isFinal: true)
    let node = try parser.whole()
    return (node, parser.groups)
  }

  private init(_ pattern: String, _ flags: RegexFlags, _ groups: Groups, isFinal: Bool) {
    source = pattern
    text = pattern.unicodeScalars.map(\.value)
    self.flags = flags
    self.groups = groups
    self.isFinal = isFinal
  }

  /// A reader of escapes only.
  init(_ text: String) { self.init(text, [], Groups(), isFinal: true) }

  func failure(_ message: String) -> DotNetException {
    .argument("Invalid pattern '\(source)' at offset \(index). \(message)")
  }

  var peek: UInt32? { index < text.count ? text[index] : nil }

  func peek(_ ahead: Int) -> UInt32? { index + ahead < text.count ? text[index + ahead] : nil }

  mutating func accept(_ character: Unicode.Scalar) -> Bool {
    guard peek == character.value else { return false }
    index += 1
    return true
  }

  func isNext(_ word: String) -> Bool { text[min(index, text.count)...].starts(with: word.unicodeScalars.map(\.value)) }

  private mutating func whole() throws -> RegexNode {
    let node = try alternatives()
    if index < text.count { throw failure("Too many )'s.") }
    return node
  }

  /// Alternatives up to a closing bracket or the end. Options set inside end with them.
  private mutating func alternatives() throws -> RegexNode {
    depth += 1
    let saved = flags
    defer {
      depth -= 1
      flags = saved
    }
    guard depth <= Self.maximumDepth else { throw failure("The pattern is nested too deeply.") }
    var branches = [try sequence()]
    while accept("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .alternatives(branches)
  }

  private mutating func skipBlanks() throws {
    while true {
      if flags.contains(.ignoreWhiteSpace), let next = peek {
        if next == 0x20 || (0x09...0x0D).contains(next) {
          index += 1
          continue
        }
        if next == 0x23 {
          while let next = peek, next != 0x0A { _ = next; index += 1 }
          continue
        }
      }
      guard isNext("(?#") else { return }
      while let next = peek, next != 0x29 { _ = next; index += 1 }
      guard accept(")") else { throw failure("Unterminated (?#...) comment.") }
    }
  }

  private mutating func sequence() throws -> RegexNode {
    var nodes: [RegexNode] = []
    while true {
      try skipBlanks()
      guard let next = peek, next != 0x7C, next != 0x29 else { break }
      guard let node = try atom(next) else { continue }
      nodes.append(try quantified(node))
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  // MARK: - Atoms

  private mutating func atom(_ next: UInt32) throws -> RegexNode? {
    index += 1
    switch Unicode.Scalar(next) {
    case "(": return try group()
    case "[": return .set(try set(), ignoresCase: flags.contains(.ignoreCase))
    case ".": return .any(all: flags.contains(.singleline))
    case "^": return .anchor(flags.contains(.multiline) ? .lineStart : .textStart)
    case "$": return .anchor(flags.contains(.multiline) ? .lineEnd : .textEndOrLastLine)
    case "\\": return try escape()
    case "*", "+", "?":
      index -= 1
      throw failure("Quantifier {x,y} following nothing.")
    case "{":
      index -= 1
      if try quantifier() != nil { throw failure("Quantifier {x,y} following nothing.") }
      index += 1
      return literal(next)
    default: return literal(next)
    }
  }

  func literal(_ value: UInt32) -> RegexNode { .literal(value, ignoresCase: flags.contains(.ignoreCase)) }

  private mutating func quantified(_ node: RegexNode) throws -> RegexNode {
    try skipBlanks()
    guard let (minimum, maximum) = try quantifier() else { return node }
    let isLazy = accept("?")
    try skipBlanks()
    let start = index
    if try quantifier() != nil {
      index = start
      throw failure("Nested quantifier '\(Unicode.Scalar(text[start]).map { String($0) } ?? "")'.")
    }
    return .loop(node, minimum: minimum, maximum: maximum, isLazy: isLazy)
  }

  /// `*`, `+`, `?` or `{n,m}`; nil, and nothing read, when there is none.
  private mutating func quantifier() throws -> (Int, Int?)? {
    switch peek.flatMap({ Unicode.Scalar($0) }) {
    case "*":
      index += 1
      return (0, nil)
    case "+":
      index += 1
      return (1, nil)
    case "?":
      index += 1
      return (0, 1)
    case "{": return try counted()
    default: return nil
    }
  }

  /// `{n}`, `{n,}` or `{n,m}`; nil, and nothing read, for a brace that is a plain character.
  private mutating func counted() throws -> (Int, Int?)? {
    let start = index
    index += 1
    if let minimum = try number() {
      let maximum = accept(",") ? try number() : minimum
      if accept("}") {
        if let maximum, maximum < minimum { throw failure("Illegal {x,y} with x > y.") }
        return (minimum, maximum)
      }
    }
    index = start
    return nil
  }

  mutating func number() throws -> Int? {
    var result: Int?
    while let digit = peek, (0x30...0x39).contains(digit) {
      let value = (result ?? 0) * 10 + Int(digit - 0x30)
      guard value <= Int(Int32.max) else {
        throw failure("Capture group numbers must be less than or equal to Int32.MaxValue.")
      }
      result = value
      index += 1
    }
    return result
  }

  // MARK: - Groups

  /// What follows `(`.
  private mutating func group() throws -> RegexNode? {
    guard accept("?") else {
      if flags.contains(.explicitCapture) { return try closed(try alternatives()) }
      let number = groups.nextNumber
      groups.nextNumber += 1
      note(number)
      return .capture(number, try closed(try alternatives()))
    }
    guard let kind = peek else { throw failure("Unrecognized grouping construct.") }
    index += 1
    switch Unicode.Scalar(kind) {
    case ":": return try closed(try alternatives())
    case "=": return .look(try closed(try alternatives()), isAhead: true, isNegative: false)
    case "!": return .look(try closed(try alternatives()), isAhead: true, isNegative: true)
    case ">": return .atomic(try closed(try alternatives()))
    case "<":
      if accept("=") { return .look(try closed(try alternatives()), isAhead: false, isNegative: false) }
      if accept("!") { return .look(try closed(try alternatives()), isAhead: false, isNegative: true) }
      return try named(until: ">")
    case "'": return try named(until: "'")
    case "(": return try conditional()
    default:
      index -= 1
      return try options()
    }
  }

  private mutating func closed(_ node: RegexNode) throws -> RegexNode {
    guard accept(")") else { throw failure("Not enough )'s.") }
    return node
  }

  private mutating func note(_ number: Int) {
    groups.numbers.insert(number)
    groups.uses[number, default: 0] += 1
  }

  /// The number of a group by its written name or number; nil when there is none.
  func groupNumber(_ name: String) -> Int? {
    if let number = Int(name) { return !isFinal || groups.numbers.contains(number) ? number : nil }
    if !isFinal { return 0 }
    return groups.numberOfName[name]
  }

  func hasGroup(_ number: Int) -> Bool { !isFinal || groups.numbers.contains(number) }

  mutating func word() -> String {
    let start = index
    while let next = peek, RegexSet.Category.word.contains(next) { index += 1 }
    return String(String.UnicodeScalarView(text[start..<index].compactMap { Unicode.Scalar($0) }))
  }

  /// `(?<name>…)`, `(?<3>…)`, `(?<name-other>…)`.
  private mutating func named(until close: Unicode.Scalar) throws -> RegexNode {
    let name = word()
    var popped: Int?
    if accept("-") {
      let other = word()
      guard let number = groupNumber(other) else {
        throw failure("Reference to undefined group name '\(other)'.")
      }
      popped = number
    }
    guard accept(close), !name.isEmpty || popped != nil else {
      throw failure("Invalid group name: Group names must begin with a word character.")
    }
    var pushed: Int?
    if let number = Int(name) {
      guard number > 0 else { throw failure("Capture number cannot be zero.") }
      note(number)
      pushed = number
    } else if !name.isEmpty {
      guard let first = name.unicodeScalars.first, first.properties.numericType == nil else {
        throw failure("Invalid group name: Group names must begin with a word character.")
      }
      if !isFinal {
        if !groups.names.contains(name) { groups.names.append(name) }
      } else if let number = groups.numberOfName[name] {
        note(number)
      }
      pushed = groups.numberOfName[name] ?? 0
    }
    let body = try closed(try alternatives())
    if let popped { return .balance(push: pushed, pop: popped, body) }
    return .capture(pushed ?? 0, body)
  }

  /// `(?(1)yes|no)`, `(?(name)yes|no)`, `(?(expression)yes|no)`.
  private mutating func conditional() throws -> RegexNode {
    let start = index
    let name = word()
    var condition: RegexNode.Condition?
    if !name.isEmpty, peek == 0x29 {
      if Int(name) != nil {
        guard let number = groupNumber(name) else {
          throw failure("(?(\(name))) reference to undefined group.")
        }
        condition = .captured(number)
      } else if isFinal, let number = groups.numberOfName[name] {
        condition = .captured(number)
      }
    }
    if condition != nil {
      index += 1
    } else {
      // Brackets around a condition do not capture; a lookaround may be written out.
      index = start
      let isLook = isNext("?=") || isNext("?!") || isNext("?<=") || isNext("?<!")
      if isLook, let look = try group() {
        condition = .matches(look)
      } else {
        condition = .matches(.look(try closed(try alternatives()), isAhead: true, isNegative: false))
      }
    }
    let branches = try closed(try alternatives())
    guard let condition else { return branches }
    switch branches {
    case .alternatives(let nodes):
      guard nodes.count == 2 else { throw failure("Too many | in (?()|).") }
      return .conditional(condition, nodes[0], nodes[1])
    default: return .conditional(condition, branches, .empty)
    }
  }

  /// `(?i-m)` for what follows, or `(?i-m:…)`.
  private mutating func options() throws -> RegexNode? {
    var changed = flags
    var isOff = false
    while let next = peek {
      index += 1
      let flag: RegexFlags
      switch Unicode.Scalar(next) {
      case "i", "I": flag = .ignoreCase
      case "m", "M": flag = .multiline
      case "n", "N": flag = .explicitCapture
      case "s", "S": flag = .singleline
      case "x", "X": flag = .ignoreWhiteSpace
      case "+", "-":
        isOff = next == 0x2D
        continue
      case ")":
        flags = changed
        return nil
      case ":":
        let saved = flags
        flags = changed
        defer { flags = saved }
        return try closed(try alternatives())
      default: throw failure("Unrecognized grouping construct.")
      }
      if isOff { changed.remove(flag) } else { changed.insert(flag) }
    }
    throw failure("Unrecognized grouping construct.")
  }
}
