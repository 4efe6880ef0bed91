extension Binder {
  func choice(
    _ syntax: ExpressionSyntax, _ sections: [SwitchSectionSyntax], _ at: Int, _ complaints: inout [SyntaxError]
  ) throws(SyntaxError) -> Execution {
    let value = try bind(syntax)
    let held = temporary(value.type)
    let target = FunctionScope.Target(governing: value.type)
    function.targets.append(target)
    defer { function.targets.removeLast() }
    let before = flow
    var tests: [(test: (Machine) throws -> Bool, section: Int)] = []
    var bodies: [Execution] = []
    var prologues: [(Machine) -> Void] = []
    var fallback: Int?
    var constants: [(value: Value, section: Int)] = []
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
          if label.guardian == nil, let constant = try constant(of: pattern, value.type, label.offset) {
            guard !constants.contains(where: { Operation.isConstant($0.value, constant) }) else {
              throw fail(
                "CS0152", "The switch statement contains multiple cases with the same label value", label.offset)
            }
            constants.append((constant, index))
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
    for jump in target.jumps {
      let section =
        jump.label.map { label in constants.first { Operation.isConstant($0.value, label) }?.section } ?? fallback
      guard let section else {
        throw fail("CS0159", "No such label within the scope of the goto statement", jump.offset, length: 4)
      }
      jump.section = section
    }
    flow = fallback == nil ? before : .unreachable
    if let breaks = target.breaks { flow = flow.joined(breaks) }
    let (run, write, all, cases, entry, otherwise) = (value.run, held.write, bodies, tests, prologues, fallback)
    if let resumption {
      return resuming(
        resumption,
        choosing: { machine in
          write(machine, try run(machine))
          for step in entry { step(machine) }
          for entry in cases {
            try machine.charge()
            if try entry.test(machine) { return entry.section }
          }
          return otherwise
        }, bodies)
    }
    return Execution { machine in
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
      var completion = try all[chosen](machine)
      while case .section(let next) = completion {
        try machine.charge()
        completion = try all[next](machine)
      }
      if case .broken = completion { return .next }
      return completion
    }
  }

  /// `goto case` and, without a label, `goto default`.
  func jump(_ label: ExpressionSyntax?, _ at: Int) throws(SyntaxError) -> Execution {
    guard let target = function.targets.last(where: { !$0.isLoop }), let governing = target.governing else {
      throw fail("CS0153", "A goto case is only valid inside a switch statement", at, length: 4)
    }
    let label = try label.map { (label) throws(SyntaxError) in try constant(label, matching: governing, at) }
    let jump = FunctionScope.Target.Jump(label: label, offset: at)
    target.jumps.append(jump)
    flow = .unreachable
    return Execution { _ in .section(jump.section) }
  }

  /// The constant of a label that stands for one value, nil for other patterns.
  private func constant(
    of pattern: PatternSyntax, _ type: TypeSymbol, _ at: Int
  ) throws(SyntaxError) -> Value? {
    switch pattern {
    case .constant(let syntax): return try constant(syntax, matching: type, at)
    case .typeOrConstant(let name, let syntax):
      if (try? resolve(name)) != nil { return nil }
      return try constant(syntax, matching: type, at)
    default: return nil
    }
  }
}
