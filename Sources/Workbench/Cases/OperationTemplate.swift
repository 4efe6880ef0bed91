/// The template of an operation, matched in this process: `{name}` is one segment, `*` at the end any remainder.
struct OperationTemplate {
  let text: String

  /// The parameters of a path below the API's; nil when it does not match. Values are as they stand in the path.
  func match(path: String, query: String?) -> [(name: String, value: String)]? {
    let halves = text.split(separator: "?", maxSplits: 1).map(String.init)
    var parameters: [(name: String, value: String)] = []
    var rest = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)[...]
    for segment in (halves.first ?? "/").split(separator: "/", omittingEmptySubsequences: false) {
      if segment == "*" { return parameters }
      guard let value = rest.popFirst() else { return nil }
      if let name = Self.name(segment) { parameters.append((name, value)) } else if segment != value { return nil }
    }
    guard rest.isEmpty else { return nil }
    let given = (query ?? "").split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
    for pair in halves.dropFirst().first?.split(separator: "&") ?? [] {
      let parts = pair.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let name = Self.name(parts[1]) else { continue }
      guard let value = given.first(where: { $0.first == String(parts[0]) })?.dropFirst().first else { return nil }
      parameters.append((name, value))
    }
    return parameters
  }

  private static func name(_ segment: Substring) -> String? {
    segment.hasPrefix("{") && segment.hasSuffix("}") ? String(segment.dropFirst().dropLast()) : nil
  }
}
