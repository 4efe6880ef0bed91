import JSONSchema

extension GraphQLDocument {
  /// The document again, as short as it can be read.
  public var text: String {
    (operations.map(\.text) + fragments.map(\.text)).joined(separator: "\n")
  }
}

extension GraphQLOperation {
  fileprivate var text: String {
    var head = kind.rawValue
    if let name { head += " " + name }
    if !variables.isEmpty {
      let list = variables.map { variable in
        "$\(variable.name): \(variable.type.text)" + (variable.defaultValue.map { " = " + $0.text } ?? "")
          + variable.directives.text
      }
      head += "(\(list.joined(separator: ", ")))"
    }
    return head + directives.text + " " + selections.text
  }
}

extension GraphQLFragment {
  fileprivate var text: String { "fragment \(name) on \(typeCondition)\(directives.text) \(selections.text)" }
}

extension [GraphQLSelection] {
  fileprivate var text: String { "{ " + map(\.text).joined(separator: " ") + " }" }
}

extension GraphQLSelection {
  fileprivate var text: String {
    switch self {
    case .field(let field):
      var text = (field.alias.map { $0 + ": " } ?? "") + field.name
      if !field.arguments.isEmpty { text += field.arguments.text }
      text += field.directives.text
      return field.selections.isEmpty ? text : text + " " + field.selections.text
    case .spread(let name, let directives, _): return "...\(name)\(directives.text)"
    case .inline(let condition, let directives, let selections, _):
      return "..." + (condition.map { " on " + $0 } ?? "") + directives.text + " " + selections.text
    }
  }
}

extension [GraphQLDirective] {
  fileprivate var text: String { map { " @" + $0.name + ($0.arguments.isEmpty ? "" : $0.arguments.text) }.joined() }
}

extension [GraphQLArgument] {
  fileprivate var text: String { "(" + map { "\($0.name): \($0.value.text)" }.joined(separator: ", ") + ")" }
}

extension GraphQLValue {
  /// As a document writes it; equal texts are equal values.
  public var text: String {
    switch self {
    case .variable(let name, _): "$" + name
    case .integer(let digits), .real(let digits): digits
    case .string(let text): JSONText.quoted(text)
    case .bool(let flag): flag ? "true" : "false"
    case .null: "null"
    case .enumeration(let name): name
    case .list(let elements): "[" + elements.map(\.text).joined(separator: ", ") + "]"
    case .object(let members): "{" + members.map { "\($0.name): \($0.value.text)" }.joined(separator: ", ") + "}"
    }
  }
}
