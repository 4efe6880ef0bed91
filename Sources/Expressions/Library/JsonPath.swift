/// `SelectToken`: Newtonsoft's JSONPath with names, indices, wildcards, slices, unions and `..`.
enum JsonPath {
  private enum Step {
    case names([String])
    case indices([Int])
    case slice(Int?, Int?, Int?)
    case all
    case descendants
  }

  static func select(_ path: String, _ root: JsonToken, _ machine: Machine) throws -> [JsonToken] {
    var current = [root]
    for step in try parse(path) {
      var next: [JsonToken] = []
      for token in current { try apply(step, token, &next, machine) }
      current = next
    }
    return current
  }

  private static func apply(
    _ step: Step, _ token: JsonToken, _ result: inout [JsonToken], _ machine: Machine
  ) throws {
    try machine.charge()
    switch step {
    case .names(let names): result += names.compactMap { name in isObject(token) ? token.member(name) : nil }
    case .indices(let indices):
      guard case .array = token.content else { return }
      for index in indices where token.children.indices.contains(index) { result.append(token.children[index]) }
    case .slice(let start, let end, let step):
      guard case .array = token.content else { return }
      let count = token.children.count
      func place(_ value: Int) -> Int { min(max(value < 0 ? value + count : value, 0), count) }
      for index in stride(from: place(start ?? 0), to: place(end ?? count), by: max(step ?? 1, 1)) {
        result.append(token.children[index])
      }
    case .all: result += token.children.map { $0.propertyValue ?? $0 }
    case .descendants:
      result.append(token)
      for child in token.children { try apply(.descendants, child.propertyValue ?? child, &result, machine) }
    }
  }

  private static func isObject(_ token: JsonToken) -> Bool {
    if case .object = token.content { return true }
    return false
  }

  private static func parse(_ path: String) throws -> [Step] {
    let text = Array(path)
    var steps: [Step] = []
    var index = text.first == "$" ? 1 : 0
    let failure = Thrown("Newtonsoft.Json.JsonException", "Unexpected character while parsing path: \(path)")
    while index < text.count {
      if text[index] == "." {
        index += 1
        if index < text.count, text[index] == "." {
          steps.append(.descendants)
          index += 1
        }
        if index < text.count, text[index] == "[" { continue }
      }
      guard index < text.count else { throw failure }
      if text[index] == "[" {
        guard let end = close(text, index) else {
          throw Thrown("Newtonsoft.Json.JsonException", "Path ended with open indexer.")
        }
        steps.append(try bracket(String(text[(index + 1)..<end]), failure))
        index = end + 1
        continue
      }
      let start = index
      while index < text.count, text[index] != ".", text[index] != "[" { index += 1 }
      let name = String(text[start..<index])
      steps.append(name == "*" ? .all : .names([name]))
    }
    return steps
  }

  private static func close(_ text: [Character], _ open: Int) -> Int? {
    var quote: Character?
    for index in (open + 1)..<max(text.count, open + 1) {
      if let mark = quote {
        if text[index] == mark { quote = nil }
      } else if text[index] == "'" || text[index] == "\"" {
        quote = text[index]
      } else if text[index] == "]" {
        return index
      }
    }
    return nil
  }

  private static func bracket(_ inner: String, _ failure: Thrown) throws -> Step {
    let content = inner.trimmingWhiteSpace()
    if content == "*" { return .all }
    if content.hasPrefix("?") {
      throw Thrown.notSupported("Filters in JSON paths are not supported by this version of Postern yet.")
    }
    if let mark = content.first, mark == "'" || mark == "\"" {
      return .names(
        content.split(separator: ",").map { String($0).trimmingWhiteSpace().filter { $0 != mark } })
    }
    if content.contains(":") {
      let parts = content.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
      return .slice(parts[0], parts[1], parts.count > 2 ? parts[2] : nil)
    }
    let indices = content.split(separator: ",").map { Int(String($0).trimmingWhiteSpace()) }
    guard !indices.isEmpty, !indices.contains(nil) else { throw failure }
    return .indices(indices.compactMap { $0 })
  }

  /// `JToken.Path`.
  static func path(of token: JsonToken) -> String {
    guard let parent = token.parent else { return "" }
    if case .property(let name) = parent.content {
      let prefix = parent.parent.map { path(of: $0) } ?? ""
      return prefix.isEmpty ? name : prefix + "." + name
    }
    if let name = token.propertyName { return path(of: parent).isEmpty ? name : path(of: parent) + "." + name }
    let index = parent.children.firstIndex { $0 === token } ?? 0
    return path(of: parent) + "[\(index)]"
  }
}
