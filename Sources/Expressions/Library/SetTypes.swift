/// `HashSet<T>`.
extension LibraryCatalog {
  static let setType = LibraryType("class System.Collections.Generic.HashSet<T> : ISet<T>, IReadOnlyCollection<T>") {
    type in
    setMembers(&type)
  }

  private static func setMembers(_ type: inout LibraryRegistration) {
    @Sendable func make(_ call: Call, _ elements: [Value], _ comparer: Value) throws -> Value {
      let definition = LibraryCatalog.shared.required("System.Collections.Generic.HashSet", arity: 1)
      let set = SetObject(TypeSymbol(definition, call.types), ignoresCase: ComparerObject.ignoresCase(comparer))
      for element in elements { _ = set.add(element) }
      return .object(set)
    }
    type.member("HashSet()") { call in try make(call, [], .null) }
    type.member("HashSet(int capacity)") { call in
      if call.int(0) < 0 { throw Thrown.outOfRange("capacity", "Non-negative number required.") }
      return try make(call, [], .null)
    }
    type.member("HashSet(IEnumerable<T> collection)") { call in try make(call, try call.elements(0), .null) }
    type.member("HashSet(StringComparer comparer)") { call in try make(call, [], call[0]) }
    type.member("HashSet(IEnumerable<T> collection, StringComparer comparer)") { call in
      try make(call, try call.elements(0), call[1])
    }
    count(&type)
    type.member("bool Add(T item)") { call in .bool(try call.receiver(SetObject.self).add(call[0])) }
    type.member("bool Contains(T item)") { call in .bool(try call.receiver(SetObject.self).contains(call[0])) }
    type.member("bool TryGetValue(T equalValue, out T actualValue)") { call in
      let set = try call.receiver(SetObject.self)
      let found = set.find(call[0])
      call.set(1, found ?? Value.defaultValue(of: set.runtimeType.arguments[0]))
      return .bool(found != nil)
    }
    type.member("bool Remove(T item)") { call in .bool(try call.receiver(SetObject.self).remove(call[0])) }
    type.member("void Clear()") { call in
      try call.receiver(SetObject.self).clear()
      return .null
    }
    type.member("void TrimExcess()") { _ in .null }
    type.member("int RemoveWhere(Predicate<T> match)") { call in
      let (set, test) = (try call.receiver(SetObject.self), try call.delegate(0))
      let gone = try set.elements.filter { try test.test(call.machine, $0) }
      for element in gone { _ = set.remove(element) }
      return .int32(Int32(clamping: gone.count))
    }
    for parameters in ["T[] array", "T[] array, int arrayIndex"] {
      type.member("void CopyTo(\(parameters))") { call in
        let (all, array): ([Value], ArrayObject) = (try call.receiver(SetObject.self).elements, try call.object(0))
        let start = parameters.contains("Index") ? call.int(1) : 0
        guard start >= 0, all.count <= array.count - start else {
          throw Thrown.argument("Destination array was not long enough.")
        }
        for (place, value) in all.enumerated() { array[start + place] = value }
        return .null
      }
    }
    setAlgebra(&type)
  }

  /// The other collection, as keys the set compares by.
  private static func other(_ call: Call, _ set: SetObject) throws -> Set<ValueKey> {
    Set(try call.elements(0).map { ValueKey($0, ignoresCase: set.ignoresCase) })
  }

  private static func setAlgebra(_ type: inout LibraryRegistration) {
    for (name, keeps) in [("IntersectWith", true), ("ExceptWith", false)] {
      type.member("void \(name)(IEnumerable<T> other)") { call in
        let set = try call.receiver(SetObject.self)
        let other = try other(call, set)
        for element in set.elements where other.contains(ValueKey(element, ignoresCase: set.ignoresCase)) != keeps {
          _ = set.remove(element)
        }
        return .null
      }
    }
    type.member("void UnionWith(IEnumerable<T> other)") { call in
      for element in try call.elements(0) { _ = try call.receiver(SetObject.self).add(element) }
      return .null
    }
    type.member("void SymmetricExceptWith(IEnumerable<T> other)") { call in
      let set = try call.receiver(SetObject.self)
      var seen: Set<ValueKey> = []
      for element in try call.elements(0)
      where seen.insert(ValueKey(element, ignoresCase: set.ignoresCase)).inserted && !set.remove(element) {
        _ = set.add(element)
      }
      return .null
    }
    let tests: [(String, @Sendable (Set<ValueKey>, Set<ValueKey>) -> Bool)] = [
      ("IsSubsetOf", { $0.isSubset(of: $1) }), ("IsSupersetOf", { $0.isSuperset(of: $1) }),
      ("IsProperSubsetOf", { $0.isStrictSubset(of: $1) }), ("IsProperSupersetOf", { $0.isStrictSuperset(of: $1) }),
      ("SetEquals", { $0 == $1 }), ("Overlaps", { !$0.isDisjoint(with: $1) }),
    ]
    for (name, test) in tests {
      type.member("bool \(name)(IEnumerable<T> other)") { call in
        let set = try call.receiver(SetObject.self)
        let own = Set(set.elements.map { ValueKey($0, ignoresCase: set.ignoresCase) })
        return .bool(test(own, try other(call, set)))
      }
    }
  }
}
