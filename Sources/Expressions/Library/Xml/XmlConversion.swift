import DotNet

/// .NET values as text of XML and back: `XmlConvert`'s forms.
enum XmlConversion {
  /// What a value is as content or as the value of an attribute; ArgumentException for nodes.
  static func text(_ value: Value, _ machine: Machine) throws -> String {
    switch value {
    case .bool(let flag): return flag ? "true" : "false"
    case .double(let number): return text(number, NumberText.shortest(number))
    case .float(let number): return text(Double(number), NumberText.shortest(number))
    case .object(let object):
      switch object {
      case is XmlReference: throw Thrown.argument("An XObject cannot be used as a value.")
      case let date as DateTimeObject: return try date.value.format("yyyy-MM-ddTHH:mm:ss.FFFFFFFK")
      case let date as DateTimeOffsetObject:
        let text = try date.text(format: "yyyy-MM-ddTHH:mm:ss.FFFFFFFK")
        return text.hasSuffix("+00:00") ? text.dropLast(6) + "Z" : text
      case let span as TimeSpanObject: return XmlDuration.text(ticks: span.ticks)
      default: return try Operation.text(value, machine)
      }
    default: return try Operation.text(value, machine)
    }
  }

  private static func text(_ number: Double, _ finite: String) -> String {
    number.isInfinite ? (number < 0 ? "-INF" : "INF") : number.isNaN ? "NaN" : finite
  }

  /// The types that elements and attributes convert to, by their C# names.
  static let targets = [
    "string", "bool", "int", "uint", "long", "ulong", "float", "double", "decimal", "DateTime", "DateTimeOffset",
    "TimeSpan", "Guid",
  ]

  /// `(int)element`: FormatException or OverflowException when the text is no such value.
  static func value(_ text: String, as type: TypeSymbol) throws -> Value {
    if type == .string { return .string(text) }
    let trimmed = text.trimmingWhiteSpace()
    if type == .bool {
      switch trimmed.lowercased() {
      case "true", "1": return .bool(true)
      case "false", "0": return .bool(false)
      default: throw Thrown.format("The string '\(text)' is not a valid Boolean value.")
      }
    }
    if let kind = LibraryCatalog.NumberKind(rawValue: type.definition.name) {
      if kind == .double || kind == .float {
        switch trimmed {
        case "INF": return kind == .float ? .float(.infinity) : .double(.infinity)
        case "-INF": return kind == .float ? .float(-.infinity) : .double(-.infinity)
        default: break
        }
      }
      // Groups of thousands are no part of a number here.
      if trimmed.contains(",") { throw Thrown.format() }
      return try LibraryCatalog.parse(trimmed, kind)
    }
    switch type {
    case .guid: return .object(try GuidObject.parse(trimmed))
    case .timeSpan: return .object(TimeSpanObject(try XmlDuration.parse(text)))
    case .dateTime: return .object(DateTimeObject(try date(trimmed)))
    case .dateTimeOffset: return .object(DateTimeOffsetObject(try date(trimmed).with(.utc)))
    default: throw Thrown.invalidCast(.string, type)
    }
  }

  /// A date that keeps its kind.
  private static func date(_ text: String) throws -> DateTimeValue {
    let value = try DateTimeValue.parse(text)
    return text.hasSuffix("Z") ? value.with(.utc) : value
  }
}
