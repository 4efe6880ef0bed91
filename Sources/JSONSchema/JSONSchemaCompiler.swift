import DotNet

/// Turns a document, and those that it refers to, into the parts of a schema.
struct JSONSchemaCompiler {
  private struct Document {
    let value: JSONValue
    /// Empty for the first.
    let location: String
    /// Drafts to 7: a reference stands for all of its schema.
    let referenceIsAlone: Bool
    /// Paths by `$anchor` and by `$id`.
    var anchors: [String: [String]]?

    init(_ value: JSONValue, location: String) {
      self.value = value
      self.location = location
      let draft = value["$schema"]?.text ?? ""
      referenceIsAlone = draft.contains("draft-04") || draft.contains("draft-06") || draft.contains("draft-07")
    }
  }

  /// A place in one of the documents.
  private struct Place: Hashable {
    let document: Int
    let path: [String]
  }

  private var documents: [Document]
  private let others: JSONSchema.Others
  private(set) var parts: [JSONSchema.Part] = []
  private var places: [Place: Int] = [:]
  private var pending: [(place: Int, value: JSONValue, at: Place)] = []
  /// The document that is compiled now.
  private var current = 0

  private static let partLimit = 20_000
  /// Most documents of one schema.
  private static let documentLimit = 64

  init(_ document: JSONValue, at location: String, _ others: @escaping JSONSchema.Others) {
    documents = [Document(document, location: location)]
    self.others = others
  }

  mutating func part(at pointer: String) throws(JSONSchemaError) -> Int {
    try place(JSONPointer(pointer).steps, [])
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
          [], error.keyword, "\(documents[at.document].location)#\(error.pointer): \(error.message)")
      }
    }
  }

  /// The place of the part at a path, which is compiled later.
  private mutating func place(
    _ path: [String], _ from: [String], in document: Int? = nil
  ) throws(JSONSchemaError) -> Int {
    let place = Place(document: document ?? current, path: path)
    if let known = places[place] { return known }
    guard let value = documents[place.document].value[path] else {
      let file = place.document == current ? "" : documents[place.document].location + "#"
      throw JSONSchemaError(from, "$ref", "The reference to '\(file)/\(path.joined(separator: "/"))' leads nowhere.")
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

  // MARK: - References

  private mutating func target(_ reference: String, _ path: [String]) throws(JSONSchemaError) -> Int {
    var reference = reference
    let document = documents[current].value
    if let own = document["$id"]?.text ?? document["id"]?.text, reference.hasPrefix(own), !own.isEmpty {
      reference = "#" + reference.dropFirst(own.count).drop { $0 == "#" }
    }
    if reference.hasPrefix("#") { return try place(inDocument: current, String(reference.dropFirst()), path) }
    if let found = findAnchors(in: current)[reference] { return try place(found, path) }
    let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let other = try other(at: parts[0], path) else {
      throw JSONSchemaError(path, "$ref", "The reference '\(reference)' leads to no schema.")
    }
    return try place(inDocument: other, parts.count > 1 ? parts[1] : "", path)
  }

  /// What a fragment means: all of a document, a pointer, or an anchor.
  private mutating func place(
    inDocument document: Int, _ fragment: String, _ path: [String]
  ) throws(JSONSchemaError) -> Int {
    let fragment = Self.percentDecoded(fragment)
    if fragment.isEmpty { return try place([], path, in: document) }
    if fragment.hasPrefix("/") { return try place(JSONPointer(fragment).steps, path, in: document) }
    guard let found = findAnchors(in: document)["#" + fragment] else {
      throw JSONSchemaError(path, "$ref", "There is no anchor '\(fragment)' in the document.")
    }
    return try place(found, path, in: document)
  }

  /// The number of the document that is meant by an address.
  private mutating func other(at location: String, _ path: [String]) throws(JSONSchemaError) -> Int? {
    guard let found = others(location, documents[current].location) else { return nil }
    if let known = documents.firstIndex(where: { $0.location == found.location }) { return known }
    guard documents.count < Self.documentLimit else {
      throw JSONSchemaError(path, "$ref", "A schema refers to at most \(Self.documentLimit) documents.")
    }
    documents.append(Document(found.document, location: found.location))
    return documents.count - 1
  }

  private static func percentDecoded(_ text: String) -> String {
    guard text.contains("%") else { return text }
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == 0x25, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Paths by `$anchor` and by `$id`.
  private mutating func findAnchors(in index: Int) -> [String: [String]] {
    if let anchors = documents[index].anchors { return anchors }
    var found: [String: [String]] = [:]
    var waiting: [(JSONValue, [String])] = [(documents[index].value, [])]
    while let (value, path) = waiting.popLast() {
      switch value {
      case .object(let object):
        for name in ["$anchor", "$dynamicAnchor"] { if let anchor = object[name]?.text { found["#" + anchor] = path } }
        for name in ["$id", "id"] { if let id = object[name]?.text { found[id] = path } }
        for (name, child) in object.members { waiting.append((child, path + [name])) }
      case .array(let elements):
        for (index, child) in elements.enumerated() { waiting.append((child, path + ["\(index)"])) }
      default: break
      }
    }
    documents[index].anchors = found
    return found
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
      if documents[current].referenceIsAlone { return part }
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
