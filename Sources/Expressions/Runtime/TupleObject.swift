/// A tuple or an object of an anonymous type: values by position.
final class TupleObject: RuntimeObject {
  let runtimeType: TypeSymbol
  let values: [Value]
  /// Values in it, and in the tuples in it: what its text, its hash code and a comparison visit.
  private let weight: Int

  private static let greatestWeight = 10_000

  init(_ type: TypeSymbol, _ values: [Value]) {
    runtimeType = type
    self.values = values
    var weight = values.count
    for case .object(let object) in values {
      if let tuple = object as? TupleObject { weight = min(weight + tuple.weight, Self.greatestWeight + 1) }
    }
    self.weight = weight
  }

  /// A tuple that an expression makes.
  static func made(_ type: TypeSymbol, _ values: [Value]) throws -> TupleObject {
    let tuple = TupleObject(type, values)
    guard tuple.weight <= greatestWeight else {
      throw LimitExceeded(message: "Tuples in tuples hold more than \(greatestWeight) values.")
    }
    return tuple
  }

  static func of(_ value: Value) throws -> TupleObject {
    guard case .object(let object) = value, let tuple = object as? TupleObject else { throw Thrown.nullReference() }
    return tuple
  }

  /// The same tuple with another element.
  func replacing(_ index: Int, _ value: Value) -> TupleObject {
    var values = values
    values[index] = value
    return TupleObject(runtimeType, values)
  }

  func text(_ machine: Machine) throws -> String {
    var parts: [String] = []
    for value in values { parts.append(try Operation.text(value, machine)) }
    if runtimeType.kind == .anonymous {
      return "{ " + zip(runtimeType.definition.fieldNames, parts).map { "\($0) = \($1)" }.joined(separator: ", ") + " }"
    }
    if runtimeType.definition === TypeDefinition.keyValuePair { return "[" + parts.joined(separator: ", ") + "]" }
    return "(" + parts.joined(separator: ", ") + ")"
  }

  func isEqual(to other: Value) -> Bool {
    guard case .object(let object) = other, let tuple = object as? TupleObject, tuple.values.count == values.count
    else { return false }
    return zip(values, tuple.values).allSatisfy { Operation.areEqual($0, $1) }
  }

  func hash(into hasher: inout Hasher) {
    for value in values { value.hash(into: &hasher) }
  }

  func compare(to other: Value) throws -> Int? {
    guard case .object(let object) = other, let tuple = object as? TupleObject else { return nil }
    for (a, b) in zip(values, tuple.values) {
      let order = try Operation.compare(a, b)
      if order != 0 { return order }
    }
    return 0
  }
}
