import DotNet

/// Turns a document, and those that it refers to, into the parts of a schema.
struct JSONSchemaCompiler {
  private typealias Place = JSONSchemaReferences.Place

  private var references: JSONSchemaReferences
  private(set) var parts: [JSONSchema.Part] = []
  private var places: [Place: Int] = [:]
  private var pending: [(place: Int, value: JSONValue, at: Place)] = []
  /// The document that is compiled now.
  private var current = 0

  private static let partLimit = 20_000

  init(_ document: JSONValue, at location: String, _ others: @escaping JSONSchema.Others) {
    references = JSONSchemaReferences(document, at: location, others)
  }

  mutating func part(at pointer: String) throws(JSONSchemaError) -> Int {
    try part(at: Place(document: 0, path: JSONPointer(pointer).steps), [])
  }

  /// Compiles what was referred to until nothing is left.
  mutating func finish() throws(JSONSchemaError) {
    while let (place, value, at) = pending.popLast() {
      current = at.document
      do throws(JSONSchemaError) {
        parts[place] = try compiled(value, at.path)
      } catch {
        guard at.document > 0 else { throw error }
        throw JSONSchemaError(
          [], error.keyword, "\(references.documents[at.document].location)#\(error.pointer): \(error.message)")
      }
    }
  }

  /// The part at a place, which is compiled later.
  private mutating func part(at place: Place, _ from: [String]) throws(JSONSchemaError) -> Int {
    if let known = places[place] { return known }
    guard let value = references.value(at: place) else {
      let file = place.document == current ? "" : references.documents[place.document].location + "#"
      throw JSONSchemaError(
        from, "$ref", "The reference to '\(file)/\(place.path.joined(separator: "/"))' leads nowhere.")
    }
    return try add(value, place)
  }

  private mutating func add(_ value: JSONValue, _ place: Place) throws(JSONSchemaError) -> Int {
    guard parts.count < Self.partLimit else {
      throw JSONSchemaError(place.path, "", "The schema has more than \(Self.partLimit) parts.")
    }
    places[place] = parts.count
    pending.append((parts.count, value, place))
    parts.append(JSONSchema.Part())
    return parts.count - 1
  }

  private mutating func child(_ value: JSONValue, _ path: [String]) throws(JSONSchemaError) -> Int {
    let place = Place(document: current, path: path)
    if let known = places[place] { return known }
    return try add(value, place)
  }

  private mutating func target(_ reference: String, _ path: [String]) throws(JSONSchemaError) -> Int {
    let place: Place
    do { place = try references.place(of: reference, in: current) } catch {
      throw JSONSchemaError(path, "$ref", error.message)
    }
    return try part(at: place, path)
  }

  // MARK: - Keywords

  private mutating func compiled(_ value: JSONValue, _ path: [String]) throws(JSONSchemaError) -> JSONSchema.Part {
    var part = JSONSchema.Part()
    if case .bool(let flag) = value {
      part.isRefused = !flag
      return part
    }
    guard let object = value.object else {
      throw JSONSchemaError(path, "", "A schema is an object, true or false.")
    }
    if let reference = (object["$ref"] ?? object["$dynamicRef"] ?? object["$recursiveRef"])?.text {
      part.reference = try target(reference, path)
      if references.documents[current].referenceIsAlone { return part }
    }
    try readValues(object, path, &part)
    try readTexts(object, path, &part)
    try readArrays(object, path, &part)
    try readObjects(object, path, &part)
    try readCombinations(object, path, &part)
    return part
  }

  private func number(_ object: JSONObject, _ name: String, _ path: [String]) throws(JSONSchemaError) -> Double? {
    guard let value = object[name] else { return nil }
    guard let number = value.number else { throw JSONSchemaError(path + [name], name, "'\(name)' is a number.") }
    return number
  }

  private func count(
    _ object: JSONObject, _ least: String, _ most: String, _ path: [String]
  ) throws(JSONSchemaError) -> JSONSchema.Count {
    var result = JSONSchema.Count()
    if let value = object[least] {
      guard let count = value.count else {
        throw JSONSchemaError(path + [least], least, "'\(least)' is a whole number.")
      }
      result.least = count
    }
    if let value = object[most] {
      guard let count = value.count else { throw JSONSchemaError(path + [most], most, "'\(most)' is a whole number.") }
      result.most = count
    }
    return result
  }

  private func bound(
    _ object: JSONObject, _ name: String, _ exclusive: String, _ path: [String], _ isTighter: (Double, Double) -> Bool
  ) throws(JSONSchemaError) -> JSONSchema.Bound? {
    let inclusive = try number(object, name, path)
    // Draft 4 has a switch beside the number, later drafts a number of its own.
    if let flag = object[exclusive]?.flag { return inclusive.map { JSONSchema.Bound(value: $0, isExclusive: flag) } }
    guard let other = try number(object, exclusive, path) else {
      return inclusive.map { JSONSchema.Bound(value: $0, isExclusive: false) }
    }
    if let inclusive, isTighter(inclusive, other) { return JSONSchema.Bound(value: inclusive, isExclusive: false) }
    return JSONSchema.Bound(value: other, isExclusive: true)
  }

  private func readValues(
    _ object: JSONObject, _ path: [String], _ part: inout JSONSchema.Part
  ) throws(JSONSchemaError) {
    if let type = object["type"] {
      part.types = type.text.map { [$0] } ?? type.elements?.compactMap(\.text) ?? []
      let known: Set<String> = ["null", "boolean", "integer", "number", "string", "array", "object", "any", "file"]
      guard !part.types.isEmpty, part.types.allSatisfy(known.contains) else {
        throw JSONSchemaError(path + ["type"], "type", "'type' names no type of JSON.")
      }
    }
    part.isNullable = object["nullable"]?.flag ?? false
    part.values = object["enum"]?.elements
    part.constant = object["const"]
    part.minimum = try bound(object, "minimum", "exclusiveMinimum", path) { $0 > $1 }
    part.maximum = try bound(object, "maximum", "exclusiveMaximum", path) { $0 < $1 }
    part.multipleOf = try number(object, "multipleOf", path)
    if let divisor = part.multipleOf, divisor <= 0 {
      throw JSONSchemaError(path + ["multipleOf"], "multipleOf", "'multipleOf' is more than zero.")
    }
  }

  private func expression(_ pattern: String, _ path: [String]) throws(JSONSchemaError) -> RegularExpression {
    do {
      return try RegularExpression(pattern, options: 0)
    } catch {
      throw JSONSchemaError(path, "pattern", "'\(pattern)' is no regular expression.")
    }
  }

  private func readTexts(
    _ object: JSONObject, _ path: [String], _ part: inout JSONSchema.Part
  ) throws(JSONSchemaError) {
    part.length = try count(object, "minLength", "maxLength", path)
    if let pattern = object["pattern"]?.text { part.pattern = try expression(pattern, path + ["pattern"]) }
    part.format = object["format"]?.text
  }

  private mutating func optional(
    _ object: JSONObject, _ name: String, _ path: [String]
  ) throws(JSONSchemaError) -> Int? {
    guard let value = object[name] else { return nil }
    return try child(value, path + [name])
  }

  private mutating func list(
    _ object: JSONObject, _ name: String, _ path: [String]
  ) throws(JSONSchemaError) -> [Int] {
    var result: [Int] = []
    for (index, value) in (object[name]?.elements ?? []).enumerated() {
      result.append(try child(value, path + [name, "\(index)"]))
    }
    return result
  }

  private mutating func readArrays(
    _ object: JSONObject, _ path: [String], _ part: inout JSONSchema.Part
  ) throws(JSONSchemaError) {
    if object["items"]?.elements != nil {
      part.prefix = try list(object, "items", path)
      part.items = try optional(object, "additionalItems", path)
    } else {
      part.prefix = try list(object, "prefixItems", path)
      part.items = try optional(object, "items", path)
    }
    part.itemCount = try count(object, "minItems", "maxItems", path)
    part.isUnique = object["uniqueItems"]?.flag ?? false
    part.contains = try optional(object, "contains", path)
    part.containCount = try count(object, "minContains", "maxContains", path)
    if object["minContains"] == nil { part.containCount.least = 1 }
    part.unevaluatedItems = try optional(object, "unevaluatedItems", path)
  }

  private mutating func readObjects(
    _ object: JSONObject, _ path: [String], _ part: inout JSONSchema.Part
  ) throws(JSONSchemaError) {
    for (name, value) in object["properties"]?.object?.members ?? [] {
      part.properties[name] = try child(value, path + ["properties", name])
    }
    for (pattern, value) in object["patternProperties"]?.object?.members ?? [] {
      let place = path + ["patternProperties", pattern]
      part.patterns.append((try expression(pattern, place), try child(value, place)))
    }
    part.additional = try optional(object, "additionalProperties", path)
    part.names = try optional(object, "propertyNames", path)
    part.required = object["required"]?.elements?.compactMap(\.text) ?? []
    part.propertyCount = try count(object, "minProperties", "maxProperties", path)
    for keyword in ["dependencies", "dependentRequired", "dependentSchemas"] {
      for (name, value) in object[keyword]?.object?.members ?? [] {
        if let needed = value.elements {
          part.dependentNames.append((name, needed.compactMap(\.text)))
        } else {
          part.dependentParts.append((name, try child(value, path + [keyword, name])))
        }
      }
    }
    part.unevaluatedProperties = try optional(object, "unevaluatedProperties", path)
  }

  private mutating func readCombinations(
    _ object: JSONObject, _ path: [String], _ part: inout JSONSchema.Part
  ) throws(JSONSchemaError) {
    part.all = try list(object, "allOf", path)
    part.any = try list(object, "anyOf", path)
    part.one = try list(object, "oneOf", path)
    part.refused = try optional(object, "not", path)
    if let test = try optional(object, "if", path) {
      part.condition = (test, try optional(object, "then", path), try optional(object, "else", path))
    }
  }
}
