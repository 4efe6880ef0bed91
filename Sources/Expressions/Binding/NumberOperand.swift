/// An operand of `int` arithmetic: the frequent kinds need no call of their own.
enum NumberOperand {
  case constant(Int32)
  /// A variable of the frame's numbers.
  case variable(Int)
  /// A variable's remainder by a positive constant.
  case remainder(Int, Int32)
  case computed(NumberEvaluation)

  var evaluation: NumberEvaluation {
    switch self {
    case .constant(let value): NumberEvaluation { _ in value }
    case .variable(let slot): NumberEvaluation { machine in machine.numbers[slot] }
    case .remainder(let slot, let divisor): NumberEvaluation { machine in machine.numbers[slot] % divisor }
    case .computed(let run): run
    }
  }

  /// Puts the operand into a variable.
  func storing(_ slot: Int) -> Execution {
    switch self {
    case .constant(let value):
      return Execution { machine in
        machine.numbers[slot] = value
        return .next
      }
    default:
      let run = evaluation
      return Execution { machine in
        machine.numbers[slot] = try run(machine)
        return .next
      }
    }
  }
}

/// An operator over two operands of type `int`. Each is a type, so that the compiler makes code for each.
protocol NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32
}

extension NumberOperator {
  /// The operation over two operands, the left one first.
  fileprivate static func bound(_ left: NumberOperand, _ right: NumberOperand, _ at: Int) -> Bound {
    switch (left, right) {
    case (.variable(let a), .constant(let b)):
      var result = Bound(number: at, NumberEvaluation { machine in apply(machine.numbers[a], b) })
      result.storing = { slot in
        Execution { machine in
          machine.numbers[slot] = apply(machine.numbers[a], b)
          return .next
        }
      }
      return result
    case (.variable(let a), .variable(let b)):
      var result = Bound(
        number: at, NumberEvaluation { machine in apply(machine.numbers[a], machine.numbers[b]) })
      result.storing = { slot in
        Execution { machine in
          machine.numbers[slot] = apply(machine.numbers[a], machine.numbers[b])
          return .next
        }
      }
      return result
    case (.computed(let a), .constant(let b)):
      return Bound(number: at, NumberEvaluation { machine in apply(try a(machine), b) })
    default:
      let (a, b) = (left.evaluation, right.evaluation)
      return Bound(
        number: at,
        NumberEvaluation { machine in
          let left = try a(machine)
          return apply(left, try b(machine))
        })
    }
  }
}

/// A comparison of two operands of type `int`.
protocol NumberComparison {
  static func holds(_ a: Int32, _ b: Int32) -> Bool
}

extension NumberComparison {
  fileprivate static func bound(_ left: NumberOperand, _ right: NumberOperand, _ at: Int) -> Bound {
    Bound(test: at, test(left, right))
  }

  /// The same for `<`, which loops count by.
  fileprivate static func counting(_ left: NumberOperand, _ right: NumberOperand, _ at: Int) -> Bound {
    var result = bound(left, right, at)
    if case .variable(let slot) = left { result.form = .less(slot, right) }
    return result
  }

  private static func test(_ left: NumberOperand, _ right: NumberOperand) -> FlagEvaluation {
    switch (left, right) {
    case (.variable(let a), .constant(let b)): return FlagEvaluation { machine in holds(machine.numbers[a], b) }
    case (.variable(let a), .variable(let b)):
      return FlagEvaluation { machine in holds(machine.numbers[a], machine.numbers[b]) }
    case (.remainder(let a, let divisor), .constant(let b)):
      return FlagEvaluation { machine in holds(machine.numbers[a] % divisor, b) }
    case (.computed(let a), .constant(let b)): return FlagEvaluation { machine in holds(try a(machine), b) }
    default:
      let (a, b) = (left.evaluation, right.evaluation)
      return FlagEvaluation { machine in
        let left = try a(machine)
        return holds(left, try b(machine))
      }
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

/// By a positive number.
private enum Quotient: NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32 { a / b }
}

private enum Remainder: NumberOperator {
  static func apply(_ a: Int32, _ b: Int32) -> Int32 { a % b }
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

extension Arithmetic {
  /// The operator over two operands of type `int`.
  func bound(_ a: NumberOperand, _ b: NumberOperand, isChecked: Bool, _ at: Int) -> Bound {
    if isChecked, [.add, .subtract, .multiply].contains(self) { return general(a, b, isChecked: true, at) }
    switch self {
    case .add: return Sum.bound(a, b, at)
    case .subtract: return Difference.bound(a, b, at)
    case .multiply: return Product.bound(a, b, at)
    case .and: return Conjunction.bound(a, b, at)
    case .or: return Disjunction.bound(a, b, at)
    case .xor: return Exclusion.bound(a, b, at)
    case .less: return Less.counting(a, b, at)
    case .lessOrEqual: return LessOrEqual.bound(a, b, at)
    case .greater: return Greater.bound(a, b, at)
    case .greaterOrEqual: return GreaterOrEqual.bound(a, b, at)
    case .equal: return Equality.bound(a, b, at)
    case .unequal: return Inequality.bound(a, b, at)
    case .divide, .remainder:
      guard case .constant(let divisor) = b, divisor > 0 else { return general(a, b, isChecked: isChecked, at) }
      if self == .divide { return Quotient.bound(a, b, at) }
      if case .variable(let slot) = a { return Bound(number: at, .remainder(slot, divisor)) }
      return Remainder.bound(a, b, at)
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
