/// Reads what stands in a tag or an output.
struct LiquidExpressionReader {
  private enum Token: Equatable {
    case word(String)
    case text(String)
    case number(String)
    case sign(String)
  }

  private var tokens: [Token] = []
  private var index = 0
  private let line: Int
  private var problem: LiquidError?
  private var depth = 0

  init(_ text: String, _ line: Int) {
    self.line = line
    do { tokens = try Self.split(text, line) } catch { problem = error }
  }

  private static let signs = ["==", "!=", "<>", "<=", ">=", ".."]

  private static func split(_ text: String, _ line: Int) throws(LiquidError) -> [Token] {
    var tokens: [Token] = []
    var rest = Substring(text)
    while let first = rest.first {
      if first.isWhitespace {
        rest.removeFirst()
      } else if first == "'" || first == "\"" {
        guard let end = rest.dropFirst().firstIndex(of: first) else {
          throw LiquidError("A text has no closing \(first).", line: line)
        }
        tokens.append(.text(String(rest[rest.index(after: rest.startIndex)..<end])))
        rest = rest[rest.index(after: end)...]
      } else if let sign = signs.first(where: { rest.hasPrefix($0) }) {
        tokens.append(.sign(sign))
        rest = rest.dropFirst(sign.count)
      } else if first.isNumber || (first == "-" && rest.dropFirst().first?.isNumber ?? false) {
        var number = String(rest.removeFirst())
        while let next = rest.first, next.isNumber || (next == "." && rest.dropFirst().first?.isNumber ?? false) {
          number.append(rest.removeFirst())
        }
        tokens.append(.number(number))
      } else if first.isLetter || first == "_" {
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        tokens.append(.word(String(word)))
        rest = rest.dropFirst(word.count)
      } else {
        tokens.append(.sign(String(rest.removeFirst())))
      }
    }
    return tokens
  }

  private func failure(_ message: String) -> LiquidError { problem ?? LiquidError(message, line: line) }

  private var shown: String {
    guard index < tokens.count else { return "the end" }
    switch tokens[index] {
    case .word(let text), .text(let text), .number(let text), .sign(let text): return "'\(text)'"
    }
  }

  var isAtEnd: Bool { problem == nil && index >= tokens.count }

  func finish() throws {
    if !isAtEnd { throw failure("Unexpected \(shown).") }
  }

  private mutating func accept(_ sign: String) -> Bool {
    guard index < tokens.count, tokens[index] == .sign(sign) else { return false }
    index += 1
    return true
  }

  private mutating func acceptWord(_ word: String) -> Bool {
    guard index < tokens.count, tokens[index] == .word(word) else { return false }
    index += 1
    return true
  }

  mutating func expect(_ sign: String) throws {
    if !accept(sign) { throw failure("Expected '\(sign)', found \(shown).") }
  }

  mutating func identifier() throws -> String {
    guard index < tokens.count, case .word(let word) = tokens[index] else {
      throw failure("Expected a name, found \(shown).")
    }
    index += 1
    return word
  }

  /// A name that may be written as a text.
  mutating func name() throws -> String {
    if index < tokens.count, case .text(let text) = tokens[index] {
      index += 1
      return text
    }
    return try identifier()
  }

  // MARK: - Operands

  mutating func output() throws -> LiquidOutput {
    var output = LiquidOutput(operand: try operand(), filters: [])
    while accept("|") {
      let name = try identifier()
      guard LiquidFilters.all[name] != nil else {
        let known = LiquidFilters.all.keys.first { $0.lowercased() == name.lowercased().filter { $0 != "_" } }
        throw failure("Unknown filter '\(name)'\(known.map { "; did you mean '\($0)'?" } ?? ".")")
      }
      var arguments: [LiquidOperand] = []
      if accept(":") { repeat { arguments.append(try operand()) } while accept(",") }
      output.filters.append((name, arguments))
    }
    return output
  }

  mutating func operand() throws -> LiquidOperand {
    depth += 1
    defer { depth -= 1 }
    if depth > 50 { throw failure("The expression is nested too deeply.") }
    guard index < tokens.count else { throw failure("A value is missing.") }
    let token = tokens[index]
    index += 1
    switch token {
    case .text(let text): return .literal(.text(text))
    case .number(let number):
      if let value = Int64(number) { return .literal(.integer(value)) }
      guard let value = Double(number) else { throw failure("'\(number)' is no number.") }
      return .literal(.real(value))
    case .sign("("):
      let from = try operand()
      try expect("..")
      let to = try operand()
      try expect(")")
      return .range(from, to)
    case .sign(let sign): throw failure("Unexpected '\(sign)'.")
    case .word(let word):
      switch word {
      case "true": return .literal(.bool(true))
      case "false": return .literal(.bool(false))
      case "nil", "null": return .literal(.null)
      case "empty": return .literal(.empty)
      case "blank": return .literal(.blank)
      default: return .variable(word, try accessors())
      }
    }
  }

  private mutating func accessors() throws -> [LiquidOperand.Accessor] {
    var result: [LiquidOperand.Accessor] = []
    while true {
      if accept(".") {
        result.append(.member(try identifier()))
      } else if accept("[") {
        result.append(.computed(try operand()))
        try expect("]")
      } else {
        return result
      }
    }
  }

  /// `a, b or c` of `when`.
  mutating func alternatives() throws -> [LiquidOperand] {
    var result = [try operand()]
    while accept(",") || acceptWord("or") { result.append(try operand()) }
    try finish()
    return result
  }

  // MARK: - Conditions

  /// `and` and `or` are read from the right, with equal strength.
  mutating func condition() throws -> LiquidCondition {
    depth += 1
    defer { depth -= 1 }
    if depth > 50 { throw failure("The condition is too long.") }
    let left = try comparison()
    if acceptWord("and") { return .both(left, try condition()) }
    if acceptWord("or") { return .either(left, try condition()) }
    return left
  }

  private mutating func comparison() throws -> LiquidCondition {
    let left = try operand()
    guard index < tokens.count else { return .holds(left) }
    let sign: String
    switch tokens[index] {
    case .sign(let text), .word(let text): sign = text
    default: throw failure("Unexpected \(shown).")
    }
    guard LiquidCondition.comparisons.contains(sign) else {
      if sign == "and" || sign == "or" { return .holds(left) }
      throw failure("Unknown operator '\(sign)'.")
    }
    index += 1
    return .compares(left, sign, try operand())
  }

  // MARK: - Tags

  mutating func loop() throws -> LiquidLoop {
    let variable = try identifier()
    guard acceptWord("in") else { throw failure("Expected 'in', found \(shown).") }
    var loop = LiquidLoop(
      form: .plain, variable: variable, source: try operand(), isReversed: false, body: [], otherwise: [])
    while index < tokens.count {
      let word = try identifier()
      switch word {
      case "reversed": loop.isReversed = true
      case "limit", "offset", "cols":
        try expect(":")
        let value = try operand()
        switch word {
        case "limit": loop.limit = value
        case "offset": loop.offset = value
        default: loop.form = .table(columns: value)
        }
        _ = accept(",")
      default: throw failure("Unexpected '\(word)'.")
      }
    }
    return loop
  }

  mutating func cycle() throws -> LiquidNode {
    var values = [try operand()]
    var group: LiquidOperand?
    if accept(":") {
      group = values[0]
      values = [try operand()]
    }
    while accept(",") { values.append(try operand()) }
    try finish()
    return .cycle(group: group, values: values)
  }
}
