/// The body of a lambda or local function, ready to run in a frame of its own.
final class FunctionCode {
  /// Places of its frame: parameters first, then what it captured, then its variables.
  var slots = 0
  /// For each parameter, whether its value lives in a cell of its own.
  var parameterCells: [Bool] = []
  /// Whether the argument is already a cell: `out` and `ref`.
  var byReference: [Bool] = []
  /// Place of each captured cell in the frame.
  var captures: [Int] = []
  var body: Evaluation = { _ in .null }

  /// Runs the body; `arguments` in order of the parameters.
  func invoke(_ machine: Machine, _ captured: [Value], _ arguments: [Value]) throws -> Value {
    try machine.charge()
    return try machine.call(slots) {
      let frame = machine.frame
      for index in parameterCells.indices {
        let value = index < arguments.count ? arguments[index] : .null
        frame[index] = parameterCells[index] && !byReference[index] ? .cell(Cell(value)) : value
      }
      for (place, value) in zip(captures, captured) { frame[place] = value }
      return try body(machine)
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
}
