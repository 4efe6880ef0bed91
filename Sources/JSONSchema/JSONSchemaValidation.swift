import DotNet

/// One value on its way through a schema. Bounded: a schema that refers to itself ends where the value does or at a depth.
struct JSONSchemaValidation {
  /// Members and elements that a schema has looked at, for `unevaluated…`.
  struct Seen {
    var names: Set<String> = []
    var count = 0
    var elements: Set<Int> = []

    mutating func add(_ other: Seen) {
      names.formUnion(other.names)
      count = max(count, other.count)
      elements.formUnion(other.elements)
    }
  }

  private let schema: JSONSchema
  private let options: JSONSchemaOptions
  private let limit: Int
  private var steps = 500_000
  private var depth = 0
  var errors: [JSONSchemaError] = []

  private static let depthLimit = 300

  init(_ schema: JSONSchema, _ options: JSONSchemaOptions, limit: Int) {
    self.schema = schema
    self.options = options
    self.limit = limit
  }

  private mutating func count(_ path: [String], _ work: Int = 1) throws(JSONSchemaError) {
    steps -= work
    if steps < 0 { throw JSONSchemaError(path, "", "The value takes too long to be held against the schema.") }
  }

  private mutating func complain(_ path: [String], _ keyword: String, _ message: String) {
    if errors.count < limit { errors.append(JSONSchemaError(path, keyword, message)) }
  }

  /// What the part has looked at when the value conforms; nil, and complaints, when it does not.
  mutating func check(_ place: Int, _ value: JSONValue, _ path: [String]) throws(JSONSchemaError) -> Seen? {
    try count(path)
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.depthLimit else {
      throw JSONSchemaError(path, "$ref", "The schema refers to itself without end.")
    }
    let part = schema.parts[place]
    if part.isRefused {
      complain(path, "", "Schema always fails validation.")
      return nil
    }
    let before = errors.count
    var isValid = true
    var seen = Seen()
    if let reference = part.reference {
      if let found = try check(reference, value, path) { seen.add(found) } else { isValid = false }
    }
    if part.isNullable, case .null = value { return seen }
    checkValue(part, value, path)
    checkNumber(part, value, path)
    if case .text(let text) = value { try checkText(part, text, path) }
    if case .array(let elements) = value, try !checkArray(part, elements, path, &seen) { isValid = false }
    if case .object(let object) = value, try !checkObject(part, object, path, &seen) { isValid = false }
    if try !checkCombinations(part, value, path, &seen) { isValid = false }
    if case .array(let elements) = value, let rest = part.unevaluatedItems {
      for index in elements.indices where index >= seen.count && !seen.elements.contains(index) {
        if try check(rest, elements[index], path + ["\(index)"]) == nil { isValid = false }
      }
      seen.count = elements.count
    }
    if case .object(let object) = value, let rest = part.unevaluatedProperties {
      for member in object.members where !seen.names.contains(member.name) {
        if try check(rest, member.value, path + [member.name]) == nil { isValid = false }
        seen.names.insert(member.name)
      }
    }
    // A complaint that no longer fitted counts, too: the limit is reached only by complaints.
    return isValid && errors.count == before && before < limit ? seen : nil
  }

  /// Whether the value conforms, without complaints.
  private mutating func trial(_ place: Int, _ value: JSONValue, _ path: [String]) throws(JSONSchemaError) -> Seen? {
    let saved = errors
    errors = []
    defer { errors = saved }
    return try check(place, value, path)
  }

  // MARK: - Values

  private mutating func checkValue(_ part: JSONSchema.Part, _ value: JSONValue, _ path: [String]) {
    if !part.types.isEmpty, !part.types.contains(where: { Self.isType($0, value) }) {
      let expected = part.types.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined(separator: ", ")
      complain(path, "type", "Invalid type. Expected \(expected) but got \(value.typeName).")
    }
    if let values = part.values, !values.contains(value) {
      complain(path, "enum", "Value \(Self.shown(value)) is not defined in enum.")
    }
    if let constant = part.constant, constant != value {
      complain(path, "const", "Value \(Self.shown(value)) does not match const.")
    }
  }

  private static func isType(_ name: String, _ value: JSONValue) -> Bool {
    switch (name, value) {
    case ("null", .null), ("boolean", .bool), ("string", .text), ("file", .text), ("array", .array),
      ("object", .object),
      ("integer", .integer), ("number", .integer), ("number", .real), ("any", _):
      true
    case ("integer", .real(let number)): number.rounded() == number
    default: false
    }
  }

  private static func shown(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let flag): "\(flag)"
    case .integer(let number): "\(number)"
    case .real(let number): NumberText.shortest(number)
    case .text(let text): "\"\(text.prefix(100))\""
    case .array: "array"
    case .object: "object"
    }
  }

  private mutating func checkNumber(_ part: JSONSchema.Part, _ value: JSONValue, _ path: [String]) {
    guard let number = value.number else { return }
    let shown = "\(value.typeName == "Integer" ? "Integer" : "Float") \(Self.shown(value))"
    if let bound = part.minimum, number < bound.value || (bound.isExclusive && number == bound.value) {
      complain(
        path, "minimum",
        bound.isExclusive && number == bound.value
          ? "\(shown) equals minimum value of \(NumberText.shortest(bound.value)) and exclusive minimum is true."
          : "\(shown) is less than minimum value of \(NumberText.shortest(bound.value)).")
    }
    if let bound = part.maximum, number > bound.value || (bound.isExclusive && number == bound.value) {
      complain(
        path, "maximum",
        bound.isExclusive && number == bound.value
          ? "\(shown) equals maximum value of \(NumberText.shortest(bound.value)) and exclusive maximum is true."
          : "\(shown) exceeds maximum value of \(NumberText.shortest(bound.value)).")
    }
    if let divisor = part.multipleOf {
      let ratio = number / divisor
      if !ratio.isFinite || abs(ratio - ratio.rounded()) > 1e-9 * max(1, abs(ratio)) {
        complain(path, "multipleOf", "\(shown) is not a multiple of \(NumberText.shortest(divisor)).")
      }
    }
  }

  private mutating func checkText(
    _ part: JSONSchema.Part, _ text: String, _ path: [String]
  ) throws(JSONSchemaError) {
    let short = text.prefix(100)
    if part.length.least > 0 || part.length.most != nil {
      let length = text.unicodeScalars.count
      if length < part.length.least {
        complain(path, "minLength", "String '\(short)' is less than minimum length of \(part.length.least).")
      }
      if let most = part.length.most, length > most {
        complain(path, "maxLength", "String '\(short)' exceeds maximum length of \(most).")
      }
    }
    if let pattern = part.pattern {
      try count(path, text.utf8.count / 16)
      // A pattern that does not end counts as one that does not match.
      if (try? pattern.isMatch(text, from: 0)) != true {
        complain(path, "pattern", "String '\(short)' does not match regex pattern '\(pattern.pattern)'.")
      }
    }
    if let format = part.format, !JSONSchemaFormat.conforms(text, to: format) {
      complain(path, "format", "String '\(short)' does not validate against format '\(format)'.")
    }
  }

  // MARK: - Arrays

  private mutating func checkArray(
    _ part: JSONSchema.Part, _ elements: [JSONValue], _ path: [String], _ seen: inout Seen
  ) throws(JSONSchemaError) -> Bool {
    var isValid = true
    if elements.count < part.itemCount.least {
      complain(
        path, "minItems", "Array item count \(elements.count) is less than minimum count of \(part.itemCount.least).")
    }
    if let most = part.itemCount.most, elements.count > most {
      complain(path, "maxItems", "Array item count \(elements.count) exceeds maximum count of \(most).")
    }
    for (index, element) in elements.enumerated() {
      let place = index < part.prefix.count ? part.prefix[index] : part.items
      guard let place else { break }
      if try check(place, element, path + ["\(index)"]) == nil { isValid = false }
    }
    seen.count = max(seen.count, part.items == nil ? min(part.prefix.count, elements.count) : elements.count)
    if part.isUnique, elements.count > 1 {
      for index in elements.indices.dropFirst() {
        try count(path, index)
        if elements[..<index].contains(elements[index]) {
          complain(path, "uniqueItems", "Non-unique array item at index \(index).")
          break
        }
      }
    }
    if let contains = part.contains {
      var found = 0
      for (index, element) in elements.enumerated() where try trial(contains, element, path) != nil {
        found += 1
        seen.elements.insert(index)
      }
      if found < part.containCount.least { complain(path, "contains", "No items match contains.") }
      if let most = part.containCount.most, found > most {
        complain(path, "maxContains", "Contains match count \(found) exceeds maximum contains count of \(most).")
      }
    }
    return isValid
  }

  // MARK: - Objects

  private func declared(_ name: String, _ part: JSONSchema.Part) -> Int? {
    if let place = part.properties[name] { return place }
    guard options.ignoresCaseOfNames else { return nil }
    let wanted = name.lowercased()
    return part.properties.first { $0.key.lowercased() == wanted }?.value
  }

  private func has(_ name: String, _ object: JSONObject) -> Bool {
    if object[name] != nil { return true }
    guard options.ignoresCaseOfNames else { return false }
    let wanted = name.lowercased()
    return object.members.contains { $0.name.lowercased() == wanted }
  }

  private mutating func checkObject(
    _ part: JSONSchema.Part, _ object: JSONObject, _ path: [String], _ seen: inout Seen
  ) throws(JSONSchemaError) -> Bool {
    var isValid = true
    let missing = part.required.filter { !has($0, object) }
    if !missing.isEmpty {
      complain(path, "required", "Required properties are missing from object: \(missing.joined(separator: ", ")).")
    }
    let count = object.members.count
    if count < part.propertyCount.least {
      complain(
        path, "minProperties",
        "Object property count \(count) is less than minimum count of \(part.propertyCount.least).")
    }
    if let most = part.propertyCount.most, count > most {
      complain(path, "maxProperties", "Object property count \(count) exceeds maximum count of \(most).")
    }
    for member in object.members {
      if try !checkMember(member.name, member.value, part, path, &seen) { isValid = false }
    }
    for (name, needed) in part.dependentNames where has(name, object) {
      let missing = needed.filter { !has($0, object) }
      if !missing.isEmpty {
        complain(
          path, "dependentRequired",
          "Dependencies for property '\(name)' failed. Missing required keys: \(missing.joined(separator: ", ")).")
      }
    }
    for (name, place) in part.dependentParts where has(name, object) {
      if let found = try check(place, .object(object), path) { seen.add(found) } else { isValid = false }
    }
    return isValid
  }

  private mutating func checkMember(
    _ name: String, _ value: JSONValue, _ part: JSONSchema.Part, _ path: [String], _ seen: inout Seen
  ) throws(JSONSchemaError) -> Bool {
    var isValid = true
    if let names = part.names, try check(names, .text(name), path) == nil { isValid = false }
    var isKnown = false
    if let place = declared(name, part) {
      isKnown = true
      if try check(place, value, path + [name]) == nil { isValid = false }
    }
    for (expression, place) in part.patterns where (try? expression.isMatch(name, from: 0)) == true {
      isKnown = true
      if try check(place, value, path + [name]) == nil { isValid = false }
    }
    if isKnown {
      seen.names.insert(name)
      return isValid
    }
    if let allowed = options.allowsAdditionalProperties {
      // The override speaks for objects that declare their properties.
      if !allowed, !part.properties.isEmpty { return refuse(name, path) }
      if part.additional != nil { seen.names.insert(name) }
      return isValid
    }
    guard let additional = part.additional else { return isValid }
    seen.names.insert(name)
    if schema.parts[additional].isRefused { return refuse(name, path) }
    if try check(additional, value, path + [name]) == nil { isValid = false }
    return isValid
  }

  private mutating func refuse(_ name: String, _ path: [String]) -> Bool {
    complain(
      path + [name], "additionalProperties",
      "Property '\(name)' has not been defined and the schema does not allow additional properties.")
    return false
  }

  // MARK: - Combinations

  private mutating func checkCombinations(
    _ part: JSONSchema.Part, _ value: JSONValue, _ path: [String], _ seen: inout Seen
  ) throws(JSONSchemaError) -> Bool {
    var isValid = true
    for place in part.all {
      if let found = try check(place, value, path) { seen.add(found) } else { isValid = false }
    }
    if !part.any.isEmpty {
      var matches = 0
      for place in part.any {
        guard let found = try trial(place, value, path) else { continue }
        matches += 1
        seen.add(found)
      }
      if matches == 0 { complain(path, "anyOf", "JSON does not match any schemas from 'anyOf'.") }
    }
    if !part.one.isEmpty {
      var found: [Seen] = []
      for place in part.one { if let one = try trial(place, value, path) { found.append(one) } }
      if found.count == 1 {
        seen.add(found[0])
      } else {
        complain(
          path, "oneOf",
          found.isEmpty
            ? "JSON is valid against no schemas from 'oneOf'."
            : "JSON is valid against more than one schema from 'oneOf'.")
      }
    }
    if let refused = part.refused, try trial(refused, value, path) != nil {
      complain(path, "not", "JSON is valid against schema from 'not'.")
    }
    if let condition = part.condition {
      let tested = try trial(condition.test, value, path)
      if let tested { seen.add(tested) }
      if let place = tested != nil ? condition.then : condition.otherwise {
        if let found = try check(place, value, path) { seen.add(found) } else { isValid = false }
      }
    }
    return isValid
  }
}
