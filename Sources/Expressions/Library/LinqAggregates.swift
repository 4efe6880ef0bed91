/// Sums, averages and the like of `System.Linq.Enumerable`.
extension LibraryCatalog {
  static func aggregates(_ type: inout LibraryRegistration) {
    type.member(
      "static TSource Aggregate<TSource>(this IEnumerable<TSource> source, Func<TSource, TSource, TSource> func)"
    ) {
      call in
      let (all, function) = (try call.elements(0), try call.delegate(1))
      guard var result = all.first else { throw Thrown.invalidOperation("Sequence contains no elements") }
      for value in all.dropFirst() { result = try function.invoke(call.machine, result, value) }
      return result
    }
    type.member(
      "static TAccumulate Aggregate<TSource, TAccumulate>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func)"
    ) { call in
      let function = try call.delegate(2)
      return try call.elements(0).reduce(call[1]) { try function.invoke(call.machine, $0, $1) }
    }
    type.member(
      "static TResult Aggregate<TSource, TAccumulate, TResult>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func, Func<TAccumulate, TResult> resultSelector)"
    ) { call in
      let function = try call.delegate(2)
      let sum = try call.elements(0).reduce(call[1]) { try function.invoke(call.machine, $0, $1) }
      return try call.delegate(3).invoke(call.machine, sum)
    }
    for name in ["int", "long", "double", "decimal", "float"] {
      for isNullable in [false, true] {
        for hasSelector in [false, true] { sums(&type, name, isNullable, hasSelector) }
      }
    }
    for (name, sign) in [("Max", 1), ("Min", -1)] {
      @Sendable func best(_ values: [Value], _ type: TypeSymbol) throws -> Value {
        var result: Value?
        for value in values where !value.isNull {
          if let current = result, try Operation.compare(value, current) * sign <= 0 { continue }
          result = value
        }
        if let result { return result }
        if type.acceptsNull { return .null }
        throw Thrown.invalidOperation("Sequence contains no elements")
      }
      type.member("static TSource \(name)<TSource>(this IEnumerable<TSource> source)") { call in
        try best(try call.elements(0), call.types[0])
      }
      type.member(
        "static TResult \(name)<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)"
      ) { call in
        let selector = try call.delegate(1)
        return try best(try call.elements(0).map { try selector.invoke(call.machine, $0) }, call.types[1])
      }
    }
  }

  /// `Sum` and `Average` of a type of numbers; nulls of nullable numbers are left out.
  private static func sums(
    _ type: inout LibraryRegistration, _ name: String, _ isNullable: Bool, _ hasSelector: Bool
  ) {
    let numeric = SignatureReader.type(name, in: [])
    let mark = isNullable ? "?" : ""
    let head =
      hasSelector
      ? "<TSource>(this IEnumerable<TSource> source, Func<TSource, \(name)\(mark)> selector)"
      : "(this IEnumerable<\(name)\(mark)> source)"
    @Sendable func values(_ call: Call) throws -> [Value] {
      var all = try call.elements(0)
      if hasSelector {
        let selector = try call.delegate(1)
        all = try all.map { try selector.invoke(call.machine, $0) }
      }
      return isNullable ? all.filter { !$0.isNull } : all
    }
    type.member("static \(name)\(mark) Sum\(head)") { call in
      try values(call).reduce(Value.defaultValue(of: numeric)) {
        try Arithmetic.add.apply($0, $1, numeric, isChecked: true)
      }
    }
    let isWhole = name == "int" || name == "long"
    type.member("static \(isWhole ? "double" : name)\(mark) Average\(head)") { call in
      let all = try values(call)
      if all.isEmpty, isNullable { return .null }
      guard !all.isEmpty else { throw Thrown.invalidOperation("Sequence contains no elements") }
      let wide = numeric == .int32 ? TypeSymbol.int64 : numeric
      let sum = try all.reduce(Value.defaultValue(of: wide)) { try Arithmetic.add.apply($0, $1, wide, isChecked: true) }
      let target = isWhole ? TypeSymbol.double : numeric
      return try Arithmetic.divide.apply(sum, .int32(Int32(clamping: all.count)), target, isChecked: false)
    }
  }
}
