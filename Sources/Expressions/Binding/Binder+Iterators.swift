/// Functions with `yield`: their statements can be left and entered again where they were left.
///
/// A compound statement of such a function keeps, in a place of the function's frame, where it was when something within
/// it yielded. Entered again it goes on from there. The frame is kept between two elements.
extension Binder {
  /// The type of the elements, for a function whose body has a `yield`; nil for other functions.
  func iteratorElement(
    of syntax: FunctionSyntax, _ result: TypeSymbol, _ at: Int
  ) throws(SyntaxError) -> TypeSymbol? {
    guard case .block(let statements, _) = syntax.lambda.body, statements.contains(where: \.yields) else { return nil }
    if syntax.lambda.parameters?.contains(where: { $0.mode == .output || $0.mode == .reference }) == true {
      throw fail("CS1623", "Iterators cannot have ref, in or out parameters", at)
    }
    let kinds = ["System.Collections.Generic.IEnumerable", "System.Collections.Generic.IEnumerator"]
    if kinds.contains(result.definition.fullName) { return result.arguments[0] }
    if result == .untypedEnumerable { return .object }
    throw fail(
      "CS1624",
      "The body of '\(syntax.name)' cannot be an iterator block because '\(result)' is not an iterator "
        + "interface type", at)
  }

  /// A place for where a statement of an iterator was left; nil in other functions.
  var resumption: Resumption? { function.iterator == nil ? nil : Resumption(slot: temporary(.int32).slot) }

  func yield(_ syntax: ExpressionSyntax?, _ at: Int) throws(SyntaxError) -> Execution {
    guard let element = function.iterator, let resumption else {
      throw fail(
        function.parent == nil ? "CS1624" : "CS1621",
        "A yield statement stands in a local function that gives IEnumerable<T>, not in a policy expression itself, a "
          + "lambda or an anonymous method", at, length: 5)
    }
    guard let syntax else {
      flow = .unreachable
      return Execution { _ in .returned }
    }
    if function.protected > 0 {
      throw fail("CS1626", "Cannot yield a value in the body of a try block with a catch clause", at, length: 5)
    }
    let (value, leaving) = (try convert(try bindAny(syntax), to: element).run, function.leaving)
    return Execution { machine in
      if resumption.take(machine) != 0 { return machine.numbers[leaving] != 0 ? .returned : .next }
      machine.result = try value(machine)
      return resumption.mark(machine, 1)
    }
  }

  /// What calling an iterator does: nothing yet but to remember the arguments.
  func iterator(_ run: Execution, _ element: TypeSymbol, _ result: TypeSymbol, _ code: FunctionCode) -> Evaluation {
    let body = IteratorCode(resuming(function.scopes[0].prologue, run), leaving: function.leaving)
    body.slots = function.slots
    body.kept = code.parameters.count
    body.captures = function.captures.map(\.inner.slot)
    body.cells = code.parameters.indices.filter { code.parameters[$0] == .cell }
    let isEnumerator = result.definition.name == "IEnumerator"
    return Evaluation { machine in
      let frame = KeptFrame(machine, body)
      if isEnumerator {
        return .object(EnumeratorObject(.enumerable(of: element), IteratorRun(body, frame)))
      }
      return .object(LazySequence(of: element) { IteratorRun(body, frame.copy(body)) })
    }
  }

  // MARK: - Statements

  func resuming(_ prologue: [(Machine) -> Void], _ run: Execution) -> Execution {
    guard !prologue.isEmpty, let resumption else { return run }
    return Execution { machine in
      if resumption.take(machine) == 0 { for step in prologue { step(machine) } }
      let completion = try run(machine)
      if case .yielded = completion { return resumption.mark(machine, 1) }
      return completion
    }
  }

  /// One statement after the other.
  func resuming(_ runs: [Execution], _ resumption: Resumption) -> Execution {
    Execution { machine in
      var place = resumption.take(machine)
      while place < runs.count {
        let completion = try runs[place](machine)
        switch completion {
        case .next: place += 1
        case .yielded: return resumption.mark(machine, place)
        default: return completion
        }
      }
      return .next
    }
  }

  func resuming(
    _ resumption: Resumption, _ test: FlagEvaluation, _ yes: Execution, _ no: Execution?
  ) -> Execution {
    Execution { machine in
      let place = resumption.take(machine)
      let isYes = place == 0 ? try test(machine) : place == 1
      let completion = isYes ? try yes(machine) : try no?(machine) ?? .next
      if case .yielded = completion { return resumption.mark(machine, isYes ? 1 : 2) }
      return completion
    }
  }

  /// Every loop that tests: `while`, `for`, and `do`, which tests last.
  func resuming(
    _ resumption: Resumption, starts: [Execution], test: FlagEvaluation, advance: Execution, _ run: Execution,
    cost: Int, testsLast: Bool = false
  ) -> Execution {
    Execution { machine in
      var isWithin = resumption.take(machine) != 0
      if !isWithin { for start in starts { _ = try start(machine) } }
      var isFirst = testsLast && !isWithin
      while true {
        if !isWithin {
          try machine.charge(steps: cost)
          if !isFirst, try !test(machine) { return .next }
        }
        (isWithin, isFirst) = (false, false)
        let completion = try run(machine)
        switch completion {
        case .next, .continued: _ = try advance(machine)
        case .broken: return .next
        case .yielded: return resumption.mark(machine, 1)
        default: return completion
        }
      }
    }
  }

  /// `switch`; what `choosing` gives is the section to begin with, if there is one.
  func resuming(
    _ resumption: Resumption, choosing: @escaping (Machine) throws -> Int?, _ sections: [Execution]
  ) -> Execution {
    Execution { machine in
      let place = resumption.take(machine)
      guard var section = place == 0 ? try choosing(machine) : place - 1 else { return .next }
      while true {
        let completion = try sections[section](machine)
        switch completion {
        case .section(let next):
          try machine.charge()
          section = next
        case .yielded: return resumption.mark(machine, section + 1)
        case .broken: return .next
        default: return completion
        }
      }
    }
  }

  /// `foreach`; the enumerator lies in the frame.
  func resuming(
    _ resumption: Resumption, source: @escaping (Machine) throws -> any ValueIterator,
    element: @escaping (Machine, Value) throws -> Void, _ run: Execution, cost: Int
  ) -> Execution {
    let held = temporary(.object).slot
    return Execution { machine in
      var isWithin = resumption.take(machine) != 0
      if !isWithin { machine.frame[held] = .object(HeldIterator(try source(machine))) }
      guard case .object(let object) = machine.frame[held], let iterator = (object as? HeldIterator)?.iterator else {
        return .next
      }
      while true {
        if !isWithin {
          try machine.charge(steps: cost)
          guard let value = try iterator.next(machine) else { break }
          try element(machine, value)
        }
        isWithin = false
        let completion = try run(machine)
        switch completion {
        case .next, .continued: continue
        case .yielded: return resumption.mark(machine, 1)
        case .broken:
          try iterator.leave(machine)
          machine.frame[held] = .null
          return .next
        default:
          try iterator.leave(machine)
          machine.frame[held] = .null
          return completion
        }
      }
      machine.frame[held] = .null
      return .next
    }
  }
}

/// Where a statement of an iterator goes on when it is entered again: 0 is its beginning.
struct Resumption {
  let slot: Int

  /// The place it was left at; the next entry is one from the beginning again.
  func take(_ machine: Machine) -> Int {
    let place = Int(machine.numbers[slot])
    machine.numbers[slot] = 0
    return place
  }

  func mark(_ machine: Machine, _ place: Int) -> Completion {
    machine.numbers[slot] = Int32(truncatingIfNeeded: place)
    return .yielded
  }
}

extension StatementSyntax {
  /// Whether it yields, itself and not in a function within it.
  var yields: Bool {
    switch self {
    case .yieldReturn, .yieldBreak: true
    case .condition(_, let then, let otherwise, _): then.yields || otherwise?.yields == true
    case .block(let list, _, _), .overflow(_, let list, _): list.contains(where: \.yields)
    case .forLoop(_, _, _, let body, _), .forEach(_, _, let body, _), .whileLoop(_, let body, _),
      .doLoop(let body, _, _), .using(_, let body, _), .lock(_, let body, _):
      body.yields
    case .choice(_, let sections, _): sections.contains { $0.statements.contains(where: \.yields) }
    case .attempt(let body, let catches, let finally, _):
      (body + (finally ?? []) + catches.flatMap(\.statements)).contains(where: \.yields)
    case .declaration, .function, .expression, .result, .throwing, .breakLoop, .continueLoop, .gotoCase: false
    }
  }
}
