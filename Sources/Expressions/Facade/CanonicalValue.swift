import DotNet
import Foundation

extension CompiledExpression {
  /// The value with its .NET type, for people and programs to compare: `type` and `value`, nested for collections.
  public func evaluateCanonical(_ context: any ContextModel) throws(EvaluationError) -> [String: Any] {
    try evaluate(context) { machine in try CanonicalValue.of(try value(machine), machine) }
  }
}

/// Values as JSON objects: scalars as invariant text, sequences as arrays of the same form.
enum CanonicalValue {
  static func of(_ value: Value, _ machine: Machine) throws -> [String: Any] {
    switch value {
    case .null: return ["type": "null", "value": NSNull()]
    case .bool(let flag): return ["type": "bool", "value": flag ? "true" : "false"]
    case .enumeration(_, let type): return ["type": type.description, "value": try Operation.text(value, machine)]
    case .object(let object): return try of(object, value, machine)
    case .cell(let cell): return try of(cell.value, machine)
    default: return ["type": value.runtimeType.description, "value": try Operation.text(value, machine)]
    }
  }

  private static func of(_ object: any RuntimeObject, _ value: Value, _ machine: Machine) throws -> [String: Any] {
    let type = object.runtimeType
    if let date = object as? DateTimeObject {
      return ["type": "DateTime", "value": try date.value.format("o")]
    }
    if let date = object as? DateTimeOffsetObject {
      return ["type": "DateTimeOffset", "value": try date.text(format: "o")]
    }
    if let array = object as? ArrayObject, type == .byteArray {
      return ["type": "byte[]", "value": Data(array.bytes).base64EncodedString()]
    }
    if let token = object as? JsonToken {
      var result: [String: Any] = [
        "type": type.description, "value": try JsonWriter.text(token, isIndented: false, machine),
      ]
      if let kind = token.kindName { result["jtype"] = kind }
      return result
    }
    if let tuple = object as? TupleObject {
      let values = try tuple.values.map { try of($0, machine) }
      if type.kind == .anonymous {
        return [
          "type": "anonymous",
          "value": Dictionary(zip(type.definition.fieldNames, values), uniquingKeysWith: { first, _ in first }),
        ]
      }
      let name = type.isTuple ? "ValueTuple<\(type.arguments.map(\.description).joined(separator: ","))>" : name(type)
      return ["type": name, "value": values]
    }
    if object is LazySequence || object is OrderedSequence {
      return [
        "type": name(.enumerable(of: type.arguments[0])),
        "value": try value.elements(machine).map { try of($0, machine) },
      ]
    }
    if try object.makeIterator() != nil {
      return ["type": name(type), "value": try value.elements(machine).map { try of($0, machine) }]
    }
    return ["type": name(type), "value": try Operation.text(value, machine)]
  }

  /// Type names without blanks between arguments.
  private static func name(_ type: TypeSymbol) -> String { type.description.filter { $0 != " " } }
}
