/// An operand of `int` arithmetic: the frequent kinds need no call of their own.
enum NumberOperand {
  case constant(Int32)
  /// A variable of the frame's numbers.
  case variable(Int)
  /// The sum of a variable and a constant.
  case offset(Int, Int32)
  /// A variable's remainder by a constant.
  case remainder(Int, Divisor)
  case computed(NumberEvaluation)

  var evaluation: NumberEvaluation {
    if case .computed(let run) = self { return run }
    return used(by: Evaluated())
  }

  /// Puts the operand into a variable.
  func storing(_ slot: Int) -> Execution { used(by: Stored(slot: slot)) }

  /// Has something made for the operand.
  func used<User: NumberUser>(by user: User) -> User.Result {
    switch self {
    case .constant(let value): user.use(ConstantNumber(number: value))
    case .variable(let slot): user.use(VariableNumber(slot: slot))
    case .offset(let slot, let constant): user.use(OffsetNumber(slot: slot, constant: constant))
    case .remainder(let slot, let divisor): user.use(RemainderNumber(slot: slot, divisor: divisor))
    case .computed(let run): user.use(ComputedNumber(run: run))
    }
  }

  /// Has something made for the operand and another one on its right.
  func used<User: NumberPairUser>(with right: NumberOperand, by user: User) -> User.Result {
    switch (self, right) {
    case (.variable(let a), .constant(let b)): user.use(VariableNumber(slot: a), ConstantNumber(number: b))
    case (.variable(let a), .variable(let b)): user.use(VariableNumber(slot: a), VariableNumber(slot: b))
    case (.variable(let a), .computed(let b)): user.use(VariableNumber(slot: a), ComputedNumber(run: b))
    case (.remainder(let a, let divisor), .constant(let b)):
      user.use(RemainderNumber(slot: a, divisor: divisor), ConstantNumber(number: b))
    case (.computed(let a), .constant(let b)): user.use(ComputedNumber(run: a), ConstantNumber(number: b))
    default: user.use(ComputedNumber(run: evaluation), ComputedNumber(run: right.evaluation))
    }
  }
}

/// What gives an operand's value. Each kind is a type, so that the compiler makes code for each.
protocol NumberSource {
  func value(_ machine: Machine) throws -> Int32
}

/// Makes something of an operand.
protocol NumberUser {
  associatedtype Result
  func use(_ source: some NumberSource) -> Result
}

/// Makes something of two operands, of which the left one has its value first.
protocol NumberPairUser {
  associatedtype Result
  func use(_ left: some NumberSource, _ right: some NumberSource) -> Result
}

private struct ConstantNumber: NumberSource {
  let number: Int32
  @inline(__always) func value(_ machine: Machine) -> Int32 { number }
}

private struct VariableNumber: NumberSource {
  let slot: Int
  @inline(__always) func value(_ machine: Machine) -> Int32 { machine.numbers[slot] }
}

private struct OffsetNumber: NumberSource {
  let slot: Int
  let constant: Int32
  @inline(__always) func value(_ machine: Machine) -> Int32 { machine.numbers[slot] &+ constant }
}

private struct RemainderNumber: NumberSource {
  let slot: Int
  let divisor: Divisor
  @inline(__always) func value(_ machine: Machine) -> Int32 { divisor.remainder(machine.numbers[slot]) }
}

private struct ComputedNumber: NumberSource {
  let run: NumberEvaluation
  @inline(__always) func value(_ machine: Machine) throws -> Int32 { try run(machine) }
}

private struct Evaluated: NumberUser {
  func use(_ source: some NumberSource) -> NumberEvaluation {
    NumberEvaluation { machine in try source.value(machine) }
  }
}

private struct Stored: NumberUser {
  let slot: Int

  func use(_ source: some NumberSource) -> Execution {
    Execution { [slot] machine in
      machine.numbers[slot] = try source.value(machine)
      return .next
    }
  }
}

/// A constant above 1 that numbers are divided by, which multiplies by its reciprocal.
///
/// The upper half of the product with ⌈2⁶⁴ ÷ divisor⌉ is the quotient of every number below 2³².
struct Divisor {
  let number: Int32
  private let reciprocal: UInt64

  /// nil for a divisor below 2.
  init?(_ number: Int32) {
    guard number > 1 else { return nil }
    self.number = number
    reciprocal = UInt64.max / UInt64(number) + 1
  }

  @inline(__always)
  func quotient(_ dividend: Int32) -> Int32 {
    let whole = Int32(truncatingIfNeeded: UInt64(dividend.magnitude).multipliedFullWidth(by: reciprocal).high)
    return dividend < 0 ? 0 &- whole : whole
  }

  @inline(__always)
  func remainder(_ dividend: Int32) -> Int32 { dividend &- quotient(dividend) &* number }
}

/// An operator over two operands of type `int`. Each is a type, so that the compiler makes code for each.
protocol NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32
}

extension NumberOperator {
  /// The operation over two operands, the left one first.
  fileprivate static func bound(_ left: NumberOperand, _ right: NumberOperand, _ at: Int) -> Bound {
    var result = Bound(number: at, left.used(with: right, by: Applied<Self>()))
    result.storing = { slot in left.used(with: right, by: AppliedAndStored<Self>(slot: slot)) }
    return result
  }
}

private struct Applied<Operator: NumberOperator>: NumberPairUser {
  func use(_ left: some NumberSource, _ right: some NumberSource) -> NumberEvaluation {
    NumberEvaluation { machine in
      let value = try left.value(machine)
      return Operator.apply(value, try right.value(machine))
    }
  }
}

private struct AppliedAndStored<Operator: NumberOperator>: NumberPairUser {
  let slot: Int

  func use(_ left: some NumberSource, _ right: some NumberSource) -> Execution {
    Execution { [slot] machine in
      let value = try left.value(machine)
      machine.numbers[slot] = Operator.apply(value, try right.value(machine))
      return .next
    }
  }
}

private enum Sum: NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32 { a &+ b }
}

private enum Difference: NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32 { a &- b }
}

private enum Product: NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32 { a &* b }
}

private enum Conjunction: NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32 { a & b }
}

private enum Disjunction: NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32 { a | b }
}

private enum Exclusion: NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32 { a ^ b }
}

private enum LeftShift: NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32 { a &<< (b & 31) }
}

private enum RightShift: NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32 { a &>> (b & 31) }
}

private struct Divided: NumberUser {
  let divisor: Divisor
  let givesRemainder: Bool

  func use(_ source: some NumberSource) -> NumberEvaluation {
    let divisor = divisor
    if givesRemainder { return NumberEvaluation { machine in divisor.remainder(try source.value(machine)) } }
    return NumberEvaluation { machine in divisor.quotient(try source.value(machine)) }
  }
}

extension Arithmetic {
  /// The operator over two operands of type `int`.
  func bound(_ a: NumberOperand, _ b: NumberOperand, isChecked: Bool, _ at: Int) -> Bound {
    if isChecked, [.add, .subtract, .multiply].contains(self) { return general(a, b, isChecked: true, at) }
    switch (self, a, b) {
    case (.add, .variable(let slot), .constant(let constant)): return Bound(number: at, .offset(slot, constant))
    case (.subtract, .variable(let slot), .constant(let constant)):
      return Bound(number: at, .offset(slot, 0 &- constant))
    default: break
    }
    switch self {
    case .add: return Sum.bound(a, b, at)
    case .subtract: return Difference.bound(a, b, at)
    case .multiply: return Product.bound(a, b, at)
    case .and: return Conjunction.bound(a, b, at)
    case .or: return Disjunction.bound(a, b, at)
    case .xor: return Exclusion.bound(a, b, at)
    case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .unequal:
      return NumberTest(operation: self, left: a, right: b).bound(at)
    case .divide, .remainder:
      guard case .constant(let constant) = b, let divisor = Divisor(constant) else {
        return general(a, b, isChecked: isChecked, at)
      }
      if case .variable(let slot) = a, self == .remainder { return Bound(number: at, .remainder(slot, divisor)) }
      return Bound(number: at, a.used(by: Divided(divisor: divisor, givesRemainder: self == .remainder)))
    case .shiftLeft: return LeftShift.bound(a, b, at)
    case .shiftRight: return RightShift.bound(a, b, at)
    }
  }

  private func general(_ a: NumberOperand, _ b: NumberOperand, isChecked: Bool, _ at: Int) -> Bound {
    let (left, right) = (a.evaluation, b.evaluation)
    return Bound(
      number: at,
      NumberEvaluation { machine in
        let (x, y) = (Value.int32(try left(machine)), Value.int32(try right(machine)))
        return try Thrown.placing(at) {
          guard case .int32(let value) = try apply(x, y, .int32, isChecked: isChecked) else { return 0 }
          return value
        }
      })
  }
}
