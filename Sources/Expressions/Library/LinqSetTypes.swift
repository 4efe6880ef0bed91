/// `System.Linq.Enumerable`: what treats a sequence as a set or a table, with and without a comparer.
extension LibraryCatalog {
  static func tableMembers(_ type: inout LibraryRegistration) {
    for hasComparer in [false, true] {
      let comparer = hasComparer ? ", StringComparer comparer" : ""
      distinct(&type, comparer)
      combinations(&type, comparer)
      joins(&type, comparer)
      for hasElement in [false, true] {
        groupings(&type, comparer, hasElement)
        lookups(&type, comparer, hasElement)
      }
    }
  }

  /// How a call compares: its last argument, where the signature has a comparer and the caller gives one.
  private static func equality(_ call: Call, _ comparer: String, _ index: Int) -> KeyEquality {
    KeyEquality(comparer.isEmpty ? nil : call.objectOrNull(index, as: ComparerObject.self))
  }

  private static func distinct(_ type: inout LibraryRegistration, _ comparer: String) {
    type.member("static IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source\(comparer))") { call in
      let equality = equality(call, comparer, 1)
      var seen: Set<ValueKey> = []
      return listed(call.types[0], try call.elements(0).filter { seen.insert(equality.key($0)).inserted })
    }
    type.member("static HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source\(comparer))") { call in
      let definition = LibraryCatalog.shared.required("System.Collections.Generic.HashSet", arity: 1)
      let set = SetObject(
        TypeSymbol(definition, call.types), ignoresCase: equality(call, comparer, 1).ignoresCase)
      for value in try call.elements(0) { _ = set.add(value) }
      return .object(set)
    }
  }

  private static func combinations(_ type: inout LibraryRegistration, _ comparer: String) {
    for name in ["Union", "Intersect", "Except"] {
      type.member(
        "static IEnumerable<TSource> \(name)<TSource>(this IEnumerable<TSource> source, IEnumerable<TSource> second\(comparer))"
      ) { call in
        let equality = equality(call, comparer, 2)
        let (first, second) = (try call.elements(0), try call.elements(1))
        let other = name == "Union" ? [] : Set(second.map { equality.key($0) })
        var seen: Set<ValueKey> = []
        let result = (name == "Union" ? first + second : first).filter { value in
          let key = equality.key(value)
          if name != "Union", other.contains(key) != (name == "Intersect") { return false }
          return seen.insert(key).inserted
        }
        return listed(call.types[0], result)
      }
    }
    type.member(
      "static bool SequenceEqual<TSource>(this IEnumerable<TSource> source, IEnumerable<TSource> second\(comparer))"
    ) { call in
      let equality = equality(call, comparer, 2)
      let (a, b) = (try call.elements(0), try call.elements(1))
      return .bool(a.count == b.count && zip(a, b).allSatisfy { equality.areEqual($0, $1) })
    }
  }

  private static func joins(_ type: inout LibraryRegistration, _ comparer: String) {
    for isGroup in [false, true] {
      let matched = isGroup ? "IEnumerable<TInner>" : "TInner"
      type.member(
        "static IEnumerable<TResult> \(isGroup ? "GroupJoin" : "Join")<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> source, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, \(matched), TResult> resultSelector\(comparer))"
      ) { call in
        let (machine, equality) = (call.machine, equality(call, comparer, 5))
        let (outerKey, innerKey, result) = (try call.delegate(2), try call.delegate(3), try call.delegate(4))
        var inner: [ValueKey: [Value]] = [:]
        for value in try call.elements(1) {
          let key = try innerKey.invoke(machine, value)
          // A row whose key is null joins nothing.
          if !key.isNull { inner[equality.key(key), default: []].append(value) }
        }
        var rows: [Value] = []
        for value in try call.elements(0) {
          let matches = inner[equality.key(try outerKey.invoke(machine, value))] ?? []
          if isGroup {
            rows.append(try result.invoke(machine, value, .object(ArrayObject(of: call.types[1], matches))))
          } else {
            for match in matches { rows.append(try result.invoke(machine, value, match)) }
          }
        }
        return listed(call.types[3], rows)
      }
    }
  }

  private static func groupings(_ type: inout LibraryRegistration, _ comparer: String, _ hasElement: Bool) {
    let element = hasElement ? "TElement" : "TSource"
    let parameters = selectors(hasElement)
    type.member(
      "static IEnumerable<IGrouping<TKey, \(element)>> GroupBy<TSource, TKey\(hasElement ? ", TElement" : "")>(\(parameters)\(comparer))"
    ) { call in
      let (source, machine, grouping) = (call[0], call.machine, groupingType(call, hasElement))
      let (key, selector) = (try call.delegate(1), hasElement ? try call.delegate(2) : nil)
      let equality = equality(call, comparer, hasElement ? 3 : 2)
      if source.isNull { throw Thrown.argumentNull("source") }
      return .object(
        LazySequence(of: grouping) {
          ValuesIterator(
            try groups(try source.elements(machine), key, selector, grouping, equality, machine).map { .object($0) })
        })
    }
    type.member(
      "static IEnumerable<TResult> GroupBy<TSource, TKey\(hasElement ? ", TElement" : ""), TResult>(\(parameters), Func<TKey, IEnumerable<\(element)>, TResult> resultSelector\(comparer))"
    ) { call in
      let (machine, grouping) = (call.machine, groupingType(call, hasElement))
      let (key, selector) = (try call.delegate(1), hasElement ? try call.delegate(2) : nil)
      let result = try call.delegate(hasElement ? 3 : 2)
      let equality = equality(call, comparer, hasElement ? 4 : 3)
      let all = try groups(try call.elements(0), key, selector, grouping, equality, machine)
      return listed(call.types[hasElement ? 3 : 2], try all.map { try result.invoke(machine, $0.key, .object($0)) })
    }
  }

  private static func lookups(_ type: inout LibraryRegistration, _ comparer: String, _ hasElement: Bool) {
    type.member(
      "static ILookup<TKey, \(hasElement ? "TElement" : "TSource")> ToLookup<TSource, TKey\(hasElement ? ", TElement" : "")>(\(selectors(hasElement))\(comparer))"
    ) { call in
      let (machine, grouping) = (call.machine, groupingType(call, hasElement))
      let (key, selector) = (try call.delegate(1), hasElement ? try call.delegate(2) : nil)
      let equality = equality(call, comparer, hasElement ? 3 : 2)
      let all = try groups(try call.elements(0), key, selector, grouping, equality, machine)
      let definition = LibraryCatalog.shared.required("System.Linq.ILookup", arity: 2)
      return .object(LookupObject(TypeSymbol(definition, grouping.arguments), all, equality))
    }
  }

  private static func selectors(_ hasElement: Bool) -> String {
    "this IEnumerable<TSource> source, Func<TSource, TKey> keySelector"
      + (hasElement ? ", Func<TSource, TElement> elementSelector" : "")
  }

  private static func groupingType(_ call: Call, _ hasElement: Bool) -> TypeSymbol {
    let definition = LibraryCatalog.shared.required("System.Linq.IGrouping", arity: 2)
    return TypeSymbol(definition, [call.types[1], hasElement ? call.types[2] : call.types[0]])
  }

  /// Values with the same key, in the order in which the keys first occur.
  private static func groups(
    _ values: [Value], _ key: DelegateObject, _ selector: DelegateObject?, _ type: TypeSymbol, _ equality: KeyEquality,
    _ machine: Machine
  ) throws -> [GroupingObject] {
    var order: [GroupingObject] = []
    var known: [ValueKey: GroupingObject] = [:]
    for value in values {
      let own = try key.invoke(machine, value)
      let element = try selector?.invoke(machine, value) ?? value
      let hashed = equality.key(own)
      if let group = known[hashed] {
        group.elements.append(element)
      } else {
        let group = GroupingObject(type, own, [element])
        known[hashed] = group
        order.append(group)
      }
    }
    return order
  }
}

/// What counts as the same key.
struct KeyEquality {
  let ignoresCase: Bool

  init(_ comparer: ComparerObject?) { ignoresCase = comparer?.ignoresCase ?? false }

  func key(_ value: Value) -> ValueKey { ValueKey(value, ignoresCase: ignoresCase) }

  func areEqual(_ a: Value, _ b: Value) -> Bool { key(a) == key(b) }
}

/// `ILookup<K, T>`: groups by key; a key that does not exist has no elements.
final class LookupObject: RuntimeObject {
  let runtimeType: TypeSymbol
  private let groups: [GroupingObject]
  private let places: [ValueKey: Int]
  private let equality: KeyEquality

  init(_ type: TypeSymbol, _ groups: [GroupingObject], _ equality: KeyEquality) {
    runtimeType = type
    self.groups = groups
    self.equality = equality
    places = Dictionary(
      groups.enumerated().map { (equality.key($1.key), $0) }, uniquingKeysWith: { first, _ in first })
  }

  var count: Int { groups.count }

  /// The elements of a key, nil when there are none.
  func elements(of key: Value) -> [Value]? { places[equality.key(key)].map { groups[$0].elements } }

  func makeIterator() throws -> (any ValueIterator)? { ValuesIterator(groups.map { .object($0) }) }
}

extension LibraryCatalog {
  static let lookupType = LibraryType(
    "interface System.Linq.ILookup<TKey, TElement> : IEnumerable<IGrouping<TKey, TElement>>"
  ) { type in
    type.member("int Count { get; }") { call in
      .int32(Int32(clamping: try call.receiver(LookupObject.self).count))
    }
    type.member("bool Contains(TKey key)") { call in
      .bool(try call.receiver(LookupObject.self).elements(of: call[0]) != nil)
    }
    type.member("IEnumerable<TElement> this[TKey key] { get; }") { call in
      let lookup = try call.receiver(LookupObject.self)
      return .object(ArrayObject(of: lookup.runtimeType.arguments[1], lookup.elements(of: call[0]) ?? []))
    }
  }
}
