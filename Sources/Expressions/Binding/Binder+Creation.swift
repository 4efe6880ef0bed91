/// `new`, tuples, patterns and `as`.
extension Binder {
  func create(
    _ type: TypeSymbol, _ syntax: [ArgumentSyntax], _ initializer: InitializerSyntax?, _ at: Int
  ) throws(SyntaxError) -> Bound {
    if type.isValueType, syntax.isEmpty, initializer == nil { return defaultValue(type, at) }
    if let underlying = type.nullableUnderlying, syntax.count == 1, initializer == nil {
      return try convert(try convert(try bindAny(syntax[0].value), to: underlying), to: type)
    }
    if type.isDelegate, syntax.count == 1 { return try cast(try bindAny(syntax[0].value), to: type, at) }
    let candidates = type.definition.members.constructors.filter { !strict || $0.isListed }
      .map { Candidate(member: $0, owner: type) }
    guard !candidates.isEmpty, !type.definition.isAbstract else {
      throw fail("CS0144", "Cannot create an instance of the abstract type or interface '\(type)'", at)
    }
    let made = try invoke(
      candidates, receiver: nil, type.definition.name, try bind(arguments: syntax), type.arguments, at)
    var result = made
    result.type = type
    guard let initializer else { return result }
    let held = temporary(type)
    let steps = try initialization(initializer, of: bound(held, at))
    let (run, write) = (made.run, held.write)
    return Bound(type, at) { machine in
      let value = try run(machine)
      // Written again before each step: an element may itself create such an object in the same place.
      for step in steps {
        write(machine, value)
        _ = try step(machine)
      }
      return value
    }
  }

  private func initialization(
    _ initializer: InitializerSyntax, of target: Bound
  ) throws(SyntaxError) -> [Evaluation] {
    var steps: [Evaluation] = []
    switch initializer {
    case .elements(let list):
      for item in list {
        var arguments: Arguments = []
        for value in item.arguments { arguments.append((nil, try bindAny(value))) }
        let found = members("Add", of: target.type).filter { $0.member.kind == .method && !$0.member.isStatic }
        guard !found.isEmpty else {
          throw fail(
            "CS1922", "Cannot initialize type '\(target.type)' with a collection initializer", item.offset)
        }
        steps.append(try invoke(found, receiver: target, "Add", arguments, [], item.offset).run)
      }
    case .members(let list):
      for item in list {
        let place: Bound =
          switch item.target {
          case .member(let name): try instanceMember(target, name, item.offset)
          case .index(let arguments): try index(target, arguments, item.offset)
          }
        switch item.value {
        case .nested(let inner): steps += try initialization(inner, of: place)
        case .expression(let syntax):
          guard case .reference(let reference) = place.form else {
            throw fail("CS0131", "The left-hand side of an assignment must be a property", item.offset)
          }
          if case .member(_, let member, _, _, _) = reference, member.setter == nil {
            throw fail(
              "CS0200", "Property or indexer '\(member.name)' cannot be assigned to -- it is read only", item.offset)
          }
          steps.append(store(try convert(try bindAny(syntax), to: place.type), reference, item.offset).run)
        }
      }
    }
    return steps
  }

  func anonymous(
    _ members: [(name: String, value: ExpressionSyntax)], _ at: Int
  ) throws(SyntaxError) -> Bound {
    var values: [Bound] = []
    for member in members { values.append(try bind(member.value)) }
    let names = members.map(\.name)
    if Set(names).count != names.count {
      throw fail("CS0833", "An anonymous type cannot have multiple properties with the same name", at)
    }
    if values.contains(where: { $0.type.isNullLiteral || $0.type.isVoid }) {
      throw fail("CS0828", "Cannot assign <null> to anonymous type property", at)
    }
    let definition =
      anonymousTypes[names]
      ?? TypeDefinition(
        fullName: "<anonymous>", kind: .anonymous, typeParameters: names.map { .typeParameter($0) },
        variances: names.map { _ in .invariant }, fieldNames: names)
    anonymousTypes[names] = definition
    return tuple(values, TypeSymbol(definition, values.map(\.type)), at)
  }

  func tuple(_ members: [(name: String?, value: ExpressionSyntax)], _ at: Int) throws(SyntaxError) -> Bound {
    guard members.count <= LibraryCatalog.largestTuple else {
      throw fail("PL0201", "A tuple has more than \(LibraryCatalog.largestTuple) elements.", at)
    }
    var parts: [Bound] = []
    for member in members { parts.append(try bindAny(member.value)) }
    let written = members.compactMap(\.name)
    if let twice = written.first(where: { name in written.count { $0 == name } > 1 }) {
      throw fail("CS8127", "Tuple element names must be unique: '\(twice)'", at)
    }
    let names = members.map { $0.name ?? $0.value.impliedName }
    var result = tuple(parts, .tuple(parts.map(\.type), names: names), at)
    result.form = .tuple(parts)
    return result
  }

  func tuple(_ parts: [Bound], _ type: TypeSymbol, _ at: Int) -> Bound {
    let runs = parts.map(\.run)
    return Bound(type, at) { machine in
      var values: [Value] = []
      values.reserveCapacity(runs.count)
      for run in runs { values.append(try run(machine)) }
      try machine.charge(objectOf: values.count)
      return .object(try TupleObject.made(type, values))
    }
  }

  // MARK: - Types at run time

  func asType(_ bound: Bound, _ type: TypeSymbol, _ at: Int) throws(SyntaxError) -> Bound {
    if type.isValueType, !type.isNullable {
      throw fail("CS0077", "The as operator must be used with a reference type or nullable type ('\(type)' is not)", at)
    }
    let (source, wanted) = (bound.type, type.nullableUnderlying ?? type)
    let inner = source.nullableUnderlying ?? source
    guard
      source.isNullLiteral || inner.isReferenceConvertible(to: wanted) || wanted.isReferenceConvertible(to: source)
        || source.isInterface || (wanted.isInterface && !source.isValueType)
    else {
      throw fail(
        "CS0039",
        "Cannot convert type '\(source.qualifiedName)' to '\(type.qualifiedName)' via a reference conversion, boxing conversion, unboxing conversion, wrapping conversion, or null type conversion",
        at)
    }
    let run = bound.run
    return Bound(type, at) { machine in
      let value = try run(machine)
      return value.isInstance(of: wanted) ? value : .null
    }
  }

  func isPattern(_ bound: Bound, _ pattern: PatternSyntax, _ at: Int) throws(SyntaxError) -> Bound {
    let held = temporary(bound.type)
    let test = try match(pattern, bound.type, held, at)
    let (run, write) = (bound.run, held.write)
    return Bound(.bool, at) { machine in
      write(machine, try run(machine))
      return .bool(try test(machine))
    }
  }

  /// The test of a pattern over a held value; declares the pattern's variable.
  func match(
    _ pattern: PatternSyntax, _ type: TypeSymbol, _ held: Variable, _ at: Int
  ) throws(SyntaxError) -> (Machine) throws -> Bool {
    let read = held.read
    switch pattern {
    case .anything(let name, let place):
      guard let name else { return { _ in true } }
      let write = try declare(name, type, place).write
      return { machine in
        write(machine, try read(machine))
        return true
      }
    case .type(let syntax): return typeTest(try resolve(syntax), read)
    case .typeOrConstant(let syntax, let value):
      if let tested = try? resolve(syntax) { return typeTest(tested, read) }
      return try match(.constant(value), type, held, at)
    case .declaration(let syntax, let name, let place):
      let isVar = syntax.names == ["var"]
      let tested = isVar ? type : try resolve(syntax)
      if tested.isNullable {
        throw fail("CS8116", "It is not legal to use nullable type '\(tested)' in a pattern", place)
      }
      let test = typeTest(tested, read)
      guard let name else { return test }
      let write = try declare(name, tested, place).write
      return { machine in
        guard try test(machine) else { return false }
        write(machine, try read(machine))
        return true
      }
    case .constant(let syntax):
      let constant = try constant(syntax, matching: type, at)
      return { machine in Operation.isConstant(constant, try read(machine)) }
    }
  }

  /// The value of a constant that values of `type` are compared with.
  func constant(_ syntax: ExpressionSyntax, matching type: TypeSymbol, _ at: Int) throws(SyntaxError) -> Value {
    var value = try bind(syntax)
    if value.type.isNullLiteral, type.isValueType, !type.isNullable {
      throw fail("CS0037", "Cannot convert null to '\(type)' because it is a non-nullable value type", at)
    }
    if !value.type.isNullLiteral, type != .object, !type.isInterface {
      value = try convert(value, to: type.nullableUnderlying ?? type)
    }
    guard let constant = value.constant else { throw fail("CS0150", "A constant value is expected", at) }
    return constant
  }

  private func typeTest(_ type: TypeSymbol, _ read: Evaluation) -> (Machine) throws -> Bool {
    let wanted = type.nullableUnderlying ?? type
    return { try read($0).isInstance(of: wanted) }
  }
}

extension Value {
  /// Whether `value is T` holds.
  func isInstance(of type: TypeSymbol) -> Bool {
    if isNull { return false }
    return runtimeType.isReferenceConvertible(to: type)
  }
}
