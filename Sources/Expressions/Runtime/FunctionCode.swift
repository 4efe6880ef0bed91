/// The body of a lambda or local function, ready to run in a frame of its own.
final class FunctionCode {
  /// Places of its frame: parameters first, then what it captured, then its variables.
  var slots = 0
  /// For each parameter, where its value stands.
  var parameters: [VariableStorage] = []
  /// Whether the argument is already a cell: `out` and `ref`.
  var byReference: [Bool] = []
  /// Place of each captured cell in the frame.
  var captures: [Int] = []
  var body = Evaluation { _ in .null }
  /// The body of a function that gives a `bool`, without a `Value` around it.
  var test: FlagEvaluation?
  /// The body of a function that takes one `int` and gives one, without a `Value` around them.
  private(set) var number: NumberBody?
  /// The same object, for calls: borrowed, since its owner above changes only when the expression is let go of, and then
  /// nothing of the expression runs.
  private var borrowed: Unmanaged<NumberBody>?

  /// A body that does not change.
  final class NumberBody {
    let run: NumberEvaluation
    /// Whether all its variables are numbers, so that its frame holds no other values.
    let hasNumbersAlone: Bool

    init(_ run: NumberEvaluation, hasNumbersAlone: Bool) {
      self.run = run
      self.hasNumbersAlone = hasNumbersAlone
    }
  }

  func set(number run: NumberEvaluation?, hasNumbersAlone: Bool = false) {
    number = run.map { NumberBody($0, hasNumbersAlone: hasNumbersAlone) }
    borrowed = number.map { .passUnretained($0) }
  }

  /// Runs the body; `arguments` in order of the parameters.
  func invoke(_ machine: Machine, _ captured: [Value], _ arguments: [Value]) throws -> Value {
    try machine.charge()
    return try machine.call(slots) {
      for index in parameters.indices { set(index, index < arguments.count ? arguments[index] : .null, machine) }
      for index in captures.indices { machine.frame[captures[index]] = captured[index] }
      return try body(machine)
    }
  }

  /// Runs the body of a function with one parameter.
  func invoke(_ machine: Machine, _ captured: [Value], one argument: Value) throws -> Value {
    try machine.charge()
    return try machine.call(slots) {
      if !parameters.isEmpty { set(0, argument, machine) }
      for index in captures.indices { machine.frame[captures[index]] = captured[index] }
      return try body(machine)
    }
  }

  /// Runs the body of a predicate with one parameter.
  func test(_ machine: Machine, _ captured: [Value], _ argument: Value) throws -> Bool {
    guard let test else {
      if case .bool(let result) = try invoke(machine, captured, one: argument) { return result }
      return false
    }
    try machine.charge()
    return try machine.call(slots) {
      if !parameters.isEmpty { set(0, argument, machine) }
      for index in captures.indices { machine.frame[captures[index]] = captured[index] }
      return try test(machine)
    }
  }

  /// A call with one argument, for a function that captures nothing.
  func call(_ argument: Bound, _ type: TypeSymbol, _ at: Int) -> Bound {
    guard argument.type == .int32, type == .int32 else {
      let run = argument.run
      return Bound(type, at) { [self] machine in try invoke(machine, [], one: try run(machine)) }.placed()
    }
    return Bound(number: at, argument.operand.used(by: NumberCall(code: self)))
  }

  /// Runs the body of a function that takes one `int` and gives one.
  @inline(__always)
  fileprivate func call(_ value: Int32, _ machine: Machine) throws -> Int32 {
    guard let borrowed else { return try unusual(value, machine) }
    return try borrowed._withUnsafeGuaranteedRef { body in
      guard body.hasNumbersAlone else { return try unusual(value, machine) }
      try machine.charge()
      return try machine.callNumbers(slots) {
        machine.numbers[0] = value
        return try body.run(machine)
      }
    }
  }

  /// The same for a function with other variables, too.
  @inline(never)
  private func unusual(_ value: Int32, _ machine: Machine) throws -> Int32 {
    guard let number else {
      guard case .int32(let result) = try invoke(machine, [], one: .int32(value)) else { return 0 }
      return result
    }
    try machine.charge()
    return try machine.call(slots) {
      machine.numbers[0] = value
      return try number.run(machine)
    }
  }

  @inline(__always)
  private func set(_ index: Int, _ value: Value, _ machine: Machine) {
    let storage = parameters[index]
    if storage == .cell {
      machine.frame[index] = byReference[index] ? value : .cell(Cell(value))
    } else {
      machine.set(index, storage, value)
    }
  }
}

/// The call of a function that takes one `int` and gives one.
private struct NumberCall: NumberUser {
  let code: FunctionCode

  func use<Source: NumberSource>(_ source: Source) -> NumberEvaluation {
    let node = NumberCallNode(code, source)
    return NumberEvaluation { machine in try node.run(machine) }
  }
}

// A node holds what a larger closure needs: the closure then takes one value with it, not one by one.
private final class NumberCallNode<Source: NumberSource> {
  private let code: FunctionCode
  private let source: Source

  init(_ code: FunctionCode, _ source: Source) {
    self.code = code
    self.source = source
  }

  @inline(__always)
  func run(_ machine: Machine) throws -> Int32 { try code.call(try source.value(machine), machine) }
}

/// The local functions of an expression that calls reach without a delegate.
///
/// Functions that call each other hold each other: they are emptied with the expression they belong to.
final class FunctionCodes {
  private var all: [FunctionCode] = []

  func make() -> FunctionCode {
    let code = FunctionCode()
    all.append(code)
    return code
  }

  deinit {
    for code in all {
      code.body = Evaluation { _ in .null }
      code.set(number: nil)
      code.test = nil
    }
  }
}

/// A lambda with the variables it captured.
final class LambdaDelegate: DelegateObject {
  private let code: FunctionCode
  private let captured: [Value]

  init(_ type: TypeSymbol, _ code: FunctionCode, captured: [Value]) {
    self.code = code
    self.captured = captured
    super.init(type)
  }

  override func invoke(_ machine: Machine, _ arguments: [Value]) throws -> Value {
    try code.invoke(machine, captured, arguments)
  }

  override func invoke(_ machine: Machine, _ first: Value) throws -> Value {
    try code.invoke(machine, captured, one: first)
  }

  override func test(_ machine: Machine, _ argument: Value) throws -> Bool {
    try code.test(machine, captured, argument)
  }
}
