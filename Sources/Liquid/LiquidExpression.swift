/// What stands between `{{` and `}}`: an operand and filters.
struct LiquidOutput: Sendable {
  var operand: LiquidOperand
  var filters: [(name: String, arguments: [LiquidOperand])]

  func value(_ scope: LiquidScope) throws -> LiquidValue {
    var result = try operand.value(scope)
    for (name, arguments) in filters {
      try scope.count()
      guard let filter = LiquidFilters.all[name] else { throw LiquidError("Unknown filter '\(name)'.") }
      result = try filter(result, try arguments.map { try $0.value(scope) })
      if case .text(let text) = result { try scope.count(text.utf8.count / 64) }
    }
    return result
  }
}

/// A literal, a range or a variable with its members.
indirect enum LiquidOperand: Sendable {
  case literal(Literal)
  case range(LiquidOperand, LiquidOperand)
  case variable(String, [Accessor])

  enum Literal: Sendable {
    case null, empty, blank
    case bool(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
  }

  enum Accessor: Sendable {
    case member(String)
    case computed(LiquidOperand)
  }

  /// Numbers a range may have.
  private static let rangeLimit: Int64 = 10_000

  func value(_ scope: LiquidScope) throws -> LiquidValue {
    switch self {
    case .literal(let literal):
      switch literal {
      case .null: return .null
      case .empty, .blank: return .text("")
      case .bool(let flag): return .bool(flag)
      case .integer(let number): return .integer(number)
      case .real(let number): return .real(number)
      case .text(let text): return .text(text)
      }
    case .range(let from, let to):
      guard let low = try from.value(scope).whole, let high = try to.value(scope).whole, low <= high else {
        return .array([])
      }
      guard high.subtractingReportingOverflow(low).partialValue.magnitude < UInt64(Self.rangeLimit) else {
        throw LiquidError("A range may have \(Self.rangeLimit) numbers at most.")
      }
      try scope.count(Int(high - low))
      return .array((low...high).map { .integer($0) })
    case .variable(let name, let accessors):
      var current = try scope.variable(name)
      for accessor in accessors {
        try scope.count()
        switch accessor {
        case .member(let name): current = try Self.member(name, of: current)
        case .computed(let operand): current = try Self.element(try operand.value(scope), of: current)
        }
      }
      return current
    }
  }

  private static func member(_ name: String, of value: LiquidValue) throws -> LiquidValue {
    switch value {
    case .object(let object):
      if let found = try object.member(name) { return found }
      return name == "size" ? .integer(Int64(try object.elements().count)) : .null
    case .array(let elements):
      switch name {
      case "size": return .integer(Int64(elements.count))
      case "first": return elements.first ?? .null
      case "last": return elements.last ?? .null
      default: return .null
      }
    case .text(let text): return name == "size" ? .integer(Int64(text.count)) : .null
    default: return .null
    }
  }

  private static func element(_ key: LiquidValue, of value: LiquidValue) throws -> LiquidValue {
    if case .array(let elements) = value, let index = key.whole {
      let place = index < 0 ? Int(index) + elements.count : Int(index)
      return elements.indices.contains(place) ? elements[place] : .null
    }
    return try member(try key.text(), of: value)
  }
}

/// What decides `if` and `unless`.
indirect enum LiquidCondition: Sendable {
  case holds(LiquidOperand)
  case compares(LiquidOperand, String, LiquidOperand)
  case both(LiquidCondition, LiquidCondition)
  case either(LiquidCondition, LiquidCondition)
  case fails(LiquidCondition)

  static let comparisons: Set<String> = ["==", "!=", "<>", "<", ">", "<=", ">=", "contains", "Contains"]

  func holds(_ scope: LiquidScope) throws -> Bool {
    try scope.count()
    switch self {
    case .holds(let operand): return try operand.value(scope).holds
    case .fails(let condition): return try !condition.holds(scope)
    case .both(let a, let b): return try a.holds(scope) && b.holds(scope)
    case .either(let a, let b): return try a.holds(scope) || b.holds(scope)
    case .compares(let left, let sign, let right):
      if case .literal(let literal) = right, sign == "==" || sign == "!=" || sign == "<>" {
        switch literal {
        case .empty, .blank: return try left.value(scope).isEmpty == (sign == "==")
        default: break
        }
      }
      let (a, b) = (try left.value(scope), try right.value(scope))
      switch sign {
      case "==": return a.isEqual(to: b)
      case "!=", "<>": return !a.isEqual(to: b)
      case "<": return a.order(b).map { $0 < 0 } ?? false
      case ">": return a.order(b).map { $0 > 0 } ?? false
      case "<=": return a.order(b).map { $0 <= 0 } ?? false
      case ">=": return a.order(b).map { $0 >= 0 } ?? false
      default:
        if case .text(let text) = a {
          let part = try b.text()
          return part.isEmpty || text.contains(part)
        }
        return try a.elements().contains { $0.isEqual(to: b) }
      }
    }
  }
}
