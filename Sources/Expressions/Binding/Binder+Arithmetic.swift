import DotNet

/// The arithmetic operators and comparisons of numbers.
extension Binder {
  /// The type that two operands are promoted to (specification §11.4.7.3).
  private func promoted(_ a: TypeSymbol, _ b: TypeSymbol) -> TypeSymbol? {
    if a == .decimal || b == .decimal {
      return [a, b].contains { $0 == .double || $0 == .float } ? nil : .decimal
    }
    for type in [TypeSymbol.double, .float] where a == type || b == type { return type }
    if a == .uint64 || b == .uint64 {
      let other = a == .uint64 ? b : a
      return [.int8, .int16, .int32, .int64].contains(other) ? nil : .uint64
    }
    if a == .int64 || b == .int64 { return .int64 }
    if a == .uint32 || b == .uint32 {
      let other = a == .uint32 ? b : a
      return [.int8, .int16, .int32].contains(other) ? .int64 : .uint32
    }
    return .int32
  }

  /// `ulong` for a partner that is a constant without sign.
  private func unsigned(_ left: Bound, _ right: Bound) -> TypeSymbol? {
    guard left.type == .uint64 || right.type == .uint64 else { return nil }
    let other = left.type == .uint64 ? right : left
    return other.constant != nil && implicit(other, to: .uint64) != nil ? .uint64 : nil
  }

  func arithmetic(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) throws(SyntaxError) -> Bound? {
    let isShift = sign == "<<" || sign == ">>"
    var (left, right) = (left, right)
    if left.type.isNullLiteral, right.type.isNullable { left = retyped(left, right.type) }
    if right.type.isNullLiteral, left.type.isNullable { right = retyped(right, left.type) }
    let (l, r) = (left.type.nullableUnderlying ?? left.type, right.type.nullableUnderlying ?? right.type)
    guard l.isNumeric, r.isNumeric else { return nil }
    let kept: Set<TypeSymbol> = [.int64, .uint64, .uint32]
    guard var type = isShift ? (kept.contains(l) ? l : .int32) : promoted(l, r) ?? unsigned(left, right) else {
      return nil
    }
    if isShift, !l.isIntegral || !r.isIntegral || !r.widens(to: .int32) && r != .int32 { return nil }
    // A constant that fits joins an unsigned partner.
    if !isShift, type == .int64, l == .uint32 || r == .uint32, implicit(left, to: .uint32) != nil,
      implicit(right, to: .uint32) != nil
    {
      type = .uint32
    }
    if ["&", "|", "^"].contains(sign), !type.isIntegral { return nil }
    let isComparison = ["<", ">", "<=", ">=", "==", "!="].contains(sign)
    guard isComparison || isShift || ["+", "-", "*", "/", "%", "&", "|", "^"].contains(sign),
      let operation = Arithmetic(rawValue: sign)
    else { return nil }
    let isLifted = left.type.isNullable || right.type.isNullable
    let checks = isChecked
    if let a = left.constant, let b = right.constant, !a.isNull, !b.isNull {
      return try folded(operation, a, b, type, isComparison, at)
    }
    if type.isIntegral || type == .decimal, operation == .divide || operation == .remainder,
      let divisor = right.constant, Operation.integer(divisor) == 0
    {
      throw fail("CS0020", "Division by constant zero", at)
    }
    let (a, b) = (left.run, right.run)
    let result: TypeSymbol = isComparison ? .bool : isLifted ? type.nullable : type
    if type == .int32, !isLifted {
      return operation.bound(left.operand, right.operand, isChecked: checks, at)
    }
    return Bound(result, at) { machine in
      let (x, y) = (try a(machine), try b(machine))
      if isLifted, x.isNull || y.isNull {
        guard isComparison else { return .null }
        switch operation {
        case .equal: return .bool(x.isNull && y.isNull)
        case .unequal: return .bool(x.isNull != y.isNull)
        default: return .bool(false)
        }
      }
      return try operation.apply(x, y, type, isChecked: checks)
    }.placed()
  }

  private func folded(
    _ operation: Arithmetic, _ a: Value, _ b: Value, _ type: TypeSymbol, _ isComparison: Bool, _ at: Int
  ) throws(SyntaxError) -> Bound? {
    if type.isIntegral || type == .decimal, operation == .divide || operation == .remainder,
      (try? operation.apply(a, b, type, isChecked: false)) == nil
    {
      let isZero = Operation.real(b) == 0
      throw fail(
        isZero ? "CS0020" : "CS0220",
        isZero ? "Division by constant zero" : "The operation overflows at compile time in checked mode", at)
    }
    guard let value = try? operation.apply(a, b, type, isChecked: !isUnchecked) else {
      throw fail("CS0220", "The operation overflows at compile time in checked mode", at)
    }
    return .constant(value, isComparison ? .bool : type, at)
  }
}

/// The arithmetic operators and comparisons.
enum Arithmetic: String {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case remainder = "%"
  case and = "&"
  case or = "|"
  case xor = "^"
  case shiftLeft = "<<"
  case shiftRight = ">>"
  case less = "<"
  case greater = ">"
  case lessOrEqual = "<="
  case greaterOrEqual = ">="
  case equal = "=="
  case unequal = "!="

  /// Applies the operator in a type that both operands were promoted to.
  func apply(_ a: Value, _ b: Value, _ type: TypeSymbol, isChecked: Bool) throws -> Value {
    if type == .double { return .some(real(Operation.real(a), Operation.real(b)), { .double($0) }) }
    if type == .float {
      let (x, y) = (Float(Operation.real(a)), Float(Operation.real(b)))
      return .some(real(Double(x), Double(y)), { .float(Float($0)) })
    }
    if type == .decimal { return try decimal(try Operation.decimal(a), try Operation.decimal(b)) }
    if self == .shiftLeft || self == .shiftRight { return shift(a, Int(Operation.integer(b) ?? 0), type) }
    if type == .uint64 {
      return try whole(Int128(Self.unsigned(a)), Int128(Self.unsigned(b)), type, isChecked)
    }
    return try whole(Int128(Operation.integer(a) ?? 0), Int128(Operation.integer(b) ?? 0), type, isChecked)
  }

  private static func unsigned(_ value: Value) -> UInt64 {
    if case .uint64(let v) = value { return v }
    return UInt64(bitPattern: Operation.integer(value) ?? 0)
  }

  private func shift(_ value: Value, _ count: Int, _ type: TypeSymbol) -> Value {
    if type == .uint64 {
      let bits = Self.unsigned(value)
      return .uint64(self == .shiftLeft ? bits << UInt64(count & 63) : bits >> UInt64(count & 63))
    }
    let bits = Operation.integer(value) ?? 0
    let masked = Int64(count & (type == .int64 ? 63 : 31))
    return Operation.convert(.int64(self == .shiftLeft ? bits << masked : bits >> masked), to: type)
  }

  private func compare<Number: Comparable>(_ x: Number, _ y: Number) -> Bool? {
    switch self {
    case .less: x < y
    case .greater: x > y
    case .lessOrEqual: x <= y
    case .greaterOrEqual: x >= y
    case .equal: x == y
    case .unequal: x != y
    default: nil
    }
  }

  enum Outcome {
    case flag(Bool)
    case number(Double)
  }

  private func real(_ x: Double, _ y: Double) -> Outcome {
    if let flag = compare(x, y) { return .flag(flag) }
    switch self {
    case .add: return .number(x + y)
    case .subtract: return .number(x - y)
    case .multiply: return .number(x * y)
    case .divide: return .number(x / y)
    default: return .number(x.truncatingRemainder(dividingBy: y))
    }
  }

  private func decimal(_ x: DecimalNumber, _ y: DecimalNumber) throws -> Value {
    if let flag = compare(x, y) { return .bool(flag) }
    switch self {
    case .add: return .decimal(try x + y)
    case .subtract: return .decimal(try x - y)
    case .multiply: return .decimal(try x * y)
    case .divide: return .decimal(try x / y)
    default: return .decimal(try x % y)
    }
  }

  private func whole(_ x: Int128, _ y: Int128, _ type: TypeSymbol, _ isChecked: Bool) throws -> Value {
    if let flag = compare(x, y) { return .bool(flag) }
    let result: Int128
    switch self {
    case .add: result = x + y
    case .subtract: result = x - y
    case .multiply: result = x &* y
    case .and: result = x & y
    case .or: result = x | y
    case .xor: result = x ^ y
    default:
      if y == 0 { throw Thrown.divideByZero() }
      result = self == .divide ? x / y : x % y
      if y == -1, x == type.range.lowerBound { throw Thrown.overflow() }
    }
    if isChecked, result < type.range.lowerBound || result > type.range.upperBound { throw Thrown.overflow() }
    if type == .uint64 { return .uint64(UInt64(truncatingIfNeeded: result)) }
    return Operation.convert(.int64(Int64(truncatingIfNeeded: result)), to: type)
  }
}

extension Value {
  fileprivate static func some(_ outcome: Arithmetic.Outcome, _ wrap: (Double) -> Value) -> Value {
    switch outcome {
    case .flag(let flag): .bool(flag)
    case .number(let number): wrap(number)
    }
  }
}
