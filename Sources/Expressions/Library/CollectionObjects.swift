/// `List<T>`, `Queue<T>` and `Stack<T>`: values in order.
final class ListObject: RuntimeObject {
  let runtimeType: TypeSymbol
  var elements: [Value]

  init(_ type: TypeSymbol, _ elements: [Value] = []) {
    runtimeType = type
    self.elements = elements
  }

  static func list(of element: TypeSymbol, _ elements: [Value]) -> Value {
    .object(ListObject(.list(of: element), elements))
  }

  func makeIterator() throws -> (any ValueIterator)? {
    var index = 0
    let count = elements.count
    return ClosureIterator { [self] _ in
      guard elements.count == count else {
        throw Thrown.invalidOperation("Collection was modified; enumeration operation may not execute.")
      }
      guard index < count else { return nil }
      defer { index += 1 }
      return elements[index]
    }
  }

  func checked(_ index: Int, _ name: String = "index") throws -> Int {
    guard elements.indices.contains(index) else {
      throw Thrown.outOfRange(
        name, "Index was out of range. Must be non-negative and less than the size of the collection.")
    }
    return index
  }
}

/// `Dictionary<K, V>`: enumerates in order of insertion; a removal leaves a hole that the next new key fills.
final class DictionaryObject: RuntimeObject {
  let runtimeType: TypeSymbol
  private var slots: [(key: Value, value: Value)?] = []
  private var places: [ValueKey: Int] = [:]
  private var free: [Int] = []
  let ignoresCase: Bool

  init(_ type: TypeSymbol, ignoresCase: Bool = false) {
    runtimeType = type
    self.ignoresCase = ignoresCase
  }

  private func key(_ value: Value) throws -> ValueKey {
    switch value {
    case .null: throw Thrown.argumentNull("key")
    case .string(let text) where ignoresCase: return ValueKey(.string(text.uppercased()))
    default: return ValueKey(value)
    }
  }

  var count: Int { places.count }
  var entries: [(key: Value, value: Value)] { slots.compactMap { $0 } }

  func find(_ wanted: Value) throws -> Value? { places[try key(wanted)].flatMap { slots[$0]?.value } }

  func set(_ wanted: Value, _ value: Value) throws {
    let hashed = try key(wanted)
    if let place = places[hashed] {
      slots[place]?.value = value
    } else if let place = free.popLast() {
      slots[place] = (wanted, value)
      places[hashed] = place
    } else {
      places[hashed] = slots.count
      slots.append((wanted, value))
    }
  }

  /// Whether the key was new.
  func add(_ wanted: Value, _ value: Value) throws -> Bool {
    if places[try key(wanted)] != nil { return false }
    try set(wanted, value)
    return true
  }

  func remove(_ wanted: Value) throws -> Bool {
    guard let place = places.removeValue(forKey: try key(wanted)) else { return false }
    slots[place] = nil
    free.append(place)
    return true
  }

  func clear() {
    slots = []
    places = [:]
    free = []
  }

  func pair(_ entry: (key: Value, value: Value)) -> Value {
    .object(
      TupleObject(.keyValuePair(runtimeType.arguments[0], runtimeType.arguments[1]), [entry.key, entry.value]))
  }

  func makeIterator() throws -> (any ValueIterator)? {
    var index = 0
    let count = count
    return ClosureIterator { [self] _ in
      guard self.count == count else {
        throw Thrown.invalidOperation("Collection was modified; enumeration operation may not execute.")
      }
      while index < slots.count {
        defer { index += 1 }
        if let entry = slots[index] { return pair(entry) }
      }
      return nil
    }
  }
}

/// `HashSet<T>`.
final class SetObject: RuntimeObject {
  let runtimeType: TypeSymbol
  private(set) var elements: [Value] = []
  private var known: Set<ValueKey> = []
  let ignoresCase: Bool

  init(_ type: TypeSymbol, ignoresCase: Bool = false) {
    runtimeType = type
    self.ignoresCase = ignoresCase
  }

  private func key(_ value: Value) -> ValueKey {
    if ignoresCase, case .string(let text) = value { return ValueKey(.string(text.uppercased())) }
    return ValueKey(value)
  }

  func contains(_ value: Value) -> Bool { known.contains(key(value)) }

  func add(_ value: Value) -> Bool {
    guard known.insert(key(value)).inserted else { return false }
    elements.append(value)
    return true
  }

  func remove(_ value: Value) -> Bool {
    guard known.remove(key(value)) != nil else { return false }
    let wanted = key(value)
    elements.removeAll { key($0) == wanted }
    return true
  }

  func clear() {
    elements = []
    known = []
  }

  func makeIterator() throws -> (any ValueIterator)? { ValuesIterator(elements) }
}

/// `IGrouping<K, T>`.
final class GroupingObject: RuntimeObject {
  let runtimeType: TypeSymbol
  let key: Value
  var elements: [Value]

  init(_ type: TypeSymbol, _ key: Value, _ elements: [Value]) {
    runtimeType = type
    self.key = key
    self.elements = elements
  }

  func makeIterator() throws -> (any ValueIterator)? { ValuesIterator(elements) }
}
