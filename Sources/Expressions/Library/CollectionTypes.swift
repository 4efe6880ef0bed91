/// The collections of `System.Collections.Generic`.
extension LibraryCatalog {
  static let collectionTypes: [LibraryType] = [
    LibraryType("interface System.Collections.Generic.IEnumerable<out T> : IEnumerable"),
    LibraryType("interface System.Linq.IOrderedEnumerable<out T> : IEnumerable<T>", listed: false),
    LibraryType("interface System.Linq.IGrouping<out TKey, out TElement> : IEnumerable<TElement>") { type in
      type.member("TKey Key { get; }") { call in try call.receiver(GroupingObject.self).key }
    },
    LibraryType("interface System.Collections.Generic.IReadOnlyCollection<out T> : IEnumerable<T>") { type in
      count(&type)
    },
    LibraryType("interface System.Collections.Generic.IReadOnlyList<out T> : IReadOnlyCollection<T>") { type in
      type.direct("T this[int index] { get; }") { _, list, index in try element(list, index) }
    },
    LibraryType("interface System.Collections.Generic.ICollection<T> : IEnumerable<T>") { type in
      count(&type)
      type.member("bool Contains(T item)") { call in
        .bool(try call.this.elements(call.machine).contains { Operation.areEqual($0, call[0]) })
      }
      listMembers(&type)
    },
    LibraryType("interface System.Collections.Generic.IList<T> : ICollection<T>") { type in
      type.property(
        "T this[int index] { get; set; }", direct: { _, list, index in try element(list, index) },
        set: { call in try setElement(call) })
    },
    LibraryType("interface System.Collections.Generic.ISet<T> : ICollection<T>"),
    LibraryType("class System.Collections.Generic.List<T> : IList<T>, IReadOnlyList<T>") { type in
      type.member("List()") { call in ListObject.list(of: call.types[0], []) }
      type.member("List(IEnumerable<T> collection)") { call in
        ListObject.list(of: call.types[0], try call.elements(0))
      }
      type.member("List(int capacity)") { call in ListObject.list(of: call.types[0], []) }
      type.property(
        "T this[int index] { get; set; }", direct: { _, list, index in try element(list, index) },
        set: { call in try setElement(call) })
      count(&type)
      listMembers(&type)
      listSearch(&type)
    },
    LibraryType("class System.Collections.Generic.HashSet<T> : ISet<T>, IReadOnlyCollection<T>") { type in
      setMembers(&type)
    },
    LibraryType("class System.Collections.Generic.Queue<T> : IReadOnlyCollection<T>") { type in
      sequence(&type, "Queue")
      type.member("void Enqueue(T item)") { call in
        try call.machine.allocate(bytes: 24)
        try call.receiver(ListObject.self).elements.append(call[0])
        return .null
      }
      for (name, removes) in [("Dequeue", true), ("Peek", false)] {
        type.member("T \(name)()") { call in
          let queue = try call.receiver(ListObject.self)
          guard let first = queue.elements.first else { throw Thrown.invalidOperation("Queue empty.") }
          if removes { queue.elements.removeFirst() }
          return first
        }
      }
    },
    LibraryType("class System.Collections.Generic.Stack<T> : IReadOnlyCollection<T>") { type in
      sequence(&type, "Stack")
      // The newest element comes first.
      type.member("void Push(T item)") { call in
        try call.machine.allocate(bytes: 24)
        try call.receiver(ListObject.self).elements.insert(call[0], at: 0)
        return .null
      }
      for (name, removes) in [("Pop", true), ("Peek", false)] {
        type.member("T \(name)()") { call in
          let stack = try call.receiver(ListObject.self)
          guard let first = stack.elements.first else { throw Thrown.invalidOperation("Stack empty.") }
          if removes { stack.elements.removeFirst() }
          return first
        }
      }
    },
    LibraryType("struct System.Collections.Generic.KeyValuePair<TKey, TValue>") { type in
      type.member("KeyValuePair(TKey key, TValue value)") { call in
        .object(TupleObject(.keyValuePair(call.types[0], call.types[1]), [call[0], call[1]]))
      }
      type.member("TKey Key { get; }") { call in try call.receiver(TupleObject.self).values[0] }
      type.member("TValue Value { get; }") { call in try call.receiver(TupleObject.self).values[1] }
    },
    LibraryType(
      "interface System.Collections.Generic.IDictionary<TKey, TValue> : ICollection<KeyValuePair<TKey,TValue>>"
    ) { type in dictionaryMembers(&type) },
    LibraryType(
      "class System.Collections.Generic.Dictionary<TKey, TValue> : IDictionary<TKey,TValue>, IReadOnlyDictionary<TKey,TValue>"
    ) { type in
      type.member("Dictionary()") { call in .object(DictionaryObject(dictionaryType(call))) }
      type.member("Dictionary(StringComparer comparer)") { call in
        .object(DictionaryObject(dictionaryType(call), ignoresCase: ComparerObject.ignoresCase(call[0])))
      }
      type.member("Dictionary(IDictionary<TKey, TValue> dictionary)") { call in
        let source: DictionaryObject = try call.object(0)
        let result = DictionaryObject(dictionaryType(call), ignoresCase: source.ignoresCase)
        for entry in source.entries { try result.set(entry.key, entry.value) }
        return .object(result)
      }
      dictionaryMembers(&type)
    },
  ]

  private static func dictionaryType(_ call: Call) -> TypeSymbol { TypeSymbol(TypeDefinition.dictionary, call.types) }

  private static func count(_ type: inout LibraryRegistration) {
    type.number("int Count { get; }") { machine, receiver in
      guard case .object(let object) = receiver else { throw Thrown.nullReference() }
      switch object {
      case let list as ListObject: return list.elements.count
      case let array as ArrayObject: return array.count
      case let set as SetObject: return set.elements.count
      case let dictionary as DictionaryObject: return dictionary.count
      default: return try receiver.elements(machine).count
      }
    }
  }

  private static func element(_ receiver: Value, _ index: Value) throws -> Value {
    guard case .object(let object) = receiver else { throw Thrown.nullReference() }
    if let array = object as? ArrayObject { return try array.checked(index.int) }
    let list: ListObject = try receiver.instance()
    return list.elements[try list.checked(index.int)]
  }

  private static func setElement(_ call: Call) throws -> Value {
    let list = try call.receiver(ListObject.self)
    list.elements[try list.checked(call.int(0))] = call[1]
    return .null
  }

  private static func sequence(_ type: inout LibraryRegistration, _ name: String) {
    let isStack = name == "Stack"
    @Sendable func make(_ call: Call, _ elements: [Value]) -> Value {
      let definition = LibraryCatalog.shared.required("System.Collections.Generic.\(name)", arity: 1)
      return .object(ListObject(TypeSymbol(definition, call.types), isStack ? elements.reversed() : elements))
    }
    type.member("\(name)()") { call in make(call, []) }
    type.member("\(name)(IEnumerable<T> collection)") { call in make(call, try call.elements(0)) }
    count(&type)
    type.member("bool Contains(T item)") { call in
      .bool(try call.receiver(ListObject.self).elements.contains { Operation.areEqual($0, call[0]) })
    }
    type.member("void Clear()") { call in
      try call.receiver(ListObject.self).elements = []
      return .null
    }
    type.member("T[] ToArray()") { call in
      let list = try call.receiver(ListObject.self)
      return .object(ArrayObject(of: list.runtimeType.arguments[0], list.elements))
    }
  }

  private static func listMembers(_ type: inout LibraryRegistration) {
    type.direct("void Add(T item)") { machine, receiver, item in
      try machine.allocate(bytes: 24)
      guard case .object(let object) = receiver else { throw Thrown.nullReference() }
      if let list = object as? ListObject {
        list.elements.append(item)
      } else if let set = object as? SetObject {
        _ = set.add(item)
      } else {
        throw Thrown.notSupported("Collection was of a fixed size.")
      }
      return .null
    }
    type.direct("void Clear()") { _, receiver in
      guard case .object(let object) = receiver else { throw Thrown.nullReference() }
      if let set = object as? SetObject {
        set.clear()
      } else {
        let list: ListObject = try receiver.instance()
        list.elements = []
      }
      return .null
    }
    type.member("bool Remove(T item)") { call in
      guard case .object(let object) = call.this else { throw Thrown.nullReference() }
      if let set = object as? SetObject { return .bool(set.remove(call[0])) }
      let list = try call.receiver(ListObject.self)
      guard let index = list.elements.firstIndex(where: { Operation.areEqual($0, call[0]) }) else {
        return .bool(false)
      }
      list.elements.remove(at: index)
      return .bool(true)
    }
  }

  private static func listSearch(_ type: inout LibraryRegistration) {
    type.member("void AddRange(IEnumerable<T> collection)") { call in
      let more = try call.elements(0)
      try call.receiver(ListObject.self).elements += more
      return .null
    }
    type.member("void Insert(int index, T item)") { call in
      let list = try call.receiver(ListObject.self)
      guard (0...list.elements.count).contains(call.int(0)) else { throw Thrown.outOfRange("index") }
      list.elements.insert(call[1], at: call.int(0))
      return .null
    }
    type.member("void RemoveAt(int index)") { call in
      let list = try call.receiver(ListObject.self)
      list.elements.remove(at: try list.checked(call.int(0)))
      return .null
    }
    type.member("bool Contains(T item)") { call in
      .bool(try call.receiver(ListObject.self).elements.contains { Operation.areEqual($0, call[0]) })
    }
    type.member("int IndexOf(T item)") { call in
      let index = try call.receiver(ListObject.self).elements.firstIndex { Operation.areEqual($0, call[0]) }
      return .int32(Int32(clamping: index ?? -1))
    }
    type.member("T[] ToArray()") { call in
      let list = try call.receiver(ListObject.self)
      return .object(ArrayObject(of: list.runtimeType.arguments[0], list.elements))
    }
    type.member("void Reverse()") { call in
      try call.receiver(ListObject.self).elements.reverse()
      return .null
    }
    type.member("void Sort()") { call in
      let list = try call.receiver(ListObject.self)
      list.elements = try Sorting.sorted(list.elements, call.machine) { try Operation.compare($0, $1) }
      return .null
    }
    type.member("void Sort(Comparison<T> comparison)") { call in
      let list = try call.receiver(ListObject.self)
      let (order, machine) = (try call.delegate(0), call.machine)
      list.elements = try Sorting.sorted(list.elements, machine) { a, b in
        Int(Operation.integer(try order.invoke(machine, a, b)) ?? 0)
      }
      return .null
    }
    type.member("void ForEach(Action<T> action)") { call in
      let action = try call.delegate(0)
      for element in try call.receiver(ListObject.self).elements { _ = try action.invoke(call.machine, element) }
      return .null
    }
    type.member("List<TOutput> ConvertAll<TOutput>(Converter<T, TOutput> converter)") { call in
      let converter = try call.delegate(0)
      let made = try call.receiver(ListObject.self).elements.map { try converter.invoke(call.machine, $0) }
      return ListObject.list(of: call.types[0], made)
    }
    type.member("T Find(Predicate<T> match)") { call in
      let (list, test) = (try call.receiver(ListObject.self), try call.delegate(0))
      for element in list.elements where try test.test(call.machine, element) { return element }
      return Value.defaultValue(of: list.runtimeType.arguments[0])
    }
    type.member("bool Exists(Predicate<T> match)") { call in
      let test = try call.delegate(0)
      for element in try call.receiver(ListObject.self).elements where try test.test(call.machine, element) {
        return .bool(true)
      }
      return .bool(false)
    }
    type.member("int FindIndex(Predicate<T> match)") { call in
      let test = try call.delegate(0)
      for (index, element) in try call.receiver(ListObject.self).elements.enumerated()
      where try test.test(call.machine, element) {
        return .int32(Int32(clamping: index))
      }
      return .int32(-1)
    }
    for (name, result) in [("FindAll", "List<T>"), ("RemoveAll", "int")] {
      type.member("\(result) \(name)(Predicate<T> match)") { call in
        let (list, test) = (try call.receiver(ListObject.self), try call.delegate(0))
        var (matching, rest): ([Value], [Value]) = ([], [])
        for element in list.elements {
          if try test.test(call.machine, element) { matching.append(element) } else { rest.append(element) }
        }
        if name == "FindAll" { return ListObject.list(of: list.runtimeType.arguments[0], matching) }
        list.elements = rest
        return .int32(Int32(clamping: matching.count))
      }
    }
  }

  private static func setMembers(_ type: inout LibraryRegistration) {
    @Sendable func make(_ call: Call, _ elements: [Value], _ comparer: Value) throws -> Value {
      let definition = LibraryCatalog.shared.required("System.Collections.Generic.HashSet", arity: 1)
      let set = SetObject(TypeSymbol(definition, call.types), ignoresCase: ComparerObject.ignoresCase(comparer))
      for element in elements { _ = set.add(element) }
      return .object(set)
    }
    type.member("HashSet()") { call in try make(call, [], .null) }
    type.member("HashSet(IEnumerable<T> collection)") { call in try make(call, try call.elements(0), .null) }
    type.member("HashSet(StringComparer comparer)") { call in try make(call, [], call[0]) }
    type.member("HashSet(IEnumerable<T> collection, StringComparer comparer)") { call in
      try make(call, try call.elements(0), call[1])
    }
    count(&type)
    type.member("bool Add(T item)") { call in .bool(try call.receiver(SetObject.self).add(call[0])) }
    type.member("bool Contains(T item)") { call in .bool(try call.receiver(SetObject.self).contains(call[0])) }
    for (name, keeps) in [("IntersectWith", true), ("ExceptWith", false)] {
      type.member("void \(name)(IEnumerable<T> other)") { call in
        let set = try call.receiver(SetObject.self)
        let other = Set(try call.elements(0).map { ValueKey($0) })
        for element in set.elements where other.contains(ValueKey(element)) != keeps { _ = set.remove(element) }
        return .null
      }
    }
    type.member("void UnionWith(IEnumerable<T> other)") { call in
      for element in try call.elements(0) { _ = try call.receiver(SetObject.self).add(element) }
      return .null
    }
    for (name, swaps) in [("IsSubsetOf", false), ("IsSupersetOf", true)] {
      type.member("bool \(name)(IEnumerable<T> other)") { call in
        let own = Set(try call.receiver(SetObject.self).elements.map { ValueKey($0) })
        let other = Set(try call.elements(0).map { ValueKey($0) })
        return .bool(swaps ? own.isSuperset(of: other) : own.isSubset(of: other))
      }
    }
    type.member("bool SetEquals(IEnumerable<T> other)") { call in
      let own = Set(try call.receiver(SetObject.self).elements.map { ValueKey($0) })
      return .bool(own == Set(try call.elements(0).map { ValueKey($0) }))
    }
  }

  private static func dictionaryMembers(_ type: inout LibraryRegistration) {
    type.property("TValue this[TKey key] { get; set; }") { call in
      guard let value = try call.receiver(DictionaryObject.self).find(call[0]) else {
        throw Thrown.keyNotFound(try Operation.text(call[0], call.machine))
      }
      return value
    } set: { call in
      try call.machine.allocate(bytes: 64)
      try call.receiver(DictionaryObject.self).set(call[0], call[1])
      return .null
    }
    count(&type)
    type.member("void Add(TKey key, TValue value)") { call in
      try call.machine.allocate(bytes: 64)
      guard try call.receiver(DictionaryObject.self).add(call[0], call[1]) else {
        let key = try Operation.text(call[0], call.machine)
        throw Thrown.argument("An item with the same key has already been added. Key: \(key)")
      }
      return .null
    }
    type.member("bool ContainsKey(TKey key)") { call in
      .bool(try call.receiver(DictionaryObject.self).find(call[0]) != nil)
    }
    type.member("bool ContainsValue(TValue value)") { call in
      .bool(try call.receiver(DictionaryObject.self).entries.contains { Operation.areEqual($0.value, call[0]) })
    }
    type.member("bool Remove(TKey key)") { call in .bool(try call.receiver(DictionaryObject.self).remove(call[0])) }
    type.member("bool TryGetValue(TKey key, out TValue value)") { call in
      let dictionary = try call.receiver(DictionaryObject.self)
      let found = try dictionary.find(call[0])
      call.set(1, found ?? Value.defaultValue(of: dictionary.runtimeType.arguments[1]))
      return .bool(found != nil)
    }
    type.member("void Clear()") { call in
      try call.receiver(DictionaryObject.self).clear()
      return .null
    }
    for (name, index) in [("Keys", 0), ("Values", 1)] {
      type.member("ICollection<\(index == 0 ? "TKey" : "TValue")> \(name) { get; }") { call in
        let dictionary = try call.receiver(DictionaryObject.self)
        return ListObject.list(
          of: dictionary.runtimeType.arguments[index],
          dictionary.entries.map { index == 0 ? $0.key : $0.value })
      }
    }
  }
}

/// `StringComparer`.
final class ComparerObject: RuntimeObject, Sendable {
  let ignoresCase: Bool
  let isOrdinal: Bool

  init(ignoresCase: Bool, isOrdinal: Bool) {
    self.ignoresCase = ignoresCase
    self.isOrdinal = isOrdinal
  }

  var runtimeType: TypeSymbol { .named("System.StringComparer") }

  static func ignoresCase(_ value: Value) -> Bool {
    if case .object(let object) = value, let comparer = object as? ComparerObject { return comparer.ignoresCase }
    return false
  }

  func order(_ a: Value, _ b: Value) throws -> Int {
    guard case .string(let x) = a, case .string(let y) = b else { return try Operation.compare(a, b) }
    if isOrdinal { return Operation.compareOrdinal(ignoresCase ? x.uppercased() : x, ignoresCase ? y.uppercased() : y) }
    return Operation.compareCulture(x, y, ignoresCase: ignoresCase)
  }
}

/// A stable sort with an order that may throw.
enum Sorting {
  static func sorted(
    _ values: [Value], _ machine: Machine, _ order: (Value, Value) throws -> Int
  ) throws -> [Value] {
    guard values.count > 1 else { return values }
    try machine.charge(steps: values.count)
    let middle = values.count / 2
    let (left, right) = (
      try sorted(Array(values[..<middle]), machine, order), try sorted(Array(values[middle...]), machine, order)
    )
    var result: [Value] = []
    result.reserveCapacity(values.count)
    var (i, j) = (0, 0)
    while i < left.count, j < right.count {
      if try order(left[i], right[j]) <= 0 {
        result.append(left[i])
        i += 1
      } else {
        result.append(right[j])
        j += 1
      }
    }
    return result + left[i...] + right[j...]
  }
}
