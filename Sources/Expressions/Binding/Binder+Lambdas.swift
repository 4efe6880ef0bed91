/// Lambdas: bound for the types of their parameters, with the type of their result given or found.
extension Binder {
  /// A lambda for a delegate type; its result converts to what the type gives.
  func lambda(
    _ syntax: LambdaSyntax, _ signature: DelegateSignature, _ target: TypeSymbol, _ at: Int
  ) throws(SyntaxError) -> (bound: Bound, result: TypeSymbol) {
    if let parameters = syntax.parameters, parameters.count != signature.parameters.count {
      throw fail("CS1593", "Delegate '\(target)' does not take \(parameters.count) arguments", at)
    }
    return try function(
      syntax, types: signature.parameters.map(\.type), modes: signature.parameters.map(\.mode),
      result: signature.result, target, at)
  }

  /// The type of a lambda's result for given types of its parameters; nil when it has none.
  func resultType(_ syntax: LambdaSyntax, _ types: [TypeSymbol], _ at: Int) throws(SyntaxError) -> TypeSymbol {
    try function(syntax, types: types, modes: types.map { _ in .value }, result: nil, .object, at).result
  }

  /// Binds the body of a lambda or a local function.
  func function(
    _ syntax: LambdaSyntax, types: [TypeSymbol], modes: [ParameterMode], result: TypeSymbol?, _ target: TypeSymbol,
    code known: FunctionCode? = nil, iterator element: TypeSymbol? = nil, _ at: Int
  ) throws(SyntaxError) -> (bound: Bound, result: TypeSymbol) {
    lambdaBudget -= 1
    if lambdaBudget < 0 { throw fail("CS8078", "An expression is too long or complex to compile", at) }
    hasFunctions = true
    let outer = function
    let inner = FunctionScope(parent: outer, captured: CapturedNames.of(syntax), result: result)
    inner.iterator = element
    function = inner
    let (savedFlow, savedPlaceholders) = (flow, placeholders)
    placeholders = []
    defer {
      function = outer
      (flow, placeholders) = (savedFlow, savedPlaceholders)
    }
    let code = known ?? FunctionCode()
    for (index, type) in types.enumerated() {
      let parameter = syntax.parameters.flatMap { $0.indices.contains(index) ? $0[index] : nil }
      if let written = parameter?.type, try resolve(written) != type {
        throw fail("CS1678", "Parameter \(index + 1) is declared as another type than '\(type)'", at)
      }
      let isReference = modes[index] == .output || modes[index] == .reference
      let variable = inner.makeVariable(
        parameter?.name ?? "", type,
        isCell: isReference || inner.captured.contains(parameter?.name ?? ""))
      if let parameter, parameter.name != "_" || types.count == 1 {
        if outer.isDeclaredAround(parameter.name) || parameter.name == "context" {
          throw fail(
            "CS0136",
            "A local or parameter named '\(parameter.name)' cannot be declared in this scope because that name is used "
              + "in an enclosing local scope to define a local or parameter", parameter.offset,
            length: parameter.name.count)
        }
        if inner.scopes[0].variables[parameter.name] != nil {
          throw fail("CS0100", "The parameter name '\(parameter.name)' is a duplicate", parameter.offset)
        }
        inner.scopes[0].variables[parameter.name] = variable
        if modes[index] == .output { flow.unassigned.insert(ObjectIdentifier(variable)) }
      }
      code.parameters.append(variable.storage)
      code.byReference.append(isReference)
    }
    let (body, type): (Bound, TypeSymbol)
    if let element, let result {
      (body, type) = (Bound(result, at, try iteratorBody(syntax, element, result, code)), result)
      code.body = body.run
    } else {
      (body, type) = try functionBody(syntax, result, at)
      code.body = inner.entering(body.run)
    }
    if type == .int32, code.parameters == [.number], inner.scopes[0].prologue.isEmpty {
      code.set(number: body.operand.evaluation, hasNumbersAlone: inner.hasNumbersAlone)
    }
    if type == .bool, inner.scopes[0].prologue.isEmpty { code.test = body.test }
    code.slots = inner.slots
    code.captures = inner.captures.map(\.inner.slot)
    let places = inner.captures.map(\.outer.slot)
    // One that captures nothing is the same each time.
    if places.isEmpty { return (.known(.object(LambdaDelegate(target, code, captured: [])), target, at), type) }
    return (
      Bound(target, at) { machine in
        try machine.charge(objectOf: places.count)
        let frame = machine.frame
        return .object(LambdaDelegate(target, code, captured: places.map { frame[$0] }))
      }, type
    )
  }

  private func iteratorBody(
    _ syntax: LambdaSyntax, _ element: TypeSymbol, _ result: TypeSymbol, _ code: FunctionCode
  ) throws(SyntaxError) -> Evaluation {
    guard case .block(let statements, _) = syntax.body else { return Evaluation { _ in .null } }
    function.leaving = temporary(.int32).slot
    var complaints: [SyntaxError] = []
    flow.isReachable = true
    let run = list(statements, &complaints)
    if let first = complaints.first { throw first }
    return iterator(run, element, result, code)
  }

  private func functionBody(
    _ syntax: LambdaSyntax, _ result: TypeSymbol?, _ at: Int
  ) throws(SyntaxError) -> (Bound, TypeSymbol) {
    switch syntax.body {
    case .expression(let expression):
      let value = try bindAny(expression)
      if let result, !result.isVoid { return (try convert(value, to: result), result) }
      if result?.isVoid == true {
        guard isStatement(expression) else {
          throw fail(
            "CS0201",
            "Only assignment, call, increment, decrement, and new object expressions can be used as a statement",
            value.offset)
        }
        return (value, .void)
      }
      if case .untyped = value.form { throw fail("CS0411", "The type of the lambda cannot be inferred", at) }
      return (value, value.type)
    case .block(let statements, let end):
      var complaints: [SyntaxError] = []
      let run = block(statements, end: end, &complaints)
      if let first = complaints.first { throw first }
      if let result { return (Bound(result, at, run), result) }
      let returned = function.returned
      if returned.isEmpty { return (Bound(.void, at, run), .void) }
      let best = returned.first { candidate in
        !candidate.type.isNullLiteral && !candidate.type.isError
          && returned.allSatisfy { implicit($0, to: candidate.type) != nil }
      }
      guard let best else { throw fail("CS0411", "The type of the lambda cannot be inferred", at) }
      return (Bound(best.type, at, run), best.type)
    }
  }

  /// A method as a delegate.
  func methodGroup(
    _ candidates: [Candidate], _ receiver: Bound?, _ name: String, _ signature: DelegateSignature,
    _ target: TypeSymbol, _ at: Int
  ) throws(SyntaxError) -> Bound {
    hasFunctions = true
    let outer = function
    let inner = FunctionScope(parent: outer, captured: [], result: nil)
    function = inner
    defer { function = outer }
    let held = signature.parameters.map { temporary($0.type) }
    let object = receiver.map { temporary($0.type) }
    let arguments = held.map { variable in (name: String?.none, bound: Bound(variable.type, at, variable.read)) }
    let call = try invoke(candidates, receiver: object.map { bound($0, at) }, name, arguments, [], at)
    let converted = signature.result.isVoid ? call : try convert(call, to: signature.result)
    let code = FunctionCode()
    code.slots = inner.slots
    code.parameters = held.map(\.storage)
    code.byReference = held.map { _ in false }
    code.captures = object.map { [$0.slot] } ?? []
    code.body = converted.run
    let run = receiver?.run
    return Bound(target, at) { machine in
      try machine.charge(objectOf: 1)
      return .object(LambdaDelegate(target, code, captured: try run.map { [try $0(machine)] } ?? []))
    }
  }

  // MARK: - Local functions

  /// Makes the name of a local function known, before any statement of its block is bound.
  ///
  /// - Parameter functions: the names of the functions of its block that need nothing from around them.
  func announce(_ syntax: FunctionSyntax, free functions: Set<String>, _ at: Int) throws(SyntaxError) {
    let open = syntax.typeParameters.map { TypeDefinition.typeParameter($0) }
    if Set(syntax.typeParameters).count != open.count { throw fail("CS0692", "Duplicate type parameter", at) }
    typeParameters.append(
      Dictionary(zip(syntax.typeParameters, open.map { TypeSymbol($0) }), uniquingKeysWith: { first, _ in first }))
    defer { typeParameters.removeLast() }
    var parameters: [Parameter] = []
    for parameter in syntax.lambda.parameters ?? [] {
      guard let written = parameter.type else { continue }
      let type = try resolve(written)
      let value = try parameter.defaultValue.map { (syntax) throws(SyntaxError) -> Value in
        guard let constant = try convert(try bindAny(syntax), to: type).constant else {
          throw fail("CS1736", "Default parameter value for '\(parameter.name)' must be a compile-time constant", at)
        }
        return constant
      }
      parameters.append(Parameter(name: parameter.name, type: type, mode: parameter.mode, defaultValue: value))
    }
    let result = try syntax.result.map { (type) throws(SyntaxError) in try resolve(type) } ?? .void
    let member = Member(
      kind: .method, name: syntax.name, isStatic: true, isExtension: false, isListed: true, typeParameters: open,
      parameters: parameters, result: result, declaringType: TypeDefinition.object, body: nil, setter: nil, usage: [])
    let code = functions.contains(syntax.name) ? codes.make() : nil
    let variable = try declare(syntax.name, .object, at, isCell: code == nil ? nil : false)
    let local = LocalFunction(syntax, member, code: code)
    if !open.isEmpty { local.home = (function, function.scopes.count - 1) }
    variable.function = local
    variable.readOnly = "it is a local function"
  }

  /// The functions of a block whose bodies mention nothing from around them but each other.
  ///
  func freeFunctions(_ statements: [StatementSyntax]) -> Set<String> {
    var needs: [String: Set<String>] = [:]
    for case .function(let syntax, _) in statements where syntax.typeParameters.isEmpty {
      needs[syntax.name] = CapturedNames.needed(by: syntax).filter { $0 != "context" && !isTypeName($0) }
    }
    while let bound = needs.first(where: { !$0.value.allSatisfy { needs[$0] != nil } }) {
      needs[bound.key] = nil
    }
    return Set(needs.keys)
  }

  private func isTypeName(_ name: String) -> Bool {
    !function.isDeclaredAround(name) && typeNamed(.name(name, [], 0)) != nil
  }

  /// Binds the body of a local function and puts its making into the prologue of its scope.
  func define(_ syntax: FunctionSyntax, _ at: Int) throws(SyntaxError) {
    guard let variable = function.lookup(syntax.name), let local = variable.function else { return }
    let member = local.member
    if !member.typeParameters.isEmpty { return }
    flow = Flow()
    let element = try iteratorElement(of: syntax, member.result, at)
    let made = try function(
      syntax.lambda, types: member.parameters.map(\.type), modes: member.parameters.map(\.mode), result: member.result,
      .delegateBase, code: local.code, iterator: element, at)
    if local.code == nil { publish(made.bound.run, in: variable) }
  }
}
