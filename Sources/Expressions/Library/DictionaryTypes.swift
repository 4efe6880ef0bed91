/// `Dictionary<TKey, TValue>`.
extension LibraryCatalog {
  static let dictionaryTypes: [LibraryType] = [
    LibraryType(
      "interface System.Collections.Generic.IDictionary<TKey, TValue> : ICollection<KeyValuePair<TKey,TValue>>"
    ) { type in dictionaryMembers(&type) },
    LibraryType(
      "class System.Collections.Generic.Dictionary<TKey, TValue> : IDictionary<TKey,TValue>, IReadOnlyDictionary<TKey,TValue>"
    ) { type in
      for (parameters, source, comparer) in [
        ("", nil, nil), ("int capacity", nil, nil), ("StringComparer comparer", nil, 0),
        ("int capacity, StringComparer comparer", nil, 1), ("IDictionary<TKey, TValue> dictionary", 0, nil),
        ("IDictionary<TKey, TValue> dictionary, StringComparer comparer", 0, 1),
      ] as [(String, Int?, Int?)] {
        type.member("Dictionary(\(parameters))") { call in
          let type = TypeSymbol(TypeDefinition.dictionary, call.types)
          let ignoresCase = comparer.map { ComparerObject.ignoresCase(call[$0]) } ?? false
          let result = DictionaryObject(type, ignoresCase: ignoresCase)
          guard let source else { return .object(result) }
          let old: DictionaryObject = try call.object(source)
          try call.machine.allocate(bytes: old.count * 64)
          for entry in old.entries { try add(result, entry.key, entry.value, call.machine) }
          return .object(result)
        }
      }
      dictionaryMembers(&type)
    },
  ]

  /// `Add`: ArgumentException for a key that is there.
  private static func add(_ dictionary: DictionaryObject, _ key: Value, _ value: Value, _ machine: Machine) throws {
    guard try dictionary.add(key, value) else {
      let key = try Operation.text(key, machine)
      throw Thrown.argument("An item with the same key has already been added. Key: \(key)")
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
      try add(try call.receiver(DictionaryObject.self), call[0], call[1], call.machine)
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
