import Synchronization

/// A path of `SelectToken`: Newtonsoft's JSONPath with names, indices, slices, unions, wildcards, `..` and filters.
struct JsonPath: Sendable {
  enum Step: Sendable {
    /// Members by name; nil is every member.
    case members([String]?)
    /// Elements by place; nil is every element.
    case elements([Int]?)
    case slice(Int?, Int?, Int?)
    /// Members of that name anywhere below; nil is everything.
    case descendants([String]?)
    /// Children for which the condition holds; anywhere below when `deep`.
    indirect case filter(JsonFilter, deep: Bool)
  }

  var steps: [Step] = []

  private static let known = Mutex<[String: JsonPath]>([:])
  private static let capacity = 256

  /// The path of a text, from those used lately. JsonException for a text that is none.
  static func compiled(_ text: String) throws -> JsonPath {
    if let path = known.withLock({ $0[text] }) { return path }
    var parser = JsonPathParser(text)
    let path = try parser.path()
    known.withLock { paths in
      // Paths made from requests must not fill the memory.
      if paths.count >= capacity { paths.removeAll() }
      paths[text] = path
    }
    return path
  }

  static func failure(_ message: String) -> Thrown { Thrown("Newtonsoft.Json.JsonException", message) }

  /// All tokens the path leads to, in order. With `strict`, JsonException says where it leads nowhere.
  func select(_ start: JsonToken, root: JsonToken, strict: Bool, _ machine: Machine) throws -> [JsonToken] {
    var current = [start]
    for step in steps {
      var next: [JsonToken] = []
      for token in current { try Self.apply(step, token, root, strict, &next, machine) }
      try machine.allocate(bytes: next.count * 8)
      current = next
    }
    return current
  }

  private static func apply(
    _ step: Step, _ token: JsonToken, _ root: JsonToken, _ strict: Bool, _ result: inout [JsonToken],
    _ machine: Machine
  ) throws {
    try machine.charge()
    let type = token.runtimeType.definition.name
    switch step {
    case .members(let names):
      guard token.isObject else {
        if strict { throw failure("\(described(names)) not valid on \(type).") }
        return
      }
      guard let names else { return result += token.children.compactMap(\.propertyValue) }
      for name in names {
        if let value = token.member(name) {
          result.append(value)
        } else if strict {
          throw failure("Property '\(name)' does not exist on JObject.")
        }
      }
    case .elements(let indices):
      guard token.isArray || token.kind == .constructor else {
        if strict { throw failure("Index \(indices.map { "\($0.first ?? 0)" } ?? "*") not valid on \(type).") }
        return
      }
      guard let indices else { return result += token.children }
      for index in indices {
        if index < 0 { throw Thrown.outOfRange("index", "Index was out of range. Must be non-negative.") }
        if let element = token.child(at: index) {
          result.append(element)
        } else if strict {
          throw failure("Index \(index) outside the bounds of JArray.")
        }
      }
    case .slice(let start, let end, let step):
      try slice(token, start, end, step, strict, &result)
    case .descendants(let names):
      try token.visitDescendants(machine) { found in
        if let names {
          if let name = found.propertyName, let value = found.propertyValue, names.contains(name) {
            result.append(value)
          }
        } else if found.propertyName == nil {
          result.append(found)
        }
      }
    case .filter(let condition, let deep):
      if deep {
        try token.visitDescendants(machine) { found in
          if try condition.holds(found, root: root, machine) { result.append(found) }
        }
      } else {
        for child in token.children where try condition.holds(child, root: root, machine) { result.append(child) }
      }
    }
  }

  private static func described(_ names: [String]?) -> String {
    guard let names, names.count > 1 else { return "Property '\(names?.first ?? "*")'" }
    return "Properties " + names.map { "'\($0)'" }.joined(separator: ", ")
  }

  private static func slice(
    _ token: JsonToken, _ start: Int?, _ end: Int?, _ step: Int?, _ strict: Bool, _ result: inout [JsonToken]
  ) throws {
    let by = step ?? 1
    if by == 0 { throw failure("Step cannot be zero.") }
    guard token.isArray else {
      if strict { throw failure("Array slice is not valid on \(token.runtimeType.definition.name).") }
      return
    }
    let count = token.count
    func place(_ value: Int?, _ missing: Int) -> Int { value.map { $0 < 0 ? $0 + count : $0 } ?? missing }
    let from = min(max(place(start, by > 0 ? 0 : count - 1), by > 0 ? 0 : .min), by > 0 ? count : count - 1)
    let to = min(max(place(end, by > 0 ? count : -1), -1), count)
    let before = result.count
    for index in stride(from: from, to: to, by: by) {
      if let element = token.child(at: index) { result.append(element) }
    }
    if strict, result.count == before {
      throw failure(
        "Array slice of \(start.map { "\($0)" } ?? "*") to \(end.map { "\($0)" } ?? "*") returned no results.")
    }
  }

  // MARK: - The path of a token

  /// `JToken.Path`: names and places from the root; names with signs in them in brackets.
  static func path(of token: JsonToken) -> String {
    var parts: [String] = []
    var current = token
    while let parent = current.parent {
      if let name = current.propertyName {
        parts.append(part(name))
      } else if parent.propertyName == nil {
        parts.append("[\(parent.index(of: current) ?? 0)]")
      }
      current = parent
    }
    // A property's own name stands in the path only below something else.
    if current !== token, let name = current.propertyName { parts.append(part(name)) }
    return joined(parts.reversed())
  }

  /// The path of a member that is not there yet.
  static func path(of container: JsonToken, to name: String) -> String {
    let head = path(of: container)
    let tail = part(name)
    return head.isEmpty || tail.hasPrefix("[") ? head + tail : head + "." + tail
  }

  private static func joined(_ parts: [String]) -> String {
    var text = ""
    for part in parts { text += text.isEmpty || part.hasPrefix("[") ? part : "." + part }
    return text
  }

  private static func part(_ name: String) -> String {
    guard name.unicodeScalars.contains(where: { special.contains($0) }) else { return name }
    var text = ""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "'": text += "\\'"
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return "['\(text)']"
  }

  private static let special = Set(
    " '/\"[]()\t\n\r\u{c}\u{8}\\\u{85}\u{2028}\u{2029}.".unicodeScalars)
}
