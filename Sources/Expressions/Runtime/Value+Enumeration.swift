extension Value {
  /// An enumerator over an enumerable value: arrays, collections, lazy queries, strings.
  func makeIterator() throws -> any ValueIterator {
    switch self {
    case .string(let text):
      return ValuesIterator(text.utf16.map { .char($0) })
    case .object(let object):
      if let iterator = try object.makeIterator() { return iterator }
      throw Thrown.invalidCast(object.runtimeType, .untypedEnumerable)
    default:
      throw Thrown.nullReference()
    }
  }

  /// All elements of an enumerable value.
  func elements(_ machine: Machine) throws -> [Value] {
    if case .object(let object) = self, let array = object as? ArrayObject {
      try machine.process(bytes: array.count * 8)
      return array.elements
    }
    var result: [Value] = []
    let iterator = try makeIterator()
    while let element = try iterator.next(machine) {
      try machine.charge()
      try machine.allocate(bytes: 24)
      result.append(element)
    }
    return result
  }
}
