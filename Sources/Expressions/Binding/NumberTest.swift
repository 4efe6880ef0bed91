/// A comparison of two operands of type `int`, which choices and branches take into themselves instead of calling it.
struct NumberTest {
  /// One of the six comparisons.
  let operation: Arithmetic
  let left: NumberOperand
  let right: NumberOperand

  /// The comparison that holds exactly where this one does not.
  var inverted: NumberTest {
    let inverse: Arithmetic =
      switch operation {
      case .less: .greaterOrEqual
      case .lessOrEqual: .greater
      case .greater: .lessOrEqual
      case .greaterOrEqual: .less
      case .equal: .unequal
      default: .equal
      }
    return NumberTest(operation: inverse, left: left, right: right)
  }

  func bound(_ at: Int) -> Bound {
    var result = Bound(test: at, used(by: Tested()))
    result.form = .comparison(self)
    return result
  }

  /// `test ? yes : no`.
  func choice(_ yes: NumberOperand, _ no: NumberOperand) -> NumberEvaluation {
    if case .variable(let slot) = yes { return used(by: ChosenVariable(slot: slot, no: no.evaluation)) }
    return used(by: Chosen(yes: yes.evaluation, no: no.evaluation))
  }

  /// One of two statements.
  func branch(_ yes: Execution, _ no: Execution?) -> Execution {
    guard let no else { return used(by: Guarded(body: yes)) }
    return used(by: Branched(yes: yes, no: no))
  }

  private func used<User: NumberTestUser>(by user: User) -> User.Result {
    switch operation {
    case .less: pair(Less.self, user)
    case .lessOrEqual: pair(LessOrEqual.self, user)
    case .greater: pair(Greater.self, user)
    case .greaterOrEqual: pair(GreaterOrEqual.self, user)
    case .equal: pair(Equality.self, user)
    default: pair(Inequality.self, user)
    }
  }

  private func pair<Comparison: NumberComparison, User: NumberTestUser>(
    _ comparison: Comparison.Type, _ user: User
  ) -> User.Result {
    left.used(with: right, by: Compared<Comparison, User>(user: user))
  }
}

/// Makes something of a comparison of two operands.
private protocol NumberTestUser {
  associatedtype Result
  func use<Comparison: NumberComparison>(
    _ comparison: Comparison.Type, _ left: some NumberSource, _ right: some NumberSource
  ) -> Result
}

private struct Compared<Comparison: NumberComparison, User: NumberTestUser>: NumberPairUser {
  let user: User

  func use(_ left: some NumberSource, _ right: some NumberSource) -> User.Result {
    user.use(Comparison.self, left, right)
  }
}

/// A comparison of two numbers. Each is a type, so that the compiler makes code for each.
private protocol NumberComparison {
  static func holds(_ a: Int32, _ b: Int32) -> Bool
}

extension NumberComparison {
  @inline(__always)
  fileprivate static func holds(
    _ left: some NumberSource, _ right: some NumberSource, _ machine: Machine
  ) throws -> Bool {
    let value = try left.value(machine)
    return holds(value, try right.value(machine))
  }
}

private struct Tested: NumberTestUser {
  func use<Comparison: NumberComparison>(
    _ comparison: Comparison.Type, _ left: some NumberSource, _ right: some NumberSource
  ) -> FlagEvaluation {
    FlagEvaluation { machine in try Comparison.holds(left, right, machine) }
  }
}

private struct Chosen: NumberTestUser {
  let yes: NumberEvaluation
  let no: NumberEvaluation

  func use<Comparison: NumberComparison, Left: NumberSource, Right: NumberSource>(
    _ comparison: Comparison.Type, _ left: Left, _ right: Right
  ) -> NumberEvaluation {
    let node = ForkNode<Comparison, Left, Right, NumberEvaluation, NumberEvaluation>(left, right, yes, no)
    return NumberEvaluation { machine in
      try node.holds(machine) ? try node.yes(machine) : try node.no(machine)
    }
  }
}

private struct ChosenVariable: NumberTestUser {
  let slot: Int
  let no: NumberEvaluation

  func use<Comparison: NumberComparison, Left: NumberSource, Right: NumberSource>(
    _ comparison: Comparison.Type, _ left: Left, _ right: Right
  ) -> NumberEvaluation {
    let node = ForkNode<Comparison, Left, Right, Int, NumberEvaluation>(left, right, slot, no)
    return NumberEvaluation { machine in
      try node.holds(machine) ? machine.numbers[node.yes] : try node.no(machine)
    }
  }
}

private struct Guarded: NumberTestUser {
  let body: Execution

  func use<Comparison: NumberComparison, Left: NumberSource, Right: NumberSource>(
    _ comparison: Comparison.Type, _ left: Left, _ right: Right
  ) -> Execution {
    let node = ForkNode<Comparison, Left, Right, Execution, Void>(left, right, body, ())
    return Execution { machine in try node.holds(machine) ? try node.yes(machine) : .next }
  }
}

private struct Branched: NumberTestUser {
  let yes: Execution
  let no: Execution

  func use<Comparison: NumberComparison, Left: NumberSource, Right: NumberSource>(
    _ comparison: Comparison.Type, _ left: Left, _ right: Right
  ) -> Execution {
    let node = ForkNode<Comparison, Left, Right, Execution, Execution>(left, right, yes, no)
    return Execution { machine in try node.holds(machine) ? try node.yes(machine) : try node.no(machine) }
  }
}

// A node holds what a larger closure needs: the closure then takes one value with it, not one by one.
private final class ForkNode<
  Comparison: NumberComparison, Left: NumberSource, Right: NumberSource, Yes, No
> {
  private let left: Left
  private let right: Right
  let yes: Yes
  let no: No

  init(_ left: Left, _ right: Right, _ yes: Yes, _ no: No) {
    self.left = left
    self.right = right
    self.yes = yes
    self.no = no
  }

  @inline(__always)
  func holds(_ machine: Machine) throws -> Bool { try Comparison.holds(left, right, machine) }
}

private enum Less: NumberComparison {
  static func holds(_ a: Int32, _ b: Int32) -> Bool { a < b }
}

private enum LessOrEqual: NumberComparison {
  static func holds(_ a: Int32, _ b: Int32) -> Bool { a <= b }
}

private enum Greater: NumberComparison {
  static func holds(_ a: Int32, _ b: Int32) -> Bool { a > b }
}

private enum GreaterOrEqual: NumberComparison {
  static func holds(_ a: Int32, _ b: Int32) -> Bool { a >= b }
}

private enum Equality: NumberComparison {
  static func holds(_ a: Int32, _ b: Int32) -> Bool { a == b }
}

private enum Inequality: NumberComparison {
  static func holds(_ a: Int32, _ b: Int32) -> Bool { a != b }
}
