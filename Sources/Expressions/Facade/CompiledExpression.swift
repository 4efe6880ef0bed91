import DotNet

/// One expression of a policy document, compiled: evaluated any number of times, from any thread, without parsing again.
// Sendable by these two facts: every property is a `let`, and the closures capture only types, members of the library and
// constants of C# (numbers, switches, strings), none of which is written after compiling.
public final class CompiledExpression: @unchecked Sendable {
  /// What the evaluation may read.
  public let usage: ExpressionUsage
  /// C# name of the static type of the value before it is converted for the site.
  public let staticTypeName: String
  /// The value, if it depends on nothing and was computed at compile time.
  public let constant: Value?
  private let slots: Int
  /// Whether functions of the expression call each other, which takes room on the stack.
  private let calls: Bool
  private let limits: EvaluationLimits
  private let place: PlaceFinder
  private let run: Evaluation

  init(
    usage: ExpressionUsage, staticTypeName: String, constant: Value?, slots: Int, calls: Bool,
    limits: EvaluationLimits, place: PlaceFinder, run: @escaping Evaluation
  ) {
    self.usage = usage
    self.staticTypeName = staticTypeName
    self.constant = constant
    self.slots = slots
    self.calls = calls
    self.limits = limits
    self.place = place
    self.run = run
  }

  /// Runs the expression and gives its value, converted to the target it was compiled for.
  public func evaluate(_ context: any ContextModel) throws(EvaluationError) -> Value {
    try evaluate(context) { value, _ in value }
  }

  /// The value as text for an attribute, header or body: null is empty, other values as their `ToString()`.
  public func evaluateString(_ context: any ContextModel) throws(EvaluationError) -> String {
    try evaluate(context) { value, machine in try Operation.text(value, machine) }
  }

  /// The value of a condition.
  public func evaluateBool(_ context: any ContextModel) throws(EvaluationError) -> Bool {
    try evaluate(context) { value, _ in
      if case .bool(true) = value { return true }
      return false
    }
  }

  /// The value of a status code, duration or count.
  public func evaluateInt(_ context: any ContextModel) throws(EvaluationError) -> Int {
    try evaluate(context) { value, _ in Int(Operation.integer(value) ?? 0) }
  }

  func evaluate<Result>(
    _ context: any ContextModel, _ finish: (Value, Machine) throws -> Result
  ) throws(EvaluationError) -> Result {
    let machine = Machine(context, limits: limits, slots: slots, calls: calls)
    do {
      let value = try run(machine)
      if case .string(let text) = value, text.utf8.count > limits.resultSize {
        throw LimitExceeded(message: "The expression's result exceeds \(limits.resultSize) bytes.")
      }
      return try finish(value, machine)
    } catch let thrown as Thrown {
      throw EvaluationError(
        exceptionType: thrown.exception.typeName, message: thrown.exception.message,
        position: place.position(thrown.offset))
    } catch let exceeded as LimitExceeded {
      throw EvaluationError(
        exceptionType: EvaluationError.limitExceeded, message: exceeded.message,
        position: place.position(exceeded.offset))
    } catch let exception as DotNetException {
      throw EvaluationError(
        exceptionType: exception.type, message: exception.message, position: place.position(0))
    } catch {
      throw EvaluationError(exceptionType: "System.Exception", message: "\(error)", position: place.position(0))
    }
  }
}
