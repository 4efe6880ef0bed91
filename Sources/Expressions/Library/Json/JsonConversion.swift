import DotNet
import FoundationEssentials

/// Tokens as .NET values: the casts of `JToken`, and `Value<T>`.
enum JsonConversion {
  /// A type that tokens are converted to often at one place.
  struct Target: Sendable {
    private enum Form {
      case text
      case flag
      case number
      case long
      case real
      case other
    }

    let type: TypeSymbol
    private let form: Form

    init(_ type: TypeSymbol) {
      self.type = type
      form =
        switch type {
        case .string: .text
        case .bool: .flag
        case .int32: .number
        case .int64: .long
        case .double: .real
        default: .other
        }
    }

    /// The value of a token that holds one of the type; nil where there is more to do.
    func plain(_ token: JsonToken) -> Value? {
      guard case .scalar(let value) = token.content else { return nil }
      switch (form, value) {
      case (.text, .string), (.flag, .bool), (.number, .int32), (.long, .int64), (.real, .double): return value
      case (.number, .int64(let number)): return Int32(exactly: number).map { .int32($0) }
      default: return nil
      }
    }
  }

  /// The types that have casts from and to `JToken`.
  static let castable = [
    "string", "bool", "int", "long", "double", "decimal", "float", "short", "byte", "uint", "ulong", "ushort", "sbyte",
    "Guid", "DateTime", "DateTimeOffset", "TimeSpan", "byte[]", "Uri",
  ]

  /// What may become a number or a switch.
  private static let numeric: Set<JsonKind> = [.integer, .float, .string, .comment, .raw, .boolean]

  private static func sources(of type: TypeSymbol) -> Set<JsonKind> {
    switch type {
    case .string:
      [.date, .integer, .float, .string, .comment, .raw, .boolean, .bytes, .guid, .timeSpan, .uri, .null, .undefined]
    case .guid: [.string, .comment, .raw, .guid, .bytes]
    case .timeSpan: [.string, .comment, .raw, .timeSpan]
    case .dateTime, .dateTimeOffset: [.date, .string, .comment, .raw]
    case .char: [.integer, .float, .string, .comment, .raw]
    case .byteArray: [.bytes, .string, .comment, .raw, .integer, .null, .undefined]
    default: type.definition.name == "Uri" ? [.string, .comment, .raw, .uri, .null, .undefined] : numeric
    }
  }

  /// `(int)token`: Newtonsoft converts with `Convert`. ArgumentException when the token is no such value.
  static func cast(_ token: JsonToken, to type: TypeSymbol, _ machine: Machine) throws -> Value {
    let source = token.propertyValue ?? token
    guard !source.isContainer, sources(of: type).contains(source.kind) else {
      let name = type == .byteArray ? "byte array" : type.definition.name
      throw Thrown.argument("Can not convert \(token.kind.name) to \(name).")
    }
    return try converted(try source.scalar(), to: type, machine)
  }

  /// A scalar as a value of another type, as `Convert` does it.
  private static func converted(_ value: Value, to type: TypeSymbol, _ machine: Machine) throws -> Value {
    if value.isNull { return .null }
    switch type {
    case .string:
      if case .object(let array as ArrayObject) = value {
        return .string(Base64.text(array.bytes))
      }
      return .string(try Operation.text(value, machine))
    case .bool:
      switch value {
      case .bool: return value
      case .string(let text): return try LibraryCatalog.parseBool(text)
      default: return .bool(try JsonComparison.real(value) != 0)
      }
    case .char: return try character(value)
    case .guid:
      if case .string(let text) = value { return .object(try GuidObject.parse(text)) }
    case .dateTime:
      if case .object(let date as DateTimeOffsetObject) = value { return LibraryCatalog.value(date.utc) }
      if case .string(let text) = value {
        return LibraryCatalog.value(try DateTimeValue.parse(text, today: LibraryCatalog.today(machine)))
      }
    case .dateTimeOffset:
      if case .object(let date as DateTimeObject) = value { return .object(DateTimeOffsetObject(date.value)) }
      if case .string(let text) = value {
        let read = try DateTimeValue.read(text, today: LibraryCatalog.today(machine))
        return try LibraryCatalog.value(clock: read.clock, offset: read.offset ?? 0)
      }
    case .timeSpan:
      if case .string(let text) = value { return LibraryCatalog.value(span: try TimeSpanText.parse(text)) }
    case .byteArray:
      if case .string(let text) = value {
        guard let data = Data(base64Encoded: text) else {
          throw Thrown.format("The input is not a valid Base-64 string.")
        }
        return .object(ArrayObject(bytes: Array(data)))
      }
    default:
      if type.definition.name == "Uri", case .string(let text) = value {
        return .object(UriObject(try UriObject.made(text, kind: 1)))
      }
      guard let kind = LibraryCatalog.NumberKind(rawValue: type.definition.name) else { break }
      if case .object(let number as BigIntegerObject) = value { return try large(number, kind) }
      return try LibraryCatalog.converted(value, to: kind)
    }
    if value.isInstance(of: type) { return value }
    throw Thrown.invalidCast(value.runtimeType, type)
  }

  private static func large(_ number: BigIntegerObject, _ kind: LibraryCatalog.NumberKind) throws -> Value {
    switch kind {
    case .double: return .double(number.realValue)
    case .float: return .float(Float(number.realValue))
    case .decimal: return try LibraryCatalog.parse(number.digits, .decimal)
    default: throw Thrown.overflow("Value was either too large or too small for \(kind.article) \(kind.rawValue).")
    }
  }

  private static func character(_ value: Value) throws -> Value {
    switch value {
    case .char: return value
    case .string(let text):
      guard let unit = text.utf16.first, text.utf16.count == 1 else {
        throw Thrown.format("String must be exactly one character long.")
      }
      return .char(unit)
    default:
      guard let number = Operation.integer(value) else { throw Thrown.invalidCast(value.runtimeType, .char) }
      guard let unit = UInt16(exactly: number) else {
        throw Thrown.overflow("Value was either too large or too small for a character.")
      }
      return .char(unit)
    }
  }

  /// `Value<T>` and `Values<T>`: a cast where the token is one, else `Convert.ChangeType`.
  static func value(_ token: JsonToken, as type: TypeSymbol, _ machine: Machine) throws -> Value {
    if type == .object || Value.object(token).isInstance(of: type) { return .object(token) }
    guard !token.isContainer else {
      throw Thrown(
        "System.InvalidCastException", "Cannot cast \(token.runtimeType.qualifiedName) to \(type.qualifiedName).")
    }
    let scalar = try token.scalar()
    let wanted = type.nullableUnderlying ?? type
    if scalar.isNull {
      if type.acceptsNull { return .null }
      throw Thrown("System.InvalidCastException", "Null object cannot be converted to a value type.")
    }
    if scalar.isInstance(of: wanted) { return scalar }
    if wanted == .string || wanted == .bool || wanted == .char || wanted == .dateTime
      || LibraryCatalog.NumberKind(rawValue: wanted.definition.name) != nil
    {
      return try converted(scalar, to: wanted, machine)
    }
    throw Thrown(
      "System.InvalidCastException",
      "Invalid cast from '\(scalar.runtimeType.fullName)' to '\(wanted.fullName)'.")
  }
}
