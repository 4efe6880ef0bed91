import DotNet

/// One expression of a policy document, compiled: evaluated any number of times, from any thread, without parsing again.
// Sendable by these two facts: every property is a `let`, and the closures capture only types, members of the library,
// constants of C# (numbers, switches, strings), arrays of them that no member writes or keeps, compiled patterns, and
// functions that take nothing from around them: none of these is written after compiling.
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
  /// The value of a condition without a `Value` around it, where the compiler found such a way.
  private let test: FlagEvaluation?
  /// The text of the context that the whole expression is, such as `context.Subscription.Id`: nothing has to run for it
  /// where the context has one.
  private let contextText: ContextText?
  private let codes: FunctionCodes

  init(
    usage: ExpressionUsage, staticTypeName: String, constant: Value?, slots: Int, calls: Bool,
    limits: EvaluationLimits, place: PlaceFinder, run: Evaluation, test: FlagEvaluation?,
    contextText: ContextText?, codes: FunctionCodes
  ) {
    self.usage = usage
    self.staticTypeName = staticTypeName
    self.constant = constant
    self.slots = slots
    self.calls = calls
    self.limits = limits
    self.place = place
    self.run = run
    self.test = test
    self.contextText = contextText
    self.codes = codes
  }

  /// Runs the expression and gives its value, converted to the target it was compiled for.
  ///
  /// - Parameter machine: the machine of the running event loop; nil makes one for this evaluation.
  public func evaluate(_ context: any ContextModel, on machine: Machine? = nil) throws(EvaluationError) -> Value {
    try evaluate(context, on: machine) { machine in
      let value = try value(machine)
      // A node of JSON does not keep what it is a part of.
      if case .object(let object) = value, let token = object as? JsonToken, token.parent != nil {
        context.keep(token.root)
      }
      return value
    }
  }

  /// The value of an expression that is a text of the context, at once; nil for any other expression, and where the
  /// context has no such text. What it is then, ``evaluateString(_:on:)`` says.
  public func textAtHand(_ context: any ContextModel) -> String? {
    guard let contextText, let text = context.text(contextText), text.utf8.count <= limits.resultSize else {
      return nil
    }
    return text
  }

  /// The value as text for an attribute, header or body: null is empty, other values as their `ToString()`.
  public func evaluateString(
    _ context: any ContextModel, on machine: Machine? = nil
  ) throws(EvaluationError) -> String {
    try evaluate(context, on: machine) { machine in try Operation.text(try value(machine), machine) }
  }

  /// The value of a condition.
  public func evaluateBool(_ context: any ContextModel, on machine: Machine? = nil) throws(EvaluationError) -> Bool {
    try evaluate(context, on: machine) { machine in
      if let test { return try test(machine) }
      if case .bool(true) = try run(machine) { return true }
      return false
    }
  }

  /// The value of a status code, duration or count.
  public func evaluateInt(_ context: any ContextModel, on machine: Machine? = nil) throws(EvaluationError) -> Int {
    try evaluate(context, on: machine) { machine in Int(Operation.integer(try run(machine)) ?? 0) }
  }

  /// The value of a metric.
  public func evaluateDouble(
    _ context: any ContextModel, on machine: Machine? = nil
  ) throws(EvaluationError) -> Double {
    try evaluate(context, on: machine) { machine in
      let value = try run(machine)
      if case .double(let number) = value { return number }
      return Double(Operation.integer(value) ?? 0)
    }
  }

  /// The value where a `byte[]` is asked for; nil for null.
  public func evaluateBytes(
    _ context: any ContextModel, on machine: Machine? = nil
  ) throws(EvaluationError) -> [UInt8]? {
    try evaluate(context, on: machine) { machine in
      guard case .object(let object) = try run(machine) else { return nil }
      return (object as? ArrayObject)?.bytes
    }
  }

  /// The value, unless it is larger than a result may be.
  func value(_ machine: Machine) throws -> Value {
    let value = try run(machine)
    if case .string(let text) = value, text.utf8.count > limits.resultSize {
      throw LimitExceeded(message: "The expression's result exceeds \(limits.resultSize) bytes.")
    }
    return value
  }

  @inline(__always)
  func evaluate<Result>(
    _ context: any ContextModel, on lent: Machine? = nil, _ body: (Machine) throws -> Result
  ) throws(EvaluationError) -> Result {
    let machine: Machine
    if let lent, !lent.isRunning { machine = lent } else { machine = Machine() }
    machine.begin(context, limits, slots: slots, calls: calls)
    defer { machine.end() }
    do {
      return try body(machine)
    } catch {
      throw evaluationError(error)
    }
  }

  private func evaluationError(_ error: any Error) -> EvaluationError {
    switch error {
    case let thrown as Thrown:
      EvaluationError(
        exceptionType: thrown.exception.typeName, message: thrown.exception.message,
        position: place.position(thrown.offset))
    case let exceeded as LimitExceeded:
      EvaluationError(
        exceptionType: EvaluationError.limitExceeded, message: exceeded.message,
        position: place.position(exceeded.offset))
    case let exception as DotNetException:
      EvaluationError(exceptionType: exception.type, message: exception.message, position: place.position(0))
    default: EvaluationError(exceptionType: "System.Exception", message: "\(error)", position: place.position(0))
    }
  }
}
