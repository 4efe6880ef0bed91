/// A delegate: a lambda with what it captured, or a method.
class DelegateObject: RuntimeObject {
  let runtimeType: TypeSymbol

  init(_ type: TypeSymbol) { runtimeType = type }

  /// Calls the delegate with any number of arguments.
  func invoke(_ machine: Machine, _ arguments: [Value]) throws -> Value { .null }

  func invoke(_ machine: Machine) throws -> Value { try invoke(machine, []) }
  func invoke(_ machine: Machine, _ first: Value) throws -> Value { try invoke(machine, [first]) }
  func invoke(_ machine: Machine, _ first: Value, _ second: Value) throws -> Value {
    try invoke(machine, [first, second])
  }

  /// Calls a predicate.
  func test(_ machine: Machine, _ argument: Value) throws -> Bool {
    if case .bool(let result) = try invoke(machine, argument) { return result }
    return false
  }
}
