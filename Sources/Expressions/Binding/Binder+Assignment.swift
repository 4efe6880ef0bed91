/// Assignments, `++` and `--`: to variables, elements, properties and the parts of a tuple.
extension Binder {
  func assignment(
    _ sign: String, _ target: ExpressionSyntax, _ value: ExpressionSyntax, _ at: Int
  ) throws(SyntaxError) -> Bound {
    if sign == "=" {
      switch target {
      case .designation(let designation, _): return try deconstruction(designation, try bind(value), at)
      case .tuple(let parts, _): return try deconstruction(parts.map(\.value), value, at)
      case .name("_", _, _) where function.variable("_") == nil:
        return try bind(value)
      case .name(let name, _, let place):
        if let variable = function.variable(name), variable.function == nil {
          let bound = try convert(try bindAny(value), to: variable.type)
          try checkWritable(variable, place)
          assigned(variable)
          return store(bound, .variable(variable), at)
        }
      default: break
      }
      let place = try place(of: target)
      return store(try convert(try bindAny(value), to: place.type), place.place, at)
    }
    let sign = String(sign.dropLast())
    let (prepare, held) = try steady(try place(of: target).place, target.offset)
    let left = reading(held, at)
    let right = try bind(value)
    let result = try binary(sign, left, right, at)
    let narrowed: Bound
    if let converted = implicit(result, to: left.type) {
      narrowed = converted
    } else if left.type.isNumeric || left.type.isNullable {
      // `b += 10` narrows the sum, `b += i` does not: the operand itself has to fit (specification §12.21.4).
      if sign != "<<", sign != ">>" { _ = try convert(right, to: left.type) }
      narrowed = try cast(result, to: left.type, at)
    } else {
      narrowed = try convert(result, to: left.type)
    }
    return sequence(prepare, store(narrowed, held, at))
  }

  /// `++` and `--`.
  func step(_ target: ExpressionSyntax, _ sign: String, isPrefix: Bool, _ at: Int) throws(SyntaxError) -> Bound {
    let (prepare, held) = try steady(try place(of: target).place, target.offset)
    let left = reading(held, at)
    let number = left.type.nullableUnderlying ?? left.type
    guard number.isNumeric else {
      throw fail("CS0023", "Operator '\(sign)' cannot be applied to operand of type '\(left.type)'", at)
    }
    if case .variable(let variable) = held, variable.storage == .number, !isChecked {
      return counting(variable, by: sign == "++" ? 1 : -1, isPrefix: isPrefix, at)
    }
    let old = temporary(left.type)
    let one = Bound.constant(.int32(1), .int32, at)
    let saved = (isChecked, isUnchecked)
    let sum = try binary(sign == "++" ? "+" : "-", bound(old, at), one, at)
    (isChecked, isUnchecked) = saved
    let stored = store(try cast(sum, to: left.type, at), held, at)
    let (read, write, run, oldRead) = (left.run, old.write, stored.run, old.read)
    let result = Bound(left.type, at) { machine in
      write(machine, try read(machine))
      let new = try run(machine)
      return isPrefix ? new : try oldRead(machine)
    }
    return sequence(prepare, result)
  }

  /// `++` and `--` of a variable of type `int`.
  private func counting(_ variable: Variable, by change: Int32, isPrefix: Bool, _ at: Int) -> Bound {
    let slot = variable.slot
    let effect = Execution { machine in
      machine.numbers[slot] &+= change
      return .next
    }
    var result = Bound(number: at, effect: effect) { machine in
      let old = machine.numbers[slot]
      machine.numbers[slot] = old &+ change
      return isPrefix ? old &+ change : old
    }
    result.form = .counted(slot, by: change)
    return result
  }

  private func sequence(_ prepare: [Evaluation], _ bound: Bound) -> Bound {
    if prepare.isEmpty { return bound }
    let run = bound.run
    return Bound(bound.type, bound.offset) { machine in
      for step in prepare { _ = try step(machine) }
      return try run(machine)
    }
  }

  private func checkWritable(_ variable: Variable, _ at: Int) throws(SyntaxError) {
    if variable.constant != nil {
      throw fail("CS0131", "The left-hand side of an assignment must be a variable, property or indexer", at)
    }
    if let reason = variable.readOnly {
      throw fail("CS1656", "Cannot assign to '\(variable.name)' because \(reason)", at)
    }
  }

  /// What an expression on the left of an assignment stands for.
  func place(of syntax: ExpressionSyntax) throws(SyntaxError) -> (place: Place, type: TypeSymbol) {
    let bound = try bindAny(syntax)
    let problem = fail(
      "CS0131", "The left-hand side of an assignment must be a variable, property or indexer", bound.offset)
    guard case .reference(let place) = bound.form else { throw problem }
    switch place {
    case .variable(let variable): try checkWritable(variable, bound.offset)
    case .member(_, let member, _, _, _):
      guard member.setter != nil else {
        throw fail(
          "CS0200",
          "Property or indexer '\(member.declaringType.name).\(member.name)' cannot be assigned to -- it is read only",
          bound.offset)
      }
    case .field(let inner, _, _): try checkRoot(inner, bound.offset)
    case .element, .discard: break
    }
    return (place, bound.type)
  }

  /// A field can be assigned when the tuple it is in can.
  private func checkRoot(_ place: Place, _ at: Int) throws(SyntaxError) {
    switch place {
    case .variable(let variable): try checkWritable(variable, at)
    case .field(let inner, _, _): try checkRoot(inner, at)
    case .member:
      throw fail("CS1612", "Cannot modify the return value because it is not a variable", at)
    case .element, .discard: break
    }
  }

  /// A place whose receiver and indices are computed once.
  private func steady(_ place: Place, _ at: Int) throws(SyntaxError) -> (prepare: [Evaluation], place: Place) {
    var prepare: [Evaluation] = []
    func hold(_ bound: Bound) -> Bound {
      if bound.constant != nil { return bound }
      let variable = temporary(bound.type)
      let (run, write) = (bound.run, variable.write)
      prepare.append(
        Evaluation { machine in
          write(machine, try run(machine))
          return .null
        })
      return Bound(bound.type, at, variable.read)
    }
    switch place {
    case .variable, .discard: return ([], place)
    case .element(let array, let indices, let type):
      let held = Place.element(array: hold(array), indices: indices.map(hold), type: type)
      return (prepare, held)
    case .field(let inner, let index, let type):
      let (prepare, held) = try steady(inner, at)
      return (prepare, .field(of: held, index: index, type: type))
    case .member(let receiver, let member, let types, let arguments, let type):
      let held = Place.member(
        receiver: receiver.map(hold), member: member, types: types, arguments: arguments.map(hold), type: type)
      return (prepare, held)
    }
  }

  func reading(_ place: Place, _ at: Int) -> Bound {
    switch place {
    case .variable(let variable): return variable.bound(at)
    case .discard: return Bound(.error, at) { _ in .null }
    case .element(let array, let indices, let type):
      if indices.count == 1 { return element(of: array, at: indices[0], type, at) }
      let find = finding(array, indices)
      return Bound(type, at) { machine in
        let (array, index) = try find(machine)
        return array[index]
      }.placed()
    case .field(let inner, let index, let type):
      let run = reading(inner, at).run
      return Bound(type, at) { machine in try TupleObject.of(try run(machine)).values[index] }.placed()
    case .member(let receiver, let member, let types, let arguments, let type):
      let (run, runs, body) = (receiver?.run, arguments.map(\.run), member.body)
      return Bound(type, at) { machine in
        var call = Call(machine, member, types: types, this: try run?(machine) ?? .null)
        if run != nil, call.this.isNull { throw Thrown.nullReference() }
        for index in runs.indices { call[index] = try runs[index](machine) }
        return try body?(&call) ?? .null
      }.placed()
    }
  }

  /// Puts a value into a place; the value is the result.
  func store(_ value: Bound, _ place: Place, _ at: Int) -> Bound {
    let run = value.run
    switch place {
    case .discard: return value
    case .variable(let variable): return variable.storing(value, at)
    case .element(let array, let indices, let type):
      let find = finding(array, indices)
      // An array of another type than it looks like holds its own.
      let isExact = type.isValueType || type == .string
      return Bound(type, at) { machine in
        let (array, index) = try find(machine)
        let value = try run(machine)
        if isExact { array[index] = value } else { try array.store(value, at: index) }
        return value
      }.placed()
    case .field(let inner, let index, let type):
      let (read, changed) = (reading(inner, at), temporary(.object))
      let whole = store(Bound(read.type, at, changed.read), inner, at).run
      let (tuple, write) = (read.run, changed.write)
      return Bound(type, at) { machine in
        let value = try run(machine)
        write(machine, .object(try TupleObject.of(try tuple(machine)).replacing(index, value)))
        _ = try whole(machine)
        return value
      }.placed()
    case .member(let receiver, let member, let types, let arguments, let type):
      let (receiverRun, runs, setter) = (receiver?.run, arguments.map(\.run), member.setter)
      return Bound(type, at) { machine in
        var call = Call(machine, member, types: types, this: try receiverRun?(machine) ?? .null)
        for index in runs.indices { call[index] = try runs[index](machine) }
        let value = try run(machine)
        if receiverRun != nil, call.this.isNull { throw Thrown.nullReference() }
        call[runs.count] = value
        try machine.charge()
        _ = try setter?(&call)
        return value
      }.placed()
    }
  }

  // MARK: - Deconstruction

  /// The parts of a value: of a tuple, or of a pair of a dictionary.
  func parts(of value: Bound, _ count: Int, _ at: Int) throws(SyntaxError) -> (prepare: Evaluation, parts: [Bound]) {
    let held = temporary(value.type)
    let (run, write) = (value.run, held.write)
    let prepare = Evaluation { machine in
      write(machine, try run(machine))
      return .null
    }
    let source = Bound(value.type, at, held.read)
    var parts: [Bound] = []
    if value.type.isTuple, value.type.arguments.count == count {
      for index in 1...count { parts.append(try instanceMember(source, "Item\(index)", at)) }
    } else {
      throw fail("CS8129", "No suitable Deconstruct method was found for type '\(value.type)' with \(count) parts", at)
    }
    return (prepare, parts)
  }

  /// `var (a, b) = …`.
  func deconstruction(_ designation: DesignationSyntax, _ value: Bound, _ at: Int) throws(SyntaxError) -> Bound {
    switch designation {
    case .discard: return value
    case .single(let syntax, let name, let place):
      let type = try syntax.map { (syntax) throws(SyntaxError) in try resolve(syntax) } ?? value.type
      if type.isNullLiteral {
        throw fail("CS8130", "Cannot infer the type of implicitly-typed deconstruction variable '\(name)'.", place)
      }
      let variable = try declare(name, type, place)
      return store(try convert(value, to: type), .variable(variable), at)
    case .several(let list, _):
      let (prepare, parts) = try parts(of: value, list.count, at)
      var steps: [Evaluation] = [prepare]
      for (inner, part) in zip(list, parts) { steps.append(try deconstruction(inner, part, at).run) }
      let all = steps
      return Bound(value.type, at) { machine in
        for step in all { _ = try step(machine) }
        return .null
      }
    }
  }

  /// `(a, b) = (b, a)`: all values are computed before any is stored.
  private func deconstruction(
    _ targets: [ExpressionSyntax], _ syntax: ExpressionSyntax, _ at: Int
  ) throws(SyntaxError) -> Bound {
    let value = try bind(syntax)
    let (prepare, parts) = try parts(of: value, targets.count, at)
    var steps: [Evaluation] = [prepare]
    for (target, part) in zip(targets, parts) {
      switch target {
      case .designation(let designation, _): steps.append(try deconstruction(designation, part, at).run)
      case .name("_", _, _) where function.variable("_") == nil: break
      case .name(let name, _, let place):
        guard let variable = function.variable(name) else {
          throw fail("CS0103", "The name '\(name)' does not exist in the current context", place, length: name.count)
        }
        try checkWritable(variable, place)
        steps.append(store(try convert(part, to: variable.type), .variable(variable), at).run)
        assigned(variable)
      default:
        let place = try place(of: target)
        steps.append(store(try convert(part, to: place.type), place.place, at).run)
      }
    }
    let all = steps
    return Bound(value.type, at) { machine in
      for step in all { _ = try step(machine) }
      return .null
    }
  }
}
