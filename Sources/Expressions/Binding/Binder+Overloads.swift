/// Overload resolution and type inference (C# specification §11.6).
extension Binder {
  struct Match {
    var candidate: Candidate
    var types: [TypeSymbol]
    var substitution: Substitution
    /// For each parameter, what it is given; nil for a default.
    var arguments: [Bound?]
    var variadic: [Bound]?
    /// For each argument as written, the type it converts to.
    var targets: [TypeSymbol]
    var isExpanded: Bool
    var defaults = 0
  }

  func invoke(
    _ candidates: [Candidate], receiver: Bound?, _ name: String, _ arguments: Arguments, _ types: [TypeSymbol],
    _ at: Int, delegate: Evaluation? = nil, code: FunctionCode? = nil
  ) throws(SyntaxError) -> Bound {
    let match = try resolve(candidates, receiver, name, arguments, types, at)
    return try emit(
      match, receiver: match.candidate.member.isExtension ? nil : receiver, at, delegate: delegate, code: code)
  }

  func resolve(
    _ candidates: [Candidate], _ receiver: Bound?, _ name: String, _ arguments: Arguments, _ types: [TypeSymbol],
    _ at: Int
  ) throws(SyntaxError) -> Match {
    var fitting: [Match] = []
    var isExtensionCall = false
    var failure: SyntaxError?
    func given(_ candidate: Candidate) -> Arguments {
      if candidate.member.isExtension, let receiver { return [(nil, receiver)] + arguments }
      return arguments
    }
    for candidate in candidates {
      let all = given(candidate)
      if all.count > arguments.count { isExtensionCall = true }
      for isExpanded in candidate.member.isVariadic ? [false, true] : [false] {
        do throws(SyntaxError) {
          guard let match = try match(candidate, all, types, isExpanded: isExpanded) else { continue }
          fitting.append(match)
          break
        } catch {
          failure = failure ?? error
        }
      }
    }
    if var best = fitting.first {
      for match in fitting.dropFirst() where isBetter(match, than: best, given(match.candidate)) { best = match }
      // Of forms that take the same the first declared holds: registrations put the documented one first.
      let rival = fitting.first { other in
        other.candidate.member !== best.candidate.member && other.targets != best.targets
          && !isBetter(best, than: other, given(best.candidate))
      }
      if let rival {
        let (first, second) = (signature(best), signature(rival))
        throw fail(
          "CS0121", "The call is ambiguous between the following methods or properties: '\(first)' and '\(second)'", at,
          length: name.count)
      }
      return best
    }
    if let failure { throw failure }
    throw noMatch(candidates, name, arguments, isExtensionCall, at)
  }

  /// A form of a method as messages write it: `Math.Ceiling(decimal)`.
  private func signature(_ match: Match) -> String {
    let member = match.candidate.member
    let types = member.parameters.map { $0.type.substituting(match.substitution).qualifiedName }
    return "\(member.declaringType.name).\(member.name)(\(types.joined(separator: ", ")))"
  }

  private func match(
    _ candidate: Candidate, _ arguments: Arguments, _ types: [TypeSymbol], isExpanded: Bool
  ) throws(SyntaxError) -> Match? {
    let member = candidate.member
    var substitution = candidate.owner?.substitution ?? Substitution()
    if !types.isEmpty, member.kind != .constructor {
      guard types.count == member.typeParameters.count else { return nil }
      substitution = substitution.merging(Substitution(member.typeParameters, types))
    }
    let fixed = isExpanded ? member.parameters.count - 1 : member.parameters.count
    guard arguments.count <= fixed || isExpanded else { return nil }
    var given: [Bound?] = Array(repeating: nil, count: member.parameters.count)
    var extra: [Bound] = []
    var places: [Int] = []
    for (position, argument) in arguments.enumerated() {
      var index = position
      if let name = argument.name {
        guard let found = member.parameters.firstIndex(where: { $0.name == name }), given[found] == nil else {
          return nil
        }
        index = found
      }
      if index < fixed {
        if given[index] != nil { return nil }
        given[index] = argument.bound
      } else {
        extra.append(argument.bound)
        index = member.parameters.count - 1
      }
      places.append(index)
    }
    var defaults = 0
    for index in 0..<fixed where given[index] == nil {
      if member.parameters[index].defaultValue == nil { return nil }
      defaults += 1
    }
    if types.isEmpty, !member.typeParameters.isEmpty {
      var pairs: [(TypeSymbol, Bound)] = []
      for (argument, index) in zip(arguments, places) {
        let declared = member.parameters[index].type
        let type = isExpanded && index >= fixed ? declared.elementType ?? declared : declared
        pairs.append((type.substituting(substitution), argument.bound))
      }
      guard try infer(pairs, member.typeParameters, &substitution) else { return nil }
    }
    var targets: [TypeSymbol] = []
    for index in places {
      let declared = member.parameters[index].type.substituting(substitution)
      targets.append(isExpanded && index >= fixed ? declared.elementType ?? declared : declared)
    }
    for index in 0..<fixed {
      guard let bound = given[index] else { continue }
      guard let converted = try argument(bound, member.parameters[index], substitution) else { return nil }
      given[index] = converted
    }
    var variadic: [Bound]?
    if isExpanded, let element = member.parameters.last?.type.substituting(substitution).elementType {
      var list: [Bound] = []
      for bound in extra {
        guard let converted = implicit(bound, to: element) else { return nil }
        list.append(converted)
      }
      variadic = list
    }
    let own = member.typeParameters.map { substitution[$0] ?? .object }
    return Match(
      candidate: candidate, types: own.isEmpty ? types.isEmpty ? candidate.owner?.arguments ?? [] : types : own,
      substitution: substitution, arguments: given, variadic: variadic, targets: targets, isExpanded: isExpanded,
      defaults: defaults)
  }

  /// An argument as its parameter takes it; nil when it does not fit.
  private func argument(
    _ bound: Bound, _ parameter: Parameter, _ substitution: Substitution
  ) throws(SyntaxError) -> Bound? {
    let type = parameter.type.substituting(substitution)
    let isReference = parameter.mode == .output || parameter.mode == .reference
    if isReference {
      switch bound.form {
      case .declares: return bound.type.isError || bound.type == type ? retypedDeclaration(bound, type) : nil
      case .passed(let variable): return variable.isCell && bound.type == type ? bound : nil
      default: return nil
      }
    }
    switch bound.form {
    case .declares, .passed: return nil
    default: break
    }
    if let converted = implicit(bound, to: type) { return converted }
    // The complaint about a lambda's body is worth more than "no overload".
    if case .untyped(.lambda) = bound.form, type.isDelegate { return try convert(bound, to: type) }
    return nil
  }

  private func retypedDeclaration(_ bound: Bound, _ type: TypeSymbol) -> Bound {
    var result = bound
    result.type = type
    return result
  }

  // MARK: - Betterness

  private func isBetter(_ a: Match, than b: Match, _ arguments: Arguments) -> Bool {
    var isBetter = false
    for (index, argument) in arguments.enumerated() {
      let (x, y) = (a.targets[index], b.targets[index])
      if x == y { continue }
      switch preferred(x, y, argument.bound) {
      case 1: isBetter = true
      case -1: return false
      default: break
      }
    }
    if isBetter { return true }
    let (first, second) = (a.candidate.member, b.candidate.member)
    if a.targets != b.targets { return false }
    if first.typeParameters.isEmpty != second.typeParameters.isEmpty { return first.typeParameters.isEmpty }
    if a.isExpanded != b.isExpanded { return !a.isExpanded }
    if a.defaults != b.defaults { return a.defaults < b.defaults }
    return false
  }

  /// 1 when converting to `x` is better than to `y`, -1 for the reverse, 0 for neither.
  private func preferred(_ x: TypeSymbol, _ y: TypeSymbol, _ bound: Bound) -> Int {
    if case .untyped(.lambda(let syntax)) = bound.form, let p = signature(of: x), let q = signature(of: y) {
      guard p.parameters.map(\.type) == q.parameters.map(\.type) else { return 0 }
      if p.result == q.result { return 0 }
      if p.result.isVoid { return -1 }
      if q.result.isVoid { return 1 }
      if let natural = try? resultType(syntax, p.parameters.map(\.type), bound.offset) {
        if natural == p.result { return 1 }
        if natural == q.result { return -1 }
      }
      return betterTarget(p.result, q.result)
    }
    if bound.type == x { return 1 }
    if bound.type == y { return -1 }
    return betterTarget(x, y)
  }

  private func betterTarget(_ x: TypeSymbol, _ y: TypeSymbol) -> Int {
    let probe = { (type: TypeSymbol) in Bound(type, 0) { _ in .null } }
    let (toY, toX) = (implicit(probe(x), to: y) != nil, implicit(probe(y), to: x) != nil)
    if toY != toX { return toY ? 1 : -1 }
    if x.isIntegral, y.isIntegral {
      let (a, b) = (x.range.lowerBound < 0, y.range.lowerBound < 0)
      if a != b { return a ? 1 : -1 }
    }
    return 0
  }

  // MARK: - Inference

  /// Finds the type arguments of a generic method; false when they cannot be found.
  private func infer(
    _ pairs: [(TypeSymbol, Bound)], _ open: [TypeDefinition], _ substitution: inout Substitution
  ) throws(SyntaxError) -> Bool {
    var bounds: [ObjectIdentifier: [TypeSymbol]] = [:]
    var lambdas: [(TypeSymbol, Bound)] = []
    for (parameter, bound) in pairs {
      switch bound.form {
      case .untyped(.lambda), .untyped(.methodGroup), .untyped(.function): lambdas.append((parameter, bound))
      case .untyped: break
      default: collect(parameter, bound.type, open, &bounds)
      }
    }
    fix(open, bounds, &substitution)
    while !lambdas.isEmpty {
      guard let ready = lambdas.firstIndex(where: { isReady($0.0.substituting(substitution), $0.1, open) }) else {
        break
      }
      let (parameter, bound) = lambdas.remove(at: ready)
      let target = parameter.substituting(substitution)
      guard let signature = signature(of: target) else { return false }
      guard signature.result.mentions(open) || signature.parameters.contains(where: { $0.type.mentions(open) }) else {
        continue
      }
      switch bound.form {
      case .untyped(.lambda(let syntax)):
        if let parameters = syntax.parameters, parameters.count != signature.parameters.count { return false }
        var types = signature.parameters.map(\.type)
        for (index, parameter) in (syntax.parameters ?? []).enumerated() {
          if let written = parameter.type {
            types[index] = try resolve(written)
            collect(signature.parameters[index].type, types[index], open, &bounds)
          }
        }
        let result = try resultType(syntax, types, bound.offset)
        if !result.isNullLiteral { collect(signature.result, result, open, &bounds) }
      case .untyped(.methodGroup(let candidates, let receiver, let name)):
        let types = signature.parameters.map {
          (name: String?.none, bound: Bound($0.type, bound.offset) { _ in .null })
        }
        guard let match = try? resolve(candidates, receiver, name, types, [], bound.offset) else { return false }
        collect(signature.result, match.candidate.member.result.substituting(match.substitution), open, &bounds)
      case .untyped(.function(let local)): collect(signature.result, local.member.result, open, &bounds)
      default: break
      }
      fix(open, bounds, &substitution)
    }
    return open.allSatisfy { substitution[$0] != nil }
  }

  /// Whether a lambda's parameters have types by now.
  private func isReady(_ target: TypeSymbol, _ bound: Bound, _ open: [TypeDefinition]) -> Bool {
    guard let signature = signature(of: target) else { return true }
    if case .untyped(.lambda(let syntax)) = bound.form, syntax.parameters?.allSatisfy({ $0.type != nil }) == true {
      return true
    }
    return signature.parameters.allSatisfy { !$0.type.mentions(open) }
  }

  private func fix(
    _ open: [TypeDefinition], _ bounds: [ObjectIdentifier: [TypeSymbol]], _ substitution: inout Substitution
  ) {
    for parameter in open where substitution[parameter] == nil {
      guard let list = bounds[ObjectIdentifier(parameter)] else { continue }
      let best = list.first { candidate in
        list.allSatisfy { $0 == candidate || implicit(Bound($0, 0) { _ in .null }, to: candidate) != nil }
      }
      if let best { substitution.set(parameter, best) }
    }
  }

  private func collect(
    _ parameter: TypeSymbol, _ argument: TypeSymbol, _ open: [TypeDefinition],
    _ bounds: inout [ObjectIdentifier: [TypeSymbol]]
  ) {
    if parameter.isTypeParameter {
      guard open.contains(where: { $0 === parameter.definition }), !argument.isNullLiteral, !argument.isError,
        !argument.isVoid
      else { return }
      bounds[ObjectIdentifier(parameter.definition), default: []].append(argument)
      return
    }
    guard parameter.mentions(open) else { return }
    if let underlying = parameter.nullableUnderlying {
      collect(underlying, argument.nullableUnderlying ?? argument, open, &bounds)
      return
    }
    // A `JObject` is a sequence of tokens and one of pairs, so that nothing follows from it.
    if argument.definition.fullName == "Newtonsoft.Json.Linq.JObject",
      parameter.definition === TypeDefinition.enumerable
    {
      return
    }
    for candidate in hierarchy(of: argument) where candidate.definition === parameter.definition {
      for (inner, actual) in zip(parameter.arguments, candidate.arguments) { collect(inner, actual, open, &bounds) }
      return
    }
  }

  // MARK: - Emission

  func emit(
    _ match: Match, receiver: Bound?, _ at: Int, delegate: Evaluation?, code: FunctionCode?
  ) throws(SyntaxError) -> Bound {
    let member = match.candidate.member
    note(member.usage)
    let type = member.result.substituting(match.substitution)
    var runs: [Evaluation] = []
    var outputs: [Int] = []
    // Defaults, and arrays of constants made once.
    var settled: [Int: Value] = [:]
    for (index, (parameter, bound)) in zip(member.parameters, match.arguments).enumerated() {
      if let bound {
        if parameter.mode == .output || parameter.mode == .reference {
          outputs.append(index)
          runs.append(try reference(bound))
        } else {
          runs.append(bound.run)
        }
      } else if let list = match.variadic, parameter.mode == .variadic {
        let element = parameter.type.substituting(match.substitution).elementType ?? .object
        let items = list.map(\.run)
        // A body that takes its operands directly keeps no array and changes none: it can be made once.
        if member.direct != nil || member.prepared != nil, list.allSatisfy({ $0.constant != nil }) {
          let array = Value.object(ArrayObject(of: element, list.compactMap(\.constant)))
          settled[index] = array
          runs.append(Evaluation { _ in array })
          continue
        }
        runs.append(
          Evaluation { machine in
            var values: [Value] = []
            values.reserveCapacity(items.count)
            for item in items { values.append(try item(machine)) }
            return .object(ArrayObject(of: element, values))
          })
      } else {
        let value = parameter.defaultValue ?? .null
        settled[index] = value
        runs.append(Evaluation { _ in value })
      }
    }
    let arguments = runs
    if let code {
      if outputs.isEmpty, match.arguments.count == 1, let argument = match.arguments[0], match.variadic == nil {
        return code.call(argument, type, at)
      }
      return Bound(type, at) { machine in
        var values: [Value] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(try argument(machine)) }
        return try code.invoke(machine, [], values)
      }.placed()
    }
    if let delegate {
      return Bound(type, at) { machine in
        guard case .object(let object) = try delegate(machine), let callee = object as? DelegateObject else {
          throw Thrown.nullReference()
        }
        var values: [Value] = []
        values.reserveCapacity(arguments.count)
        for argument in arguments { values.append(try argument(machine)) }
        return try callee.invoke(machine, values)
      }.placed()
    }
    let types = match.types
    let needsReceiver = receiver.map { !$0.type.isValueType } ?? false
    if outputs.isEmpty, member.direct != nil || member.prepared != nil {
      var given: [Bound] = []
      for (index, bound) in match.arguments.enumerated() {
        let type = member.parameters[index].type
        given.append(bound ?? settled[index].map { .known($0, type, at) } ?? Bound(type, at, arguments[index]))
      }
      let use = MemberUse(types: types, arguments: given.map(\.settled))
      if let bound = (member.direct ?? member.prepared?(use))?
        .bound((receiver.map { [$0] } ?? []) + given, needsReceiver: needsReceiver, type, at)
      {
        return bound
      }
    }
    let this = receiver?.run
    guard let body = member.body else { return Bound(type, at) { _ in throw Thrown.notSupported() } }
    let references = outputs
    return Bound(type, at) { machine in
      let object = try this?(machine) ?? .null
      var call = Call(machine, member, types: types, this: object)
      for index in arguments.indices { call[index] = try arguments[index](machine) }
      if needsReceiver, object.isNull { throw Thrown.nullReference() }
      try machine.charge()
      if references.isEmpty { return try body(&call) }
      var cells: [(Int, Cell)] = []
      for index in references {
        if case .cell(let cell) = call[index] {
          cells.append((index, cell))
          call[index] = cell.value
        }
      }
      let result = try body(&call)
      for (index, cell) in cells { cell.value = call[index] }
      return result
    }.placed()
  }

  /// The cell of an `out` or `ref` argument; declares the variable of `out var x`.
  private func reference(_ bound: Bound) throws(SyntaxError) -> Evaluation {
    guard case .declares(let name) = bound.form else { return bound.run }
    if name == "_" { return Evaluation { _ in .cell(Cell()) } }
    let slot = try declare(name, bound.type, bound.offset).slot
    return Evaluation { machine in machine.frame[slot] }
  }

  private func noMatch(
    _ candidates: [Candidate], _ name: String, _ arguments: Arguments, _ isExtension: Bool, _ at: Int
  ) -> SyntaxError {
    let count = arguments.count
    let fitting = candidates.filter { candidate in
      let offset = candidate.member.isExtension && isExtension ? 1 : 0
      let required = candidate.member.parameters.count { $0.defaultValue == nil && $0.mode != .variadic } - offset
      return count >= required && (candidate.member.isVariadic || count <= candidate.member.parameters.count - offset)
    }
    guard let candidate = fitting.first else {
      return fail("CS1501", "No overload for method '\(name)' takes \(count) arguments", at, length: name.count)
    }
    let offset = candidate.member.isExtension && isExtension ? 1 : 0
    let substitution = candidate.owner?.substitution ?? Substitution()
    for (position, argument) in arguments.enumerated() where position + offset < candidate.member.parameters.count {
      let parameter = candidate.member.parameters[position + offset].type.substituting(substitution)
      if implicit(argument.bound, to: parameter) == nil, !parameter.containsTypeParameter {
        let shown = argument.bound.type.isError ? "lambda expression" : argument.bound.type.qualifiedName
        return fail(
          "CS1503",
          "Argument \(position + 1): cannot convert from '\(shown)' to '\(parameter.qualifiedName)'",
          argument.bound.offset)
      }
    }
    return fail(
      "CS0411", "The type arguments for method '\(name)' cannot be inferred from the usage, or no form of it fits.", at,
      length: name.count)
  }
}
