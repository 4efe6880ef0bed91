/// `System.Array` and the members that every array has.
extension LibraryCatalog {
  static let arrayType = LibraryType("abstract class System.Array") { type in
    arraySearches(&type)
    arrayOrders(&type)
    arrayCopies(&type)
  }

  private static func array(_ call: Call, _ index: Int) throws -> ArrayObject { try call.object(index) }

  private static func number(_ index: Int?) -> Value { .int32(Int32(clamping: index ?? -1)) }

  private static func arraySearches(_ type: inout LibraryRegistration) {
    for (name, isLast) in [("IndexOf", false), ("LastIndexOf", true)] {
      for (more, arguments) in [("", 0), (", int startIndex", 1), (", int startIndex, int count", 2)] {
        for head in ["\(name)<T>(T[] array, T value", "\(name)(Array array, object value"] {
          type.member("static int \(head)\(more))") { call in
            let all = try call.elements(0)
            let wanted = call[1]
            let range = try searched(
              all.count, arguments > 0 ? call.int(2) : nil, arguments > 1 ? call.int(3) : nil, fromEnd: isLast)
            return number(
              isLast
                ? all[range].lastIndex { Operation.areEqual($0, wanted) }
                : all[range].firstIndex { Operation.areEqual($0, wanted) })
          }
        }
      }
    }
    type.member("static bool Exists<T>(T[] array, Predicate<T> match)") { call in
      let match = try call.delegate(1)
      return .bool(try call.elements(0).contains { try match.test(call.machine, $0) })
    }
    type.member("static bool TrueForAll<T>(T[] array, Predicate<T> match)") { call in
      let match = try call.delegate(1)
      return .bool(try call.elements(0).allSatisfy { try match.test(call.machine, $0) })
    }
    for (name, isLast) in [("Find", false), ("FindLast", true)] {
      type.member("static T \(name)<T>(T[] array, Predicate<T> match)") { call in
        let (all, match) = (try call.elements(0), try call.delegate(1))
        let found =
          isLast
          ? try all.last { try match.test(call.machine, $0) } : try all.first { try match.test(call.machine, $0) }
        return found ?? Value.defaultValue(of: call.types[0])
      }
      type.member("static int \(name)Index<T>(T[] array, Predicate<T> match)") { call in
        let (all, match) = (try call.elements(0), try call.delegate(1))
        return number(
          isLast
            ? try all.lastIndex { try match.test(call.machine, $0) }
            : try all.firstIndex { try match.test(call.machine, $0) })
      }
    }
    type.member("static T[] FindAll<T>(T[] array, Predicate<T> match)") { call in
      let match = try call.delegate(1)
      let found = try call.elements(0).filter { try match.test(call.machine, $0) }
      return .object(ArrayObject(of: call.types[0], found))
    }
    for head in ["BinarySearch<T>(T[] array, ", "BinarySearch(Array array, "] {
      let value = head.hasPrefix("BinarySearch<T>") ? "T value" : "object value"
      type.member("static int \(head)\(value))") { call in
        number(try Sorting.place(of: call[1], in: try call.elements(0), call.machine))
      }
      type.member("static int \(head)int index, int length, \(value))") { call in
        let all = try call.elements(0)
        let (start, length) = try part(all.count, call.int(1), call.int(2))
        let found = try Sorting.place(of: call[3], in: Array(all[start..<(start + length)]), call.machine)
        return number(found >= 0 ? found + start : ~(~found + start))
      }
    }
  }

  /// The places that a search looks at: from a start for a number of them, towards the front when it begins at the end.
  static func searched(_ count: Int, _ start: Int?, _ wanted: Int?, fromEnd: Bool) throws -> Range<Int> {
    if fromEnd {
      // An empty collection has no place to start at, so that any start is as good as none.
      if count == 0 { return 0..<0 }
      let start = start ?? count - 1
      guard (0..<count).contains(start) else { throw Thrown.outOfRange("startIndex") }
      let wanted = wanted ?? start + 1
      guard wanted >= 0, wanted <= start + 1 else { throw Thrown.outOfRange("count") }
      return (start + 1 - wanted)..<(start + 1)
    }
    let start = start ?? 0
    guard (0...count).contains(start) else { throw Thrown.outOfRange("startIndex") }
    let wanted = wanted ?? count - start
    guard wanted >= 0, wanted <= count - start else { throw Thrown.outOfRange("count") }
    return start..<(start + wanted)
  }

  private static func arrayOrders(_ type: inout LibraryRegistration) {
    type.member("static void Sort<T>(T[] array)") { call in
      let own = try array(call, 0)
      own.elements = try Sorting.sorted(own.elements, call.machine) { try Operation.compare($0, $1) }
      return .null
    }
    type.member("static void Sort<T>(T[] array, Comparison<T> comparison)") { call in
      let (own, order, machine) = (try array(call, 0), try call.delegate(1), call.machine)
      own.elements = try Sorting.sorted(own.elements, machine) { a, b in
        Int(Operation.integer(try order.invoke(machine, a, b)) ?? 0)
      }
      return .null
    }
    type.member("static void Sort<T>(T[] array, StringComparer comparer)") { call in
      let (own, comparer): (ArrayObject, ComparerObject) = (try call.object(0), try call.object(1))
      own.elements = try Sorting.sorted(own.elements, call.machine) { try comparer.order($0, $1) }
      return .null
    }
    type.member("static void Sort<TKey, TValue>(TKey[] keys, TValue[] items)") { call in
      let (keys, items) = (try array(call, 0), try array(call, 1))
      guard items.count >= keys.count else { throw Thrown.argument("keys and items differ in length.") }
      let order = try Sorting.order(of: keys.elements, call.machine) { try Operation.compare($0, $1) }
      let (oldKeys, oldItems) = (keys.elements, items.elements)
      keys.elements = order.map { oldKeys[$0] }
      items.elements = order.map { oldItems[$0] } + oldItems[keys.count...]
      return .null
    }
    type.member("static void Reverse<T>(T[] array)") { call in
      try array(call, 0).elements.reverse()
      return .null
    }
    type.member("static void Reverse<T>(T[] array, int index, int length)") { call in
      let own = try array(call, 0)
      let (start, length) = try part(own.count, call.int(1), call.int(2))
      own.elements[start..<(start + length)].reverse()
      return .null
    }
    type.member("static void ForEach<T>(T[] array, Action<T> action)") { call in
      let action = try call.delegate(1)
      for element in try call.elements(0) { _ = try action.invoke(call.machine, element) }
      return .null
    }
    type.member(
      "static TOutput[] ConvertAll<TInput, TOutput>(TInput[] array, Converter<TInput, TOutput> converter)"
    ) { call in
      let converter = try call.delegate(1)
      let made = try call.elements(0).map { try converter.invoke(call.machine, $0) }
      return .object(ArrayObject(of: call.types[1], made))
    }
  }

  /// A part of a text or of a buffer, which must lie within it: `part`, but any misfit is an ArgumentOutOfRangeException.
  static func textPart(_ count: Int, _ start: Int, _ length: Int) throws -> (Int, Int) {
    guard start >= 0, start <= count else {
      throw Thrown.outOfRange("startIndex", "Index was out of range. Must be non-negative and less than the size.")
    }
    guard length >= 0, length <= count - start else {
      throw Thrown.outOfRange("length", "Index and length must refer to a location within the string.")
    }
    return (start, length)
  }

  /// A part of a collection as its start and length, which must lie within it.
  static func part(_ count: Int, _ start: Int, _ length: Int) throws -> (Int, Int) {
    if start < 0 { throw Thrown.outOfRange("index", "Non-negative number required.") }
    if length < 0 { throw Thrown.outOfRange("count", "Non-negative number required.") }
    guard start <= count, length <= count - start else {
      throw Thrown.argument(
        "Offset and length were out of bounds for the array or count is greater than the number of elements from index "
          + "to the end of the source collection.")
    }
    return (start, length)
  }

  private static func copy(_ call: Call, _ from: ArrayObject, _ start: Int, _ to: ArrayObject, _ at: Int, _ count: Int)
    throws
  {
    guard count >= 0, start >= 0, at >= 0 else { throw Thrown.outOfRange("length", "Non-negative number required.") }
    guard count <= from.count - start, count <= to.count - at else {
      throw Thrown.argument(
        "Source array was not long enough. Check the source index, length, and the array's lower bounds.")
    }
    try call.machine.process(bytes: count * 8)
    let moved = from.elements[start..<(start + count)]
    for (offset, value) in moved.enumerated() { to[at + offset] = value }
  }

  private static func arrayCopies(_ type: inout LibraryRegistration) {
    for size in ["int", "long"] {
      type.member("static void Copy(Array sourceArray, Array destinationArray, \(size) length)") { call in
        try copy(call, try array(call, 0), 0, try array(call, 1), 0, call.int(2))
        return .null
      }
      type.member(
        "static void Copy(Array sourceArray, \(size) sourceIndex, Array destinationArray, \(size) destinationIndex, \(size) length)"
      ) { call in
        try copy(call, try array(call, 0), call.int(1), try array(call, 2), call.int(3), call.int(4))
        return .null
      }
    }
    type.member("static void Clear(Array array, int index, int length)") { call in
      let own = try array(call, 0)
      let (start, length) = try part(own.count, call.int(1), call.int(2))
      let empty = Value.defaultValue(of: own.elementType)
      for place in start..<(start + length) { own[place] = empty }
      return .null
    }
    type.member("static void Resize<T>(ref T[] array, int newSize)") { call in
      let size = call.int(1)
      if size < 0 { throw Thrown.outOfRange("newSize", "Non-negative number required.") }
      try call.machine.process(bytes: size * 24)
      let old = call[0].isNull ? [] : try call.elements(0)
      let missing = Array(repeating: Value.defaultValue(of: call.types[0]), count: max(0, size - old.count))
      call.set(0, .object(ArrayObject(of: call.types[0], old.prefix(size) + missing)))
      return .null
    }
    type.member("static T[] Empty<T>()") { call in .object(ArrayObject(of: call.types[0], [])) }
  }

  /// Members of each array; the type has the elements' type as its parameter.
  static let arrayMembers = LibraryType("class System.ArrayOf<T>") { type in
    type.member("int Length { get; }") { call in .int32(Int32(clamping: try call.receiver(ArrayObject.self).count)) }
    type.member("long LongLength { get; }") { call in .int64(Int64(try call.receiver(ArrayObject.self).count)) }
    type.member("int Rank { get; }") { call in
      .int32(Int32(try call.receiver(ArrayObject.self).dimensions.count))
    }
    for (name, answer) in [("IsFixedSize", true), ("IsReadOnly", false), ("IsSynchronized", false)] {
      type.member("bool \(name) { get; }") { _ in .bool(answer) }
    }
    type.member("object SyncRoot { get; }") { call in call.this }
    type.member("long GetLongLength(int dimension)") { call in
      let dimensions = try call.receiver(ArrayObject.self).dimensions
      guard dimensions.indices.contains(call.int(0)) else { throw Thrown.indexOutOfRange() }
      return .int64(Int64(dimensions[call.int(0)]))
    }
    for name in ["GetLength", "GetLowerBound", "GetUpperBound"] {
      type.member("int \(name)(int dimension)") { call in
        let dimensions = try call.receiver(ArrayObject.self).dimensions
        guard dimensions.indices.contains(call.int(0)) else { throw Thrown.indexOutOfRange() }
        let length = dimensions[call.int(0)]
        return .int32(Int32(clamping: name == "GetLength" ? length : name == "GetLowerBound" ? 0 : length - 1))
      }
    }
    for index in ["int", "long"] {
      type.member("object GetValue(params \(index)[] indices)") { call in
        let own = try call.receiver(ArrayObject.self)
        return own[try own.place(try call.array(0).map { Int(Operation.integer($0) ?? -1) })]
      }
      type.member("void SetValue(object value, params \(index)[] indices)") { call in
        let own = try call.receiver(ArrayObject.self)
        try own.store(call[0], at: try own.place(try call.array(1).map { Int(Operation.integer($0) ?? -1) }))
        return .null
      }
    }
    type.member("object Clone()") { call in
      let own = try call.receiver(ArrayObject.self)
      try call.machine.process(bytes: own.count * 8)
      return .object(ArrayObject(of: own.elementType, dimensions: own.dimensions, own.elements))
    }
    for index in ["int", "long"] {
      type.member("void CopyTo(Array array, \(index) index)") { call in
        let own = try call.receiver(ArrayObject.self)
        try copy(call, own, 0, try array(call, 0), call.int(1), own.count)
        return .null
      }
    }
  }
}
