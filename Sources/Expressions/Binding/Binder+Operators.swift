import DotNet

extension Binder {
  func unary(_ sign: String, _ syntax: ExpressionSyntax, _ at: Int) throws(SyntaxError) -> Bound {
    if sign == "++" || sign == "--" { return try step(syntax, sign, isPrefix: true, at) }
    // The smallest integers are written as a negated literal that has no positive twin.
    if sign == "-", case .literal(.integer(let value, let suffix), _) = syntax {
      if value == 2_147_483_648, suffix.isEmpty { return .constant(.int32(.min), .int32, at) }
      if value == 9_223_372_036_854_775_808, suffix.isEmpty || suffix == "l" {
        return .constant(.int64(.min), .int64, at)
      }
    }
    let operand = try bind(syntax)
    if sign == "!" { return try negation(operand, at) }
    let inner = operand.type.nullableUnderlying ?? operand.type
    if inner.isEnum, sign == "~" {
      let run = operand.run
      return Bound(inner, at) { Operation.convert(.int64(~(Operation.integer(try run($0)) ?? 0)), to: inner) }
    }
    guard inner.isNumeric, inner != .uint64 || sign != "-", sign != "~" || inner.isIntegral else {
      if let declared = declaredOperator(sign, [operand], at) { return declared }
      throw fail("CS0023", "Operator '\(sign)' cannot be applied to operand of type '\(operand.type)'", at)
    }
    let keeps: Set<TypeSymbol> = [.double, .float, .int64, .uint64, .decimal]
    let type: TypeSymbol =
      keeps.contains(inner) ? inner : inner == .uint32 ? (sign == "-" ? .int64 : .uint32) : .int32
    let checks = isChecked
    func apply(_ value: Value) throws -> Value {
      switch Operation.convert(value, to: type) {
      case .null: return .null
      case .double(let v): return .double(sign == "-" ? -v : v)
      case .float(let v): return .float(sign == "-" ? -v : v)
      case .decimal(let v): return .decimal(sign == "-" ? v.negated : v)
      case let whole:
        if sign == "~" {
          if case .uint64(let v) = whole { return .uint64(~v) }
          return Operation.convert(.int64(~(Operation.integer(whole) ?? 0)), to: type)
        }
        if sign == "+" { return whole }
        let bits = Operation.integer(whole) ?? 0
        if checks, bits == (type == .int32 ? Int64(Int32.min) : .min) { throw Thrown.overflow() }
        return Operation.convert(.int64(0 &- bits), to: type)
      }
    }
    if let constant = operand.constant, let value = try? apply(constant) { return .constant(value, type, at) }
    let run = operand.run
    return Bound(operand.type.isNullable ? type.nullable : type, at) { machine in
      let value = try run(machine)
      return value.isNull ? value : try apply(value)
    }.placed()
  }

  func negation(_ operand: Bound, _ at: Int) throws(SyntaxError) -> Bound {
    if case .bool(let flag)? = operand.constant { return .constant(.bool(!flag), .bool, at) }
    guard operand.type == .bool || operand.type.nullableUnderlying == .bool else {
      throw fail("CS0023", "Operator '!' cannot be applied to operand of type '\(operand.type)'", at)
    }
    if operand.type == .bool {
      if case .comparison(let comparison) = operand.form { return comparison.inverted.bound(at) }
      let test = operand.condition
      return Bound(test: at) { machine in !(try test(machine)) }
    }
    let run = operand.run
    return Bound(operand.type, at) { machine in
      if case .bool(let flag) = try run(machine) { return .bool(!flag) }
      return .null
    }
  }

  func binary(
    _ sign: String, _ leftSyntax: ExpressionSyntax, _ rightSyntax: ExpressionSyntax, _ at: Int
  ) throws(SyntaxError) -> Bound {
    if sign == "&&" || sign == "||" { return try bindCondition(.binary(sign, leftSyntax, rightSyntax, at)).0 }
    if sign == "??" {
      let left = try bind(leftSyntax)
      let saved = flow
      defer { flow = saved }
      return try coalesce(left, try bindAny(rightSyntax), at)
    }
    // `a + b + c + …` leans to the left and may be long: link by link, not by recursion.
    var links = [(sign: sign, right: rightSyntax, at: at)]
    var first = leftSyntax
    while case .binary(let sign, let left, let right, let at) = first, !["&&", "||", "??"].contains(sign) {
      links.append((sign, right, at))
      first = left
    }
    var result = try bind(first)
    for link in links.reversed() { result = try binary(link.sign, result, try bind(link.right), link.at) }
    return result
  }

  /// An operator over operands that are bound.
  func binary(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) throws(SyntaxError) -> Bound {
    if left.type.isVoid || right.type.isVoid { throw mismatch(sign, left, right, at) }
    if let declared = declaredOperator(sign, [left, right], at) { return declared }
    if sign == "+", left.type == .string || right.type == .string { return concatenation(left, right, at) }
    if let result = booleans(sign, left, right, at) { return result }
    if let result = try enumerators(sign, left, right, at) { return result }
    if let result = try arithmetic(sign, left, right, at) { return result }
    if sign == "==" || sign == "!=", let result = equality(sign, left, right, at) { return result }
    throw mismatch(sign, left, right, at)
  }

  private func mismatch(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) -> SyntaxError {
    fail(
      "CS0019", "Operator '\(sign)' cannot be applied to operands of type '\(left.type)' and '\(right.type)'", at,
      length: sign.count)
  }

  private func coalesce(_ left: Bound, _ right: Bound, _ at: Int) throws(SyntaxError) -> Bound {
    guard left.type.acceptsNull else { throw mismatch("??", left, right, at) }
    let (a, type, other): (Evaluation, TypeSymbol, Bound)
    if let underlying = left.type.nullableUnderlying, let converted = implicit(right, to: underlying) {
      (a, type, other) = (left.run, underlying, converted)
    } else if !left.type.isNullLiteral, let converted = implicit(right, to: left.type) {
      (a, type, other) = (left.run, left.type, converted)
    } else if !right.type.isError, let converted = implicit(left, to: right.type) {
      (a, type, other) = (converted.run, right.type, right)
    } else {
      throw mismatch("??", left, right, at)
    }
    let b = other.run
    return Bound(type, at) { machine in
      let value = try a(machine)
      return value.isNull ? try b(machine) : value
    }
  }

  /// `&&` and `||` over conditions.
  func logical(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) throws(SyntaxError) -> Bound {
    let isAnd = sign == "&&"
    if case .bool(let a)? = left.constant, case .bool(let b)? = right.constant {
      return .constant(.bool(isAnd ? a && b : a || b), .bool, at)
    }
    let (a, b) = (left.condition, right.condition)
    if isAnd {
      return Bound(test: at) { machine in
        guard try a(machine) else { return false }
        return try b(machine)
      }
    }
    return Bound(test: at) { machine in
      if try a(machine) { return true }
      return try b(machine)
    }
  }

  /// `& | ^ == !=` over switches, also nullable ones.
  private func booleans(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) -> Bound? {
    let (l, r) = (left.type.nullableUnderlying ?? left.type, right.type.nullableUnderlying ?? right.type)
    guard l == .bool, r == .bool else { return nil }
    let isLifted = left.type.isNullable || right.type.isNullable
    if !isLifted, left.constant == nil || right.constant == nil {
      let (a, b) = (left.condition, right.condition)
      func both(_ apply: @escaping (Bool, Bool) -> Bool) -> Bound {
        Bound(test: at) { machine in
          let x = try a(machine)
          return apply(x, try b(machine))
        }
      }
      switch sign {
      case "==": return both { $0 == $1 }
      case "!=", "^": return both { $0 != $1 }
      case "&": return both { $0 && $1 }
      case "|": return both { $0 || $1 }
      default: return nil
      }
    }
    let (a, b) = (left.run, right.run)
    func flag(_ value: Value) -> Bool? {
      if case .bool(let flag) = value { return flag }
      return nil
    }
    let apply: (Bool?, Bool?) -> Value
    switch sign {
    case "==": apply = { .bool($0 == $1) }
    case "!=": apply = { .bool($0 != $1) }
    case "^": apply = { x, y in x.flatMap { x in y.map { .bool(x != $0) } } ?? .null }
    case "&":
      apply = { x, y in x == false || y == false ? .bool(false) : x == nil || y == nil ? .null : .bool(true) }
    case "|": apply = { x, y in x == true || y == true ? .bool(true) : x == nil || y == nil ? .null : .bool(false) }
    default: return nil
    }
    if let x = left.constant, let y = right.constant { return .constant(apply(flag(x), flag(y)), .bool, at) }
    let type: TypeSymbol = isLifted && !["==", "!="].contains(sign) ? .bool.nullable : .bool
    return Bound(type, at) { apply(flag(try a($0)), flag(try b($0))) }
  }

  private func concatenation(_ left: Bound, _ right: Bound, _ at: Int) -> Bound {
    if case .string(let a)? = left.constant, case .string(let b)? = right.constant {
      return .constant(.string(a + b), .string, at)
    }
    // The left operand is put together first: `a + b + c` is one text of three parts.
    if case .concatenation(let parts) = left.form, parts.count < Concatenation.longest {
      return Concatenation(parts + [right]).bound(at)
    }
    return Concatenation([left, right]).bound(at)
  }

  /// An operator that one of the operands' types declares; lifted over nullable operands.
  func declaredOperator(_ sign: String, _ operands: [Bound], _ at: Int) -> Bound? {
    var owners: [TypeSymbol] = []
    for operand in operands {
      var next = operand.type.nullableUnderlying ?? operand.type
      while true {
        if !owners.contains(next) { owners.append(next) }
        guard let base = next.baseType else { break }
        next = base
      }
    }
    let isLifted = operands.contains { $0.type.isNullable || $0.type.isNullLiteral }
    for type in owners {
      for member in type.definition.members.operators[sign] ?? [] where member.parameters.count == operands.count {
        guard let body = member.body else { continue }
        var runs: [Evaluation] = []
        var direct: [Bound] = []
        var lifts = false
        for (operand, parameter) in zip(operands, member.parameters) {
          if let converted = implicit(operand, to: parameter.type) {
            runs.append(converted.run)
            direct.append(converted)
          } else if parameter.type.isValueType, let lifted = implicit(operand, to: parameter.type.nullable) {
            runs.append(lifted.run)
            lifts = true
          } else {
            break
          }
        }
        guard runs.count == operands.count else { continue }
        if !lifts, let bound = member.direct?.bound(direct, needsReceiver: false, member.result, at) { return bound }
        let arguments = runs
        let isEquality = sign == "==" || sign == "!="
        let isComparison = member.result == .bool
        let nullable = lifts && isLifted
        let result = nullable && !isComparison ? member.result.nullable : member.result
        return Bound(result, at) { machine in
          var call = Call(machine, member, types: [], this: .null)
          for index in arguments.indices { call[index] = try arguments[index](machine) }
          if nullable, call[0].isNull || (arguments.count > 1 && call[1].isNull) {
            if isEquality { return .bool((call[0].isNull && call[1].isNull) == (sign == "==")) }
            return isComparison ? .bool(false) : .null
          }
          try machine.charge()
          return try body(&call)
        }.placed()
      }
    }
    return nil
  }

  private func enumerators(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) throws(SyntaxError) -> Bound? {
    let (l, r) = (left.type.nullableUnderlying ?? left.type, right.type.nullableUnderlying ?? right.type)
    guard l.isEnum || r.isEnum, !(left.type.isNullLiteral || right.type.isNullLiteral) else { return nil }
    let type = l.isEnum ? l : r
    guard let a = l == type ? left : implicit(left, to: type) ?? (sign == "+" && l.isIntegral ? left : nil),
      let b = r == type
        ? right : implicit(right, to: type) ?? (["+", "-"].contains(sign) && r.isIntegral ? right : nil)
    else { return nil }
    let asNumbers = { (bound: Bound) in
      var number = bound
      let run = bound.run
      number.constant = nil
      number.type = bound.type.isNullable ? .int32.nullable : .int32
      number.run = Evaluation { machine in
        let value = try run(machine)
        return value.isNull ? value : Operation.convert(value, to: .int32)
      }
      return number
    }
    guard let result = try arithmetic(sign, asNumbers(a), asNumbers(b), at) else { return nil }
    if result.type == .bool || (sign == "-" && l == r) { return result }
    let run = result.run
    return Bound(type, at) { Operation.convert(try run($0), to: type) }
  }

  private func equality(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) -> Bound? {
    let (l, r) = (left.type.nullableUnderlying ?? left.type, right.type.nullableUnderlying ?? right.type)
    let hasNull = (l.isNullLiteral && right.type.acceptsNull) || (r.isNullLiteral && left.type.acceptsNull)
    let areReferences =
      !l.isValueType && !r.isValueType && (l.isReferenceConvertible(to: r) || r.isReferenceConvertible(to: l))
    guard hasNull || areReferences || (l.isTuple && r.isTuple) else { return nil }
    let (a, b) = (left.run, right.run)
    let wanted = sign == "=="
    if case .string(let x)? = left.constant, case .string(let y)? = right.constant {
      return .constant(.bool((x == y) == wanted), .bool, at)
    }
    if l.isNullLiteral || r.isNullLiteral {
      if let presence = left.presence ?? right.presence {
        return Bound(test: at) { machine in try presence(machine) != wanted }
      }
      let run = l.isNullLiteral ? b : a
      return Bound(test: at) { machine in try run(machine).isNull == wanted }
    }
    if l == .string, r == .string { return texts(left, right, wanted, at) }
    let isValue = l.isTuple
    return Bound(test: at) { machine in
      let (x, y) = (try a(machine), try b(machine))
      // References: the same object, or both null. Strings in `object` compare as texts, which C# does for interned ones.
      if !isValue, case .object(let p) = x, case .object(let q) = y { return (p === q) == wanted }
      return Operation.areEqual(x, y) == wanted
    }
  }

  /// `==` and `!=` over strings.
  private func texts(_ left: Bound, _ right: Bound, _ wanted: Bool, _ at: Int) -> Bound {
    let (a, b) = (left.run, right.run)
    if case .string(let constant)? = right.constant {
      return Bound(test: at) { machine in
        guard case .string(let text) = try a(machine) else { return !wanted }
        return Ordinal.areEqual(text, constant) == wanted
      }
    }
    return Bound(test: at) { machine in
      switch (try a(machine), try b(machine)) {
      case (.string(let x), .string(let y)): Ordinal.areEqual(x, y) == wanted
      case (.null, .null): wanted
      default: !wanted
      }
    }
  }

  // MARK: - Arithmetic

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
