/// Makes a value such as a schema describes: its example, default or first allowed value where it has one, else one made
/// from the types. Bounded: what refers to itself ends at the first repetition.
public struct JSONSample {
  private var references: JSONSchemaReferences
  private var open: Set<JSONSchemaReferences.Place> = []
  /// The document of the schema that is looked at.
  private var current = 0
  private var left = 2_000
  /// Bytes that examples and the like may still have: a schema can refer to one of them any number of times.
  private var room = JSONSample.byteBound

  /// Bytes of the examples in a sample, after which no further one is taken.
  static let byteBound = 4 << 20

  /// - Parameters:
  ///   - document: the schema, or a document that has schemas in it.
  ///   - location: the document's own address, for references to it from others.
  ///   - others: the other documents that schemas refer to, as for ``JSONSchema``.
  public init(
    _ document: JSONValue, location: String = "", others: @escaping JSONSchema.Others = { _, _ in nil }
  ) {
    references = JSONSchemaReferences(document, at: location, others)
  }

  /// The sample for the schema at a pointer; nil when there is none.
  public mutating func value(at pointer: String) -> JSONValue? {
    let place = JSONSchemaReferences.Place(document: 0, path: JSONPointer(pointer).steps)
    open = [place]
    current = 0
    return references.value(at: place).flatMap { value($0, depth: 0) }
  }

  private mutating func value(_ schema: JSONValue, depth: Int) -> JSONValue? {
    left -= 1
    guard left > 0, depth < 20, let object = schema.object else { return nil }
    if let reference = object["$ref"]?.text { return target(reference, depth) }
    for name in ["example", "default", "const"] { if let value = object[name] { return taken(value) } }
    for name in ["examples", "enum"] { if let value = object[name]?.elements?.first { return taken(value) } }
    if let parts = object["allOf"]?.elements { return merged(parts, object, depth) }
    if let first = (object["oneOf"] ?? object["anyOf"])?.elements?.first { return value(first, depth: depth + 1) }
    switch Self.type(of: object) {
    case "object": return members(of: object, depth)
    case "array": return .array(object["items"].flatMap { value($0, depth: depth + 1) }.map { [$0] } ?? [])
    case "integer": return object["minimum"] ?? .integer(0)
    case "number": return object["minimum"] ?? .real(0)
    case "boolean": return .bool(true)
    case "string": return .text(Self.text(object["format"]?.text))
    default: return .null
    }
  }

  /// Nil when there is no room left.
  private mutating func taken(_ value: JSONValue) -> JSONValue? {
    guard room > 0 else { return nil }
    room -= value.bytes.count
    return value
  }

  /// Nil for what leads nowhere, and for what is being made already.
  private mutating func target(_ reference: String, _ depth: Int) -> JSONValue? {
    guard let place = try? references.place(of: reference, in: current), let schema = references.value(at: place),
      open.insert(place).inserted
    else { return nil }
    let from = current
    current = place.document
    defer {
      open.remove(place)
      current = from
    }
    return value(schema, depth: depth + 1)
  }

  private mutating func members(of object: JSONObject, _ depth: Int) -> JSONValue {
    var result = JSONObject()
    for member in object["properties"]?.object?.members ?? [] where member.value["writeOnly"]?.flag != true {
      if let value = value(member.value, depth: depth + 1) { result.set(member.name, value) }
    }
    return .object(result)
  }

  /// Of objects all members together; of anything else the first part that has a sample.
  private mutating func merged(_ parts: [JSONValue], _ object: JSONObject, _ depth: Int) -> JSONValue? {
    var result = JSONObject()
    for part in parts {
      guard let value = value(part, depth: depth + 1) else { continue }
      guard let members = value.object?.members else { return value }
      for member in members { result.set(member.name, member.value) }
    }
    for member in members(of: object, depth).object?.members ?? [] { result.set(member.name, member.value) }
    return .object(result)
  }

  private static func type(of object: JSONObject) -> String? {
    if let type = object["type"]?.text { return type }
    if let type = object["type"]?.elements?.compactMap(\.text).first(where: { $0 != "null" }) { return type }
    if object["properties"] != nil { return "object" }
    return object["items"] != nil ? "array" : nil
  }

  private static func text(_ format: String?) -> String {
    switch format {
    case "date-time": "2024-01-01T00:00:00Z"
    case "date": "2024-01-01"
    case "time": "00:00:00Z"
    case "uuid": "00000000-0000-0000-0000-000000000000"
    case "email": "user@example.com"
    case "uri", "url": "https://example.com"
    case "ipv4": "192.0.2.1"
    case "ipv6": "2001:db8::1"
    case "hostname": "example.com"
    case "byte": "c3RyaW5n"
    default: "string"
    }
  }
}
