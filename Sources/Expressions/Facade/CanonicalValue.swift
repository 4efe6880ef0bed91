import DotNet
import Foundation

extension CompiledExpression {
  /// The value with its .NET type, for people and programs to compare: `type` and `value`, nested for collections.
  public func evaluateCanonical(_ context: any ContextModel) throws(EvaluationError) -> CanonicalValue {
    try evaluate(context) { machine in try CanonicalValue.of(try value(machine), machine) }
  }
}

/// A value as JSON: scalars as invariant text, sequences as arrays of the same form, members in order.
public indirect enum CanonicalValue: Sendable {
  case null
  case flag(Bool)
  case text(String)
  case list([CanonicalValue])
  case members([(name: String, value: CanonicalValue)])

  /// The text of the JSON.
  public var json: String {
    switch self {
    case .null: return "null"
    case .flag(let flag): return flag ? "true" : "false"
    case .text(let text): return Self.quoted(text)
    case .list(let values): return "[" + values.map(\.json).joined(separator: ",") + "]"
    case .members(let list):
      return "{" + list.map { Self.quoted($0.name) + ":" + $0.value.json }.joined(separator: ",") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\":
        result += "\\"
        result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private static func typed(_ type: String, _ value: CanonicalValue) -> CanonicalValue {
    .members([("type", .text(type)), ("value", value)])
  }

  static func of(_ value: Value, _ machine: Machine) throws -> CanonicalValue {
    switch value {
    case .null: return typed("null", .null)
    case .bool(let flag): return typed("bool", .text(flag ? "true" : "false"))
    case .object(let object): return try of(object, value, machine)
    case .cell(let cell): return try of(cell.value, machine)
    default: return typed(name(value.runtimeType), .text(try Operation.text(value, machine)))
    }
  }

  private static func of(_ object: any RuntimeObject, _ value: Value, _ machine: Machine) throws -> CanonicalValue {
    let type = object.runtimeType
    if let date = object as? DateTimeObject { return typed("DateTime", .text(try date.value.format("o"))) }
    if let date = object as? DateTimeOffsetObject { return typed("DateTimeOffset", .text(try date.text(format: "o"))) }
    if let array = object as? ArrayObject, type == .byteArray {
      return typed("byte[]", .text(Data(array.bytes).base64EncodedString()))
    }
    if let token = object as? JsonToken {
      let text = try JsonWriter.text(token, isIndented: false, machine)
      let kind = token.kindName.map { [("jtype", CanonicalValue.text($0))] } ?? []
      return .members([("type", .text(type.description)), ("value", .text(text))] + kind)
    }
    if let node = object as? XmlReference {
      return typed(type.description, .text(try node.text(XmlWriter.Options(isIndented: false), machine)))
    }
    if let tuple = object as? TupleObject {
      let values = try tuple.values.map { try of($0, machine) }
      if type.kind == .anonymous {
        return typed("anonymous", .members(zip(type.definition.fieldNames, values).map { ($0, $1) }))
      }
      let name = type.isTuple ? "ValueTuple<\(type.arguments.map(name).joined(separator: ","))>" : name(type)
      return typed(name, .list(values))
    }
    if let capture = object as? CaptureObject, type.definition.name != "Capture" {
      return .members([
        ("type", .text(type.description)), ("value", .text(capture.value)),
        ("success", .flag(capture.range != nil)),
      ])
    }
    if let group = object as? GroupingObject {
      return .members([
        ("type", .text(name(type))), ("key", try of(group.key, machine)), ("value", try elements(value, machine)),
      ])
    }
    if let address = object as? UriObject { return typed("Uri", .text(address.uri.absoluteText)) }
    if object is LazySequence || object is OrderedSequence {
      return typed(name(.enumerable(of: type.arguments[0])), try elements(value, machine))
    }
    if try object.makeIterator() != nil { return typed(name(type), try elements(value, machine)) }
    // Parts of the product's own model have no text.
    if type.definition.namespace == "Apim", !(object is URLObject) { return typed(name(type), .null) }
    return typed(name(type), .text(try Operation.text(value, machine)))
  }

  private static func elements(_ value: Value, _ machine: Machine) throws -> CanonicalValue {
    .list(try value.elements(machine).map { try of($0, machine) })
  }

  /// Type names without blanks between arguments; an anonymous type is `anonymous`.
  private static func name(_ type: TypeSymbol) -> String {
    if type.kind == .anonymous { return "anonymous" }
    if type.isArray || type.arguments.isEmpty || type.isTuple || type.isNullable {
      return type.description.filter { $0 != " " }
    }
    return type.definition.name + "<" + type.arguments.map(name).joined(separator: ",") + ">"
  }
}
