/// A C# array. Bytes are kept compactly, other elements as values.
final class ArrayObject: RuntimeObject {
  let elementType: TypeSymbol
  /// Length of each dimension, where there are several.
  private let lengths: [Int]
  private let isBytes: Bool
  private var storedBytes: [UInt8] = []
  private var storedValues: [Value] = []

  /// An array of the element type, for instance `ArrayObject(of: .string, [...])`.
  init(of element: TypeSymbol, _ values: [Value]) {
    elementType = element
    lengths = []
    isBytes = element == .uint8
    if isBytes {
      storedBytes = values.map { if case .uint8(let byte) = $0 { byte } else { 0 } }
    } else {
      storedValues = values
    }
  }

  init(bytes: [UInt8]) {
    elementType = .uint8
    lengths = []
    isBytes = true
    storedBytes = bytes
  }

  convenience init(strings: [String]) {
    self.init(of: .string, strings.map { .string($0) })
  }

  /// A rectangular array of `element.array(rank: dimensions.count)`.
  init(of element: TypeSymbol, dimensions: [Int], _ values: [Value]) {
    elementType = element
    lengths = dimensions.count == 1 ? [] : dimensions
    isBytes = element == .uint8 && dimensions.count == 1
    if isBytes {
      storedBytes = values.map { if case .uint8(let byte) = $0 { byte } else { 0 } }
    } else {
      storedValues = values
    }
  }

  var runtimeType: TypeSymbol { lengths.isEmpty ? elementType.array : elementType.array(rank: lengths.count) }
  /// Length of each dimension; one for ordinary arrays.
  var dimensions: [Int] { lengths.isEmpty ? [count] : lengths }
  var count: Int { isBytes ? storedBytes.count : storedValues.count }

  var elements: [Value] {
    get { isBytes ? storedBytes.map { .uint8($0) } : storedValues }
    set {
      if isBytes {
        storedBytes = newValue.map { if case .uint8(let byte) = $0 { byte } else { 0 } }
      } else {
        storedValues = newValue
      }
    }
  }

  /// The content of a `byte[]`; empty for other arrays.
  var bytes: [UInt8] {
    get { storedBytes }
    set { storedBytes = newValue }
  }

  /// Element by flat index, which the caller has checked.
  subscript(_ index: Int) -> Value {
    get { isBytes ? .uint8(storedBytes[index]) : storedValues[index] }
    set {
      if isBytes {
        if case .uint8(let byte) = newValue { storedBytes[index] = byte }
      } else {
        storedValues[index] = newValue
      }
    }
  }

  func checked(_ index: Int) throws -> Value {
    guard index >= 0, index < count else { throw Thrown.indexOutOfRange() }
    return self[index]
  }

  /// The flat index of an element given by one index for each dimension.
  func place(_ indices: [Int]) throws -> Int {
    let dimensions = dimensions
    guard indices.count == dimensions.count else {
      throw Thrown.argument("Array was not a one-dimensional array.")
    }
    var place = 0
    for (index, length) in zip(indices, dimensions) {
      guard index >= 0, index < length else { throw Thrown.indexOutOfRange() }
      place = place * length + index
    }
    return place
  }

  /// Puts a value at a flat index. ArrayTypeMismatchException when the array is of another type than it looked like.
  func store(_ value: Value, at index: Int) throws {
    guard index >= 0, index < count else { throw Thrown.indexOutOfRange() }
    let element = elementType
    if !value.isNull, !element.isValueType, element != .object, !value.isInstance(of: element) {
      throw Thrown("System.ArrayTypeMismatchException", LibraryCatalog.arrayTypeMismatch)
    }
    self[index] = value
  }

  func makeIterator() throws -> (any ValueIterator)? { ArrayIterator(self) }
}

private final class ArrayIterator: ValueIterator {
  private let array: ArrayObject
  private var index = 0

  init(_ array: ArrayObject) { self.array = array }

  func next(_ machine: Machine) throws -> Value? {
    guard index < array.count else { return nil }
    defer { index += 1 }
    return array[index]
  }
}

/// An enumerator over values already at hand.
final class ValuesIterator: ValueIterator {
  private let values: [Value]
  private var index = 0

  init(_ values: [Value]) { self.values = values }

  func next(_ machine: Machine) throws -> Value? {
    guard index < values.count else { return nil }
    defer { index += 1 }
    return values[index]
  }
}

/// An enumerator given by a closure.
final class ClosureIterator: ValueIterator {
  private let body: (Machine) throws -> Value?

  init(_ body: @escaping (Machine) throws -> Value?) { self.body = body }

  func next(_ machine: Machine) throws -> Value? {
    try StackRoom.check()
    return try body(machine)
  }
}

/// A lazy sequence (`IEnumerable<T>` of a LINQ query): each enumeration starts anew.
final class LazySequence: RuntimeObject {
  let elementType: TypeSymbol
  private let make: () throws -> any ValueIterator

  init(of element: TypeSymbol, _ make: @escaping () throws -> any ValueIterator) {
    elementType = element
    self.make = make
  }

  var runtimeType: TypeSymbol { .enumerable(of: elementType) }
  func makeIterator() throws -> (any ValueIterator)? {
    try StackRoom.check()
    return try make()
  }
}
