/// Generic local functions: bound once for each list of types they are called with.
extension Binder {
  /// Different types that the generic functions of one expression may be used with, altogether.
  private static let largestInstances = 64

  /// Calls a generic function with types written or found.
  func invoke(
    generic function: LocalFunction, _ arguments: Arguments, _ types: [TypeSymbol], _ at: Int
  ) throws(SyntaxError) -> Bound {
    let candidate = Candidate(member: function.member, owner: nil)
    let match = try resolve([candidate], nil, function.syntax.name, arguments, types, at)
    let instance = try instance(of: function, match.types, at)
    return try emit(match, receiver: nil, at, delegate: instance.read, code: nil)
  }

  /// A generic function as a delegate; the delegate's parameters say for which types.
  func delegate(
    of function: LocalFunction, _ signature: DelegateSignature, _ target: TypeSymbol, _ at: Int
  ) throws(SyntaxError) -> Bound {
    let arguments = signature.parameters.map { parameter in
      (name: String?.none, bound: Bound(parameter.type, at) { _ in .null })
    }
    let candidate = Candidate(member: function.member, owner: nil)
    let match = try resolve([candidate], nil, function.syntax.name, arguments, [], at)
    let result = function.member.result.substituting(match.substitution)
    guard result == signature.result || signature.result.isVoid else {
      throw fail("CS0407", "'\(function.syntax.name)' has the wrong return type", at)
    }
    let instance = try instance(of: function, match.types, at)
    return Bound(target, at, instance.read)
  }

  /// The variable that holds the function for these types, as the running function sees it.
  private func instance(
    of local: LocalFunction, _ types: [TypeSymbol], _ at: Int
  ) throws(SyntaxError) -> Variable {
    let name = local.syntax.name + "<" + types.map { $0.name(qualified: true) }.joined(separator: ",") + ">"
    if let known = function.variable(name) { return known }
    guard let home = local.home, home.scope.scopes.indices.contains(home.depth) else {
      throw fail("CS0103", "The name '\(local.syntax.name)' does not exist in the current context", at)
    }
    instances += 1
    guard instances <= Self.largestInstances else {
      throw fail("CS8078", "A generic function is used with too many types", at)
    }
    let variable = home.scope.makeVariable(name, .object, isCell: true)
    home.scope.scopes[home.depth].variables[name] = variable
    let slot = variable.slot
    // First of all: the functions made after it capture its cell.
    home.scope.scopes[home.depth].prologue.insert({ machine in machine.frame[slot] = .cell(Cell()) }, at: 0)
    local.pending.append((types, variable))
    guard let found = function.variable(name) else {
      throw fail("CS0103", "The name '\(local.syntax.name)' does not exist in the current context", at)
    }
    return found
  }

  /// Binds generic functions of the scope at hand for all types they were used with; one never used is only checked.
  func defineInstances(_ functions: [LocalFunction]) throws(SyntaxError) {
    for local in functions where !local.isUsed && local.pending.isEmpty {
      let types = local.member.typeParameters.map { _ in TypeSymbol.object }
      _ = try make(local, types)
    }
    while let local = functions.first(where: { !$0.pending.isEmpty }) {
      let (types, variable) = local.pending.removeFirst()
      local.isUsed = true
      publish(try make(local, types).run, in: variable)
    }
  }

  private func make(_ local: LocalFunction, _ types: [TypeSymbol]) throws(SyntaxError) -> Bound {
    let member = local.member
    let substitution = Substitution(member.typeParameters, types)
    typeParameters.append(Dictionary(zip(local.syntax.typeParameters, types), uniquingKeysWith: { first, _ in first }))
    defer { typeParameters.removeLast() }
    flow = Flow()
    let result = member.result.substituting(substitution)
    let element = try iteratorElement(of: local.syntax, result, local.syntax.offset)
    return try function(
      local.syntax.lambda, types: member.parameters.map { $0.type.substituting(substitution) },
      modes: member.parameters.map(\.mode), result: result, .delegateBase, iterator: element, local.syntax.offset
    ).bound
  }

  /// Puts the making of a function into the prologue of the scope at hand.
  func publish(_ run: Evaluation, in variable: Variable) {
    let (write, slot) = (variable.write, variable.slot)
    function.scopes[function.scopes.count - 1].prologue.append { machine in
      if case .cell(let cell) = machine.frame[slot] { machine.functionCells.append(cell) }
      if let value = try? run(machine) { write(machine, value) }
    }
  }
}
