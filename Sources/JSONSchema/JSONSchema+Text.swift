extension JSONSchema {
  /// Whether the schema takes an array, so that a parameter may be given more than once.
  public var takesSeveral: Bool { types(of: root).contains("array") }

  /// The value that the texts of a header or of an address stand for: numbers and truth values where the schema asks for
  /// them, elements apart by commas for an array, JSON for an object. JSONTextError for a text that is no such value.
  public func value(of texts: [String]) throws(JSONTextError) -> JSONValue {
    guard takesSeveral else { return try value(of: texts.first ?? "", at: root) }
    let elements =
      texts.count > 1
      ? texts : texts.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map(String.init)
    let part = resolved(root)
    var values: [JSONValue] = []
    for (index, element) in elements.enumerated() {
      let place = index < part.prefix.count ? part.prefix[index] : part.items
      values.append(
        try place.map { (place) throws(JSONTextError) in try value(of: element, at: place) } ?? .text(element))
    }
    return .array(values)
  }

  /// The part itself, or what its references lead to.
  private func resolved(_ place: Int) -> Part {
    var part = parts[place]
    var depth = 0
    while part.types.isEmpty, let next = part.reference ?? part.all.first, depth < 20 {
      part = parts[next]
      depth += 1
    }
    return part
  }

  private func types(of place: Int) -> [String] { resolved(place).types }

  private func value(of text: String, at place: Int) throws(JSONTextError) -> JSONValue {
    let types = types(of: place)
    if types.isEmpty || types.contains("string") || types.contains("any") || types.contains("file") {
      return .text(text)
    }
    if types.contains("null"), text.isEmpty { return .null }
    for type in types {
      switch type {
      case "integer": if let number = Int64(text), !text.hasPrefix("+") { return .integer(number) }
      case "number":
        if let number = Double(text), number.isFinite { return Int64(text).map { .integer($0) } ?? .real(number) }
      case "boolean": if text == "true" || text == "false" { return .bool(text == "true") }
      case "object", "array":
        if let value = try? JSONValue(Array(text.utf8)) { return value }
      default: continue
      }
    }
    throw JSONTextError(
      message: "Input string '\(text.prefix(100))' is not a valid \(types.joined(separator: " or ")).")
  }
}

/// A text that is no value of the type that a schema asks for.
public struct JSONTextError: Error, Sendable, Equatable {
  public let message: String
}
