/// What a statement leaves behind.
enum Completion {
  case next
  /// The value is in `machine.result`.
  case returned
  case broken
  case continued
  /// On to the section in `machine.section`.
  case section
}

typealias Execution = (Machine) throws -> Completion

extension Binder {
  /// The body of a function: statements that must return a value on every way, unless the function gives none.
  func block(_ statements: [StatementSyntax], end: Int, _ complaints: inout [SyntaxError]) -> Evaluation {
    flow.isReachable = true
    let run = list(statements, &complaints)
    let needsValue = function.result.map { !$0.isVoid } ?? !function.returned.isEmpty
    if flow.isReachable, complaints.isEmpty, needsValue {
      complaints.append(fail("CS0161", "Not all code paths return a value", end))
    }
    return { machine in
      machine.result = .null
      _ = try run(machine)
      let result = machine.result
      machine.result = .null
      return result
    }
  }

  /// Statements in the scope at hand.
  func list(_ statements: [StatementSyntax], _ complaints: inout [SyntaxError]) -> Execution {
    for case .function(let syntax, let at) in statements {
      do throws(SyntaxError) { try announce(syntax, at) } catch { complaints.append(error) }
    }
    var runs: [Execution] = []
    for statement in statements {
      if case .function = statement { continue }
      do throws(SyntaxError) {
        runs.append(try bind(statement, &complaints))
      } catch {
        complaints.append(error)
        // A variable that could not be given a type still has a name: no further complaint about that.
        if case .declaration(_, let names, _, let at) = statement {
          for name in names { _ = try? declare(name.name, .error, at) }
        }
      }
    }
    let saved = flow
    for case .function(let syntax, let at) in statements {
      do throws(SyntaxError) { try define(syntax, at) } catch { complaints.append(error) }
    }
    flow = saved
    let all = runs
    if all.count == 1 { return all[0] }
    return { machine in
      for run in all {
        let completion = try run(machine)
        if case .next = completion { continue }
        return completion
      }
      return .next
    }
  }

  /// Statements in a scope of their own.
  private func scoped(_ statements: [StatementSyntax], _ complaints: inout [SyntaxError]) throws(SyntaxError)
    -> Execution
  {
    let inner = try withScope { () throws(SyntaxError) in list(statements, &complaints) }
    return entering(inner.prologue, inner.result)
  }

  private func scoped(_ statement: StatementSyntax, _ complaints: inout [SyntaxError]) throws(SyntaxError) -> Execution
  {
    let inner = try withScope { () throws(SyntaxError) in try bind(statement, &complaints) }
    return entering(inner.prologue, inner.result)
  }

  private func entering(_ prologue: [(Machine) -> Void], _ run: @escaping Execution) -> Execution {
    if prologue.isEmpty { return run }
    return { machine in
      for step in prologue { step(machine) }
      return try run(machine)
    }
  }

  private func bind(_ statement: StatementSyntax, _ complaints: inout [SyntaxError]) throws(SyntaxError) -> Execution {
    switch statement {
    case .block(let statements, _, _): return try scoped(statements, &complaints)
    case .declaration(let type, let list, let isConstant, let at):
      return try declaration(type, list, isConstant, at)
    case .function: return { _ in .next }
    case .expression(let syntax): return effect(try effectful(syntax))
    case .condition(let syntax, let then, let otherwise, _):
      let (test, whenTrue, whenFalse) = try bindCondition(syntax)
      flow = whenTrue
      let yes = try scoped(then, &complaints)
      let afterYes = flow
      flow = whenFalse
      let no = try otherwise.map { (statement) throws(SyntaxError) in try scoped(statement, &complaints) }
      flow = afterYes.joined(flow)
      let run = test.run
      return { machine in
        try machine.charge()
        if case .bool(true) = try run(machine) { return try yes(machine) }
        return try no?(machine) ?? .next
      }
    case .result(let syntax, let at): return try result(syntax, at)
    case .throwing(let syntax, let at):
      guard let syntax else {
        flow = .unreachable
        return { machine in throw machine.caught.last ?? Thrown.invalidOperation("No exception to throw again.") }
      }
      let run = try thrown(syntax)
      flow = .unreachable
      _ = at
      return { machine in throw try run(machine) }
    case .whileLoop(let condition, let body, _): return try loop(nil, condition, [], body, &complaints)
    case .doLoop(let body, let condition, _): return try doLoop(body, condition, &complaints)
    case .forLoop(let initial, let condition, let steps, let body, _):
      let inner = try withScope { () throws(SyntaxError) in
        try loop(initial, condition, steps, body, &complaints)
      }
      return entering(inner.prologue, inner.result)
    case .forEach(let designation, let source, let body, let at):
      return try forEach(designation, source, body, at, &complaints)
    case .choice(let value, let sections, let at): return try choice(value, sections, at, &complaints)
    case .attempt(let body, let catches, let finally, _):
      return try attempt(body, catches, finally, &complaints)
    case .using(let resource, let body, let at): return try using(resource, body, at, &complaints)
    case .lock(let object, let body, _):
      let run = try bind(object).run
      let inner = try scoped(body, &complaints)
      return { machine in
        _ = try run(machine)
        return try inner(machine)
      }
    case .overflow(let checks, let statements, _):
      let saved = (isChecked, isUnchecked)
      (isChecked, isUnchecked) = (checks, !checks)
      defer { (isChecked, isUnchecked) = saved }
      return try scoped(statements, &complaints)
    case .breakLoop(let at):
      guard let target = function.targets.last else {
        throw fail("CS0139", "No enclosing loop out of which to break or continue", at, length: 5)
      }
      target.breaks = target.breaks.map { $0.joined(flow) } ?? flow
      flow = .unreachable
      return { _ in .broken }
    case .continueLoop(let at):
      guard let target = function.targets.last(where: \.isLoop) else {
        throw fail("CS0139", "No enclosing loop out of which to break or continue", at, length: 8)
      }
      target.continues = target.continues.map { $0.joined(flow) } ?? flow
      flow = .unreachable
      return { _ in .continued }
    case .gotoCase(_, let at):
      throw fail("PL0201", "'goto case' is not supported by this version of Postern yet.", at, length: 4)
    case .yieldReturn(_, let at), .yieldBreak(let at):
      throw fail("PL0201", "'yield' is not supported by this version of Postern yet.", at, length: 5)
    }
  }

  private func effect(_ bound: Bound) -> Execution {
    let run = bound.run
    return { machine in
      try machine.charge()
      _ = try run(machine)
      return .next
    }
  }

  /// Whether an expression may stand as a statement.
  func isStatement(_ syntax: ExpressionSyntax) -> Bool {
    switch syntax {
    case .call, .assignment, .postfix, .creation, .unary("++", _, _), .unary("--", _, _): return true
    case .conditional(_, let rest, _): return isStatement(rest)
    default: return false
    }
  }

  private func effectful(_ syntax: ExpressionSyntax) throws(SyntaxError) -> Bound {
    guard isStatement(syntax) else {
      throw fail(
        "CS0201",
        "Only assignment, call, increment, decrement, and new object expressions can be used as a statement",
        syntax.offset)
    }
    return try bind(syntax)
  }

  private func declaration(
    _ syntax: TypeSyntax?, _ list: [DeclaratorSyntax], _ isConstant: Bool, _ at: Int
  ) throws(SyntaxError) -> Execution {
    let written = try syntax.map { (syntax) throws(SyntaxError) in try resolve(syntax) }
    if written == nil, list.count > 1 {
      throw fail("CS0819", "Implicitly-typed variables cannot have multiple declarators", at)
    }
    var runs: [Execution] = []
    for item in list {
      guard let value = item.value else {
        guard let written, !isConstant else {
          throw fail("CS0818", "Implicitly-typed variables must be initialized", item.offset)
        }
        try declare(item.name, written, item.offset, isAssigned: false)
        continue
      }
      if let written, isConstant {
        guard let constant = try convert(try bindAny(value), to: written).constant else {
          throw fail("CS0133", "The expression being assigned to '\(item.name)' must be constant", value.offset)
        }
        try declare(item.name, written, item.offset).constant = constant
        continue
      }
      let variable: Variable
      let bound: Bound
      if let written {
        variable = try declare(item.name, written, item.offset, isAssigned: false)
        bound = try convert(try bindAny(value), to: written)
        assigned(variable)
      } else {
        let any = try bindAny(value)
        if case .untyped = any.form {
          throw fail("CS0815", "Cannot assign lambda expression or method to an implicitly-typed variable", at)
        }
        if any.type.isNullLiteral || any.type.isVoid {
          throw fail(
            "CS0815", "Cannot assign \(any.type.isVoid ? "void" : "<null>") to an implicitly-typed variable", at)
        }
        bound = any
        variable = try declare(item.name, bound.type, item.offset)
      }
      let (run, write) = (bound.run, variable.write)
      runs.append { machine in
        try machine.charge()
        write(machine, try run(machine))
        return .next
      }
    }
    let all = runs
    if all.count == 1 { return all[0] }
    return { machine in
      for run in all { _ = try run(machine) }
      return .next
    }
  }

  private func result(_ syntax: ExpressionSyntax?, _ at: Int) throws(SyntaxError) -> Execution {
    defer { flow = .unreachable }
    guard let syntax else {
      guard function.result?.isVoid ?? true else {
        throw fail(
          "CS0126", "An object of a type convertible to '\(function.result ?? .object)' is required", at)
      }
      return { _ in .returned }
    }
    let value = try bindAny(syntax)
    let run: Evaluation
    if let target = function.result {
      if target.isVoid {
        guard function.parent == nil else {
          throw fail(
            "CS0127", "Since the function returns void, a return keyword must not be followed by an expression", at)
        }
        run = value.run
      } else {
        run = try convert(value, to: target).run
      }
    } else {
      function.returned.append(value)
      run = value.run
    }
    return { machine in
      try machine.charge()
      machine.result = try run(machine)
      return .returned
    }
  }

  // MARK: - Loops

  /// Runs `body` as the body of a loop; gives the flow behind it for `continue`, and that of its `break`s.
  private func inLoop<Result>(
    _ body: () throws(SyntaxError) -> Result
  ) throws(SyntaxError) -> (result: Result, breaks: Flow?) {
    let target = FunctionScope.Target(isLoop: true)
    function.targets.append(target)
    defer { function.targets.removeLast() }
    let result = try body()
    if let continues = target.continues { flow = flow.joined(continues) }
    return (result, target.breaks)
  }

  /// `while` and `for`.
  private func loop(
    _ initial: [StatementSyntax]?, _ condition: ExpressionSyntax?, _ steps: [ExpressionSyntax],
    _ body: StatementSyntax, _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> Execution {
    var starts: [Execution] = []
    for statement in initial ?? [] { starts.append(try bind(statement, &complaints)) }
    var test: Evaluation?
    var whenFalse = Flow.unreachable
    if let condition {
      let bound = try bindCondition(condition)
      test = bound.0.run
      flow = bound.whenTrue
      whenFalse = bound.whenFalse
    }
    let inner = try inLoop { () throws(SyntaxError) in try scoped(body, &complaints) }
    var advances: [Evaluation] = []
    for step in steps { advances.append(try effectful(step).run) }
    flow = inner.breaks.map { whenFalse.joined($0) } ?? whenFalse
    let (start, advance, run, check) = (starts, advances, inner.result, test)
    return { machine in
      for step in start { _ = try step(machine) }
      while true {
        try machine.charge()
        if let check, case .bool(false) = try check(machine) { return .next }
        switch try run(machine) {
        case .broken: return .next
        case .returned: return .returned
        case .section: return .section
        case .next, .continued: break
        }
        for step in advance { _ = try step(machine) }
      }
    }
  }

  private func doLoop(
    _ body: StatementSyntax, _ condition: ExpressionSyntax, _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> Execution {
    let inner = try inLoop { () throws(SyntaxError) in try scoped(body, &complaints) }
    let (test, _, whenFalse) = try bindCondition(condition)
    flow = inner.breaks.map { whenFalse.joined($0) } ?? whenFalse
    let (run, check) = (inner.result, test.run)
    return { machine in
      while true {
        try machine.charge()
        switch try run(machine) {
        case .broken: return .next
        case .returned: return .returned
        case .section: return .section
        case .next, .continued: break
        }
        if case .bool(false) = try check(machine) { return .next }
      }
    }
  }

  private func forEach(
    _ designation: DesignationSyntax, _ syntax: ExpressionSyntax, _ body: StatementSyntax, _ at: Int,
    _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> Execution {
    let source = try bind(syntax)
    guard let element = elementType(of: source.type) else {
      throw fail(
        "CS1579",
        "foreach statement cannot operate on variables of type '\(source.type)' because it does not contain a public "
          + "definition for 'GetEnumerator'", source.offset)
    }
    let before = flow
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
    let (prologue, sourceRun, write) = (inner.prologue, source.run, held.write)
    return { machine in
      let value = try sourceRun(machine)
      if value.isNull { throw Thrown.placed(Thrown.nullReference(), at) }
      let iterator = try value.makeIterator()
      while let element = try iterator.next(machine) {
        try machine.charge()
        for step in prologue { step(machine) }
        write(machine, element)
        _ = try store(machine)
        switch try run(machine) {
        case .broken: return .next
        case .returned: return .returned
        case .section: return .section
        case .next, .continued: break
        }
      }
      return .next
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

  // MARK: - switch

  private func choice(
    _ syntax: ExpressionSyntax, _ sections: [SwitchSectionSyntax], _ at: Int, _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> Execution {
    let value = try bind(syntax)
    let held = temporary(value.type)
    let target = FunctionScope.Target(isLoop: false)
    function.targets.append(target)
    defer { function.targets.removeLast() }
    let before = flow
    var tests: [(test: (Machine) throws -> Bool, section: Int)] = []
    var bodies: [Execution] = []
    var prologues: [(Machine) -> Void] = []
    var fallback: Int?
    var constants: Set<String> = []
    for (index, section) in sections.enumerated() {
      flow = before
      let inner = try withScope { () throws(SyntaxError) -> Execution in
        for label in section.labels {
          guard let pattern = label.pattern else {
            if fallback != nil {
              throw fail("CS0152", "The switch statement contains multiple default labels", label.offset)
            }
            fallback = index
            continue
          }
          if case .constant(.literal(let literal, _)) = pattern, label.guardian == nil,
            !constants.insert("\(literal)").inserted
          {
            throw fail("CS0152", "The switch statement contains multiple cases with the same label value", label.offset)
          }
          let match = try match(pattern, value.type, held, label.offset)
          let guardian = try label.guardian.map { (guardian) throws(SyntaxError) in
            try convert(try bindAny(guardian), to: .bool).run
          }
          tests.append(
            (
              { machine in
                guard try match(machine) else { return false }
                guard let guardian else { return true }
                if case .bool(true) = try guardian(machine) { return true }
                return false
              }, index
            ))
        }
        flow.isReachable = true
        let run = list(section.statements, &complaints)
        if flow.isReachable, complaints.isEmpty {
          throw fail("CS0163", "Control cannot fall through from one case label to another", section.offset)
        }
        return run
      }
      prologues += inner.prologue
      bodies.append(inner.result)
    }
    flow = fallback == nil ? before : .unreachable
    if let breaks = target.breaks { flow = flow.joined(breaks) }
    let (run, write, all, cases, entry, otherwise) = (value.run, held.write, bodies, tests, prologues, fallback)
    return { machine in
      write(machine, try run(machine))
      for step in entry { step(machine) }
      var chosen = otherwise
      for entry in cases {
        try machine.charge()
        if try entry.test(machine) {
          chosen = entry.section
          break
        }
      }
      guard let chosen else { return .next }
      let completion = try all[chosen](machine)
      if case .broken = completion { return .next }
      return completion
    }
  }

  // MARK: - Exceptions

  private func attempt(
    _ body: [StatementSyntax], _ catches: [CatchSyntax], _ finally: [StatementSyntax]?,
    _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> Execution {
    let before = flow
    let run = try scoped(body, &complaints)
    var after = flow
    var clauses:
      [(type: TypeSymbol, filter: ((Machine) throws -> Bool)?, store: (Machine, Value) -> Void, run: Execution)] = []
    for clause in catches {
      flow = before
      let type = try clause.type.map { (type) throws(SyntaxError) in try resolve(type) } ?? .exception
      guard type.isReferenceConvertible(to: .exception) else {
        throw fail("CS0155", "The type caught or thrown must be derived from System.Exception", clause.offset)
      }
      if clauses.contains(where: { $0.filter == nil && type.isReferenceConvertible(to: $0.type) }) {
        throw fail(
          "CS0160", "A previous catch clause already catches all exceptions of this or of a super type ('\(type)')",
          clause.offset)
      }
      let inner = try withScope { () throws(SyntaxError) in
        let variable = try clause.name.map { (name) throws(SyntaxError) in try declare(name, type, clause.offset) }
        let filter = try clause.filter.map { (filter) throws(SyntaxError) in
          try convert(try bindAny(filter), to: .bool).run
        }
        return (variable, filter, list(clause.statements, &complaints))
      }
      after = after.joined(flow)
      let (variable, filter, handler) = inner.result
      let (prologue, write) = (inner.prologue, variable?.write)
      clauses.append(
        (
          type,
          filter.map { run in
            { machine in
              if case .bool(true) = try run(machine) { return true }
              return false
            }
          },
          { machine, value in
            for step in prologue { step(machine) }
            write?(machine, value)
          }, handler
        ))
    }
    flow = before
    flow.isReachable = true
    let last = try finally.map { (statements) throws(SyntaxError) in try scoped(statements, &complaints) }
    let finallyEnds = flow.isReachable
    // What `finally` assigns is assigned behind the statement.
    if last != nil { after.unassigned.formIntersection(flow.unassigned) }
    flow = finallyEnds ? after : .unreachable
    let handlers = clauses
    let attempted: Execution = { machine in
      let marks = (machine.caught.count)
      do {
        return try run(machine)
      } catch {
        let thrown: Thrown
        switch Thrown.placed(error, -1) {
        case let caught as Thrown: thrown = caught
        default: throw error
        }
        for handler in handlers where thrown.exception.runtimeType.isReferenceConvertible(to: handler.type) {
          handler.store(machine, .object(thrown.exception))
          if let filter = handler.filter, try !filter(machine) { continue }
          machine.caught.append(thrown)
          defer { machine.caught.removeLast(machine.caught.count - marks) }
          return try handler.run(machine)
        }
        throw thrown
      }
    }
    guard let last else { return attempted }
    return { machine in
      let completion: Completion
      do {
        completion = try attempted(machine)
      } catch let limit as LimitExceeded {
        throw limit
      } catch {
        if case .returned = try last(machine) { return .returned }
        throw error
      }
      let result = machine.result
      let end = try last(machine)
      if case .next = end {
        machine.result = result
        return completion
      }
      return end
    }
  }

  private func using(
    _ resource: StatementSyntax, _ body: StatementSyntax, _ at: Int, _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> Execution {
    let inner = try withScope { () throws(SyntaxError) -> (Execution, Execution) in
      let prepare: Execution
      switch resource {
      case .declaration(let type, let list, _, let place):
        prepare = try declaration(type, list, false, place)
        for item in list {
          guard let variable = function.lookup(item.name), isDisposable(variable.type) else {
            throw fail(
              "CS1674", "Type used in a using statement must be implicitly convertible to 'System.IDisposable'", place)
          }
          variable.readOnly = "it is a 'using variable'"
        }
      default:
        guard case .expression(let syntax) = resource else { throw fail("CS1003", "Syntax error", at) }
        let bound = try bind(syntax)
        guard isDisposable(bound.type) || bound.type.isNullLiteral else {
          throw fail(
            "CS1674", "Type used in a using statement must be implicitly convertible to 'System.IDisposable'", at)
        }
        prepare = effect(bound)
      }
      return (prepare, try scoped(body, &complaints))
    }
    let (prepare, run) = inner.result
    return entering(inner.prologue) { machine in
      _ = try prepare(machine)
      return try run(machine)
    }
  }

  private func isDisposable(_ type: TypeSymbol) -> Bool { type.isReferenceConvertible(to: .disposable) }
}
