import DotNet

/// .NET values as trees of JSON.
extension JsonToken {
  /// A value as a token; ArgumentException for what JSON cannot hold.
  static func value(_ value: Value) throws -> JsonToken {
    switch value {
    case .object(let object):
      switch object {
      case let token as JsonToken: return token
      case let array as ArrayObject where array.runtimeType == .byteArray: return JsonToken(.scalar(value))
      case is GuidObject, is DateTimeObject, is DateTimeOffsetObject, is TimeSpanObject, is UriObject,
        is BigIntegerObject:
        return JsonToken(.scalar(value))
      default:
        throw Thrown.argument("Could not determine JSON object type for type \(object.runtimeType.qualifiedName).")
      }
    case .cell(let cell): return try self.value(cell.value)
    case .enumeration(let number, _): return JsonToken(.scalar(.int64(Int64(number))))
    default: return JsonToken(.scalar(value))
    }
  }

  /// What `new JProperty(name, …)` and `new JArray(…)` take: a sequence is an array.
  static func content(_ value: Value, _ machine: Machine) throws -> JsonToken {
    guard let parts = try parts(value, machine) else { return try self.value(value) }
    let array = JsonToken(.array)
    for part in parts { try array.append(content(part, machine), machine) }
    return array
  }

  /// The elements of a value that counts as several; nil for a single one.
  static func parts(_ value: Value, _ machine: Machine) throws -> [Value]? {
    guard case .object(let object) = value, !(object is JsonToken) else { return nil }
    if let array = object as? ArrayObject {
      return array.runtimeType == .byteArray ? nil : try value.elements(machine)
    }
    guard try object.makeIterator() != nil else { return nil }
    return try value.elements(machine)
  }

  /// `JToken.FromObject` and `JsonConvert.SerializeObject`: collections, dictionaries and anonymous types, too.
  static func from(_ value: Value, _ machine: Machine, depth: Int = 0) throws -> JsonToken {
    guard depth < maximumDepth else { throw Thrown.invalidOperation("The object is nested too deeply for JSON.") }
    try machine.charge()
    try machine.allocate(bytes: size)
    guard case .object(let object) = value else { return try self.value(value) }
    switch object {
    case let token as JsonToken: return depth == 0 ? try token.copy(machine) : token
    case let reference as XmlReference:
      guard let node = reference.object as? XmlNode else { break }
      return try XmlToJson.token(node, XmlToJsonOptions(), machine)
    case let dictionary as DictionaryObject:
      let result = JsonToken(.object)
      for entry in dictionary.entries {
        try result.set(try key(entry.key, machine), try from(entry.value, machine, depth: depth + 1), machine)
      }
      return result
    case let tuple as TupleObject:
      let result = JsonToken(.object)
      for (name, value) in zip(names(of: tuple), tuple.values) {
        try result.set(name, try from(value, machine, depth: depth + 1), machine)
      }
      return result
    case let exception as ExceptionObject:
      let result = JsonToken(.object)
      try result.set("ClassName", JsonToken(.scalar(.string(exception.typeName))), machine)
      try result.set("Message", JsonToken(.scalar(.string(exception.message))), machine)
      return result
    default: break
    }
    if let scalar = try? self.value(value) { return scalar }
    guard try object.makeIterator() != nil else {
      // Objects of the library without a form of their own.
      return JsonToken(.scalar(.string(try object.text(machine))))
    }
    let result = JsonToken(.array)
    for element in try value.elements(machine) {
      try result.append(try from(element, machine, depth: depth + 1), machine)
    }
    return result
  }

  private static func key(_ value: Value, _ machine: Machine) throws -> String {
    if case .object(let date as DateTimeObject) = value { return try date.value.isoText() }
    return try Operation.text(value, machine)
  }

  private static func names(of tuple: TupleObject) -> [String] {
    let type = tuple.runtimeType
    if type.kind == .anonymous { return type.definition.fieldNames }
    return type.definition === TypeDefinition.keyValuePair
      ? ["Key", "Value"] : tuple.values.indices.map { "Item\($0 + 1)" }
  }
}
