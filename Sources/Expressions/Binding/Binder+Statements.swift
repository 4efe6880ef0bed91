extension Binder {
  /// The body of a function: statements that must return a value on every way, unless the function gives none.
  func block(_ statements: [StatementSyntax], end: Int, _ complaints: inout [SyntaxError]) -> Evaluation {
    flow.isReachable = true
    let run = list(statements, &complaints)
    let needsValue = function.result.map { !$0.isVoid } ?? !function.returned.isEmpty
    if flow.isReachable, complaints.isEmpty, needsValue {
      complaints.append(fail("CS0161", "Not all code paths return a value", end))
    }
    return Evaluation { machine in
      machine.result = .null
      _ = try run(machine)
      let result = machine.result
      machine.result = .null
      return result
    }
  }

  /// Statements in the scope at hand.
  func list(_ statements: [StatementSyntax], _ complaints: inout [SyntaxError]) -> Execution {
    let free = freeFunctions(statements)
    for case .function(let syntax, let at) in statements {
      do throws(SyntaxError) { try announce(syntax, free: free, at) } catch { complaints.append(error) }
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
    let generic = statements.compactMap { statement -> LocalFunction? in
      guard case .function(let syntax, _) = statement, !syntax.typeParameters.isEmpty else { return nil }
      return function.lookup(syntax.name)?.function
    }
    do throws(SyntaxError) { try defineInstances(generic) } catch { complaints.append(error) }
    flow = saved
    if let resumption { return resuming(runs, resumption) }
    return sequence(runs[...])
  }

  /// One statement after the other: a tree of calls.
  func sequence(_ runs: ArraySlice<Execution>) -> Execution {
    guard let first = runs.first else { return Execution { _ in .next } }
    if runs.count == 1 { return first }
    let middle = runs.startIndex + runs.count / 2
    let (left, right) = (sequence(runs[..<middle]), sequence(runs[middle...]))
    return Execution { machine in
      let completion = try left(machine)
      guard case .next = completion else { return completion }
      return try right(machine)
    }
  }

  /// Statements in a scope of their own.
  func scoped(_ statements: [StatementSyntax], _ complaints: inout [SyntaxError]) throws(SyntaxError)
    -> Execution
  {
    let inner = try withScope { () throws(SyntaxError) in list(statements, &complaints) }
    return entering(inner.prologue, inner.result)
  }

  func scoped(_ statement: StatementSyntax, _ complaints: inout [SyntaxError]) throws(SyntaxError) -> Execution {
    let inner = try withScope { () throws(SyntaxError) in try bind(statement, &complaints) }
    return entering(inner.prologue, inner.result)
  }

  func entering(_ prologue: [(Machine) -> Void], _ run: Execution) -> Execution {
    if prologue.isEmpty || function.iterator != nil { return resuming(prologue, run) }
    return Execution { machine in
      for step in prologue { step(machine) }
      return try run(machine)
    }
  }

  func bind(_ statement: StatementSyntax, _ complaints: inout [SyntaxError]) throws(SyntaxError) -> Execution {
    statements += 1
    switch statement {
    case .block(let statements, _, _): return try scoped(statements, &complaints)
    case .declaration(let type, let list, let isConstant, let at):
      return try declaration(type, list, isConstant, at)
    case .function: return Execution { _ in .next }
    case .expression(let syntax): return effect(try effectful(syntax))
    case .condition(let syntax, let then, let otherwise, _):
      let (test, whenTrue, whenFalse) = try bindCondition(syntax)
      flow = whenTrue
      let yes = try scoped(then, &complaints)
      let afterYes = flow
      flow = whenFalse
      let no = try otherwise.map { (statement) throws(SyntaxError) in try scoped(statement, &complaints) }
      flow = afterYes.joined(flow)
      if let resumption { return resuming(resumption, test.condition, yes, no) }
      return branch(test, yes, no)
    case .result(let syntax, let at): return try result(syntax, at)
    case .throwing(let syntax, _):
      guard let syntax else {
        flow = .unreachable
        return Execution { machine in
          throw machine.caught.last ?? Thrown.invalidOperation("No exception to throw again.")
        }
      }
      let run = try thrown(syntax)
      flow = .unreachable
      return Execution { machine in throw try run(machine) }
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
      let held = Execution { machine in
        _ = try run(machine)
        return .next
      }
      return steps([held, inner])
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
      return Execution { _ in .broken }
    case .continueLoop(let at):
      guard let target = function.targets.last(where: \.isLoop) else {
        throw fail("CS0139", "No enclosing loop out of which to break or continue", at, length: 8)
      }
      target.continues = target.continues.map { $0.joined(flow) } ?? flow
      flow = .unreachable
      return Execution { _ in .continued }
    case .gotoCase(let label, let at): return try jump(label, at)
    case .yieldReturn(let value, let at): return try yield(value, at)
    case .yieldBreak(let at): return try yield(nil, at)
    }
  }

  /// Statements in a row, in whatever function they stand.
  func steps(_ runs: [Execution]) -> Execution { resumption.map { resuming(runs, $0) } ?? sequence(runs[...]) }

  private func branch(_ condition: Bound, _ yes: Execution, _ no: Execution?) -> Execution {
    if case .comparison(let comparison) = condition.form { return comparison.branch(yes, no) }
    let test = condition.condition
    guard let no else { return Execution { machine in try test(machine) ? try yes(machine) : .next } }
    return Execution { machine in try test(machine) ? try yes(machine) : try no(machine) }
  }

  func effect(_ bound: Bound) -> Execution { bound.effects }

  /// Whether an expression may stand as a statement.
  func isStatement(_ syntax: ExpressionSyntax) -> Bool {
    switch syntax {
    case .call, .assignment, .postfix, .creation, .unary("++", _, _), .unary("--", _, _): return true
    case .conditional(_, let rest, _): return isStatement(rest)
    default: return false
    }
  }

  func effectful(_ syntax: ExpressionSyntax) throws(SyntaxError) -> Bound {
    guard isStatement(syntax) else {
      throw fail(
        "CS0201",
        "Only assignment, call, increment, decrement, and new object expressions can be used as a statement",
        syntax.offset)
    }
    return try bind(syntax)
  }

  func declaration(
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
      runs.append(effect(variable.storing(bound, item.offset)))
    }
    return sequence(runs[...])
  }

  func result(_ syntax: ExpressionSyntax?, _ at: Int) throws(SyntaxError) -> Execution {
    defer { flow = .unreachable }
    if function.iterator != nil {
      throw fail(
        "CS1622",
        "Cannot return a value from an iterator. Use the yield return statement to return a value, or yield "
          + "break to end the iteration.", at, length: 6)
    }
    guard let syntax else {
      guard function.result?.isVoid ?? true else {
        throw fail(
          "CS0126", "An object of a type convertible to '\(function.result ?? .object)' is required", at)
      }
      return Execution { _ in .returned }
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
    return Execution { machine in
      machine.result = try run(machine)
      return .returned
    }
  }
}
