import DotNet

/// The condition of a filter in a JSON path: `@.price > 10 && @.tag == 'x'`.
indirect enum JsonFilter: Sendable {
  case all([JsonFilter])
  case any([JsonFilter])
  case exists(Side)
  case compares(Side, Comparison, Side)

  /// A path from the candidate or from the root, or a value.
  enum Side: Sendable {
    case candidate(JsonPath)
    case root(JsonPath)
    case text(String)
    case integer(Int64)
    case real(Double)
    case flag(Bool)
    case null

    fileprivate func tokens(_ candidate: JsonToken, _ root: JsonToken, _ machine: Machine) throws -> [JsonToken] {
      switch self {
      case .candidate(let path): try path.select(candidate, root: root, strict: false, machine)
      case .root(let path): try path.select(root, root: root, strict: false, machine)
      case .text(let text): [JsonToken(.scalar(.string(text)))]
      case .integer(let number): [JsonToken(.scalar(.int64(number)))]
      case .real(let number): [JsonToken(.scalar(.double(number)))]
      case .flag(let flag): [JsonToken(.scalar(.bool(flag)))]
      case .null: [JsonToken.null]
      }
    }
  }

  enum Comparison: String, CaseIterable, Sendable {
    // Longer signs first: the parser takes the first that fits.
    case strictlyEqual = "==="
    case strictlyDifferent = "!=="
    case equal = "=="
    case different = "!="
    case differs = "<>"
    case atMost = "<="
    case atLeast = ">="
    case matches = "=~"
    case less = "<"
    case more = ">"
  }

  func holds(_ candidate: JsonToken, root: JsonToken, _ machine: Machine) throws -> Bool {
    try machine.charge()
    switch self {
    case .all(let conditions): return try conditions.allSatisfy { try $0.holds(candidate, root: root, machine) }
    case .any(let conditions): return try conditions.contains { try $0.holds(candidate, root: root, machine) }
    case .exists(let side): return try !side.tokens(candidate, root, machine).isEmpty
    case .compares(let left, let comparison, let right):
      let values = try left.tokens(candidate, root, machine)
      if values.isEmpty { return false }
      let others = try right.tokens(candidate, root, machine)
      return try values.contains { value in
        try others.contains { try Self.holds(value, comparison, $0, machine) }
      }
    }
  }

  private static func holds(
    _ value: JsonToken, _ comparison: Comparison, _ other: JsonToken, _ machine: Machine
  ) throws -> Bool {
    // What is no plain value differs from everything and is not in any order.
    guard !value.isContainer, !other.isContainer else { return comparison == .different || comparison == .differs }
    switch comparison {
    case .equal: return try isEqual(value, other, machine)
    case .different, .differs: return try !isEqual(value, other, machine)
    case .strictlyEqual: return try isStrictlyEqual(value, other)
    case .strictlyDifferent: return try !isStrictlyEqual(value, other)
    case .less: return try JsonComparison.order(value, other) < 0
    case .atMost: return try JsonComparison.order(value, other) <= 0
    case .more: return try JsonComparison.order(value, other) > 0
    case .atLeast: return try JsonComparison.order(value, other) >= 0
    case .matches:
      guard value.kind == .string, other.kind == .string else { return false }
      return try matches(try value.text(machine), try other.text(machine), machine)
    }
  }

  private static func areNumbers(_ a: JsonToken, _ b: JsonToken) -> Bool {
    (a.kind == .integer && b.kind == .float) || (a.kind == .float && b.kind == .integer)
  }

  private static func isStrictlyEqual(_ value: JsonToken, _ other: JsonToken) throws -> Bool {
    if areNumbers(value, other) { return try JsonComparison.order(value, other) == 0 }
    return JsonToken.deepEquals(value, other)
  }

  /// Dates, spans and the like also equal their texts.
  private static func isEqual(_ value: JsonToken, _ other: JsonToken, _ machine: Machine) throws -> Bool {
    if try isStrictlyEqual(value, other) { return true }
    guard case .scalar(.string(let text)) = other.content else { return false }
    switch value.kind {
    case .date, .bytes, .guid, .timeSpan, .uri:
      return try JsonWriter.text(value, isIndented: false, machine).dropFirst().dropLast() == text
    default: return false
    }
  }

  /// `=~ /pattern/flags`.
  private static func matches(_ text: String, _ pattern: String, _ machine: Machine) throws -> Bool {
    guard let end = pattern.lastIndex(of: "/"), end > pattern.startIndex else { return false }
    var options = 0
    for flag in pattern[pattern.index(after: end)...] {
      switch flag {
      case "i": options |= 1
      case "m": options |= 2
      case "n": options |= 4
      case "s": options |= 16
      case "x": options |= 32
      default: break
      }
    }
    let expression = String(pattern[pattern.index(after: pattern.startIndex)..<end])
    return try RegexObject.make(expression, options).isMatch(text, machine)
  }
}
