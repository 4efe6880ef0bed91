extension Binder {
  /// A member with the type it was found on, so that type parameters can be filled in.
  struct Candidate {
    var member: Member
    var owner: TypeSymbol?
  }

  // MARK: - Lookup

  /// All members of a name on a type, its bases and interfaces.
  func members(_ name: String, of type: TypeSymbol) -> [Candidate] {
    var result: [Candidate] = []
    // What an array has for its interfaces alone is not seen on it.
    for owner in hierarchy(of: type) where !type.isArray || !owner.isInterface || name == "GetEnumerator" {
      for member in owner.definition.members.named[name] ?? [] where !strict || member.isListed {
        result.append(Candidate(member: member, owner: owner))
      }
    }
    return result
  }

  func hierarchy(of type: TypeSymbol) -> [TypeSymbol] {
    if let known = hierarchies[type] { return known }
    var result = [type]
    var next = type.baseType
    while let base = next {
      result.append(base)
      next = base.baseType
    }
    result += type.allInterfaces
    if type.isInterface { result.append(.object) }
    hierarchies[type] = result
    return result
  }

  func extensions(_ name: String) -> [Candidate] {
    catalog.extensionClasses.flatMap { definition in
      (definition.members.extensions[name] ?? []).filter { !strict || $0.isListed }.map {
        Candidate(member: $0, owner: nil)
      }
    }
  }

  func unknownMember(_ type: TypeSymbol, _ name: String, _ at: Int, isStatic: Bool) -> SyntaxError {
    let own = hierarchy(of: type).flatMap { $0.definition.members.named.keys }
    let extra = isStatic ? [] : catalog.extensionClasses.flatMap { $0.members.extensions.keys }
    let names = own + extra + type.definition.enumerators.map(\.name)
    let suggestion = Nearest.name(to: name, among: names)
    let message =
      isStatic
      ? "'\(type.name(qualified: false))' does not contain a definition for '\(name)'"
      : "'\(type.name(qualified: false))' does not contain a definition for '\(name)' and no accessible extension method '\(name)' accepting a first argument of type '\(type.name(qualified: false))' could be found"
    return fail(isStatic ? "CS0117" : "CS1061", message, at, length: name.count, suggestion: suggestion)
  }

  // MARK: - Properties

  func instanceMember(_ receiver: Bound, _ name: String, _ at: Int) throws(SyntaxError) -> Bound {
    let type = receiver.type
    if type.isNullLiteral { throw fail("CS0023", "Operator '.' cannot be applied to operand of type '<null>'", at) }
    if let underlying = type.nullableUnderlying { return try nullableMember(receiver, underlying, name, at) }
    if let field = field(name, of: type) {
      let run = receiver.run
      var result = Bound(field.type, at) { machine in
        guard case .object(let object) = try run(machine), let tuple = object as? TupleObject else {
          throw Thrown.nullReference()
        }
        return tuple.values[field.index]
      }.placed()
      if type.isTuple, case .reference(let place) = receiver.form {
        result.form = .reference(.field(of: place, index: field.index, type: field.type))
      }
      return result
    }
    let found = members(name, of: type)
    guard let candidate = found.first(where: { $0.member.kind == .property && !$0.member.isStatic }) else {
      let methods = found.filter { $0.member.kind == .method && !$0.member.isStatic } + extensions(name)
      if !methods.isEmpty { return .untyped(.methodGroup(methods, receiver: receiver, name: name), .error, at) }
      throw unknownMember(type, name, at, isStatic: false)
    }
    return property(candidate, receiver, [], at)
  }

  /// A field of a tuple or an anonymous type.
  private func field(_ name: String, of type: TypeSymbol) -> (type: TypeSymbol, index: Int)? {
    var index: Int?
    if type.isTuple {
      index = type.tupleNames.firstIndex { $0 == name }
      if index == nil, name.hasPrefix("Item"), let number = Int(name.dropFirst(4)) { index = number - 1 }
    } else if type.kind == .anonymous {
      index = type.definition.fieldNames.firstIndex(of: name)
    }
    guard let index, type.arguments.indices.contains(index) else { return nil }
    return (type.arguments[index], index)
  }

  /// Reading a property or an indexer; assignments find their place in the result.
  private func property(_ candidate: Candidate, _ receiver: Bound?, _ arguments: [Bound], _ at: Int) -> Bound {
    let member = candidate.member
    note(member.usage)
    let type = member.result.substituting(candidate.owner?.substitution ?? Substitution())
    let types = candidate.owner?.arguments ?? []
    if let fixed = member.fixed, receiver.map({ $0.known != nil && $0.presence == nil }) ?? member.isStatic {
      let presence = member.part.map { part in FlagEvaluation { machine in machine.context.isPresent(part) } }
      return .known(fixed, type, at, presence: presence)
    }
    guard let body = member.body else { return Bound(type, at) { _ in throw Thrown.notSupported() } }
    let run = receiver?.run
    let isReference = receiver.map { !$0.type.isValueType } ?? false
    let runs = arguments.map(\.run)
    let operands = (receiver.map { [$0] } ?? []) + arguments
    var result =
      member.direct?.bound(operands, needsReceiver: isReference, type, at)
      ?? Bound(type, at) { machine in
        let this = try run?(machine) ?? .null
        if isReference, this.isNull { throw Thrown.nullReference() }
        try machine.charge()
        var call = Call(machine, member, types: types, this: this)
        for index in runs.indices { call[index] = try runs[index](machine) }
        return try body(&call)
      }.placed()
    result.form = .reference(
      .member(receiver: receiver, member: member, types: types, arguments: arguments, type: type))
    return result
  }

  private func nullableMember(
    _ receiver: Bound, _ underlying: TypeSymbol, _ name: String, _ at: Int
  ) throws(SyntaxError) -> Bound {
    let run = receiver.run
    switch name {
    case "HasValue": return Bound(.bool, at) { .bool(!(try run($0)).isNull) }
    case "Value":
      return Bound(underlying, at) { machine in
        let value = try run(machine)
        if value.isNull { throw Thrown.invalidOperation("Nullable object must have a value.") }
        return value
      }.placed()
    default: throw unknownMember(receiver.type, name, at, isStatic: false)
    }
  }

  func staticMember(_ type: TypeSymbol, _ name: String, _ at: Int) throws(SyntaxError) -> Bound {
    if let entry = type.definition.enumerators.first(where: { $0.name == name }) {
      return .constant(.enumeration(Int32(truncatingIfNeeded: entry.value), type), type, at)
    }
    let found = members(name, of: type)
    for candidate in found where candidate.member.isStatic {
      if let constant = candidate.member.constant { return .constant(constant, candidate.member.result, at) }
      if candidate.member.kind == .property { return property(candidate, nil, [], at) }
    }
    let methods = found.filter { $0.member.kind == .method && $0.member.isStatic }
    if !methods.isEmpty { return .untyped(.methodGroup(methods, receiver: nil, name: name), .error, at) }
    throw unknownMember(type, name, at, isStatic: true)
  }

  // MARK: - Calls

  typealias Arguments = [(name: String?, bound: Bound)]

  /// Arguments as far as they have a type without knowing the method.
  func bind(arguments syntax: [ArgumentSyntax]) throws(SyntaxError) -> Arguments {
    var result: Arguments = []
    for argument in syntax {
      guard argument.mode != .value else {
        let bound = try bindAny(argument.value)
        if bound.type.isVoid { throw fail("CS1503", "Argument cannot be of type 'void'", bound.offset) }
        result.append((argument.name, bound))
        continue
      }
      let at = argument.value.offset
      if let declared = argument.declares {
        var bound = Bound(try declared.type.map { (type) throws(SyntaxError) in try resolve(type) } ?? .error, at) {
          _ in .null
        }
        bound.form = .declares(declared.name)
        result.append((argument.name, bound))
        continue
      }
      guard case .name(let name, _, _) = argument.value, let variable = function.variable(name) else {
        throw fail("CS1510", "A ref or out value must be an assignable variable", at)
      }
      if let reason = variable.readOnly {
        throw fail("CS1657", "Cannot use '\(name)' as a ref or out value: \(reason)", at)
      }
      if argument.mode == .reference, flow.unassigned.contains(ObjectIdentifier(variable)) {
        throw fail("CS0165", "Use of unassigned local variable '\(name)'", at, length: name.count)
      }
      result.append((argument.name, passed(variable, at)))
      if argument.mode == .output { assigned(variable) }
    }
    return result
  }

  /// A variable passed by reference: its cell.
  private func passed(_ variable: Variable, _ at: Int) -> Bound {
    let slot = variable.slot
    var bound = Bound(variable.type, at) { $0.frame[slot] }
    bound.form = .passed(variable)
    return bound
  }

  func call(_ target: ExpressionSyntax, _ syntax: [ArgumentSyntax], _ at: Int) throws(SyntaxError) -> Bound {
    var types: [TypeSymbol] = []
    switch target {
    case .name(_, let written, _), .member(_, _, let written, _):
      for type in written { types.append(try resolve(type)) }
    default: break
    }
    if case .member(let receiver, let name, _, let place) = target, typeNamed(receiver) == nil {
      let bound = try bind(receiver: receiver)
      if bound.type.isNullable, name == "GetValueOrDefault" || name == "ToString" {
        return try nullableCall(bound, name, syntax, place)
      }
      let found = members(name, of: bound.type).filter { $0.member.kind == .method && !$0.member.isStatic }
      let more = extensions(name)
      if found.isEmpty, more.isEmpty || bound.type.isNullLiteral {
        if !members(name, of: bound.type).isEmpty {
          throw fail("CS1955", "Non-invocable member '\(bound.type).\(name)' cannot be used like a method.", place)
        }
        throw unknownMember(bound.type, name, place, isStatic: false)
      }
      let arguments = try bind(arguments: syntax)
      if !found.isEmpty {
        let saved = flow
        do throws(SyntaxError) {
          return try invoke(found, receiver: bound, name, arguments, types, place)
        } catch {
          flow = saved
          if more.isEmpty { throw error }
          if let result = try? invoke(more, receiver: bound, name, arguments, types, place) { return result }
          throw error
        }
      }
      // A static method of that name that fits comes before extension methods, and is no instance's.
      let own = members(name, of: bound.type).filter { $0.member.kind == .method }
      if !own.isEmpty, (try? resolve(own, nil, name, arguments, types, place)) != nil {
        throw fail(
          "CS0176",
          "Member '\(bound.type).\(name)' cannot be accessed with an instance reference; qualify it with a type name instead",
          place, length: name.count)
      }
      return try invoke(more, receiver: bound, name, arguments, types, place)
    }
    let callee = try bindAny(target)
    let arguments = try bind(arguments: syntax)
    switch callee.form {
    case .untyped(.methodGroup(let candidates, let receiver, let name)):
      return try invoke(candidates, receiver: receiver, name, arguments, types, callee.offset)
    case .untyped(.function(let function)) where !function.member.typeParameters.isEmpty:
      return try invoke(generic: function, arguments, types, callee.offset)
    case .untyped(.function(let function)):
      return try invoke(
        [Candidate(member: function.member, owner: nil)], receiver: nil, function.syntax.name, arguments, [],
        callee.offset, delegate: callee.run, code: function.code)
    default: break
    }
    guard let signature = signature(of: callee.type) else { throw fail("CS0149", "Method name expected", at) }
    return try invoke(callee, signature, arguments, at)
  }

  /// Calls a delegate.
  private func invoke(
    _ callee: Bound, _ signature: DelegateSignature, _ arguments: Arguments, _ at: Int
  ) throws(SyntaxError) -> Bound {
    let member = Member(
      kind: .method, name: "Invoke", isStatic: true, isExtension: false, isListed: true, typeParameters: [],
      parameters: signature.parameters, result: signature.result, declaringType: callee.type.definition, body: nil,
      setter: nil, usage: [])
    return try invoke(
      [Candidate(member: member, owner: nil)], receiver: nil, "\(callee.type)", arguments, [], at,
      delegate: callee.run)
  }

  private func nullableCall(
    _ bound: Bound, _ name: String, _ arguments: [ArgumentSyntax], _ at: Int
  ) throws(SyntaxError) -> Bound {
    let run = bound.run
    guard let underlying = bound.type.nullableUnderlying, arguments.count <= (name == "ToString" ? 0 : 1) else {
      throw fail("CS1501", "No overload for method '\(name)' takes \(arguments.count) arguments", at)
    }
    if name == "ToString" { return Bound(.string, at) { .string(try Operation.text(try run($0), $0)) } }
    let other = try arguments.first.map { (argument) throws(SyntaxError) in
      try convert(try bind(argument.value), to: underlying)
    }
    return Bound(underlying, at) { machine in
      let value = try run(machine)
      if !value.isNull { return value }
      return try other?.run(machine) ?? Value.defaultValue(of: underlying)
    }
  }

  func index(_ receiver: Bound, _ syntax: [ArgumentSyntax], _ at: Int) throws(SyntaxError) -> Bound {
    if let type = receiver.type.elementType { return try element(of: receiver, type, syntax, at) }
    let found = hierarchy(of: receiver.type).flatMap { owner in
      owner.definition.members.indexers.filter { !strict || $0.isListed }.map { Candidate(member: $0, owner: owner) }
    }
    guard !found.isEmpty else {
      throw fail("CS0021", "Cannot apply indexing with [] to an expression of type '\(receiver.type)'", at)
    }
    let match = try resolve(found, receiver, "this", try bind(arguments: syntax), [], at)
    return property(match.candidate, receiver, match.arguments.compactMap { $0 }, at)
  }
}
