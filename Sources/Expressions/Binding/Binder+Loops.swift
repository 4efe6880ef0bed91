extension Binder {
  /// Runs `body` as the body of a loop; gives the flow behind it for `continue`, and that of its `break`s.
  private func inLoop<Result>(
    _ body: () throws(SyntaxError) -> Result
  ) throws(SyntaxError) -> (result: Result, breaks: Flow?) {
    let target = FunctionScope.Target()
    function.targets.append(target)
    defer { function.targets.removeLast() }
    let result = try body()
    if let continues = target.continues { flow = flow.joined(continues) }
    return (result, target.breaks)
  }

  /// `while` and `for`.
  func loop(
    _ initial: [StatementSyntax]?, _ condition: ExpressionSyntax?, _ steps: [ExpressionSyntax],
    _ body: StatementSyntax, _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> Execution {
    var starts: [Execution] = []
    for statement in initial ?? [] { starts.append(try bind(statement, &complaints)) }
    let before = statements
    var check: Bound?
    var whenFalse = Flow.unreachable
    if let condition {
      let bound = try bindCondition(condition)
      check = bound.0
      flow = bound.whenTrue
      whenFalse = bound.whenFalse
    }
    let inner = try inLoop { () throws(SyntaxError) in try scoped(body, &complaints) }
    var advances: [Bound] = []
    for step in steps { advances.append(try effectful(step)) }
    flow = inner.breaks.map { whenFalse.joined($0) } ?? whenFalse
    let cost = 1 + statements - before
    if let resumption {
      return resuming(
        resumption, starts: starts, test: check?.condition ?? FlagEvaluation { _ in true },
        advance: sequence(advances.map(\.effects)[...]), inner.result, cost: cost)
    }
    let repeating =
      counting(check, advances, inner.result, cost)
      ?? repeating(check?.condition, sequence(advances.map(\.effects)[...]), inner.result, cost)
    return starts.isEmpty ? repeating : sequence((starts + [repeating])[...])
  }

  /// A loop; a round charges its cost.
  private func repeating(_ check: FlagEvaluation?, _ advance: Execution, _ run: Execution, _ cost: Int) -> Execution {
    let test = check ?? FlagEvaluation { _ in true }
    return Execution { machine in
      while try test(machine) {
        try machine.charge(steps: cost)
        switch try run(machine) {
        case .next, .continued: _ = try advance(machine)
        case .broken: return .next
        case let left: return left
        }
      }
      return .next
    }
  }

  /// The same for a loop that counts a variable up while it is less than a number: `for (…; i < n; i++)`.
  private func counting(_ check: Bound?, _ advances: [Bound], _ run: Execution, _ cost: Int) -> Execution? {
    guard advances.count == 1, case .counted(let slot, let change) = advances[0].form,
      case .comparison(let test)? = check?.form, test.operation == .less, case .variable(slot) = test.left
    else { return nil }
    return test.right.used(by: Counted(slot: slot, change: change, body: run, cost: cost))
  }

  func doLoop(
    _ body: StatementSyntax, _ condition: ExpressionSyntax, _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> Execution {
    let before = statements
    let inner = try inLoop { () throws(SyntaxError) in try scoped(body, &complaints) }
    let (test, _, whenFalse) = try bindCondition(condition)
    flow = inner.breaks.map { whenFalse.joined($0) } ?? whenFalse
    let (run, check, cost) = (inner.result, test.condition, 1 + statements - before)
    if let resumption {
      return resuming(
        resumption, starts: [], test: check, advance: Execution { _ in .next }, run, cost: cost, testsLast: true)
    }
    return Execution { machine in
      repeat {
        try machine.charge(steps: cost)
        switch try run(machine) {
        case .next, .continued: break
        case .broken: return .next
        case let left: return left
        }
      } while try check(machine)
      return .next
    }
  }

  func forEach(
    _ designation: DesignationSyntax, _ syntax: ExpressionSyntax, _ body: StatementSyntax, _ at: Int,
    _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> Execution {
    let source = try bind(syntax)
    let enumerator = self.enumerator(of: source.type)
    guard let element = enumerator?.result.arguments.first ?? elementType(of: source.type) else {
      throw fail(
        "CS1579",
        "foreach statement cannot operate on variables of type '\(source.type)' because it does not contain a public "
          + "definition for 'GetEnumerator'", source.offset)
    }
    let before = flow
    let statementsBefore = statements
    let inner = try withScope { () throws(SyntaxError) -> (Variable, Execution, Execution, Flow?) in
      let held = temporary(element)
      let store: Execution
      switch designation {
      case .single(let written, let name, let place):
        let type = try written.map { (written) throws(SyntaxError) in try resolve(written) } ?? element
        let variable = try declare(name, type, place)
        variable.readOnly = "it is a 'foreach iteration variable'"
        store = effect(self.store(try cast(bound(held, place), to: type, place), .variable(variable), place))
      default: store = effect(try deconstruction(designation, bound(held, at), at))
      }
      let loop = try inLoop { () throws(SyntaxError) in try scoped(body, &complaints) }
      return (held, store, loop.result, loop.breaks)
    }
    flow = inner.result.3.map { before.joined($0) } ?? before
    let (held, store, run, _) = inner.result
    let (prologue, sourceRun, write, cost) = (
      inner.prologue, source.run, held.write, 1 + statements - statementsBefore
    )
    let iterate: (Machine) throws -> any ValueIterator = { machine in
      let value = try sourceRun(machine)
      if value.isNull { throw Thrown.placed(Thrown.nullReference(), at) }
      return try elements(of: value, enumerator, machine).makeIterator()
    }
    let begin: (Machine, Value) throws -> Void = { machine, element in
      for step in prologue { step(machine) }
      write(machine, element)
      _ = try store(machine)
    }
    if let resumption { return resuming(resumption, source: iterate, element: begin, run, cost: cost) }
    return Execution { machine in
      let iterator = try iterate(machine)
      do {
        while let element = try iterator.next(machine) {
          try machine.charge(steps: cost)
          try begin(machine, element)
          let completion = try run(machine)
          switch completion {
          case .next, .continued: break
          default:
            try iterator.leave(machine)
            if case .broken = completion { return .next }
            return completion
          }
        }
      } catch let limit as LimitExceeded {
        throw limit
      } catch {
        try iterator.leave(machine)
        throw error
      }
      return .next
    }
  }

  /// A `GetEnumerator` by which `foreach` enumerates a type otherwise than its interfaces do, as `JObject` has one.
  private func enumerator(of type: TypeSymbol) -> Member? {
    type.definition.members.named["GetEnumerator"]?.first {
      $0.parameters.isEmpty && $0.result.definition === TypeDefinition.enumerable
    }
  }

  /// What enumerating a type gives.
  private func elementType(of type: TypeSymbol) -> TypeSymbol? {
    if type == .string { return .char }
    if let element = type.elementType { return element }
    for candidate in hierarchy(of: type) where candidate.definition === TypeDefinition.enumerable {
      return candidate.arguments[0]
    }
    return hierarchy(of: type).contains(.untypedEnumerable) ? .object : nil
  }

}

/// What `foreach` walks over: the value itself, or what its `GetEnumerator` gives.
private func elements(of value: Value, _ enumerator: Member?, _ machine: Machine) throws -> Value {
  guard let enumerator, let body = enumerator.body else { return value }
  var call = Call(machine, enumerator, types: [], this: value)
  return try body(&call)
}

/// A loop that counts a variable while it is less than an operand.
private struct Counted: NumberUser {
  let slot: Int
  let change: Int32
  let body: Execution
  let cost: Int

  func use(_ limit: some NumberSource) -> Execution {
    Execution { [slot, change, body, cost] machine in
      while machine.numbers[slot] < (try limit.value(machine)) {
        try machine.charge(steps: cost)
        switch try body(machine) {
        case .next, .continued: machine.numbers[slot] &+= change
        case .broken: return .next
        case let left: return left
        }
      }
      return .next
    }
  }
}
