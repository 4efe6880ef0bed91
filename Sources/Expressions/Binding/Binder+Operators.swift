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
  func binary(_ sign: String, _ first: Bound, _ second: Bound, _ at: Int) throws(SyntaxError) -> Bound {
    let (left, right) = (lifted(first, beside: second), lifted(second, beside: first))
    if left.type.isVoid || right.type.isVoid { throw mismatch(sign, left, right, at) }
    if let declared = declaredOperator(sign, [left, right], at) { return declared }
    if sign == "+", left.type == .string || right.type == .string { return concatenation(left, right, at) }
    if let result = booleans(sign, left, right, at) { return result }
    if let result = try enumerators(sign, left, right, at) { return result }
    if let result = try arithmetic(sign, left, right, at) { return result }
    if sign == "==" || sign == "!=", let result = equality(sign, left, right, at) { return result }
    throw mismatch(sign, left, right, at)
  }

  /// `null` beside a number, a switch or an enumerator is a nullable one of its type (specification §11.4.8): `1 == null`
  /// is false.
  private func lifted(_ operand: Bound, beside other: Bound) -> Bound {
    guard operand.type.isNullLiteral, other.type.isNumeric || other.type == .bool || other.type.isEnum else {
      return operand
    }
    return implicit(operand, to: other.type.nullable) ?? operand
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
    } else if !right.type.isError, let underlying = left.type.nullableUnderlying,
      implicit(Bound(underlying, left.offset, left.run), to: right.type) != nil
    {
      // `int? ?? double`: the value in the box joins the other's type.
      (a, type, other) = (widenedOrNull(left, underlying, to: right.type), right.type, right)
    } else {
      throw mismatch("??", left, right, at)
    }
    let b = other.run
    return Bound(type, at) { machine in
      let value = try a(machine)
      return value.isNull ? try b(machine) : value
    }
  }

  /// A nullable value in a wider type; null stays null.
  private func widenedOrNull(_ value: Bound, _ underlying: TypeSymbol, to type: TypeSymbol) -> Evaluation {
    let held = temporary(.object)
    let converted = implicit(Bound(underlying, value.offset, held.read), to: type)
    let (run, write, convert) = (value.run, held.write, converted?.run ?? held.read)
    return Evaluation { machine in
      let value = try run(machine)
      if value.isNull { return value }
      write(machine, value)
      return try convert(machine)
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
}
