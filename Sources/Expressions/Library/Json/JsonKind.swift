/// What a token is: the enumerators of `JTokenType`, in .NET's order.
enum JsonKind: Int32, CaseIterable {
  case none, object, array, constructor, property, comment, integer, float, string, boolean, null, undefined, date, raw
  case bytes, guid, uri, timeSpan

  init(of value: Value) {
    switch value {
    case .null: self = .null
    case .bool: self = .boolean
    case .string, .char: self = .string
    case .double, .float, .decimal: self = .float
    case .object(let object):
      switch object {
      case is GuidObject: self = .guid
      case is ArrayObject: self = .bytes
      case is TimeSpanObject: self = .timeSpan
      case is UriObject: self = .uri
      case is BigIntegerObject: self = .integer
      default: self = .date
      }
    default: self = .integer
    }
  }

  /// The enumerator's name: `TimeSpan`, `Object`, …
  var name: String { Self.names[Int(rawValue)] }

  /// The reader's name for the token that begins such a value.
  var readerName: String {
    switch self {
    case .object: "StartObject"
    case .array: "StartArray"
    case .constructor: "StartConstructor"
    default: name
    }
  }

  static let names = allCases.map { kind in
    let name = "\(kind)"
    return name.prefix(1).uppercased() + name.dropFirst()
  }

  var runtimeType: TypeSymbol {
    switch self {
    case .object: Self.objectType
    case .array: Self.arrayType
    case .property: Self.propertyType
    case .constructor: Self.constructorType
    case .raw: Self.rawType
    default: Self.valueType
    }
  }

  static let enumeration = TypeSymbol.named("Newtonsoft.Json.Linq.JTokenType")
  static let tokenType = TypeSymbol.named("Newtonsoft.Json.Linq.JToken")
  static let objectType = TypeSymbol.named("Newtonsoft.Json.Linq.JObject")
  static let arrayType = TypeSymbol.named("Newtonsoft.Json.Linq.JArray")
  static let propertyType = TypeSymbol.named("Newtonsoft.Json.Linq.JProperty")
  static let constructorType = TypeSymbol.named("Newtonsoft.Json.Linq.JConstructor")
  static let rawType = TypeSymbol.named("Newtonsoft.Json.Linq.JRaw")
  static let valueType = TypeSymbol.named("Newtonsoft.Json.Linq.JValue")
}

/// A whole number of JSON that 64 bits do not hold, kept as its digits.
final class BigIntegerObject: RuntimeObject, Sendable {
  let digits: String

  init(_ digits: String) { self.digits = digits }

  var runtimeType: TypeSymbol { .named("System.Numerics.BigInteger") }
  var realValue: Double { Double(digits) ?? .nan }
  func text(_ machine: Machine) throws -> String { digits }
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let number = object as? BigIntegerObject { return number.digits == digits }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(digits) }
}
