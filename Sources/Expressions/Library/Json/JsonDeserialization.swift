import DotNet

/// Trees of JSON as objects of .NET: `ToObject<T>` and `DeserializeObject<T>`.
struct JsonDeserialization {
  let machine: Machine
  /// Whether the tree comes from text read for this: then single values fail as the reader fails.
  let isText: Bool

  func object(_ token: JsonToken, _ type: TypeSymbol) throws -> Value {
    try machine.charge()
    try machine.allocate(bytes: 32)
    if type == .object {
      return token.isContainer ? .object(token) : try token.scalar()
    }
    if Value.object(token).isInstance(of: type) { return .object(token) }
    if let underlying = type.nullableUnderlying {
      if token.kind == .null || token.kind == .undefined { return .null }
      return try object(token, underlying)
    }
    if token.kind == .null, type.acceptsNull { return .null }
    if let element = type.elementType, type != .byteArray {
      return .object(ArrayObject(of: element, try elements(token, element, type)))
    }
    if type == .byteArray, token.isArray {
      return .object(ArrayObject(of: .uint8, try elements(token, .uint8, type)))
    }
    switch type.definition.name {
    case "List", "IList", "ICollection", "IEnumerable", "IReadOnlyList", "IReadOnlyCollection":
      guard let element = type.arguments.first else { break }
      return ListObject.list(of: element, try elements(token, element, type))
    case "HashSet", "ISet":
      guard let element = type.arguments.first else { break }
      let set = SetObject(TypeSymbol(LibraryCatalog.shared.required(Self.setName, arity: 1), [element]))
      for value in try elements(token, element, type) { _ = set.add(value) }
      return .object(set)
    case "Dictionary", "IDictionary", "IReadOnlyDictionary":
      guard type.arguments.count == 2 else { break }
      return try dictionary(token, type)
    case "KeyValuePair":
      return .object(
        TupleObject(
          type,
          [
            try member(token, "Key", type.arguments[0]), try member(token, "Value", type.arguments[1]),
          ]))
    default: break
    }
    if type.isEnum { return try enumerator(token, type) }
    return isText ? try read(token, type) : try JsonConversion.cast(token, to: type, machine)
  }

  /// The type of the single values that an object of a type holds: `string` for `Dictionary<string, List<string>>`.
  static func leaf(of type: TypeSymbol) -> TypeSymbol {
    var leaf = type
    while leaf != .string, let inner = leaf.elementType ?? leaf.nullableUnderlying ?? leaf.arguments.last {
      leaf = inner
    }
    return leaf
  }

  private static let setName = "System.Collections.Generic.HashSet"

  private func elements(_ token: JsonToken, _ element: TypeSymbol, _ type: TypeSymbol) throws -> [Value] {
    guard token.isArray else {
      throw mismatch(token, type, "array (e.g. [1,2,3])")
    }
    return try token.children.map { try object($0, element) }
  }

  private func member(_ token: JsonToken, _ name: String, _ type: TypeSymbol) throws -> Value {
    guard token.isObject else { throw mismatch(token, type, "object (e.g. {\"name\":\"value\"})") }
    return try token.property(name, ignoresCase: true)?.propertyValue.map { try object($0, type) }
      ?? Value.defaultValue(of: type)
  }

  private func dictionary(_ token: JsonToken, _ type: TypeSymbol) throws -> Value {
    guard token.isObject else { throw mismatch(token, type, "object (e.g. {\"name\":\"value\"})") }
    let (key, value) = (type.arguments[0], type.arguments[1])
    let result = DictionaryObject(TypeSymbol(TypeDefinition.dictionary, [key, value]))
    for property in token.children {
      guard let name = property.propertyName, let content = property.propertyValue else { continue }
      let text = JsonToken(.scalar(.string(name)))
      let known =
        key == .string || key == .object ? Value.string(name) : try JsonConversion.cast(text, to: key, machine)
      try result.set(known, try object(content, value))
    }
    return .object(result)
  }

  private func enumerator(_ token: JsonToken, _ type: TypeSymbol) throws -> Value {
    if case .scalar(let value) = token.content {
      if let number = Operation.integer(value) { return .enumeration(Int32(truncatingIfNeeded: number), type) }
      if case .string(let text) = value,
        let found = type.definition.enumerators.first(where: { $0.name.lowercased() == text.lowercased() })
      {
        return .enumeration(Int32(truncatingIfNeeded: found.value), type)
      }
    }
    throw failed(token, type)
  }

  private func mismatch(_ token: JsonToken, _ type: TypeSymbol, _ wanted: String) -> Thrown {
    if !token.isContainer { return failed(token, type) }
    let given = token.isArray ? "JSON array (e.g. [1,2,3])" : "JSON object (e.g. {\"name\":\"value\"})"
    return Thrown(
      "Newtonsoft.Json.JsonSerializationException",
      "Cannot deserialize the current \(given) into type '\(type.qualifiedName)' because the type requires a JSON "
        + "\(wanted) to deserialize correctly. Path '\(JsonPath.path(of: token))'.")
  }

  private func failed(_ token: JsonToken, _ type: TypeSymbol) -> Thrown {
    let shown = (try? JsonWriter.text(token, isIndented: false, machine)) ?? ""
    return Thrown(
      "Newtonsoft.Json.JsonSerializationException",
      "Error converting value \(shown == "null" ? "{null}" : shown) to type '\(type.fullName)'. "
        + "Path '\(JsonPath.path(of: token))'.")
  }

  /// A single value from text. JsonReaderException for a text that is no such value, JsonSerializationException for null.
  private func read(_ token: JsonToken, _ type: TypeSymbol) throws -> Value {
    if token.isContainer {
      throw Thrown(
        JsonReader.failure,
        "Unexpected character encountered while parsing value: \(token.isArray ? "[" : "{"). "
          + "Path '\(JsonPath.path(of: token))', line 1, position 1.")
    }
    if token.kind == .null { throw failed(token, type) }
    do {
      return try JsonConversion.cast(token, to: type, machine)
    } catch let error as Thrown where Self.readByReader.keys.contains(type.fullName) {
      guard case .scalar(let value) = token.content, !value.isNull else { throw error }
      let text = try Operation.text(value, machine)
      throw Thrown(
        JsonReader.failure,
        "Could not convert string to \(Self.readByReader[type.fullName] ?? ""): \(text). "
          + "Path '\(JsonPath.path(of: token))', line 1, position \(text.unicodeScalars.count + 2).")
    } catch is Thrown {
      throw failed(token, type)
    }
  }

  /// Types the reader converts itself, and how its messages call them.
  private static let readByReader = [
    "System.Int32": "integer", "System.Double": "double", "System.Boolean": "boolean", "System.Decimal": "decimal",
    "System.DateTime": "DateTime", "System.DateTimeOffset": "DateTimeOffset",
  ]
}
