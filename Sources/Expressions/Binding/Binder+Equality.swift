/// `==` and `!=` over references, texts and tuples.
extension Binder {
  func equality(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) -> Bound? {
    let (l, r) = (left.type.nullableUnderlying ?? left.type, right.type.nullableUnderlying ?? right.type)
    let hasNull = (l.isNullLiteral && right.type.acceptsNull) || (r.isNullLiteral && left.type.acceptsNull)
    if l.isTuple, r.isTuple { return tuples(sign, left, right, at) }
    let areReferences =
      !l.isValueType && !r.isValueType && (l.isReferenceConvertible(to: r) || r.isReferenceConvertible(to: l))
    guard hasNull || areReferences else { return nil }
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
    return Bound(test: at) { machine in
      let (x, y) = (try a(machine), try b(machine))
      // References: the same object, or both null. Strings in `object` compare as texts, which C# does for interned ones.
      if case .object(let p) = x, case .object(let q) = y { return (p === q) == wanted }
      return Operation.areEqual(x, y) == wanted
    }
  }

  /// `==` and `!=` over tuples: element by element, each pair with its own operator; nil when they do not pair up.
  private func tuples(_ sign: String, _ left: Bound, _ right: Bound, _ at: Int) -> Bound? {
    guard !left.type.isNullable, !right.type.isNullable, left.type.arguments.count == right.type.arguments.count else {
      return nil
    }
    let (x, y) = (temporary(left.type), temporary(right.type))
    var tests: [FlagEvaluation] = []
    for index in left.type.arguments.indices {
      guard let a = try? instanceMember(x.bound(at), "Item\(index + 1)", at),
        let b = try? instanceMember(y.bound(at), "Item\(index + 1)", at), let test = try? binary("==", a, b, at),
        test.type == .bool
      else { return nil }
      tests.append(test.condition)
    }
    let (a, b, first, second, wanted, all) = (left.run, right.run, x.write, y.write, sign == "==", tests)
    return Bound(test: at) { machine in
      let (p, q) = (try a(machine), try b(machine))
      first(machine, p)
      second(machine, q)
      return try all.allSatisfy { try $0(machine) } == wanted
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
}
