extension Binder {
  /// An implicit conversion and what it costs overload resolution: 0 for none at all.
  func implicit(_ bound: Bound, to target: TypeSymbol) -> (bound: Bound, cost: Int)? {
    let source = bound.type
    if source == target { return (bound, 0) }
    if source.isNullLiteral { return target.acceptsNull ? (retyped(bound, target), 1) : nil }
    if let underlying = target.nullableUnderlying {
      if source.isNullable { return nil }
      return implicit(bound, to: underlying).map { (retyped($0.bound, target), $0.cost + 1) }
    }
    if source.isNumeric, target.isNumeric {
      if source.widens(to: target) || fits(bound, target) {
        if let constant = bound.constant {
          return (.constant(Operation.convert(constant, to: target), target, bound.offset), 1)
        }
        let run = bound.run
        return (Bound(target, bound.offset) { Operation.convert(try run($0), to: target) }, target == .double ? 2 : 1)
      }
      return nil
    }
    if source.isReferenceConvertible(to: target) {
      return (retyped(bound, target), target == .object ? 4 : 2)
    }
    return userDefined(bound, to: target, allowsExplicit: false).map { ($0, 5) }
  }

  private func retyped(_ bound: Bound, _ type: TypeSymbol) -> Bound {
    var result = bound
    result.type = type
    return result
  }

  /// A constant of type int converts to smaller types that can hold it.
  private func fits(_ bound: Bound, _ target: TypeSymbol) -> Bool {
    guard bound.type == .int32, let constant = bound.constant, let value = Operation.integer(constant),
      target.isIntegral,
      target != .char
    else { return false }
    return Operation.integer(Operation.convert(constant, to: target)).map { $0 == value } ?? (value >= 0)
  }

  func convert(_ bound: Bound, to target: TypeSymbol) throws(SyntaxError) -> Bound {
    if let converted = implicit(bound, to: target) { return converted.bound }
    if bound.type.isNullLiteral {
      throw fail("CS0037", "Cannot convert null to '\(target)' because it is a non-nullable value type", bound.offset)
    }
    if explicit(bound, to: target) != nil {
      throw fail(
        "CS0266",
        "Cannot implicitly convert type '\(bound.type.qualifiedName)' to '\(target.qualifiedName)'. An explicit conversion exists (are you missing a cast?)",
        bound.offset)
    }
    throw fail(
      "CS0029", "Cannot implicitly convert type '\(bound.type.qualifiedName)' to '\(target.qualifiedName)'",
      bound.offset)
  }

  func cast(_ bound: Bound, to target: TypeSymbol, _ at: Int) throws(SyntaxError) -> Bound {
    if let result = implicit(bound, to: target)?.bound ?? explicit(bound, to: target) { return result.placed() }
    throw fail("CS0030", "Cannot convert type '\(bound.type.qualifiedName)' to '\(target.qualifiedName)'", at)
  }

  private func explicit(_ bound: Bound, to target: TypeSymbol) -> Bound? {
    let run = bound.run
    let source = bound.type
    if source.isNumeric || source.isEnum, target.isNumeric {
      return Bound(target, bound.offset) { Operation.convert(try run($0), to: target) }
    }
    if let converted = userDefined(bound, to: target, allowsExplicit: true) { return converted }
    if let underlying = source.nullableUnderlying, underlying == target {
      return Bound(target, bound.offset) { machine in
        let value = try run(machine)
        if value.isNull { throw Thrown.invalidOperation("Nullable object must have a value.") }
        return value
      }
    }
    // Down a hierarchy, out of a box, or to an interface: known only when it runs.
    let isDown =
      target.isReferenceConvertible(to: source) || source == .object || source.isInterface || target.isInterface
    guard isDown, !source.isVoid else { return nil }
    return Bound(target, bound.offset) { machine in
      let value = try run(machine)
      if value.isNull {
        if target.acceptsNull { return value }
        throw Thrown.nullReference()
      }
      let actual = value.runtimeType
      let wanted = target.nullableUnderlying ?? target
      guard actual.isReferenceConvertible(to: wanted) else { throw Thrown.invalidCast(actual, target) }
      return value
    }
  }

  /// Conversions that a type declares for itself.
  private func userDefined(_ bound: Bound, to target: TypeSymbol, allowsExplicit: Bool) -> Bound? {
    var types = [target]
    var next: TypeSymbol? = bound.type
    while let type = next {
      types.append(type)
      next = type.baseType
    }
    for type in types {
      for member in type.definition.members.conversions
      where member.kind == .implicitConversion || allowsExplicit {
        guard member.result == target, let parameter = member.parameters.first?.type,
          bound.type.isReferenceConvertible(to: parameter) || bound.type == parameter, let body = member.body
        else { continue }
        let run = bound.run
        return Bound(target, bound.offset) { machine in
          var call = Call(machine, member, types: [], this: .null)
          call[0] = try run(machine)
          try machine.charge()
          return try body(&call)
        }
      }
    }
    return nil
  }
}

extension Value {
  /// What `GetType()` gives; null has none and counts as `object`.
  var runtimeType: TypeSymbol {
    switch self {
    case .null: .object
    case .bool: .bool
    case .char: .char
    case .int8: .int8
    case .uint8: .uint8
    case .int16: .int16
    case .uint16: .uint16
    case .int32: .int32
    case .uint32: .uint32
    case .int64: .int64
    case .uint64: .uint64
    case .float: .float
    case .double: .double
    case .string: .string
    case .enumeration(_, let type): type
    case .object(let object): object.runtimeType
    case .cell(let cell): cell.value.runtimeType
    }
  }
}
