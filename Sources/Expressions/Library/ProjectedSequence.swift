/// A lazy sequence over another one, given by what it does with each element: `Select`, `Where` and their relatives.
final class ProjectedSequence: RuntimeObject {
  enum Step {
    /// What a function makes of each element.
    case selected(DelegateObject)
    /// The elements that a predicate holds for.
    case filtered(DelegateObject)
    /// What becomes of an element at a place; nil drops it.
    case changed((Machine, Value, Int) throws -> Value?)
  }

  private let elementType: TypeSymbol
  private let source: Value
  private let step: Step

  init(of element: TypeSymbol, over source: Value, _ step: Step) {
    elementType = element
    self.source = source
    self.step = step
  }

  /// The sequence as an expression has it. ArgumentNullException when there is no source.
  static func value(of element: TypeSymbol, over source: Value, _ step: Step) throws -> Value {
    if source.isNull { throw Thrown.argumentNull("source") }
    return .object(ProjectedSequence(of: element, over: source, step))
  }

  var runtimeType: TypeSymbol { .enumerable(of: elementType) }

  func makeIterator() throws -> (any ValueIterator)? {
    try StackRoom.check()
    return ProjectingIterator(try source.makeIterator(), step)
  }
}

private final class ProjectingIterator: ValueIterator {
  private let source: any ValueIterator
  private let step: ProjectedSequence.Step
  private var index = 0

  init(_ source: any ValueIterator, _ step: ProjectedSequence.Step) {
    self.source = source
    self.step = step
  }

  func next(_ machine: Machine) throws -> Value? {
    try StackRoom.check()
    while let value = try source.next(machine) {
      try machine.charge()
      switch step {
      case .selected(let selector): return try selector.invoke(machine, value)
      case .filtered(let predicate): if try predicate.test(machine, value) { return value }
      case .changed(let body):
        defer { index += 1 }
        if let result = try body(machine, value, index) { return result }
      }
    }
    return nil
  }
}
