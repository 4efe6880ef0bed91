extension Binder {
  /// An implicit conversion; nil when there is none.
  func implicit(_ bound: Bound, to target: TypeSymbol) -> Bound? {
    let source = bound.type
    switch bound.form {
    case .untyped(let form): return try? untyped(form, bound, to: target)
    case .tuple(let parts) where target.isTuple && target.arguments.count == parts.count && source != target:
      var converted: [Bound] = []
      for (part, type) in zip(parts, target.arguments) {
        guard let one = implicit(part, to: type) else { return nil }
        converted.append(one)
      }
      return tuple(converted, target, bound.offset)
    // A literal with `null` in it has no type of its own.
    case .tuple(let parts) where !target.isTuple && parts.contains { $0.type.isNullLiteral || $0.type.isError }:
      return nil
    default: break
    }
    if source == target { return source === target ? bound : retyped(bound, target) }
    if source.isVoid || source.isError || target.isError { return nil }
    if source.isNullLiteral { return target.acceptsNull && !target.isVoid ? retyped(bound, target) : nil }
    if let underlying = target.nullableUnderlying {
      if let inner = source.nullableUnderlying {
        guard inner.isNumeric, underlying.isNumeric, inner.widens(to: underlying) else { return nil }
        let run = bound.run
        return Bound(target, bound.offset) { machine in
          let value = try run(machine)
          return value.isNull ? value : Operation.convert(value, to: underlying)
        }
      }
      return implicit(bound, to: underlying).map { retyped($0, target) }
    }
    if source.isNumeric, target.isNumeric {
      guard source.widens(to: target) || fits(bound, target) else { return nil }
      if let constant = bound.constant {
        return .constant(Operation.convert(constant, to: target), target, bound.offset)
      }
      let run = bound.run
      return Bound(target, bound.offset) { Operation.convert(try run($0), to: target) }
    }
    if target.isEnum, let constant = bound.constant, source == .int32, Operation.integer(constant) == 0 {
      return .constant(.enumeration(0, target), target, bound.offset)
    }
    if source.isReferenceConvertible(to: target) { return retyped(bound, target) }
    return userDefined(bound, to: target, allowsExplicit: false)
  }

  /// What has no type of its own, as a value of the target type.
  private func untyped(_ form: Bound.Untyped, _ bound: Bound, to target: TypeSymbol) throws(SyntaxError) -> Bound {
    switch form {
    case .defaultLiteral:
      if target.isVoid || target.isError { throw fail("CS8716", "There is no target type.", bound.offset) }
      return defaultValue(target, bound.offset)
    case .throwing: return retyped(Bound(target, bound.offset, bound.run), target)
    case .lambda(let syntax):
      guard let signature = signature(of: target) else {
        throw fail(
          "CS1660", "Cannot convert lambda expression to type '\(target)' because it is not a delegate type",
          bound.offset)
      }
      return try lambda(syntax, signature, target, bound.offset).bound
    case .methodGroup(let candidates, let receiver, let name):
      guard let signature = signature(of: target) else {
        throw fail("CS0428", "Cannot convert method group '\(name)' to type '\(target)'.", bound.offset)
      }
      return try methodGroup(candidates, receiver, name, signature, target, bound.offset)
    case .function(let function) where !function.member.typeParameters.isEmpty:
      guard let signature = signature(of: target), signature.parameters.count == function.member.parameters.count else {
        throw fail("CS0123", "No overload for '\(function.syntax.name)' matches '\(target)'", bound.offset)
      }
      return try delegate(of: function, signature, target, bound.offset)
    case .function(let function):
      guard let signature = signature(of: target), signature.parameters.count == function.member.parameters.count,
        zip(signature.parameters, function.member.parameters).allSatisfy({ $0.type == $1.type })
      else { throw fail("CS0123", "No overload for '\(function.syntax.name)' matches '\(target)'", bound.offset) }
      return retyped(Bound(target, bound.offset, bound.run), target)
    }
  }

  /// Parameters and result of a delegate type with its arguments filled in.
  func signature(of type: TypeSymbol) -> DelegateSignature? {
    guard let open = type.definition.delegateSignature else { return nil }
    let own = type.substitution
    return DelegateSignature(
      parameters: open.parameters.map { $0.substituting(own) }, result: open.result.substituting(own))
  }

  func retyped(_ bound: Bound, _ type: TypeSymbol) -> Bound {
    var result = bound
    result.type = type
    result.form = .plain
    // Only numbers, texts and switches stay constants of C#.
    if type == .object || type.isInterface || type.isNullable { result.constant = nil }
    return result
  }

  /// A constant of type int converts to smaller types that can hold it.
  private func fits(_ bound: Bound, _ target: TypeSymbol) -> Bool {
    guard let constant = bound.constant, let value = Operation.integer(constant), target.isIntegral, target != .char
    else { return false }
    if bound.type == .int64, target == .uint64 { return value >= 0 }
    guard bound.type == .int32 else { return false }
    return Operation.integer(Operation.convert(constant, to: target)).map { $0 == value } ?? (value >= 0)
  }

  func convert(_ bound: Bound, to target: TypeSymbol) throws(SyntaxError) -> Bound {
    if let converted = implicit(bound, to: target) { return converted }
    if case .untyped(let form) = bound.form { return try untyped(form, bound, to: target) }
    if bound.constant != nil, bound.type.isIntegral, target.isIntegral, bound.type == .int32,
      let value = bound.constant.flatMap(Operation.integer)
    {
      throw fail("CS0031", "Constant value '\(value)' cannot be converted to a '\(target)'", bound.offset)
    }
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
    if let result = implicit(bound, to: target) ?? explicit(bound, to: target) {
      var placed = result.placed()
      placed.offset = at
      return placed
    }
    if case .untyped(let form) = bound.form { return try untyped(form, bound, to: target) }
    if let constant = bound.constant, bound.type.isNumeric, target.isIntegral, !isUnchecked,
      let value = Operation.integer(constant)
    {
      throw fail(
        "CS0221", "Constant value '\(value)' cannot be converted to a '\(target)' (use 'unchecked' syntax to override)",
        at)
    }
    throw fail("CS0030", "Cannot convert type '\(bound.type.qualifiedName)' to '\(target.qualifiedName)'", at)
  }

  private func explicit(_ bound: Bound, to target: TypeSymbol) -> Bound? {
    let run = bound.run
    let source = bound.type
    let (from, to) = (source.nullableUnderlying ?? source, target.nullableUnderlying ?? target)
    if from.isNumeric || from.isEnum, to.isNumeric || to.isEnum {
      if let constant = bound.constant {
        if isUnchecked { return .constant(Operation.convert(constant, to: to), target, bound.offset) }
        guard let value = try? Operation.convertChecked(constant, to: to.isEnum ? .int32 : to) else { return nil }
        return .constant(to.isEnum ? Operation.convert(value, to: to) : value, target, bound.offset)
      }
      let checks = isChecked || from == .decimal || to == .decimal
      let isNullable = target.isNullable
      return Bound(target, bound.offset) { machine in
        let value = try run(machine)
        if value.isNull {
          if isNullable { return value }
          throw Thrown.invalidOperation("Nullable object must have a value.")
        }
        return checks && !to.isEnum ? try Operation.convertChecked(value, to: to) : Operation.convert(value, to: to)
      }
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
    let (acceptsNull, wanted) = (target.acceptsNull, target.nullableUnderlying ?? target)
    func checked(_ value: Value) throws -> Value {
      if value.isNull {
        if acceptsNull { return value }
        throw Thrown.nullReference()
      }
      let actual = value.runtimeType
      guard actual == wanted || actual.isReferenceConvertible(to: wanted) else {
        throw Thrown.invalidCast(actual, target)
      }
      return value
    }
    switch target {
    case .int32:
      return Bound(number: bound.offset) { machine in
        let value = try run(machine)
        if case .int32(let number) = value { return number }
        _ = try checked(value)
        return Int32(truncatingIfNeeded: Operation.integer(value) ?? 0)
      }
    case .bool:
      return Bound(test: bound.offset) { machine in
        let value = try run(machine)
        if case .bool(let flag) = value { return flag }
        _ = try checked(value)
        return false
      }
    case .string:
      return Bound(target, bound.offset) { machine in
        let value = try run(machine)
        if case .string = value { return value }
        return try checked(value)
      }
    default: return Bound(target, bound.offset) { machine in try checked(try run(machine)) }
    }
  }

  /// A conversion of the language itself, as one that a type declares may need before it.
  private func standard(_ bound: Bound, to target: TypeSymbol) -> Bound? {
    if bound.type.isReferenceConvertible(to: target), target != .object { return retyped(bound, target) }
    return bound.type.isNumeric && target.isNumeric && bound.type.widens(to: target) ? implicit(bound, to: target) : nil
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
        guard member.result == target || (member.result.isReferenceConvertible(to: target) && target != .object),
          let parameter = member.parameters.first?.type,
          let argument = bound.type == parameter ? bound : standard(bound, to: parameter), let body = member.body
        else { continue }
        if let direct = member.direct?.bound([argument], needsReceiver: false, target, bound.offset) { return direct }
        let run = argument.run
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
    case .decimal: .decimal
    case .string: .string
    case .enumeration(_, let type): type
    case .object(let object): object.runtimeType
    case .cell(let cell): cell.value.runtimeType
    }
  }
}
