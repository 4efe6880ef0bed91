/// `List<T>`, `Queue<T>` and `Stack<T>`: values in order.
final class ListObject: RuntimeObject {
  let runtimeType: TypeSymbol
  var elements: [Value]
  /// Changes that leave the number of elements as it was.
  var version = 0

  init(_ type: TypeSymbol, _ elements: [Value] = []) {
    runtimeType = type
    self.elements = elements
  }

  static func list(of element: TypeSymbol, _ elements: [Value]) -> Value {
    .object(ListObject(.list(of: element), elements))
  }

  func makeIterator() throws -> (any ValueIterator)? {
    var index = 0
    let (count, version) = (elements.count, version)
    return ClosureIterator { [self] _ in
      guard elements.count == count, self.version == version else { throw Thrown.collectionModified() }
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

/// Entries by key, in the order in which .NET enumerates them: of insertion, but a removal leaves a hole that the next new
/// key fills.
struct SlotTable {
  private var slots: [(key: Value, value: Value)?] = []
  private var places: [ValueKey: Int] = [:]
  private var free: [Int] = []
  /// Changes so far: an enumeration ends when it sees another number.
  private(set) var version = 0

  var count: Int { places.count }
  var entries: [(key: Value, value: Value)] { slots.compactMap { $0 } }

  func find(_ key: ValueKey) -> (key: Value, value: Value)? { places[key].flatMap { slots[$0] } }

  mutating func set(_ hashed: ValueKey, _ key: Value, _ value: Value) {
    version += 1
    if let place = places[hashed] {
      slots[place]?.value = value
    } else if let place = free.popLast() {
      slots[place] = (key, value)
      places[hashed] = place
    } else {
      places[hashed] = slots.count
      slots.append((key, value))
    }
  }

  mutating func remove(_ key: ValueKey) -> Bool {
    guard let place = places.removeValue(forKey: key) else { return false }
    version += 1
    slots[place] = nil
    free.append(place)
    return true
  }

  mutating func clear() {
    slots = []
    places = [:]
    free = []
    version += 1
  }

  /// The first entry at or behind a place, and the place behind it.
  func entry(from place: Int) -> (entry: (key: Value, value: Value), next: Int)? {
    var place = place
    while place < slots.count {
      if let entry = slots[place] { return (entry, place + 1) }
      place += 1
    }
    return nil
  }
}

/// `Dictionary<K, V>`.
final class DictionaryObject: RuntimeObject {
  let runtimeType: TypeSymbol
  private var table = SlotTable()
  let ignoresCase: Bool

  init(_ type: TypeSymbol, ignoresCase: Bool = false) {
    runtimeType = type
    self.ignoresCase = ignoresCase
  }

  private func key(_ value: Value) throws -> ValueKey {
    if value.isNull { throw Thrown.argumentNull("key") }
    return ValueKey(value, ignoresCase: ignoresCase)
  }

  var count: Int { table.count }
  var entries: [(key: Value, value: Value)] { table.entries }

  func find(_ wanted: Value) throws -> Value? { table.find(try key(wanted))?.value }

  func set(_ wanted: Value, _ value: Value) throws { table.set(try key(wanted), wanted, value) }

  /// Whether the key was new.
  func add(_ wanted: Value, _ value: Value) throws -> Bool {
    let hashed = try key(wanted)
    if table.find(hashed) != nil { return false }
    table.set(hashed, wanted, value)
    return true
  }

  func remove(_ wanted: Value) throws -> Bool { table.remove(try key(wanted)) }

  func clear() { table.clear() }

  func pair(_ entry: (key: Value, value: Value)) -> Value {
    .object(
      TupleObject(.keyValuePair(runtimeType.arguments[0], runtimeType.arguments[1]), [entry.key, entry.value]))
  }

  func makeIterator() throws -> (any ValueIterator)? {
    let version = table.version
    var place = 0
    return ClosureIterator { [self] _ in
      guard table.version == version else { throw Thrown.collectionModified() }
      guard let (entry, next) = table.entry(from: place) else { return nil }
      place = next
      return pair(entry)
    }
  }
}

/// `HashSet<T>`.
final class SetObject: RuntimeObject {
  let runtimeType: TypeSymbol
  private var table = SlotTable()
  let ignoresCase: Bool

  init(_ type: TypeSymbol, ignoresCase: Bool = false) {
    runtimeType = type
    self.ignoresCase = ignoresCase
  }

  private func key(_ value: Value) -> ValueKey { ValueKey(value, ignoresCase: ignoresCase) }

  var count: Int { table.count }
  var elements: [Value] { table.entries.map(\.key) }

  /// The element that equals a value.
  func find(_ value: Value) -> Value? { table.find(key(value))?.key }

  func contains(_ value: Value) -> Bool { find(value) != nil }

  func add(_ value: Value) -> Bool {
    let hashed = key(value)
    if table.find(hashed) != nil { return false }
    table.set(hashed, value, .null)
    return true
  }

  func remove(_ value: Value) -> Bool { table.remove(key(value)) }

  func clear() { table.clear() }

  func makeIterator() throws -> (any ValueIterator)? {
    let version = table.version
    var place = 0
    return ClosureIterator { [self] _ in
      guard table.version == version else { throw Thrown.collectionModified() }
      guard let (entry, next) = table.entry(from: place) else { return nil }
      place = next
      return entry.key
    }
  }
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
