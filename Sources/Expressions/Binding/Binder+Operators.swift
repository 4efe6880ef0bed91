extension Binder {
  func unary(_ sign: String, _ operand: Bound, _ at: Int) throws(SyntaxError) -> Bound {
    let run = operand.run
    switch sign {
    case "!" where operand.type == .bool:
      return Bound(.bool, at) { machine in
        if case .bool(let flag) = try run(machine) { return .bool(!flag) }
        return .bool(false)
      }
    case "-", "+", "~":
      guard operand.type.isNumeric, operand.type != .uint64 || sign != "-" else { break }
      let type: TypeSymbol =
        operand.type == .double || operand.type == .float || operand.type == .int64 || operand.type == .uint64
        ? operand.type : operand.type == .uint32 ? (sign == "-" ? .int64 : .uint32) : .int32
      if sign == "~", !type.isIntegral { break }
      func apply(_ value: Value) -> Value {
        if type == .double || type == .float {
          return Operation.convert(.double(sign == "-" ? -Operation.real(value) : Operation.real(value)), to: type)
        }
        let bits = Operation.integer(value) ?? 0
        return Operation.convert(.int64(sign == "-" ? 0 &- bits : sign == "~" ? ~bits : bits), to: type)
      }
      if let constant = operand.constant { return .constant(apply(constant), type, at) }
      return Bound(type, at) { apply(try run($0)) }
    default: break
    }
    throw fail("CS0023", "Operator '\(sign)' cannot be applied to operand of type '\(operand.type)'", at)
  }

  func binary(
    _ sign: String, _ leftSyntax: ExpressionSyntax, _ rightSyntax: ExpressionSyntax, _ at: Int
  ) throws(SyntaxError) -> Bound {
    let left = try bind(leftSyntax)
    let right = try bind(rightSyntax)
    if sign == "??" { return try coalesce(left, right, at) }
    if left.type == .bool, right.type == .bool, let result = logical(sign, left, right, at) { return result }
    if sign == "+", left.type == .string || right.type == .string { return concatenation(left, right, at) }
    if let declared = declaredOperator(sign, left, right, at) { return declared }
    if sign == "==" || sign == "!=", let result = equality(sign, left, right, at) { return result }
    if let result = try arithmetic(sign, left, right, at) { return result }
    throw fail(
      "CS0019", "Operator '\(sign)' cannot be applied to operands of type '\(left.type)' and '\(right.type)'", at,
      length: sign.count)
  }

  private func coalesce(_ left: Bound, _ right: Bound, _ at: Int) throws(SyntaxError) -> Bound {
    guard left.type.acceptsNull else {
      throw fail(
        "CS0019", "Operator '??' cannot be applied to operands of type '\(left.type)' and '\(right.type)'", at,
        length: 2)
    }
    let (a, type, other): (Evaluation, TypeSymbol, Bound)
    if let underlying = left.type.nullableUnderlying, let converted = implicit(right, to: underlying) {
      (a, type, other) = (left.run, underlying, converted.bound)
    } else if let converted = implicit(right, to: left.type) {
      (a, type, other) = (left.run, left.type, converted.bound)
    } else if let converted = implicit(left, to: right.type) {
      (a, type, other) = (converted.bound.run, right.type, right)
    } else {
      throw fail(
        "CS0019", "Operator '??' cannot be applied to operands of type '\(left.type)' and '\(right.type)'", at,
        length: 2)
    }
    let b = other.run
    return Bound(type, at) { machine in
      let value = try a(machine)
      return value.isNull ? try b(machine) : value
    }
  }

  private func logical(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) -> Bound? {
    let (a, b) = (left.run, right.run)
    func flag(_ value: Value) -> Bool {
      if case .bool(true) = value { return true }
      return false
    }
    switch sign {
    case "&&": return Bound(.bool, at) { flag(try a($0)) ? try b($0) : .bool(false) }
    case "||": return Bound(.bool, at) { flag(try a($0)) ? .bool(true) : try b($0) }
    case "&", "|", "^", "==", "!=":
      return Bound(.bool, at) { machine in
        let (x, y) = (flag(try a(machine)), flag(try b(machine)))
        return .bool(sign == "&" ? x && y : sign == "|" ? x || y : sign == "==" ? x == y : x != y)
      }
    default: return nil
    }
  }

  private func concatenation(_ left: Bound, _ right: Bound, _ at: Int) -> Bound {
    let (a, b) = (left.run, right.run)
    return Bound(.string, at) { machine in
      var text = try Operation.text(try a(machine), machine)
      text += try Operation.text(try b(machine), machine)
      try machine.process(bytes: text.utf8.count)
      return .string(text)
    }
  }

  /// An operator that one of the operands' types declares.
  private func declaredOperator(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) -> Bound? {
    for type in [left.type, right.type] {
      for member in type.definition.members.operators[sign] ?? [] where member.parameters.count == 2 {
        guard let a = implicit(left, to: member.parameters[0].type),
          let b = implicit(right, to: member.parameters[1].type),
          let body = member.body
        else { continue }
        return Bound(member.result, at) { machine in
          var call = Call(machine, member, types: [], this: .null)
          call[0] = try a.bound.run(machine)
          call[1] = try b.bound.run(machine)
          try machine.charge()
          return try body(&call)
        }.placed()
      }
    }
    return nil
  }

  private func equality(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) -> Bound? {
    let (l, r) = (left.type.nullableUnderlying ?? left.type, right.type.nullableUnderlying ?? right.type)
    let mayCompare =
      (l.isNullLiteral && right.type.acceptsNull) || (r.isNullLiteral && left.type.acceptsNull)
      || (l.isNumeric && r.isNumeric)
      || l == r
      || (!l.isValueType && !r.isValueType && (l.isReferenceConvertible(to: r) || r.isReferenceConvertible(to: l)))
    guard mayCompare, !(l == r && l.kind == .structure && !l.isNumeric && l != .bool) else { return nil }
    let isText = l == .string && r == .string
    let isNumber = (l.isNumeric && r.isNumeric) || l.isEnum || l == .bool
    let (a, b) = (left.run, right.run)
    let wanted = sign == "=="
    return Bound(.bool, at) { machine in
      let (x, y) = (try a(machine), try b(machine))
      if isText || isNumber { return .bool(Operation.areEqual(x, y) == wanted) }
      // References: the same object, or both null. Strings in `object` compare as texts, which C# does for interned ones.
      switch (x, y) {
      case (.object(let p), .object(let q)): return .bool((p === q) == wanted)
      default: return .bool(Operation.areEqual(x, y) == wanted)
      }
    }
  }

  private func arithmetic(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) throws(SyntaxError) -> Bound? {
    guard left.type.isNumeric, right.type.isNumeric else { return nil }
    if sign == "<<" { return nil }
    let type: TypeSymbol
    if left.type == .double || right.type == .double {
      type = .double
    } else if left.type == .float || right.type == .float {
      type = .float
    } else if left.type == .uint64 || right.type == .uint64 {
      type = .uint64
    } else if left.type == .int64 || right.type == .int64 {
      type = .int64
    } else if left.type == .uint32 || right.type == .uint32 {
      type = left.type == right.type ? .uint32 : .int64
    } else {
      type = .int32
    }
    let (a, b) = (left.run, right.run)
    let isReal = type == .double || type == .float
    if ["<", ">", "<=", ">="].contains(sign) {
      return Bound(.bool, at) { machine in
        let (x, y) = (Operation.convert(try a(machine), to: type), Operation.convert(try b(machine), to: type))
        let order: (Bool, Bool)
        if isReal {
          order = (Operation.real(x) < Operation.real(y), Operation.real(x) == Operation.real(y))
        } else if case .uint64(let p) = x, case .uint64(let q) = y {
          order = (p < q, p == q)
        } else {
          let (p, q) = (Operation.integer(x) ?? 0, Operation.integer(y) ?? 0)
          order = (p < q, p == q)
        }
        if isReal, Operation.real(x).isNaN || Operation.real(y).isNaN { return .bool(false) }
        switch sign {
        case "<": return .bool(order.0)
        case "<=": return .bool(order.0 || order.1)
        case ">": return .bool(!order.0 && !order.1)
        default: return .bool(!order.0)
        }
      }
    }
    guard ["+", "-", "*", "/", "%"].contains(sign) || (!isReal && ["&", "|", "^"].contains(sign)) else { return nil }
    if !isReal, sign == "/" || sign == "%", let divisor = right.constant, Operation.integer(divisor) == 0 {
      throw fail("CS0020", "Division by constant zero", at)
    }
    return Bound(type, at) { machine in
      let (x, y) = (try a(machine), try b(machine))
      if isReal {
        let (p, q) = (Operation.real(x), Operation.real(y))
        let result =
          sign == "+"
          ? p + q
          : sign == "-" ? p - q : sign == "*" ? p * q : sign == "/" ? p / q : p.truncatingRemainder(dividingBy: q)
        return Operation.convert(.double(result), to: type)
      }
      if type == .uint64 { return try Self.unsigned(sign, x, y) }
      let (p, q) = (Operation.integer(x) ?? 0, Operation.integer(y) ?? 0)
      return Operation.convert(.int64(try Self.signed(sign, p, q, isInt32: type == .int32)), to: type)
    }.placed()
  }

  private static func signed(_ sign: String, _ p: Int64, _ q: Int64, isInt32: Bool) throws -> Int64 {
    switch sign {
    case "+": return p &+ q
    case "-": return p &- q
    case "*": return p &* q
    case "&": return p & q
    case "|": return p | q
    case "^": return p ^ q
    default:
      if q == 0 { throw Thrown.divideByZero() }
      if q == -1 {
        if p == .min || (isInt32 && p == Int64(Int32.min)) { throw Thrown.overflow() }
        return sign == "/" ? -p : 0
      }
      return sign == "/" ? p / q : p % q
    }
  }

  private static func unsigned(_ sign: String, _ x: Value, _ y: Value) throws -> Value {
    func bits(_ value: Value) -> UInt64 {
      if case .uint64(let v) = value { return v }
      return UInt64(bitPattern: Operation.integer(value) ?? 0)
    }
    let (p, q) = (bits(x), bits(y))
    switch sign {
    case "+": return .uint64(p &+ q)
    case "-": return .uint64(p &- q)
    case "*": return .uint64(p &* q)
    case "&": return .uint64(p & q)
    case "|": return .uint64(p | q)
    case "^": return .uint64(p ^ q)
    default:
      if q == 0 { throw Thrown.divideByZero() }
      return .uint64(sign == "/" ? p / q : p % q)
    }
  }
}
