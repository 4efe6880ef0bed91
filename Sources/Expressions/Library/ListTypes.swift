/// `List<T>`.
extension LibraryCatalog {
  static let listType = LibraryType("class System.Collections.Generic.List<T> : IList<T>, IReadOnlyList<T>") { type in
    type.prepared("List()") { use in
      let list = TypeSymbol.list(of: use.types[0])
      return .none { _ in .object(ListObject(list)) }
    }
    type.member("List(IEnumerable<T> collection)") { call in
      ListObject.list(of: call.types[0], try call.elements(0))
    }
    type.member("List(int capacity)") { call in
      if call.int(0) < 0 { throw Thrown.outOfRange("capacity", "Non-negative number required.") }
      return ListObject.list(of: call.types[0], [])
    }
    type.property(
      "T this[int index] { get; set; }", direct: { _, list, index in try listElement(list, index) },
      set: { call in try setListElement(call) })
    count(&type)
    listMembers(&type)
    listSearch(&type)
  }

  private static func list(_ call: Call) throws -> ListObject { try call.receiver(ListObject.self) }

  /// How many elements a list that grew one by one has room for.
  private static func capacity(_ count: Int) -> Int {
    if count == 0 { return 0 }
    var room = 4
    while room < count { room *= 2 }
    return room
  }

  private static func insert(_ call: Call, _ values: [Value]) throws -> Value {
    let list = try Self.list(call)
    guard (0...list.elements.count).contains(call.int(0)) else {
      throw Thrown.outOfRange("index", "Index must be within the bounds of the List.")
    }
    try call.machine.allocate(bytes: values.count * 24)
    try call.machine.charge(steps: list.elements.count / 64)
    list.elements.insert(contentsOf: values, at: call.int(0))
    return .null
  }

  static func listMembers(_ type: inout LibraryRegistration) {
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
      let list = try Self.list(call)
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
      try list(call).elements += more
      return .null
    }
    type.member("void Insert(int index, T item)") { call in try insert(call, [call[1]]) }
    type.member("void InsertRange(int index, IEnumerable<T> collection)") { call in
      try insert(call, try call.elements(1))
    }
    type.member("void RemoveAt(int index)") { call in
      let list = try Self.list(call)
      try call.machine.charge(steps: list.elements.count / 64)
      list.elements.remove(at: try list.checked(call.int(0)))
      return .null
    }
    type.member("void RemoveRange(int index, int count)") { call in
      let list = try Self.list(call)
      let (start, count) = try part(list.elements.count, call.int(0), call.int(1))
      list.elements.removeSubrange(start..<(start + count))
      return .null
    }
    type.member("List<T> GetRange(int index, int count)") { call in
      let list = try Self.list(call)
      let (start, count) = try part(list.elements.count, call.int(0), call.int(1))
      try call.machine.process(bytes: count * 24)
      return ListObject.list(of: list.runtimeType.arguments[0], Array(list.elements[start..<(start + count)]))
    }
    for parameters in ["T[] array", "T[] array, int arrayIndex"] {
      type.member("void CopyTo(\(parameters))") { call in
        let (list, array): (ListObject, ArrayObject) = (try Self.list(call), try call.object(0))
        let start = parameters.contains("Index") ? call.int(1) : 0
        guard start >= 0 else { throw Thrown.outOfRange("arrayIndex") }
        guard list.elements.count <= array.count - start else {
          throw Thrown.argument("Destination array was not long enough.")
        }
        try call.machine.process(bytes: list.elements.count * 8)
        for (place, value) in list.elements.enumerated() { array[start + place] = value }
        return .null
      }
    }
    type.property(
      "int Capacity { get; set; }", get: { call in .int32(Int32(clamping: capacity(try list(call).elements.count))) },
      set: { _ in .null })
    type.member("void TrimExcess()") { _ in .null }
    type.member("bool Contains(T item)") { call in
      .bool(try list(call).elements.contains { Operation.areEqual($0, call[0]) })
    }
    for (name, isLast) in [("IndexOf", false), ("LastIndexOf", true)] {
      for (more, arguments) in [("", 0), (", int index", 1), (", int index, int count", 2)] {
        type.member("int \(name)(T item\(more))") { call in
          let all = try list(call).elements
          let part = all[
            try searched(
              all.count, arguments > 0 ? call.int(1) : nil, arguments > 1 ? call.int(2) : nil, fromEnd: isLast)]
          let wanted = call[0]
          let index =
            isLast
            ? part.lastIndex { Operation.areEqual($0, wanted) } : part.firstIndex { Operation.areEqual($0, wanted) }
          return .int32(Int32(clamping: index ?? -1))
        }
      }
    }
    type.member("int BinarySearch(T item)") { call in
      .int32(Int32(clamping: try Sorting.place(of: call[0], in: try list(call).elements, call.machine)))
    }
    type.member("int BinarySearch(T item, StringComparer comparer)") { call in
      let comparer: ComparerObject? = call.objectOrNull(1)
      let place = try Sorting.place(of: call[0], in: try list(call).elements, call.machine) {
        try comparer?.order($0, $1) ?? Operation.compare($0, $1)
      }
      return .int32(Int32(clamping: place))
    }
    type.member("int BinarySearch(int index, int count, T item, StringComparer comparer)") { call in
      let (all, comparer): ([Value], ComparerObject?) = (try list(call).elements, call.objectOrNull(3))
      let (start, count) = try part(all.count, call.int(0), call.int(1))
      let place = try Sorting.place(of: call[2], in: Array(all[start..<(start + count)]), call.machine) {
        try comparer?.order($0, $1) ?? Operation.compare($0, $1)
      }
      return .int32(Int32(clamping: place >= 0 ? place + start : ~(~place + start)))
    }
    type.member("T[] ToArray()") { call in
      let list = try Self.list(call)
      return .object(ArrayObject(of: list.runtimeType.arguments[0], list.elements))
    }
    type.member("void Reverse()") { call in
      try list(call).elements.reverse()
      try list(call).version += 1
      return .null
    }
    type.member("void Reverse(int index, int count)") { call in
      let list = try Self.list(call)
      let (start, count) = try part(list.elements.count, call.int(0), call.int(1))
      list.elements[start..<(start + count)].reverse()
      list.version += 1
      return .null
    }
    type.member("void Sort(StringComparer comparer)") { call in
      let (list, comparer): (ListObject, ComparerObject?) = (try Self.list(call), call.objectOrNull(0))
      list.elements = try Sorting.sorted(list.elements, call.machine) {
        try comparer?.order($0, $1) ?? Operation.compare($0, $1)
      }
      list.version += 1
      return .null
    }
    type.member("void Sort()") { call in
      let list = try Self.list(call)
      list.elements = try Sorting.sorted(list.elements, call.machine) { try Operation.compare($0, $1) }
      list.version += 1
      return .null
    }
    type.member("void Sort(Comparison<T> comparison)") { call in
      let list = try Self.list(call)
      let (order, machine) = (try call.delegate(0), call.machine)
      list.elements = try Sorting.sorted(list.elements, machine) { a, b in
        Int(Operation.integer(try order.invoke(machine, a, b)) ?? 0)
      }
      list.version += 1
      return .null
    }
    type.member("void ForEach(Action<T> action)") { call in
      let action = try call.delegate(0)
      let list = try Self.list(call)
      let (count, version) = (list.elements.count, list.version)
      for element in list.elements {
        _ = try action.invoke(call.machine, element)
        if list.elements.count != count || list.version != version { throw Thrown.collectionModified() }
      }
      return .null
    }
    type.member("List<TOutput> ConvertAll<TOutput>(Converter<T, TOutput> converter)") { call in
      let converter = try call.delegate(0)
      let made = try list(call).elements.map { try converter.invoke(call.machine, $0) }
      return ListObject.list(of: call.types[0], made)
    }
    for (name, isLast) in [("Find", false), ("FindLast", true)] {
      @Sendable func place(_ call: Call, _ arguments: Int = 0) throws -> Int? {
        let (all, test) = (try list(call).elements, try call.delegate(arguments))
        let part = all[
          try searched(
            all.count, arguments > 0 ? call.int(0) : nil, arguments > 1 ? call.int(1) : nil, fromEnd: isLast)]
        return isLast
          ? try part.lastIndex { try test.test(call.machine, $0) }
          : try part.firstIndex { try test.test(call.machine, $0) }
      }
      type.member("T \(name)(Predicate<T> match)") { call in
        let list = try Self.list(call)
        return try place(call).map { list.elements[$0] } ?? Value.defaultValue(of: list.runtimeType.arguments[0])
      }
      for (head, arguments) in [("", 0), ("int startIndex, ", 1), ("int startIndex, int count, ", 2)] {
        type.member("int \(name)Index(\(head)Predicate<T> match)") { call in
          .int32(Int32(clamping: try place(call, arguments) ?? -1))
        }
      }
      if !isLast { type.member("bool Exists(Predicate<T> match)") { call in .bool(try place(call) != nil) } }
    }
    type.member("bool TrueForAll(Predicate<T> match)") { call in
      let test = try call.delegate(0)
      return .bool(try list(call).elements.allSatisfy { try test.test(call.machine, $0) })
    }
    for (name, result) in [("FindAll", "List<T>"), ("RemoveAll", "int")] {
      type.member("\(result) \(name)(Predicate<T> match)") { call in
        let (list, test) = (try Self.list(call), try call.delegate(0))
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
}
