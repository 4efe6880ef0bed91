/// Newtonsoft's tree of JSON: reading, changing, building and writing it.
extension LibraryCatalog {
  static let jsonTypes: [LibraryType] = [
    LibraryType(enumeration: "Newtonsoft.Json.Formatting", [("None", 0), ("Indented", 1)]),
    LibraryType(
      enumeration: "Newtonsoft.Json.Linq.JTokenType",
      JsonToken.typeNames.enumerated().map { ($1, Int64($0)) }),
    LibraryType("abstract class Newtonsoft.Json.Linq.JToken : IEnumerable<JToken>") { type in
      tokenMembers(&type)
      tokenSearch(&type)
      tokenConversions(&type)
    },
    LibraryType("abstract class Newtonsoft.Json.Linq.JContainer : JToken") { type in
      type.member("int Count { get; }") { call in .int32(Int32(clamping: try token(call).children.count)) }
      type.member("void Add(object content)") { call in
        for item in try contents(call[0], call.machine) { try add(item, to: try token(call)) }
        return .null
      }
      type.member("void RemoveAll()") { call in
        try token(call).removeAll()
        return .null
      }
    },
    LibraryType("class Newtonsoft.Json.Linq.JValue : JToken") { type in
      type.member("JValue(object value)") { call in .object(try JsonToken.value(call[0])) }
      type.property("object Value { get; set; }", get: { call in try token(call).scalar() }) { call in
        try token(call).content = .scalar(call[0])
        return .null
      }
      type.member("static JValue CreateNull()") { _ in .object(JsonToken(.scalar(.null))) }
      type.member("static JValue CreateString(string value)") { call in .object(JsonToken(.scalar(call[0]))) }
    },
    LibraryType("class Newtonsoft.Json.Linq.JProperty : JContainer") { type in
      type.member("JProperty(string name, object content)") { call in
        .object(JsonToken(.property(try call.string(0)), [try JsonToken.value(call[1])]))
      }
      type.member("JProperty(string name, params object[] content)") { call in
        if call[1].isNull { return .object(JsonToken(.property(try call.string(0)), [JsonToken(.scalar(.null))])) }
        return .object(
          JsonToken(.property(try call.string(0)), [JsonToken(.array, try call.array(1).map(JsonToken.value))]))
      }
      type.member("string Name { get; }") { call in .string(try token(call).propertyName ?? "") }
      type.property("JToken Value { get; set; }", get: { call in optional(try token(call).propertyValue) }) { call in
        try token(call).replace(at: 0, with: try JsonToken.value(call[0]))
        return .null
      }
    },
    LibraryType("class Newtonsoft.Json.Linq.JArray : JContainer, IList<JToken>") { type in
      type.member("JArray()") { _ in .object(JsonToken(.array)) }
      type.member("JArray(object content)") { call in
        .object(JsonToken(.array, try contents(call[0], call.machine).map(JsonToken.value)))
      }
      type.member("JArray(params object[] content)") { call in
        .object(JsonToken(.array, try call.array(0).map(JsonToken.value)))
      }
      type.member("static JArray Parse(string json)") { call in try parsed(call, "JArray") }
      type.member("static JArray FromObject(object o)") { call in .object(try JsonToken.from(call[0], call.machine)) }
      type.property("JToken this[int index] { get; set; }", get: { call in try element(call) }) { call in
        let array = try token(call)
        guard array.children.indices.contains(call.int(0)) else { throw Thrown.outOfRange("index") }
        array.replace(at: call.int(0), with: try JsonToken.value(call[1]))
        return .null
      }
      type.member("void Add(JToken item)") { call in
        try call.machine.allocate(bytes: 64)
        try token(call).append(call[0].isNull ? JsonToken(.scalar(.null)) : try JsonToken.value(call[0]))
        return .null
      }
      type.member("void Insert(int index, JToken item)") { call in
        guard (0...(try token(call).children.count)).contains(call.int(0)) else { throw Thrown.outOfRange("index") }
        try token(call).insert(try JsonToken.value(call[1]), at: call.int(0))
        return .null
      }
      type.member("void RemoveAt(int index)") { call in
        guard try token(call).children.indices.contains(call.int(0)) else { throw Thrown.outOfRange("index") }
        try token(call).remove(at: call.int(0))
        return .null
      }
      type.member("bool Remove(JToken item)") { call in
        guard let index = try token(call).children.firstIndex(where: { $0.isEqual(to: call[0]) }) else {
          return .bool(false)
        }
        try token(call).remove(at: index)
        return .bool(true)
      }
      type.member("void Clear()") { call in
        try token(call).removeAll()
        return .null
      }
      type.member("bool Contains(JToken item)") { call in
        .bool(try token(call).children.contains { $0.isEqual(to: call[0]) })
      }
    },
    LibraryType("class Newtonsoft.Json.Linq.JObject : JContainer") { type in objectMembers(&type) },
    LibraryType("static class Newtonsoft.Json.JsonConvert") { type in
      type.member("static string SerializeObject(object value)") { call in
        .string(try JsonToken.from(call[0], call.machine).written(isIndented: false, call.machine))
      }
      type.member("static string SerializeObject(object value, Formatting formatting)") { call in
        .string(try JsonToken.from(call[0], call.machine).written(isIndented: call.int(1) == 1, call.machine))
      }
      type.member("static object DeserializeObject(string value)") { call in
        let token = try JsonReader.parse(try call.string(0), call.machine)
        if case .scalar(let value) = token.content { return value }
        return .object(token)
      }
      type.member("static T DeserializeObject<T>(string value)") { call in
        try JsonConversion.convert(
          try JsonReader.parse(try call.string(0), call.machine), to: call.types[0], call.machine)
      }
    },
    LibraryType("static class Newtonsoft.Json.Linq.Extensions", extensions: true) { type in
      type.member("static U Value<U>(this IEnumerable<JToken> value)") { call in
        try JsonConversion.convert(try call.object(0), to: call.types[0], call.machine)
      }
      type.member("static IEnumerable<U> Values<U>(this IEnumerable<JToken> source)") { call in
        let machine = call.machine
        let values = try call.elements(0).map { value -> Value in
          guard case .object(let object) = value, let token = object as? JsonToken else { return .null }
          return try JsonConversion.convert(token, to: call.types[0], machine)
        }
        return .object(ArrayObject(of: call.types[0], values))
      }
    },
  ]

  private static func token(_ call: Call) throws -> JsonToken { try call.receiver(JsonToken.self) }

  private static func optional(_ token: JsonToken?) -> Value { token.map { .object($0) } ?? .null }

  private static func parsed(_ call: Call, _ name: String) throws -> Value {
    let token = try JsonReader.parse(try call.string(0), call.machine)
    let actual = token.runtimeType.definition.name
    guard name == "JToken" || actual == name else {
      throw Thrown(
        JsonReader.failure,
        "Error reading \(name) from JsonReader. Current JsonReader item is not \(name == "JArray" ? "an array" : "an object"): \(token.typeName). Path '', line 1, position 1."
      )
    }
    return .object(token)
  }

  /// What `Add` and constructors take: sequences count element by element.
  private static func contents(_ value: Value, _ machine: Machine) throws -> [Value] {
    guard case .object(let object) = value else { return [value] }
    if let token = object as? JsonToken {
      if case .array = token.content { return token.children.map { .object($0) } }
      return [value]
    }
    if object.runtimeType == .byteArray { return [value] }
    return try object.makeIterator() == nil ? [value] : try value.elements(machine)
  }

  private static func add(_ item: Value, to container: JsonToken) throws {
    let child = try JsonToken.value(item)
    if case .object = container.content {
      guard let name = child.propertyName else {
        throw Thrown.argument(
          "Can not add \(child.runtimeType.qualifiedName) to Newtonsoft.Json.Linq.JObject.")
      }
      guard container.property(name) == nil else {
        throw Thrown.argument(
          "Can not add property \(name) to Newtonsoft.Json.Linq.JObject. Property with the same name already exists on object."
        )
      }
    }
    container.append(child)
  }

  private static func element(_ call: Call) throws -> Value {
    let array = try token(call)
    switch call[0] {
    case .string(let name):
      switch array.content {
      case .object: return optional(array.member(name))
      case .array:
        throw Thrown.argument("Accessed JArray values with invalid key value: \"\(name)\". Int32 array index expected.")
      default:
        throw Thrown.invalidOperation("Cannot access child value on \(array.runtimeType.qualifiedName).")
      }
    default:
      guard case .array = array.content else {
        if case .object = array.content {
          throw Thrown.argument(
            "Accessed JObject values with invalid key value: \(call.int(0)). Object property name expected.")
        }
        throw Thrown.invalidOperation("Cannot access child value on \(array.runtimeType.qualifiedName).")
      }
      guard array.children.indices.contains(call.int(0)) else {
        throw Thrown.outOfRange(
          "index", "Index was out of range. Must be non-negative and less than the size of the collection.")
      }
      return .object(array.children[call.int(0)])
    }
  }

  private static func tokenMembers(_ type: inout LibraryRegistration) {
    type.member("static JToken Parse(string json)") { call in try parsed(call, "JToken") }
    type.member("static JToken FromObject(object o)") { call in .object(try JsonToken.from(call[0], call.machine)) }
    type.member("static bool DeepEquals(JToken t1, JToken t2)") { call in
      guard let a: JsonToken = call.objectOrNull(0), let b: JsonToken = call.objectOrNull(1) else {
        return .bool(call[0].isNull && call[1].isNull)
      }
      return .bool(JsonToken.deepEquals(a, b))
    }
    type.member("string ToString(Formatting formatting)") { call in
      .string(try token(call).written(isIndented: call.int(0) == 1, call.machine))
    }
    type.property("JToken this[object key] { get; set; }", get: { call in try element(call) }) { call in
      let target = try token(call)
      let value = call[1].isNull ? JsonToken(.scalar(.null)) : try JsonToken.value(call[1])
      if case .string(let name) = call[0], case .object = target.content {
        target.set(name, value)
      } else {
        _ = try element(call)
        target.replace(at: call.int(0), with: value)
      }
      return .null
    }
    type.member("JTokenType Type { get; }") { call in
      let index = JsonToken.typeNames.firstIndex(of: try token(call).typeName) ?? 0
      return .enumeration(Int32(index), .named("Newtonsoft.Json.Linq.JTokenType"))
    }
    type.member("bool HasValues { get; }") { call in .bool(!(try token(call).children.isEmpty)) }
    type.member("JContainer Parent { get; }") { call in optional(try token(call).parent) }
    type.member("string Path { get; }") { call in .string(JsonPath.path(of: try token(call))) }
    type.member("JToken First { get; }") { call in optional(try token(call).children.first) }
    type.member("JToken Last { get; }") { call in optional(try token(call).children.last) }
    type.member("JToken DeepClone()") { call in .object(try token(call).copy()) }
    type.member("void Remove()") { call in
      try token(call).detach()
      return .null
    }
    type.member("void Replace(JToken value)") { call in
      try token(call).replaced(by: try JsonToken.value(call[0]))
      return .null
    }
    type.member("IEnumerable<JToken> Children()") { call in
      .object(ArrayObject(of: .named("Newtonsoft.Json.Linq.JToken"), try token(call).children.map { .object($0) }))
    }
    type.member("IEnumerable<T> Children<T>()") { call in
      let wanted = call.types[0]
      let children = try token(call).children.map { Value.object($0) }.filter { $0.isInstance(of: wanted) }
      return .object(ArrayObject(of: wanted, children))
    }
    type.member("T Value<T>(object key)") { call in
      guard case .object(let object) = try element(call), let child = object as? JsonToken else {
        return Value.defaultValue(of: call.types[0])
      }
      return try JsonConversion.convert(child, to: call.types[0], call.machine)
    }
    type.member("IEnumerable<T> Values<T>()") { call in
      let machine = call.machine
      let values = try token(call).children.map { try JsonConversion.convert($0, to: call.types[0], machine) }
      return .object(ArrayObject(of: call.types[0], values))
    }
    type.member("T ToObject<T>()") { call in
      try JsonConversion.convert(try token(call), to: call.types[0], call.machine)
    }
  }

  private static func tokenSearch(_ type: inout LibraryRegistration) {
    type.member("JToken SelectToken(string path, bool errorWhenNoMatch = false)") { call in
      let found = try JsonPath.select(try call.string(0), try token(call), call.machine)
      if found.isEmpty, call.bool(1) {
        throw Thrown("Newtonsoft.Json.JsonException", "Path '\(try call.string(0))' did not match.")
      }
      if found.count > 1 { throw Thrown("Newtonsoft.Json.JsonException", "Path returned multiple tokens.") }
      return optional(found.first)
    }
    type.member("IEnumerable<JToken> SelectTokens(string path)") { call in
      let (path, root, machine) = (try call.string(0), try token(call), call.machine)
      return .object(
        LazySequence(of: .named("Newtonsoft.Json.Linq.JToken")) {
          ValuesIterator(try JsonPath.select(path, root, machine).map { .object($0) })
        })
    }
  }

  private static func tokenConversions(_ type: inout LibraryRegistration) {
    for name in [
      "string", "bool", "int", "long", "double", "decimal", "float", "short", "byte", "uint", "ulong", "ushort",
      "sbyte",
      "Guid", "byte[]", "DateTime", "TimeSpan",
    ] {
      type.member("static implicit operator JToken(\(name) value)") { call in .object(JsonToken(.scalar(call[0]))) }
      let target = SignatureReader.type(name, in: [])
      type.member("static explicit operator \(name)(JToken value)") { call in
        guard let token: JsonToken = call.objectOrNull(0) else {
          if target.acceptsNull { return .null }
          throw Thrown.argumentNull("value")
        }
        return try JsonConversion.cast(token, to: target, call.machine)
      }
      guard target.isValueType else { continue }
      type.member("static explicit operator \(name)?(JToken value)") { call in
        guard let token: JsonToken = call.objectOrNull(0) else { return .null }
        if case .scalar(.null) = token.content { return .null }
        return try JsonConversion.cast(token, to: target, call.machine)
      }
    }
  }

  private static func objectMembers(_ type: inout LibraryRegistration) {
    type.member("JObject()") { _ in .object(JsonToken(.object)) }
    type.member("JObject(params object[] content)") { call in
      let object = JsonToken(.object)
      for item in try call.array(0) {
        for part in try contents(item, call.machine) { try add(part, to: object) }
      }
      return .object(object)
    }
    type.member("static JObject Parse(string json)") { call in try parsed(call, "JObject") }
    type.member("static JObject FromObject(object o)") { call in
      let token = try JsonToken.from(call[0], call.machine)
      guard case .object = token.content else {
        throw Thrown.argument("Object serialized to \(token.typeName). JObject instance expected.")
      }
      return .object(token)
    }
    type.property(
      "JToken this[string propertyName] { get; set; }",
      get: { call in
        optional(try token(call).member(try call.string(0)))
      }
    ) { call in
      try call.machine.allocate(bytes: 64)
      try token(call).set(try call.string(0), call[1].isNull ? JsonToken(.scalar(.null)) : try JsonToken.value(call[1]))
      return .null
    }
    type.member("void Add(string propertyName, JToken value)") { call in
      try call.machine.allocate(bytes: 64)
      let value = call[1].isNull ? JsonToken(.scalar(.null)) : try JsonToken.value(call[1])
      try add(.object(JsonToken(.property(try call.string(0)), [value])), to: try token(call))
      return .null
    }
    type.member("bool Remove(string propertyName)") { call in .bool(try token(call).removeMember(try call.string(0))) }
    type.member("bool ContainsKey(string propertyName)") { call in
      .bool(try token(call).property(try call.string(0)) != nil)
    }
    type.member("JProperty Property(string name)") { call in optional(try token(call).property(try call.string(0))) }
    type.member("IEnumerable<JProperty> Properties()") { call in
      .object(ArrayObject(of: .named("Newtonsoft.Json.Linq.JProperty"), try token(call).children.map { .object($0) }))
    }
    type.member("IEnumerable<JToken> PropertyValues()") { call in
      .object(
        ArrayObject(
          of: .named("Newtonsoft.Json.Linq.JToken"), try token(call).children.compactMap { optional($0.propertyValue) })
      )
    }
    type.member("bool TryGetValue(string propertyName, out JToken value)") { call in
      let found = try token(call).member(try call.string(0))
      call.set(1, optional(found))
      return .bool(found != nil)
    }
    type.member("JToken GetValue(string propertyName)") { call in optional(try token(call).member(try call.string(0))) }
    type.member("JToken GetValue(string propertyName, StringComparison comparison)") { call in
      optional(try token(call).property(try call.string(0), ignoresCase: call.int(1) % 2 == 1)?.propertyValue)
    }
    type.member("void Merge(object content)") { call in
      guard let other: JsonToken = call.objectOrNull(0) else { return .null }
      merge(other, into: try token(call))
      return .null
    }
  }

  private static func merge(_ source: JsonToken, into target: JsonToken) {
    for property in source.children {
      guard let name = property.propertyName, let value = property.propertyValue else { continue }
      guard let existing = target.member(name) else {
        target.set(name, value.copy())
        continue
      }
      switch (existing.content, value.content) {
      case (.object, .object): merge(value, into: existing)
      case (.array, .array): for element in value.children { existing.append(element.copy()) }
      case (_, .scalar(.null)): break
      default: target.set(name, value.copy())
      }
    }
  }
}

/// JSON values as .NET values.
enum JsonConversion {
  /// `(int)token`: Newtonsoft converts with `Convert`; ArgumentException when the token is no such value.
  static func cast(_ token: JsonToken, to type: TypeSymbol, _ machine: Machine) throws -> Value {
    let source: JsonToken = token.propertyValue ?? token
    let refused = Thrown.argument("Can not convert \(source.typeName) to \(type.definition.name).")
    guard case .scalar(let value) = source.content else { throw refused }
    if type == .string {
      if value.isNull { return .null }
      if case .object(let object) = value, object is ArrayObject { throw refused }
      return .string(try Operation.text(value, machine))
    }
    if value.isNull {
      if type.acceptsNull { return .null }
      throw refused
    }
    if type == .bool {
      switch value {
      case .bool: return value
      case .string(let text): return try LibraryCatalog.parseBool(text)
      default: return .bool(Operation.real(value) != 0)
      }
    }
    if let kind = LibraryCatalog.NumberKind(rawValue: type.definition.name) {
      return try LibraryCatalog.converted(value, to: kind)
    }
    if value.isInstance(of: type) { return value }
    if type == .guid, case .string(let text) = value { return .object(try GuidObject.parse(text)) }
    throw refused
  }

  /// `Value<T>`, `ToObject<T>` and `DeserializeObject<T>`.
  static func convert(_ token: JsonToken, to type: TypeSymbol, _ machine: Machine) throws -> Value {
    if type == .object {
      if case .scalar(let value) = token.content { return value }
      return .object(token)
    }
    if Value.object(token).isInstance(of: type) { return .object(token) }
    if let underlying = type.nullableUnderlying {
      if case .scalar(.null) = token.content { return .null }
      return try convert(token, to: underlying, machine)
    }
    if let element = type.elementType, type != .byteArray {
      return .object(ArrayObject(of: element, try token.children.map { try convert($0, to: element, machine) }))
    }
    if type.definition === TypeDefinition.list {
      return ListObject.list(
        of: type.arguments[0], try token.children.map { try convert($0, to: type.arguments[0], machine) })
    }
    if type.definition === TypeDefinition.dictionary {
      let result = DictionaryObject(type)
      for property in token.children {
        guard let name = property.propertyName, let value = property.propertyValue else { continue }
        try result.set(.string(name), try convert(value, to: type.arguments[1], machine))
      }
      return .object(result)
    }
    if case .scalar(.null) = token.content, type.acceptsNull { return .null }
    return try cast(token, to: type, machine)
  }
}
