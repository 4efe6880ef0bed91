/// `Func`, `Action` and their kin, and tuples.
extension LibraryCatalog {
  static let delegateTypes: [LibraryType] =
    (0...16).flatMap { [function($0), action($0)] } + [
      LibraryType("delegate bool System.Predicate<in T>(T obj)"),
      LibraryType("delegate int System.Comparison<in T>(T x, T y)"),
      LibraryType("delegate TOutput System.Converter<in TInput, out TOutput>(TInput input)"),
    ] + (1...LibraryCatalog.largestTuple).map { valueTuple($0) } + (1...7).map { tuple($0) } + [tupleFactory]

  private static func function(_ count: Int) -> LibraryType {
    let types = (0..<count).map { "in T\($0 + 1), " }.joined()
    return LibraryType("delegate TResult System.Func<\(types)out TResult>(\(arguments(count)))")
  }

  private static func action(_ count: Int) -> LibraryType {
    let types = (0..<count).map { "in T\($0 + 1)" }.joined(separator: ", ")
    return LibraryType("delegate void System.Action\(count == 0 ? "" : "<\(types)>")(\(arguments(count)))")
  }

  private static func arguments(_ count: Int) -> String {
    (0..<count).map { "T\($0 + 1) arg\($0 + 1)" }.joined(separator: ", ")
  }

  /// Elements that a tuple may have at the most.
  static let largestTuple = 16

  private static func names(_ count: Int) -> String { (1...count).map { "T\($0)" }.joined(separator: ", ") }

  /// `(T1, …)`: its fields are known to the binder.
  private static func valueTuple(_ count: Int) -> LibraryType {
    LibraryType("struct System.ValueTuple<\(names(count))> : IComparable") { type in
      let own = "ValueTuple<\(names(count))>"
      type.member("int CompareTo(\(own) other)") { call in
        .int32(Int32(clamping: try Operation.compare(call.this, call[0])))
      }
      type.member("bool Equals(\(own) other)") { call in .bool(Operation.areEqual(call.this, call[0])) }
    }
  }

  private static func tuple(_ count: Int) -> LibraryType {
    LibraryType("class System.Tuple<\(names(count))>") { type in
      let parameters = (1...count).map { "T\($0) item\($0)" }.joined(separator: ", ")
      type.member("Tuple(\(parameters))") { call in
        let definition = LibraryCatalog.shared.required("System.Tuple", arity: count)
        return .object(try TupleObject.made(TypeSymbol(definition, call.types), (0..<count).map { call[$0] }))
      }
      for index in 1...count {
        type.member("T\(index) Item\(index) { get; }") { call in
          try call.receiver(TupleObject.self).values[index - 1]
        }
      }
    }
  }

  private static let tupleFactory = LibraryType("static class System.Tuple") { type in
    for count in 1...7 {
      let parameters = (1...count).map { "T\($0) item\($0)" }.joined(separator: ", ")
      type.member("static Tuple<\(names(count))> Create<\(names(count))>(\(parameters))") { call in
        let definition = LibraryCatalog.shared.required("System.Tuple", arity: count)
        return .object(try TupleObject.made(TypeSymbol(definition, call.types), (0..<count).map { call[$0] }))
      }
    }
  }
}
