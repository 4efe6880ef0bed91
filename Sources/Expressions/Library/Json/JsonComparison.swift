import DotNet

/// The order of scalar tokens, as `JValue.CompareTo` has it.
enum JsonComparison {
  /// Less than, equal to or more than zero. ArgumentException where the kinds cannot be compared.
  static func order(_ a: JsonToken, _ b: JsonToken) throws -> Int {
    let (x, y) = (try a.scalar(), try b.scalar())
    if x.isNull || y.isNull { return x.isNull ? (y.isNull ? 0 : -1) : 1 }
    // A text is compared as what the other is.
    let kind = a.kind == .string && b.kind != .string ? b.kind : a.kind
    switch kind {
    case .integer, .float: return try numbers(x, y)
    case .string, .comment, .raw:
      return Operation.compareOrdinal(try text(x), try text(y))
    case .boolean:
      let (p, q) = (try boolean(x), try boolean(y))
      return p == q ? 0 : p ? 1 : -1
    case .date: return compare(try date(x).ticks, try date(y).ticks)
    case .guid: return compare(try text(x).lowercased(), try text(y).lowercased())
    case .uri: return compare(try text(x), try text(y))
    case .timeSpan: return compare(try span(x), try span(y))
    default: throw Thrown.argument("Object must be of type \(kind.name).")
    }
  }

  private static func compare<Key: Comparable>(_ a: Key, _ b: Key) -> Int { a == b ? 0 : a < b ? -1 : 1 }

  private static func numbers(_ a: Value, _ b: Value) throws -> Int {
    if let x = Operation.integer(a), let y = Operation.integer(b) { return compare(x, y) }
    if case .decimal = a { return try compareDecimals(a, b) }
    if case .decimal = b { return try compareDecimals(a, b) }
    return compare(try real(a), try real(b))
  }

  private static func compareDecimals(_ a: Value, _ b: Value) throws -> Int {
    let (x, y) = (try LibraryCatalog.converted(a, to: .decimal), try LibraryCatalog.converted(b, to: .decimal))
    return try Operation.decimal(x).compare(try Operation.decimal(y))
  }

  /// A number, also one written as text or as a switch.
  static func real(_ value: Value) throws -> Double {
    if case .object(let object) = value {
      guard let number = object as? BigIntegerObject else {
        throw Thrown.invalidCast(object.runtimeType, .double)
      }
      return number.realValue
    }
    return Operation.real(try LibraryCatalog.converted(value, to: .double))
  }

  private static func text(_ value: Value) throws -> String {
    switch value {
    case .string(let text): return text
    case .bool(let flag): return flag ? "True" : "False"
    case .double(let number): return NumberText.shortest(number)
    case .decimal(let number): return number.description
    case .object(let object as GuidObject): return object.value
    case .object(let object as UriObject): return object.uri.original
    case .object(let object as DateTimeObject): return try object.value.format("MM/dd/yyyy HH:mm:ss")
    case .object(let object): throw Thrown.invalidCast(object.runtimeType, .string)
    default: return Operation.integer(value).map { "\($0)" } ?? ""
    }
  }

  private static func boolean(_ value: Value) throws -> Bool {
    switch value {
    case .bool(let flag): return flag
    case .string(let text):
      if case .bool(let flag) = try LibraryCatalog.parseBool(text) { return flag }
      return false
    default: return try real(value) != 0
    }
  }

  private static func date(_ value: Value) throws -> DateTimeValue {
    switch value {
    case .object(let date as DateTimeObject): return date.value
    case .object(let date as DateTimeOffsetObject): return date.utc
    default: return try DateTimeValue.parse(try text(value))
    }
  }

  private static func span(_ value: Value) throws -> Int64 {
    if case .object(let span as TimeSpanObject) = value { return span.ticks }
    return try TimeSpanText.parse(try text(value))
  }
}
