/// Newtonsoft's tree of JSON: what every token can do, single values, and the static helpers.
extension LibraryCatalog {
  static let jsonTypes: [LibraryType] =
    [
      LibraryType(enumeration: "Newtonsoft.Json.Formatting", [("None", 0), ("Indented", 1)]),
      LibraryType(
        enumeration: "Newtonsoft.Json.Linq.JTokenType", JsonKind.allCases.map { ($0.name, Int64($0.rawValue)) }),
      LibraryType("struct System.Numerics.BigInteger", listed: false),
      LibraryType("abstract class Newtonsoft.Json.Linq.JToken : IEnumerable<JToken>") { type in
        tokenMembers(&type)
        tokenNeighbours(&type)
        tokenSearch(&type)
        tokenConversions(&type)
      },
      LibraryType("class Newtonsoft.Json.Linq.JValue : JToken") { type in valueMembers(&type) },
      LibraryType("class Newtonsoft.Json.Linq.JRaw : JValue") { type in
        type.member("JRaw(object rawJson)") { call in
          made(JsonToken(.raw(try Operation.text(call[0], call.machine))), call)
        }
      },
      LibraryType("static class Newtonsoft.Json.JsonConvert") { type in
        for (formatting, isIndented) in [("", false), (", Formatting formatting", true)] {
          type.member("static string SerializeObject(object value\(formatting))") { call in
            let token = try JsonToken.from(call[0], call.machine)
            return .string(try JsonWriter.text(token, isIndented: isIndented && call.int(1) == 1, call.machine))
          }
        }
        type.member("static object DeserializeObject(string value)") { call in try deserialized(call, .object) }
        type.member("static T DeserializeObject<T>(string value)") { call in try deserialized(call, call.types[0]) }
      },
    ] + jsonContainerTypes + [jsonExtensions]

  private static func deserialized(_ call: Call, _ type: TypeSymbol) throws -> Value {
    let text = try call.string(0)
    // Blank text has no value.
    if text.utf8.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) {
      if type.acceptsNull { return .null }
      throw Thrown(
        "Newtonsoft.Json.JsonSerializationException",
        "No JSON content found and type '\(type.reflectionName)' is not nullable. Path '', line 0, position 0.")
    }
    // Where texts are wanted they are read as they stand, also those that look like dates.
    let readsDates = JsonDeserialization.leaf(of: type) != .string
    let token = try JsonReader.parse(Array(text.utf8), call.machine, readsDates: readsDates)
    return try JsonDeserialization(machine: call.machine, isText: true).object(token, type)
  }

  static func token(_ call: Call) throws -> JsonToken { try call.receiver(JsonToken.self) }

  static func optional(_ token: JsonToken?) -> Value { token.map { .object($0) } ?? .null }

  /// A token made by an expression, kept until the evaluation ends.
  static func made(_ token: JsonToken, _ call: Call) -> Value { made(token, call.machine) }

  static func made(_ token: JsonToken, _ machine: Machine) -> Value {
    machine.keep(token)
    return .object(token)
  }

  /// A token argument; null is the JSON null.
  static func tokenArgument(_ value: Value) throws -> JsonToken {
    value.isNull ? JsonToken.null : try JsonToken.value(value)
  }

  static func parsed(_ text: Value, _ kind: JsonKind?, _ machine: Machine) throws -> Value {
    .object(try JsonReader.parse(try text.text("json"), machine, as: kind))
  }

  /// `token[key]`.
  static func element(_ target: JsonToken, _ key: Value) throws -> JsonToken? {
    let type = target.kind == .constructor ? "JConstructor" : "JArray"
    if key.isNull, target.isContainer { throw Thrown.argumentNull("key") }
    switch (target.kind, key) {
    case (.object, .string(let name)): return target.member(name)
    case (.object, _):
      throw Thrown.argument(
        "Accessed JObject values with invalid key value: \(describedKey(key)). Object property name expected.")
    case (.array, .int32(let index)), (.constructor, .int32(let index)):
      guard let child = target.child(at: Int(index)) else { throw indexOutOfRange() }
      return child
    case (.array, _), (.constructor, _):
      throw Thrown.argument(
        "Accessed \(type) values with invalid key value: \(describedKey(key)). Int32 array index expected.")
    default: throw Thrown.invalidOperation("Cannot access child value on \(target.runtimeType.qualifiedName).")
    }
  }

  static func indexOutOfRange() -> Thrown {
    Thrown.outOfRange("index", "Index was out of range. Must be non-negative and less than the size of the collection.")
  }

  private static func describedKey(_ key: Value) -> String {
    switch key {
    case .null: "null"
    case .string(let name): "\"\(name)\""
    default: Operation.integer(key).map { "\($0)" } ?? ""
    }
  }

  // MARK: - JToken

  private static func tokenMembers(_ type: inout LibraryRegistration) {
    type.direct("static JToken Parse(string json)") { machine, text in try parsed(text, nil, machine) }
    type.member("static JToken FromObject(object o)") { call in
      if call[0].isNull { throw Thrown.argumentNull("o") }
      return made(try JsonToken.from(call[0], call.machine), call)
    }
    type.member("static bool DeepEquals(JToken t1, JToken t2)") { call in
      guard let a: JsonToken = call.objectOrNull(0), let b: JsonToken = call.objectOrNull(1) else {
        return .bool(call[0].isNull && call[1].isNull)
      }
      return .bool(JsonToken.deepEquals(a, b))
    }
    type.direct("string ToString(Formatting formatting)") { machine, token, formatting in
      .string(try JsonWriter.text(try token.token(), isIndented: formatting.int == 1, machine))
    }
    type.property(
      "JToken this[object key] { get; set; }", direct: { _, token, key in optional(try element(token.token(), key)) }
    ) { call in
      let target = try token(call)
      let value = try tokenArgument(call[1])
      if case .string(let name) = call[0], target.isObject {
        try call.machine.allocate(bytes: JsonToken.size)
        try target.set(name, value, call.machine)
      } else {
        _ = try element(target, call[0])
        try target.replace(at: call.int(0), with: value, call.machine)
      }
      return .null
    }
    type.member("JTokenType Type { get; }") { call in
      .enumeration(try token(call).kind.rawValue, JsonKind.enumeration)
    }
    type.member("bool HasValues { get; }") { call in .bool(try token(call).count > 0) }
    type.member("string Path { get; }") { call in .string(JsonPath.path(of: try token(call))) }
    type.member("JToken DeepClone()") { call in made(try token(call).copy(call.machine), call) }
    type.prepared("T Value<T>(object key)") { use in
      let target = JsonConversion.Target(use.types[0])
      return .two { machine, token, key in
        guard let child = try element(try token.token(), key) else { return Value.defaultValue(of: target.type) }
        return try target.plain(child) ?? JsonConversion.value(child, as: target.type, machine)
      }
    }
    type.member("IEnumerable<T> Values<T>()") { call in
      let token = try token(call)
      guard token.isContainer else {
        throw Thrown.invalidOperation("Cannot access child value on \(token.runtimeType.qualifiedName).")
      }
      let (type, machine) = (call.types[0], call.machine)
      return .object(
        ArrayObject(of: type, try token.children.map { try JsonConversion.value($0, as: type, machine) }))
    }
    type.member("object ToObject(Type objectType)") { call in
      let type = (try call.object(0) as TypeObject).type
      return try JsonDeserialization(machine: call.machine, isText: false).object(try token(call), type)
    }
    type.member("T ToObject<T>()") { call in
      try JsonDeserialization(machine: call.machine, isText: false).object(try token(call), call.types[0])
    }
  }

  /// Parents, siblings and children.
  private static func tokenNeighbours(_ type: inout LibraryRegistration) {
    type.member("JContainer Parent { get; }") { call in optional(try token(call).parent) }
    type.member("JToken Root { get; }") { call in .object(try token(call).root) }
    type.member("JToken First { get; }") { call in optional(try container(call).child(at: 0)) }
    type.member("JToken Last { get; }") { call in
      let token = try container(call)
      return optional(token.child(at: token.count - 1))
    }
    for (name, step) in [("Next", 1), ("Previous", -1)] {
      type.member("JToken \(name) { get; }") { call in
        let token = try token(call)
        guard let parent = token.parent, let index = parent.index(of: token) else { return .null }
        return optional(parent.child(at: index + step))
      }
    }
    type.member("void Remove()") { call in
      try token(call).detach()
      return .null
    }
    type.member("void Replace(JToken value)") { call in
      try token(call).replaced(by: try tokenArgument(call[0]), call.machine)
      return .null
    }
    for (name, offset) in [("AddAfterSelf", 1), ("AddBeforeSelf", 0)] {
      type.member("void \(name)(object content)") { call in
        let (parent, index) = try token(call).place()
        try insert(call[0], at: index + offset, in: parent, call.machine)
        return .null
      }
    }
    for (name, includesSelf) in [("Ancestors", false), ("AncestorsAndSelf", true)] {
      type.member("IEnumerable<JToken> \(name)()") { call in
        tokens(ancestors(of: try token(call), includesSelf))
      }
    }
    for (name, isAfter) in [("AfterSelf", true), ("BeforeSelf", false)] {
      type.member("IEnumerable<JToken> \(name)()") { call in
        let token = try token(call)
        guard let parent = token.parent, let index = parent.index(of: token) else { return tokens([]) }
        return tokens(Array(isAfter ? parent.children[(index + 1)...] : parent.children[..<index]))
      }
    }
    type.member("IEnumerable<JToken> Children()") { call in tokens(try token(call).children) }
    type.member("IEnumerable<T> Children<T>()") { call in
      let wanted = call.types[0]
      let children = try token(call).children.map { Value.object($0) }.filter { $0.isInstance(of: wanted) }
      return listed(wanted, children)
    }
  }

  private static func container(_ call: Call) throws -> JsonToken {
    let token = try token(call)
    if token.isContainer { return token }
    throw Thrown.invalidOperation("Cannot access child value on \(token.runtimeType.qualifiedName).")
  }

  static func ancestors(of token: JsonToken, _ includesSelf: Bool) -> [JsonToken] {
    var result: [JsonToken] = includesSelf ? [token] : []
    var current = token
    while let parent = current.parent {
      result.append(parent)
      current = parent
    }
    return result
  }

  static func tokens(_ tokens: [JsonToken]) -> Value { listed(JsonKind.tokenType, tokens.map { .object($0) }) }

  /// A whole number as the `long` that `JValue` keeps it in; other values as they are.
  static func widened(_ value: Value) -> Value {
    switch value {
    case .int32, .int16, .int8, .uint8, .uint16, .uint32: Operation.convert(value, to: .int64)
    default: value
    }
  }

  // MARK: - Paths

  private static func tokenSearch(_ type: inout LibraryRegistration) {
    for strict in ["", ", bool errorWhenNoMatch"] {
      type.member("JToken SelectToken(string path\(strict))") { call in
        let token = try token(call)
        let found = try JsonPath.compiled(try call.string(0))
          .select(token, root: token, strict: call.bool(1), call.machine)
        if found.count > 1 { throw JsonPath.failure("Path returned multiple tokens.") }
        return optional(found.first)
      }
      type.member("IEnumerable<JToken> SelectTokens(string path\(strict))") { call in
        let (path, token, isStrict) = (try JsonPath.compiled(try call.string(0)), try token(call), call.bool(1))
        let machine = call.machine
        return .object(
          LazySequence(of: JsonKind.tokenType) {
            ValuesIterator(
              try path.select(token, root: token, strict: isStrict, machine).map { .object($0) })
          })
      }
    }
  }

  // MARK: - Conversions

  private static func tokenConversions(_ type: inout LibraryRegistration) {
    for name in JsonConversion.castable + ["char"] {
      let target = SignatureReader.type(name, in: [])
      for suffix in target.isValueType ? ["", "?"] : [""] {
        if name != "char" {
          type.direct("static implicit operator JToken(\(name)\(suffix) value)") { machine, value in
            try machine.allocate(bytes: JsonToken.size)
            return made(JsonToken(.scalar(widened(value))), machine)
          }
        }
        let acceptsNull = target.acceptsNull || suffix == "?"
        let wanted = JsonConversion.Target(target)
        type.direct("static explicit operator \(name)\(suffix)(JToken value)") { machine, value in
          guard case .object(let object) = value, let token = object as? JsonToken else {
            if acceptsNull { return .null }
            throw Thrown.argumentNull("value")
          }
          if let plain = wanted.plain(token) { return plain }
          if acceptsNull, token.kind == .null || token.kind == .undefined { return .null }
          return try JsonConversion.cast(token, to: target, machine)
        }
      }
    }
  }

  // MARK: - JValue

  private static func valueMembers(_ type: inout LibraryRegistration) {
    type.member("JValue(long value)") { call in made(JsonToken(.scalar(widened(call[0]))), call) }
    for kind in ["ulong", "double", "float", "decimal", "char", "bool", "string"] {
      type.member("JValue(\(kind) value)") { call in made(try JsonToken.value(call[0]), call) }
    }
    type.member("JValue(object value)") { call in
      guard let token: JsonToken = call.objectOrNull(0) else {
        return made(try JsonToken.value(call[0]), call)
      }
      return made(try token.copy(call.machine), call)
    }
    type.property("object Value { get; set; }", get: { call in try token(call).scalar() }) { call in
      try token(call).content = try JsonToken.value(call[0]).content
      return .null
    }
    type.member("static JValue CreateNull()") { call in made(JsonToken.null, call) }
    type.member("static JValue CreateUndefined()") { call in made(JsonToken(.undefined), call) }
    type.member("static JValue CreateString(string value)") { call in made(JsonToken(.scalar(call[0])), call) }
    type.member("static JValue CreateComment(string value)") { call in
      made(JsonToken(.comment(call.stringOrNull(0) ?? "")), call)
    }
    type.member("int CompareTo(JValue obj)") { call in
      guard let other: JsonToken = call.objectOrNull(0) else { return .int32(1) }
      return .int32(Int32(try JsonComparison.order(try token(call), other).signum()))
    }
    type.member("string ToString(string format)") { call in
      .string(try CompositeFormat.text(try token(call).scalar(), call.stringOrNull(0), call.machine))
    }
  }
}

extension Value {
  /// The token of a receiver; NullReferenceException for null.
  func token() throws -> JsonToken { try instance() }
}
