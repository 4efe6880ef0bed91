/// `Func`, `Action` and their kin, and tuples.
extension LibraryCatalog {
  static let delegateTypes: [LibraryType] =
    [
      LibraryType("delegate TResult System.Func<out TResult>()"),
      LibraryType("delegate TResult System.Func<in T, out TResult>(T arg)"),
      LibraryType("delegate TResult System.Func<in T1, in T2, out TResult>(T1 arg1, T2 arg2)"),
      LibraryType("delegate TResult System.Func<in T1, in T2, in T3, out TResult>(T1 arg1, T2 arg2, T3 arg3)"),
      LibraryType(
        "delegate TResult System.Func<in T1, in T2, in T3, in T4, out TResult>(T1 arg1, T2 arg2, T3 arg3, T4 arg4)"),
      LibraryType("delegate void System.Action()"),
      LibraryType("delegate void System.Action<in T>(T obj)"),
      LibraryType("delegate void System.Action<in T1, in T2>(T1 arg1, T2 arg2)"),
      LibraryType("delegate void System.Action<in T1, in T2, in T3>(T1 arg1, T2 arg2, T3 arg3)"),
      LibraryType("delegate bool System.Predicate<in T>(T obj)"),
      LibraryType("delegate int System.Comparison<in T>(T x, T y)"),
      LibraryType("delegate TOutput System.Converter<in TInput, out TOutput>(TInput input)"),
    ] + (1...7).map { valueTuple($0) } + (1...7).map { tuple($0) } + [tupleFactory]

  private static func names(_ count: Int) -> String { (1...count).map { "T\($0)" }.joined(separator: ", ") }

  /// `(T1, …)`: its fields are known to the binder.
  private static func valueTuple(_ count: Int) -> LibraryType {
    LibraryType("struct System.ValueTuple<\(names(count))>")
  }

  private static func tuple(_ count: Int) -> LibraryType {
    LibraryType("class System.Tuple<\(names(count))>") { type in
      let parameters = (1...count).map { "T\($0) item\($0)" }.joined(separator: ", ")
      type.member("Tuple(\(parameters))") { call in
        let definition = LibraryCatalog.shared.required("System.Tuple", arity: count)
        return .object(TupleObject(TypeSymbol(definition, call.types), (0..<count).map { call[$0] }))
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
        return .object(TupleObject(TypeSymbol(definition, call.types), (0..<count).map { call[$0] }))
      }
    }
  }
}
