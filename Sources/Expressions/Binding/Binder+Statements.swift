/// What a statement leaves behind.
enum Completion {
  case next
  /// The value is in `machine.result`.
  case returned
}

typealias Execution = (Machine) throws -> Completion

extension Binder {
  /// A block of statements that must return a value of the target type on every way.
  func block(
    _ statements: [StatementSyntax], target: TypeSymbol, end: Int, _ complaints: inout [SyntaxError]
  ) -> Evaluation {
    let (run, returns) = list(statements, target, &complaints)
    if !returns, complaints.isEmpty, !target.isVoid {
      complaints.append(fail("CS0161", "Not all code paths return a value", end))
    }
    return { machine in
      machine.result = .null
      _ = try run(machine)
      return machine.result
    }
  }

  private func list(
    _ statements: [StatementSyntax], _ target: TypeSymbol, _ complaints: inout [SyntaxError]
  ) -> (Execution, returns: Bool) {
    var runs: [Execution] = []
    var returns = false
    for statement in statements {
      do throws(SyntaxError) {
        let (run, ends) = try bind(statement, target, &complaints)
        runs.append(run)
        returns = returns || ends
      } catch {
        complaints.append(error)
        // A variable that could not be given a type still has a name: no further complaint about that.
        if case .declaration(_, let name, _, let at) = statement { _ = try? declare(name, .error, at) }
      }
    }
    let all = runs
    return (
      { machine in
        for run in all {
          try machine.charge()
          if case .returned = try run(machine) { return .returned }
        }
        return .next
      }, returns
    )
  }

  private func bind(
    _ statement: StatementSyntax, _ target: TypeSymbol, _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> (Execution, returns: Bool) {
    switch statement {
    case .block(let statements, _):
      let inner = try withScope { () throws(SyntaxError) in list(statements, target, &complaints) }
      return inner
    case .declaration(let syntax, let name, let value, let at):
      var bound = try bind(value)
      if let syntax {
        bound = try convert(bound, to: try resolve(syntax))
      } else if bound.type.isNullLiteral || bound.type.isVoid {
        throw fail(
          "CS0815", "Cannot assign \(bound.type.isVoid ? "void" : "<null>") to an implicitly-typed variable", at)
      }
      let slot = try declare(name, bound.type, at)
      let run = bound.run
      return (
        { machine in
          machine.stack[slot] = try run(machine)
          return .next
        }, false
      )
    case .assignment(let name, let value, let at):
      guard let variable = variable(name) else {
        throw fail("CS0103", "The name '\(name)' does not exist in the current context", at, length: name.count)
      }
      let run = try convert(try bind(value), to: variable.type).run
      return (
        { machine in
          machine.stack[variable.slot] = try run(machine)
          return .next
        }, false
      )
    case .expression(let syntax):
      guard case .call = syntax else {
        guard case .conditional = syntax else {
          throw fail(
            "CS0201",
            "Only assignment, call, increment, decrement, and new object expressions can be used as a statement",
            syntax.offset)
        }
        let run = try bind(syntax).run
        return (
          {
            _ = try run($0); return .next
          }, false
        )
      }
      let run = try bind(syntax).run
      return (
        {
          _ = try run($0); return .next
        }, false
      )
    case .condition(let syntax, let then, let otherwise, _):
      let test = try convert(try bind(syntax), to: .bool).run
      let yes = try withScope { () throws(SyntaxError) in try bind(then, target, &complaints) }
      let no = try otherwise.map { (statement) throws(SyntaxError) in
        try withScope { () throws(SyntaxError) in try bind(statement, target, &complaints) }
      }
      return (
        { machine in
          if case .bool(true) = try test(machine) { return try yes.0(machine) }
          return try no?.0(machine) ?? .next
        }, yes.returns && no?.returns == true
      )
    case .result(let syntax, let at):
      guard let syntax else {
        guard target.isVoid else {
          throw fail("CS0126", "An object of a type convertible to '\(target)' is required", at)
        }
        return ({ _ in .returned }, true)
      }
      let value = try bind(syntax)
      let run = target.isVoid ? value.run : try convert(value, to: target).run
      return (
        { machine in
          machine.result = try run(machine)
          return .returned
        }, true
      )
    }
  }
}
