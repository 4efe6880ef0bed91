/// Newtonsoft's tree of JSON: building and writing it.
extension LibraryCatalog {
  static let jsonTypes: [LibraryType] = [
    LibraryType(enumeration: "Newtonsoft.Json.Formatting", [("None", 0), ("Indented", 1)]),
    LibraryType("abstract class Newtonsoft.Json.Linq.JToken") { type in
      type.member("string ToString(Formatting formatting)") { call in
        .string(try call.receiver(JsonToken.self).written(isIndented: call.enumerator(0) == 1, call.machine))
      }
    },
    LibraryType("class Newtonsoft.Json.Linq.JValue : JToken") { type in
      type.member("JValue(object value)") { call in .object(try JsonToken.value(call[0])) }
    },
    LibraryType("class Newtonsoft.Json.Linq.JProperty : JToken") { type in
      type.member("JProperty(string name, object content)") { call in
        .object(JsonToken(.property(try call.string(0), try JsonToken.value(call[1]))))
      }
    },
    LibraryType("class Newtonsoft.Json.Linq.JArray : JToken") { type in
      type.member("JArray(params object[] content)") { call in
        .object(JsonToken(.array(try call.array(0).map(JsonToken.value))))
      }
    },
    LibraryType("class Newtonsoft.Json.Linq.JObject : JToken") { type in
      type.member("JObject(params object[] content)") { call in
        var members: [(String, JsonToken)] = []
        for item in try call.array(0) {
          guard case .object(let object) = item, let token = object as? JsonToken,
            case .property(let name, let value) = token.content
          else {
            throw Thrown.argument("Can not add \(item.runtimeType.qualifiedName) to Newtonsoft.Json.Linq.JObject.")
          }
          if members.contains(where: { $0.0 == name }) {
            throw Thrown.argument(
              "Can not add property \(name) to Newtonsoft.Json.Linq.JObject. Property with the same name already exists on object."
            )
          }
          members.append((name, value))
        }
        return .object(JsonToken(.object(members)))
      }
    },
  ]
}

/// A node of a JSON tree.
final class JsonToken: RuntimeObject {
  enum Content {
    case scalar(Value)
    case property(String, JsonToken)
    case array([JsonToken])
    case object([(String, JsonToken)])
  }

  let content: Content

  init(_ content: Content) { self.content = content }

  /// A value as a node of its own.
  static func value(_ value: Value) throws -> JsonToken {
    if case .object(let object) = value {
      if let token = object as? JsonToken { return token }
      if let array = object as? ArrayObject, array.runtimeType != .byteArray {
        return JsonToken(.array(try array.elements.map(JsonToken.value)))
      }
      guard object is GuidObject else {
        throw Thrown.argument("Could not determine JSON object type for type \(object.runtimeType.qualifiedName).")
      }
    }
    return JsonToken(.scalar(value))
  }

  /// `JTokenType` of a `JValue`; nil for other tokens.
  var kindName: String? {
    guard case .scalar(let value) = content else { return nil }
    switch value {
    case .null: return "Null"
    case .bool: return "Boolean"
    case .string, .char: return "String"
    case .double, .float, .decimal: return "Float"
    case .object(let object): return object is GuidObject ? "Guid" : "Date"
    default: return "Integer"
    }
  }

  /// The value of a `JValue`; InvalidCastException for anything else.
  func scalar() throws -> Value {
    if case .scalar(let value) = content { return value }
    throw Thrown.invalidCast(runtimeType, .object)
  }

  var runtimeType: TypeSymbol {
    let name =
      switch content {
      case .scalar: "JValue"
      case .property: "JProperty"
      case .array: "JArray"
      case .object: "JObject"
      }
    return .named("Newtonsoft.Json.Linq." + name)
  }

  /// Scalars as their own text, everything else indented, as Newtonsoft does.
  func text(_ machine: Machine) throws -> String {
    if case .scalar(let value) = content { return try Operation.text(value, machine) }
    return try written(isIndented: true, machine)
  }

  func written(isIndented: Bool, _ machine: Machine) throws -> String {
    var text = ""
    try write(into: &text, isIndented, depth: 0, machine)
    try machine.process(bytes: text.utf8.count)
    return text
  }

  private func write(into text: inout String, _ isIndented: Bool, depth: Int, _ machine: Machine) throws {
    try machine.charge()
    guard depth < 128 else { throw Thrown.invalidOperation("The JSON is nested deeper than 128 levels.") }
    func newLine(_ depth: Int) { if isIndented { text += "\r\n" + String(repeating: "  ", count: depth) } }
    switch content {
    case .scalar(let value): text += try Self.scalar(value, machine)
    case .property(let name, let value):
      text += Self.quoted(name) + (isIndented ? ": " : ":")
      try value.write(into: &text, isIndented, depth: depth, machine)
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += "," }
        newLine(depth + 1)
        try element.write(into: &text, isIndented, depth: depth + 1, machine)
      }
      if !elements.isEmpty { newLine(depth) }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        newLine(depth + 1)
        text += Self.quoted(member.0) + (isIndented ? ": " : ":")
        try member.1.write(into: &text, isIndented, depth: depth + 1, machine)
      }
      if !members.isEmpty { newLine(depth) }
      text += "}"
    }
  }

  private static func scalar(_ value: Value, _ machine: Machine) throws -> String {
    switch value {
    case .null: return "null"
    case .bool(let flag): return flag ? "true" : "false"
    case .double, .float:
      let text = try Operation.text(value, machine)
      // A double keeps its point, so that it reads back as one.
      return text.contains(".") || text.contains("E") || text.contains("N") || text.contains("y") ? text : text + ".0"
    case .string, .char, .object: return quoted(try Operation.text(value, machine))
    default: return try Operation.text(value, machine)
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{8}": result += "\\b"
      case "\u{c}": result += "\\f"
      case _ where scalar.value < 0x20 || [0x85, 0x2028, 0x2029].contains(scalar.value):
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
