extension Binder {
  func attempt(
    _ body: [StatementSyntax], _ catches: [CatchSyntax], _ finally: [StatementSyntax]?,
    _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> Execution {
    let before = flow
    function.protected += catches.isEmpty ? 0 : 1
    let run = try scoped(body, &complaints)
    function.protected -= catches.isEmpty ? 0 : 1
    for statement in catches.flatMap(\.statements) + (finally ?? []) where statement.yields {
      throw fail("CS1625", "Cannot yield in the body of a catch or finally clause", statement.offset)
    }
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
    let attempted = Execution { machine in
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
    return Execution { machine in
      let completion: Completion
      do {
        completion = try attempted(machine)
      } catch let limit as LimitExceeded {
        throw limit
      } catch {
        if case .returned = try last(machine) { return .returned }
        throw error
      }
      if case .yielded = completion { return completion }
      let result = machine.result
      let end = try last(machine)
      if case .next = end {
        machine.result = result
        return completion
      }
      return end
    }
  }

  func using(
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
    return entering(inner.prologue, steps([prepare, run]))
  }

  private func isDisposable(_ type: TypeSymbol) -> Bool { type.isReferenceConvertible(to: .disposable) }
}
