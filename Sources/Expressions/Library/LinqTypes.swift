/// `System.Linq.Enumerable`: lazy where .NET is lazy.
extension LibraryCatalog {
  static let linqTypes: [LibraryType] = [
    LibraryType("static class System.Linq.Enumerable", extensions: true) { type in
      creation(&type)
      projections(&type)
      elements(&type)
      tests(&type)
      aggregates(&type)
      ordering(&type)
      concatenation(&type)
      tableMembers(&type)
      conversions(&type)
    }
  ]

  private static func creation(_ type: inout LibraryRegistration) {
    type.member("static IEnumerable<int> Range(int start, int count)") { call in
      let (start, count) = (call.int(0), call.int(1))
      if count < 0 { throw Thrown.outOfRange("count") }
      return lazy(.int32) {
        var index = 0
        return ClosureIterator { _ in
          guard index < count else { return nil }
          defer { index += 1 }
          return .int32(Int32(truncatingIfNeeded: start + index))
        }
      }
    }
    type.member("static IEnumerable<TResult> Repeat<TResult>(TResult element, int count)") { call in
      let (element, count) = (call[0], call.int(1))
      if count < 0 { throw Thrown.outOfRange("count") }
      return lazy(call.types[0]) {
        var index = 0
        return ClosureIterator { _ in
          guard index < count else { return nil }
          index += 1
          return element
        }
      }
    }
    type.member("static IEnumerable<TResult> Empty<TResult>()") { call in .object(ArrayObject(of: call.types[0], [])) }
  }

  static func lazy(_ element: TypeSymbol, _ make: @escaping () throws -> any ValueIterator) -> Value {
    .object(LazySequence(of: element, make))
  }

  /// Values at hand as the `IEnumerable<T>` that .NET gives.
  static func listed(_ element: TypeSymbol, _ values: [Value]) -> Value {
    lazy(element) { ValuesIterator(values) }
  }

  static func source(_ call: Call) throws -> Value {
    if call[0].isNull { throw Thrown.argumentNull("source") }
    return call[0]
  }

  private static func projections(_ type: inout LibraryRegistration) {
    type.prepared(
      "static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)"
    ) { use in
      let element = use.types[1]
      return .two { _, source, selector in
        try ProjectedSequence.value(of: element, over: source, .selected(try selector.delegate("selector")))
      }
    }
    type.prepared(
      "static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, TResult> selector)"
    ) { use in
      let element = use.types[1]
      return .two { _, source, selector in
        let selector = try selector.delegate("selector")
        return try ProjectedSequence.value(
          of: element, over: source,
          .changed { machine, value, index in
            try selector.invoke(machine, value, .int32(Int32(clamping: index)))
          })
      }
    }
    type.prepared(
      "static IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)"
    ) { use in
      let element = use.types[0]
      return .two { _, source, predicate in
        try ProjectedSequence.value(of: element, over: source, .filtered(try predicate.delegate("predicate")))
      }
    }
    type.prepared(
      "static IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)"
    ) { use in
      let element = use.types[0]
      return .two { _, source, predicate in
        let predicate = try predicate.delegate("predicate")
        return try ProjectedSequence.value(
          of: element, over: source,
          .changed { machine, value, index in
            if case .bool(true) = try predicate.invoke(machine, value, .int32(Int32(clamping: index))) { return value }
            return nil
          })
      }
    }
    type.prepared("static IEnumerable<TResult> Cast<TResult>(this IEnumerable source)") { use in
      let wanted = use.types[0]
      return .one { _, source in
        try ProjectedSequence.value(
          of: wanted, over: source,
          .changed { _, value, _ in
            if value.isNull, wanted.acceptsNull { return value }
            if value.isNull { throw Thrown.nullReference() }
            guard value.isInstance(of: wanted.nullableUnderlying ?? wanted) else {
              throw Thrown.invalidCast(value.runtimeType, wanted)
            }
            return value
          })
      }
    }
    type.prepared("static IEnumerable<TResult> OfType<TResult>(this IEnumerable source)") { use in
      let wanted = use.types[0]
      return .one { _, source in
        try ProjectedSequence.value(
          of: wanted, over: source, .changed { _, value, _ in value.isInstance(of: wanted) ? value : nil })
      }
    }
    for (signature, hasResult) in [
      (
        "static IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TResult>> selector)",
        false
      ),
      (
        "static IEnumerable<TResult> SelectMany<TSource, TCollection, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TCollection>> collectionSelector, Func<TSource, TCollection, TResult> resultSelector)",
        true
      ),
    ] {
      type.member(signature) { call in
        let (source, selector) = (try source(call), try call.delegate(1))
        let combine = hasResult ? try call.delegate(2) : nil
        return lazy(call.types[hasResult ? 2 : 1]) {
          let outer = try source.makeIterator()
          var (current, inner): (Value, (any ValueIterator)?) = (.null, nil)
          return ClosureIterator { machine in
            while true {
              try machine.charge()
              if let value = try inner?.next(machine) { return try combine?.invoke(machine, current, value) ?? value }
              guard let next = try outer.next(machine) else { return nil }
              current = next
              inner = try selector.invoke(machine, next).makeIterator()
            }
          }
        }
      }
    }
    type.member(
      "static IEnumerable<TResult> Zip<TFirst, TSecond, TResult>(this IEnumerable<TFirst> source, IEnumerable<TSecond> second, Func<TFirst, TSecond, TResult> resultSelector)"
    ) { call in
      let (first, second, combine) = (try source(call), call[1], try call.delegate(2))
      return lazy(call.types[2]) {
        let (a, b) = (try first.makeIterator(), try second.makeIterator())
        return ClosureIterator { machine in
          guard let x = try a.next(machine), let y = try b.next(machine) else { return nil }
          return try combine.invoke(machine, x, y)
        }
      }
    }
    for (name, takes) in [("Take", true), ("Skip", false)] {
      type.member("static IEnumerable<TSource> \(name)<TSource>(this IEnumerable<TSource> source, int count)") { call in
        let (source, count) = (try source(call), call.int(1))
        return lazy(call.types[0]) {
          let iterator = try source.makeIterator()
          var seen = 0
          return ClosureIterator { machine in
            if takes {
              guard seen < count else { return nil }
              seen += 1
            } else {
              while seen < count {
                seen += 1
                if try iterator.next(machine) == nil { return nil }
              }
            }
            return try iterator.next(machine)
          }
        }
      }
      for isIndexed in [false, true] {
        type.member(
          "static IEnumerable<TSource> \(name)While<TSource>(this IEnumerable<TSource> source, Func<TSource, \(isIndexed ? "int, " : "")bool> predicate)"
        ) { call in
          let (source, predicate) = (try source(call), try call.delegate(1))
          return lazy(call.types[0]) {
            let iterator = try source.makeIterator()
            var isOver = false
            var index: Int32 = -1
            func holds(_ machine: Machine, _ value: Value) throws -> Bool {
              index &+= 1
              guard isIndexed else { return try predicate.test(machine, value) }
              if case .bool(let result) = try predicate.invoke(machine, value, .int32(index)) { return result }
              return false
            }
            return ClosureIterator { machine in
              if takes {
                guard !isOver, let value = try iterator.next(machine), try holds(machine, value) else {
                  isOver = true
                  return nil
                }
                return value
              }
              while let value = try iterator.next(machine) {
                if !isOver, try holds(machine, value) { continue }
                isOver = true
                return value
              }
              return nil
            }
          }
        }
      }
    }
    type.member("static IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source)") { call in
      let all = try call.elements(0)
      return listed(call.types[0], all.isEmpty ? [Value.defaultValue(of: call.types[0])] : all)
    }
    type.member(
      "static IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source, TSource defaultValue)"
    ) { call in
      let all = try call.elements(0)
      return listed(call.types[0], all.isEmpty ? [call[1]] : all)
    }
    type.member("static IEnumerable<TSource> Reverse<TSource>(this IEnumerable<TSource> source)") { call in
      let (source, machine) = (try source(call), call.machine)
      return lazy(call.types[0]) { ValuesIterator(try source.elements(machine).reversed()) }
    }
    for (name, appends) in [("Append", true), ("Prepend", false)] {
      type.member("static IEnumerable<TSource> \(name)<TSource>(this IEnumerable<TSource> source, TSource element)") {
        call in
        let all = try call.elements(0)
        return listed(call.types[0], appends ? all + [call[1]] : [call[1]] + all)
      }
    }
  }

  private static func elements(_ type: inout LibraryRegistration) {
    for (name, last, single) in [("First", false, false), ("Last", true, false), ("Single", false, true)] {
      for orDefault in [false, true] {
        let full = name + (orDefault ? "OrDefault" : "")
        @Sendable func element(
          _ machine: Machine, _ source: Value, _ predicate: DelegateObject?, _ type: TypeSymbol
        ) throws -> Value {
          if source.isNull { throw Thrown.argumentNull("source") }
          let iterator = try source.makeIterator()
          var found: Value?
          while let value = try iterator.next(machine) {
            try machine.charge()
            if let predicate, try !predicate.test(machine, value) { continue }
            if single, found != nil {
              throw Thrown.invalidOperation(
                predicate != nil
                  ? "Sequence contains more than one matching element" : "Sequence contains more than one element")
            }
            found = value
            if !last, !single { break }
          }
          if let found { return found }
          if orDefault { return Value.defaultValue(of: type) }
          throw Thrown.invalidOperation(
            predicate != nil ? "Sequence contains no matching element" : "Sequence contains no elements")
        }
        type.prepared("static TSource \(full)<TSource>(this IEnumerable<TSource> source)") { use in
          let type = use.types[0]
          return .one { machine, source in try element(machine, source, nil, type) }
        }
        type.prepared(
          "static TSource \(full)<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)"
        ) { use in
          let type = use.types[0]
          return .two { machine, source, predicate in
            try element(machine, source, try predicate.delegate("predicate"), type)
          }
        }
      }
    }
    for orDefault in [false, true] {
      type.member(
        "static TSource ElementAt\(orDefault ? "OrDefault" : "")<TSource>(this IEnumerable<TSource> source, int index)"
      ) { call in
        let all = try call.elements(0)
        if all.indices.contains(call.int(1)) { return all[call.int(1)] }
        if orDefault { return Value.defaultValue(of: call.types[0]) }
        throw Thrown.outOfRange("index")
      }
    }
  }

  private static func tests(_ type: inout LibraryRegistration) {
    type.test("static bool Any<TSource>(this IEnumerable<TSource> source)") { machine, source in
      if source.isNull { throw Thrown.argumentNull("source") }
      return try source.makeIterator().next(machine) != nil
    }
    for (name, stopsAt) in [("Any", true), ("All", false)] {
      type.test(
        "static bool \(name)<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)"
      ) { machine, source, predicate in
        if source.isNull { throw Thrown.argumentNull("source") }
        let (iterator, predicate) = (try source.makeIterator(), try predicate.delegate("predicate"))
        while let value = try iterator.next(machine) {
          try machine.charge()
          if try predicate.test(machine, value) == stopsAt { return stopsAt }
        }
        return !stopsAt
      }
    }
    type.test("static bool Contains<TSource>(this IEnumerable<TSource> source, TSource value)") {
      machine, source, wanted in
      if source.isNull { throw Thrown.argumentNull("source") }
      if case .object(let object) = source, let set = object as? SetObject { return set.contains(wanted) }
      return try source.elements(machine).contains { Operation.areEqual($0, wanted) }
    }
    type.member(
      "static bool Contains<TSource>(this IEnumerable<TSource> source, TSource value, StringComparer comparer)"
    ) { call in
      let comparer: ComparerObject = try call.object(2)
      return .bool(try call.elements(0).contains { try comparer.order($0, call[1]) == 0 })
    }
    for (name, isLong) in [("Count", false), ("LongCount", true)] {
      let result = isLong ? "long" : "int"
      @Sendable func number(_ count: Int) -> Value { isLong ? .int64(Int64(count)) : .int32(Int32(clamping: count)) }
      type.member("static \(result) \(name)<TSource>(this IEnumerable<TSource> source)") { call in
        number(try call.elements(0).count)
      }
      type.member(
        "static \(result) \(name)<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)"
      ) { call in
        let predicate = try call.delegate(1)
        return number(try call.elements(0).filter { try predicate.test(call.machine, $0) }.count)
      }
    }
  }

  private static func ordering(_ type: inout LibraryRegistration) {
    for (name, isThen) in [("OrderBy", false), ("ThenBy", true)] {
      for (suffix, sign) in [("", 1), ("Descending", -1)] {
        for hasComparer in [false, true] {
          type.member(
            "static IOrderedEnumerable<TSource> \(name)\(suffix)<TSource, TKey>(this \(isThen ? "IOrderedEnumerable" : "IEnumerable")<TSource> source, Func<TSource, TKey> keySelector\(hasComparer ? ", StringComparer comparer" : ""))"
          ) { call in
            let (source, key) = (try source(call), try call.delegate(1))
            let comparer: ComparerObject? = hasComparer ? call.objectOrNull(2) : nil
            let order: (Value, Value) throws -> Int = { a, b in
              sign * (try comparer?.order(a, b) ?? Operation.compare(a, b))
            }
            if isThen, case .object(let object) = source, let ordered = object as? OrderedSequence {
              return .object(OrderedSequence(ordered.source, call.types[0], ordered.keys + [(key, order)]))
            }
            return .object(OrderedSequence(source, call.types[0], [(key, order)]))
          }
        }
      }
    }
  }

  private static func concatenation(_ type: inout LibraryRegistration) {
    type.member(
      "static IEnumerable<TSource> Concat<TSource>(this IEnumerable<TSource> source, IEnumerable<TSource> second)"
    ) {
      call in
      let (first, second) = (try source(call), call[1])
      return lazy(call.types[0]) {
        var iterator = try first.makeIterator()
        var isSecond = false
        return ClosureIterator { machine in
          if let value = try iterator.next(machine) { return value }
          if isSecond { return nil }
          isSecond = true
          iterator = try second.makeIterator()
          return try iterator.next(machine)
        }
      }
    }
  }

  private static func conversions(_ type: inout LibraryRegistration) {
    type.prepared("static TSource[] ToArray<TSource>(this IEnumerable<TSource> source)") { use in
      let element = use.types[0]
      return .one { machine, source in
        if source.isNull { throw Thrown.argumentNull("source") }
        return .object(ArrayObject(of: element, try source.elements(machine)))
      }
    }
    type.prepared("static List<TSource> ToList<TSource>(this IEnumerable<TSource> source)") { use in
      let list = TypeSymbol.list(of: use.types[0])
      return .one { machine, source in
        if source.isNull { throw Thrown.argumentNull("source") }
        return .object(ListObject(list, try source.elements(machine)))
      }
    }
    type.member("static IEnumerable<TSource> AsEnumerable<TSource>(this IEnumerable<TSource> source)") { call in call[0]
    }
    for (hasElement, hasComparer) in [(false, false), (true, false), (false, true), (true, true)] {
      type.member(
        "static Dictionary<TKey, \(hasElement ? "TElement" : "TSource")> ToDictionary<TSource, TKey\(hasElement ? ", TElement" : "")>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector\(hasElement ? ", Func<TSource, TElement> elementSelector" : "")\(hasComparer ? ", StringComparer comparer" : ""))"
      ) { call in
        let comparer = hasComparer ? call[hasElement ? 3 : 2] : .null
        let type = TypeSymbol(TypeDefinition.dictionary, [call.types[1], hasElement ? call.types[2] : call.types[0]])
        let result = DictionaryObject(type, ignoresCase: ComparerObject.ignoresCase(comparer))
        for value in try call.elements(0) {
          let key = try call.delegate(1).invoke(call.machine, value)
          guard try result.add(key, hasElement ? try call.delegate(2).invoke(call.machine, value) : value) else {
            throw Thrown.argument(
              "An item with the same key has already been added. Key: \(try Operation.text(key, call.machine))")
          }
        }
        return .object(result)
      }
    }
  }
}

/// The result of `OrderBy`: sorted when it is enumerated, stable.
final class OrderedSequence: RuntimeObject {
  typealias Key = (selector: DelegateObject, order: (Value, Value) throws -> Int)

  let source: Value
  let element: TypeSymbol
  let keys: [Key]

  init(_ source: Value, _ element: TypeSymbol, _ keys: [Key]) {
    self.source = source
    self.element = element
    self.keys = keys
  }

  var runtimeType: TypeSymbol {
    TypeSymbol(LibraryCatalog.shared.required("System.Linq.IOrderedEnumerable", arity: 1), [element])
  }

  func makeIterator() throws -> (any ValueIterator)? {
    var sorted: ValuesIterator?
    return ClosureIterator { [self] machine in
      if let sorted { return try sorted.next(machine) }
      var rows: [Value] = []
      for value in try source.elements(machine) {
        var row = [value]
        for key in keys { row.append(try key.selector.invoke(machine, value)) }
        rows.append(.object(TupleObject(.object, row)))
      }
      let all = try Sorting.sorted(rows, machine) { a, b in
        guard case .object(let x) = a, case .object(let y) = b, let p = x as? TupleObject, let q = y as? TupleObject
        else { return 0 }
        for (index, key) in keys.enumerated() {
          let order = try key.order(p.values[index + 1], q.values[index + 1])
          if order != 0 { return order }
        }
        return 0
      }
      let iterator = ValuesIterator(
        all.compactMap { row in
          if case .object(let object) = row, let tuple = object as? TupleObject { return tuple.values[0] }
          return nil
        })
      sorted = iterator
      return try iterator.next(machine)
    }
  }
}
