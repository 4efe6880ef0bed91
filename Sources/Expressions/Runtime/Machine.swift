/// The state of one evaluation: its variables and what is left of its limits.
public final class Machine {
  let context: any ContextModel
  /// Variables of all active calls; the current call's begin at `base`.
  var stack: [Value] = []
  var base = 0
  /// First free place of the stack.
  var top = 0
  var steps: Int
  var memory: Int
  /// Nested calls still allowed, weighed by the nesting of the code called.
  var depth: Int
  /// Value of the `return` being carried out.
  var result = Value.null

  init(_ context: any ContextModel, limits: EvaluationLimits) {
    self.context = context
    steps = limits.steps
    memory = limits.memory
    depth = limits.recursion
  }

  /// Counts work; `count` is in units of about 50 ns.
  @inline(__always)
  func charge(steps count: Int = 1) throws {
    steps &-= count
    if steps < 0 { throw LimitExceeded(message: "The expression exceeded its limit of evaluation steps.") }
  }

  /// Counts memory an operation is about to take.
  @inline(__always)
  func allocate(bytes: Int) throws {
    memory &-= bytes
    if memory < 0 { throw LimitExceeded(message: "The expression exceeded its memory limit.") }
  }

  /// Counts a large piece of work over `bytes` bytes: memory and steps.
  @inline(__always)
  func process(bytes: Int) throws {
    try allocate(bytes: bytes)
    try charge(steps: bytes &>> 6)
  }
}
