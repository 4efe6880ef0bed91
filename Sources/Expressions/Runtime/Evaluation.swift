// Pieces of a program, ready to run. They are structures around a function, because a function that passes through an
// optional, an array or a generic result is wrapped by the compiler each time, and every wrapper would run each time.

/// A piece of a program that gives a value.
struct Evaluation {
  private let body: (Machine) throws -> Value

  init(_ body: @escaping (Machine) throws -> Value) { self.body = body }

  @inline(__always)
  func callAsFunction(_ machine: Machine) throws -> Value { try body(machine) }
}

/// A piece of a program that gives a switch.
struct FlagEvaluation {
  private let body: (Machine) throws -> Bool

  init(_ body: @escaping (Machine) throws -> Bool) { self.body = body }

  @inline(__always)
  func callAsFunction(_ machine: Machine) throws -> Bool { try body(machine) }
}

/// A piece of a program that gives an `int`.
struct NumberEvaluation {
  private let body: (Machine) throws -> Int32

  init(_ body: @escaping (Machine) throws -> Int32) { self.body = body }

  @inline(__always)
  func callAsFunction(_ machine: Machine) throws -> Int32 { try body(machine) }
}

/// A piece of a program that appends to the machine's text in the making.
struct TextEvaluation {
  private let body: (Machine) throws -> Void

  init(_ body: @escaping (Machine) throws -> Void) { self.body = body }

  @inline(__always)
  func callAsFunction(_ machine: Machine) throws { try body(machine) }
}

/// A statement, or an expression whose value nobody asks for.
struct Execution {
  private let body: (Machine) throws -> Completion

  init(_ body: @escaping (Machine) throws -> Completion) { self.body = body }

  @inline(__always)
  func callAsFunction(_ machine: Machine) throws -> Completion { try body(machine) }
}

/// What a statement leaves behind.
enum Completion {
  case next
  /// The value is in `machine.result`.
  case returned
  case broken
  case continued
  /// `goto case`: on to this section of the innermost `switch`.
  case section(Int)
  /// `yield return`: the value is in `machine.result`, and the statement will be entered again.
  case yielded
}
