import CThreads

/// The state of one evaluation: its variables and what is left of its limits.
///
/// Making one costs two allocations; an event loop keeps one and lends it to every evaluation. It is confined to that
/// loop. An evaluation that begins while another runs on the same machine gets a machine of its own.
public final class Machine {
  // Unowned without a check, by these two facts: whoever evaluates holds the context until the evaluation ends, and
  // from then on this is the absent context, which lives for ever.
  private(set) unowned(unsafe) var context: any ContextModel = AbsentContext.shared
  // What a call keeps of its caller does not lie side by side: two values that were stored one by one and are read
  // back as one pair make the processor wait.
  /// Variables of the running function; the frames of its callers lie before it.
  private(set) var frame: UnsafeMutablePointer<Value>
  private var storage: UnsafeMutablePointer<Value>
  /// The same places for variables of type `int` and `bool`, which stand here instead.
  private(set) var numbers: UnsafeMutablePointer<Int32>
  private var numberStorage: UnsafeMutablePointer<Int32>
  /// First place behind the running frame, counted from the start of `storage`.
  private var top = 0
  /// Places from the start that hold a value.
  private var initialised = 0
  private var capacity: Int
  private(set) var isRunning = false
  var steps = 0
  var memory = 0
  /// Nested calls still allowed.
  var depth = 0
  /// Address of the stack that calls may not go below.
  private var stackFloor = 0
  private let stackRoom = StackRoom.ofEvaluation
  /// Value of the `return` being carried out.
  var result = Value.null
  /// Variables that hold a local function: emptied at the end, for a function that calls itself holds itself.
  var functionCells: [Cell] = []
  /// Objects of which a part may outlive the rest in an expression, such as trees of JSON: kept to the end.
  private var kept: [any RuntimeObject] = []
  /// Bytes of texts in the making.
  private(set) var text: UnsafeMutablePointer<UInt8>
  var textCount = 0
  private var textCapacity = 256
  /// The exception of the `catch` clause being carried out.
  var caught: [Thrown] = []

  /// Places for variables of most expressions.
  private static let usualCapacity = 24
  /// Objects that most expressions keep.
  private static let usualKept = 64
  /// Bytes of room for texts that it keeps for the next evaluation.
  private static let keptTextCapacity = 65_536
  /// Places for variables when functions call each other.
  private static let callCapacity = 8_192

  public init() {
    capacity = Self.usualCapacity
    storage = .allocate(capacity: capacity)
    numberStorage = .allocate(capacity: capacity)
    text = .allocate(capacity: textCapacity)
    frame = storage
    numbers = numberStorage
  }

  deinit {
    text.deallocate()
    storage.deinitialize(count: initialised)
    storage.deallocate()
    numberStorage.deallocate()
  }

  /// Makes it ready for an evaluation; `calls` says that functions of the expression call each other.
  func begin(_ context: any ContextModel, _ limits: EvaluationLimits, slots: Int, calls: Bool) {
    isRunning = true
    self.context = context
    steps = limits.steps
    memory = limits.memory
    depth = limits.recursion
    stackFloor = postern_set_stack_floor(stackRoom)
    let wanted = calls ? slots + Self.callCapacity : slots
    if wanted > capacity { grow(wanted) }
    storage.initialize(repeating: .null, count: slots)
    numberStorage.initialize(repeating: 0, count: slots)
    initialised = slots
    frame = storage
    numbers = numberStorage
    top = slots
  }

  private func grow(_ wanted: Int) {
    storage.deallocate()
    numberStorage.deallocate()
    capacity = wanted
    storage = .allocate(capacity: capacity)
    numberStorage = .allocate(capacity: capacity)
  }

  /// Lets go of everything the evaluation held.
  func end() {
    storage.deinitialize(count: initialised)
    initialised = 0
    if !functionCells.isEmpty {
      for cell in functionCells { cell.value = .null }
      functionCells.removeAll()
    }
    if !caught.isEmpty { caught.removeAll() }
    if !kept.isEmpty { kept.removeAll(keepingCapacity: kept.count <= Self.usualKept) }
    textCount = 0
    if textCapacity > Self.keptTextCapacity { resizeText(256) }
    result = .null
    context = AbsentContext.shared
    isRunning = false
  }

  /// Runs a function's body in a frame of its own.
  @inline(__always)
  func call<Result>(_ slots: Int, _ body: () throws -> Result) throws -> Result {
    let (caller, callerNumbers, callerTop, callerDepth) = (frame, numbers, top, depth)
    let end = callerTop &+ slots
    guard callerDepth > 0, end <= capacity, !postern_stack_is_below(stackFloor) else { throw StackRoom.exceeded }
    if end > initialised { initialise(end) }
    frame = storage + callerTop
    numbers = numberStorage + callerTop
    top = end
    depth = callerDepth &- 1
    defer {
      frame = caller
      numbers = callerNumbers
      top = callerTop
      depth = callerDepth
    }
    return try body()
  }

  /// Runs the body of a function that has numbers alone in its frame.
  @inline(__always)
  func callNumbers<Result>(_ slots: Int, _ body: () throws -> Result) throws -> Result {
    let (caller, callerTop, callerDepth) = (numbers, top, depth)
    let end = callerTop &+ slots
    guard callerDepth > 0, end <= capacity, !postern_stack_is_below(stackFloor) else { throw StackRoom.exceeded }
    numbers = numberStorage + callerTop
    top = end
    depth = callerDepth &- 1
    defer {
      numbers = caller
      top = callerTop
      depth = callerDepth
    }
    return try body()
  }

  /// Keeps an object until the evaluation ends.
  func keep(_ object: any RuntimeObject) { kept.append(object) }

  @inline(never)
  private func initialise(_ end: Int) {
    (storage + initialised).initialize(repeating: .null, count: end - initialised)
    // Frames of numbers alone may lie behind the places with values.
    let first = max(initialised, top)
    if first < end { (numberStorage + first).initialize(repeating: 0, count: end - first) }
    initialised = end
  }

  /// Makes room for more bytes of a text.
  @inline(__always)
  func reserve(_ count: Int) {
    if textCount &+ count > textCapacity { resizeText((textCount + count) * 2) }
  }

  @inline(never)
  private func resizeText(_ wanted: Int) {
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
    larger.update(from: text, count: textCount)
    text.deallocate()
    text = larger
    textCapacity = wanted
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

  /// Counts an object that holds other values.
  @inline(__always)
  func charge(objectOf count: Int) throws {
    try charge()
    try allocate(bytes: 32 &+ count &* 24)
  }

  /// Counts a large piece of work over `bytes` bytes: memory and steps.
  @inline(__always)
  func process(bytes: Int) throws {
    try allocate(bytes: bytes)
    try charge(steps: bytes &>> 6)
  }
}
