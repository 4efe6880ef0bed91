extension Binder {
  /// A member with the type it was found on, so that type parameters can be filled in.
  struct Candidate {
    var member: Member
    var owner: TypeSymbol?
  }

  // MARK: - Lookup

  /// All members of a name on a type, its bases and interfaces.
  private func members(_ name: String, of type: TypeSymbol) -> [Candidate] {
    var result: [Candidate] = []
    for owner in hierarchy(of: type) {
      for member in owner.definition.members.named[name] ?? [] where !strict || member.isListed {
        result.append(Candidate(member: member, owner: owner))
      }
    }
    return result
  }

  private func hierarchy(of type: TypeSymbol) -> [TypeSymbol] {
    var result = [type]
    var next = type.baseType
    while let base = next {
      result.append(base)
      next = base.baseType
    }
    result += type.allInterfaces
    if type.isInterface { result.append(.object) }
    return result
  }

  private func extensions(_ name: String) -> [Candidate] {
    catalog.extensionClasses.flatMap { definition in
      (definition.members.extensions[name] ?? []).filter { !strict || $0.isListed }.map {
        Candidate(member: $0, owner: nil)
      }
    }
  }

  private func unknownMember(_ type: TypeSymbol, _ name: String, _ at: Int, isStatic: Bool) -> SyntaxError {
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
    if receiver.type.isNullLiteral {
      throw fail("CS0023", "Operator '.' cannot be applied to operand of type '<null>'", at)
    }
    if let underlying = receiver.type.nullableUnderlying { return try nullableMember(receiver, underlying, name, at) }
    let found = members(name, of: receiver.type)
    guard let candidate = found.first(where: { $0.member.kind == .property && !$0.member.isStatic }) else {
      if !found.isEmpty || !extensions(name).isEmpty {
        throw fail(
          "CS0428", "Cannot convert method group '\(name)' to a value. Did you intend to invoke the method?", at,
          length: name.count)
      }
      throw unknownMember(receiver.type, name, at, isStatic: false)
    }
    note(candidate.member.usage)
    let type = candidate.member.result.substituting(candidate.owner?.substitution ?? Substitution())
    guard let body = candidate.member.body else { throw unknownMember(receiver.type, name, at, isStatic: false) }
    let run = receiver.run
    let member = candidate.member
    let types = candidate.owner?.arguments ?? []
    let isReference = !receiver.type.isValueType
    return Bound(type, at) { machine in
      let this = try run(machine)
      if isReference, this.isNull { throw Thrown.nullReference() }
      try machine.charge()
      var call = Call(machine, member, types: types, this: this)
      return try body(&call)
    }.placed()
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
    for candidate in members(name, of: type) where candidate.member.isStatic || candidate.member.kind == .constant {
      note(candidate.member.usage)
      if let constant = candidate.member.constant { return .constant(constant, candidate.member.result, at) }
      guard candidate.member.kind == .property, let body = candidate.member.body else { continue }
      let member = candidate.member
      return Bound(member.result, at) { machine in
        try machine.charge()
        var call = Call(machine, member, types: type.arguments, this: .null)
        return try body(&call)
      }.placed()
    }
    throw unknownMember(type, name, at, isStatic: true)
  }

  // MARK: - Calls

  func call(_ target: ExpressionSyntax, _ arguments: [ArgumentSyntax], _ at: Int) throws(SyntaxError) -> Bound {
    guard case .member(let receiver, let name, let typeSyntax, let place) = target else {
      if case .name(let name, _, let place) = target {
        throw fail("CS0103", "The name '\(name)' does not exist in the current context", place, length: name.count)
      }
      throw fail("CS0149", "Method name expected", at)
    }
    var types: [TypeSymbol] = []
    for syntax in typeSyntax { types.append(try resolve(syntax)) }
    if let type = typeNamed(receiver) {
      let found = members(name, of: type).filter { $0.member.kind == .method && $0.member.isStatic }
      guard !found.isEmpty else { throw unknownMember(type, name, place, isStatic: true) }
      return try invoke(found, receiver: nil, name, arguments, types, place)
    }
    let bound = try bind(receiver)
    if bound.type.isNullable, name == "GetValueOrDefault" || name == "ToString" {
      return try nullableCall(bound, name, arguments, place)
    }
    let found = members(name, of: bound.type).filter { $0.member.kind == .method && !$0.member.isStatic }
    let more = extensions(name)
    guard !found.isEmpty || !more.isEmpty else { throw unknownMember(bound.type, name, place, isStatic: false) }
    if !found.isEmpty, let result = try? invoke(found, receiver: bound, name, arguments, types, place) { return result }
    if !more.isEmpty, let result = try? invoke(more, receiver: bound, name, arguments, types, place) { return result }
    return try invoke(found.isEmpty ? more : found, receiver: bound, name, arguments, types, place)
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
      return try other?.run(machine) ?? Operation.convert(.int32(0), to: underlying)
    }
  }

  func create(_ type: TypeSymbol, _ arguments: [ArgumentSyntax], _ at: Int) throws(SyntaxError) -> Bound {
    let candidates = type.definition.members.constructors.filter { !strict || $0.isListed }
      .map { Candidate(member: $0, owner: type) }
    guard !candidates.isEmpty else { throw fail("CS0144", "Cannot create an instance of the type '\(type)'", at) }
    return try invoke(candidates, receiver: nil, type.definition.name, arguments, type.arguments, at)
  }

  func index(_ receiver: Bound, _ arguments: [ArgumentSyntax], _ at: Int) throws(SyntaxError) -> Bound {
    if let element = receiver.type.elementType {
      guard arguments.count == 1 else { throw fail("CS0022", "Wrong number of indices inside []; expected 1", at) }
      let place = try convert(try bind(arguments[0].value), to: .int32)
      let run = receiver.run
      return Bound(element, at) { machine in
        guard case .object(let object) = try run(machine), let array = object as? ArrayObject else {
          throw Thrown.nullReference()
        }
        return try array.checked(Int(Operation.integer(try place.run(machine)) ?? -1))
      }.placed()
    }
    let found = hierarchy(of: receiver.type).flatMap { owner in
      owner.definition.members.indexers.filter { !strict || $0.isListed }.map { Candidate(member: $0, owner: owner) }
    }
    guard !found.isEmpty else {
      throw fail("CS0021", "Cannot apply indexing with [] to an expression of type '\(receiver.type)'", at)
    }
    return try invoke(found, receiver: receiver, "this", arguments, [], at)
  }

  // MARK: - Overload resolution

  private struct Match {
    var candidate: Candidate
    var types: [TypeSymbol]
    var substitution: Substitution
    /// For each parameter, what it is given; nil for a default.
    var arguments: [Bound?]
    var variadic: [Bound]?
    var cost: Int
  }

  private func invoke(
    _ candidates: [Candidate], receiver: Bound?, _ name: String, _ syntax: [ArgumentSyntax], _ types: [TypeSymbol],
    _ at: Int
  ) throws(SyntaxError) -> Bound {
    var arguments: [(name: String?, bound: Bound)] = []
    for argument in syntax { arguments.append((argument.name, try bind(argument.value))) }
    var best: Match?
    for candidate in candidates {
      var all = arguments
      if candidate.member.isExtension, let receiver { all.insert((nil, receiver), at: 0) }
      for isExpanded in candidate.member.isVariadic ? [false, true] : [false] {
        guard let match = match(candidate, all, types, isExpanded: isExpanded) else { continue }
        if best.map({ match.cost < $0.cost }) ?? true { best = match }
      }
    }
    guard let best else { throw noMatch(candidates, name, arguments, receiver, at) }
    if best.candidate.owner?.definition.fullName == "Apim.IMessageBody", let wanted = best.types.first,
      wanted != .string, wanted != .byteArray
    {
      throw fail("PL0201", "Reading a body as '\(wanted)' is not supported by this version of Postern yet.", at)
    }
    // Of equally good forms the first declared holds: registrations put the documented one first.
    return emit(best, receiver: best.candidate.member.isExtension ? nil : receiver, at)
  }

  private func match(
    _ candidate: Candidate, _ arguments: [(name: String?, bound: Bound)], _ types: [TypeSymbol], isExpanded: Bool
  ) -> Match? {
    let member = candidate.member
    var substitution = candidate.owner?.substitution ?? Substitution()
    let isConstructor = member.kind == .constructor
    if !types.isEmpty, !isConstructor {
      guard types.count == member.typeParameters.count else { return nil }
      substitution = substitution.merging(Substitution(member.typeParameters, types))
    }
    let fixed = isExpanded ? member.parameters.count - 1 : member.parameters.count
    guard arguments.count <= fixed || isExpanded else { return nil }
    var given: [Bound?] = Array(repeating: nil, count: member.parameters.count)
    var extra: [Bound] = []
    for (position, argument) in arguments.enumerated() {
      if let name = argument.name {
        guard let index = member.parameters.firstIndex(where: { $0.name == name }), given[index] == nil else {
          return nil
        }
        given[index] = argument.bound
      } else if position < fixed {
        given[position] = argument.bound
      } else {
        extra.append(argument.bound)
      }
    }
    if types.isEmpty, !member.typeParameters.isEmpty {
      for (parameter, bound) in zip(member.parameters, given) {
        if let bound { infer(parameter.type, from: bound.type, member.typeParameters, &substitution) }
      }
      guard member.typeParameters.allSatisfy({ substitution[$0] != nil }) else { return nil }
    }
    var cost = member.typeParameters.isEmpty ? 0 : 1
    for index in 0..<fixed {
      let parameter = member.parameters[index]
      guard let bound = given[index] else {
        if parameter.defaultValue == nil { return nil }
        cost += 1
        continue
      }
      guard parameter.mode == .value || parameter.mode == .variadic,
        let converted = implicit(bound, to: parameter.type.substituting(substitution))
      else { return nil }
      given[index] = converted.bound
      cost += converted.cost * 4
    }
    var variadic: [Bound]?
    if isExpanded, let last = member.parameters.last, let element = last.type.substituting(substitution).elementType {
      var list: [Bound] = []
      for bound in extra {
        guard let converted = implicit(bound, to: element) else { return nil }
        list.append(converted.bound)
        cost += converted.cost * 4
      }
      cost += 2
      variadic = list
    }
    let own = member.typeParameters.map { substitution[$0] ?? .object }
    return Match(
      candidate: candidate, types: own.isEmpty ? types.isEmpty ? candidate.owner?.arguments ?? [] : types : own,
      substitution: substitution, arguments: given, variadic: variadic, cost: cost)
  }

  /// Fills in type parameters from the types of arguments (specification §11.6.3, without lambdas).
  private func infer(
    _ parameter: TypeSymbol, from argument: TypeSymbol, _ open: [TypeDefinition], _ substitution: inout Substitution
  ) {
    if parameter.isTypeParameter {
      guard open.contains(where: { $0 === parameter.definition }), substitution[parameter.definition] == nil,
        !argument.isNullLiteral
      else { return }
      substitution.set(parameter.definition, argument)
      return
    }
    guard parameter.mentions(open) else { return }
    for candidate in [argument] + hierarchy(of: argument) where candidate.definition === parameter.definition {
      for (inner, actual) in zip(parameter.arguments, candidate.arguments) {
        infer(inner, from: actual, open, &substitution)
      }
      return
    }
  }

  private func emit(_ match: Match, receiver: Bound?, _ at: Int) -> Bound {
    let member = match.candidate.member
    note(member.usage)
    let type = member.result.substituting(match.substitution)
    var runs: [Evaluation] = []
    for (parameter, bound) in zip(member.parameters, match.arguments) {
      if let bound {
        runs.append(bound.run)
      } else if let list = match.variadic, parameter.mode == .variadic {
        let element = parameter.type.substituting(match.substitution).elementType ?? .object
        let items = list.map(\.run)
        runs.append { machine in
          var values: [Value] = []
          for item in items { values.append(try item(machine)) }
          return .object(ArrayObject(of: element, values))
        }
      } else {
        let value = parameter.defaultValue ?? .null
        runs.append { _ in value }
      }
    }
    let arguments = runs
    let types = match.types
    let needsReceiver = receiver.map { !$0.type.isValueType } ?? false
    let this = receiver?.run
    guard let body = member.body else { return Bound(type, at) { _ in throw Thrown.notSupported() } }
    return Bound(type, at) { machine in
      let object = try this?(machine) ?? .null
      var call = Call(machine, member, types: types, this: object)
      for index in arguments.indices { call[index] = try arguments[index](machine) }
      if needsReceiver, object.isNull { throw Thrown.nullReference() }
      try machine.charge()
      return try body(&call)
    }.placed()
  }

  private func noMatch(
    _ candidates: [Candidate], _ name: String, _ arguments: [(name: String?, bound: Bound)], _ receiver: Bound?,
    _ at: Int
  ) -> SyntaxError {
    let count = arguments.count
    let fitting = candidates.filter { candidate in
      let offset = candidate.member.isExtension && receiver != nil ? 1 : 0
      let required = candidate.member.parameters.count { $0.defaultValue == nil && $0.mode != .variadic } - offset
      return count >= required && (candidate.member.isVariadic || count <= candidate.member.parameters.count - offset)
    }
    guard let candidate = fitting.first else {
      return fail("CS1501", "No overload for method '\(name)' takes \(count) arguments", at, length: name.count)
    }
    let offset = candidate.member.isExtension && receiver != nil ? 1 : 0
    let substitution = candidate.owner?.substitution ?? Substitution()
    for (position, argument) in arguments.enumerated() where position + offset < candidate.member.parameters.count {
      let parameter = candidate.member.parameters[position + offset].type.substituting(substitution)
      if implicit(argument.bound, to: parameter) == nil, !parameter.containsTypeParameter {
        return fail(
          "CS1503",
          "Argument \(position + 1): cannot convert from '\(argument.bound.type.qualifiedName)' to '\(parameter.qualifiedName)'",
          argument.bound.offset)
      }
    }
    return fail(
      "CS0411", "The type arguments for method '\(name)' cannot be inferred from the usage, or no form of it fits.", at,
      length: name.count)
  }
}
