/// The state of one evaluation: its variables and what is left of its limits.
public final class Machine {
  let context: any ContextModel
  /// Variables of the running function; the frames of its callers lie before it.
  private(set) var frame: UnsafeMutablePointer<Value>
  /// First place behind the running frame.
  private var top: UnsafeMutablePointer<Value>
  private let storage: UnsafeMutablePointer<Value>
  /// Places from the start that hold a value.
  private var initialised: Int
  private let capacity: Int
  var steps: Int
  var memory: Int
  /// Nested calls still allowed.
  var depth: Int
  /// Value of the `return` being carried out.
  var result = Value.null
  /// Variables that hold a local function: emptied at the end, for a function that calls itself holds itself.
  var functionCells: [Cell] = []
  /// Objects of which a part may outlive the rest in an expression, such as trees of JSON: kept to the end.
  private var kept: [any RuntimeObject] = []
  /// The exception of the `catch` clause being carried out.
  var caught: [Thrown] = []

  /// Places for variables when functions call each other.
  private static let callCapacity = 8_192

  init(_ context: any ContextModel, limits: EvaluationLimits, slots: Int, calls: Bool) {
    self.context = context
    steps = limits.steps
    memory = limits.memory
    depth = limits.recursion
    capacity = calls ? slots + Self.callCapacity : slots
    storage = UnsafeMutablePointer<Value>.allocate(capacity: max(capacity, 1))
    storage.initialize(repeating: .null, count: slots)
    initialised = slots
    frame = storage
    top = storage + slots
  }

  deinit {
    for cell in functionCells { cell.value = .null }
    storage.deinitialize(count: initialised)
    storage.deallocate()
  }

  /// Runs a function's body in a frame of its own.
  func call(_ slots: Int, _ body: () throws -> Value) throws -> Value {
    depth -= 1
    let (savedFrame, savedTop) = (frame, top)
    let end = top - storage + slots
    guard depth >= 0, end <= capacity else {
      depth += 1
      throw LimitExceeded(message: "The expression exceeded its limit of nested calls.")
    }
    if end > initialised {
      (storage + initialised).initialize(repeating: .null, count: end - initialised)
      initialised = end
    }
    frame = top
    top += slots
    defer {
      frame = savedFrame
      top = savedTop
      depth += 1
    }
    return try body()
  }

  /// Keeps an object until the evaluation ends.
  func keep(_ object: any RuntimeObject) { kept.append(object) }

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
