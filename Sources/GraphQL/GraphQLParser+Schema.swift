/// The definitions of a schema as they are written.
struct GraphQLDefinitions {
  var types: [GraphQLType] = []
  var extensions: [GraphQLType] = []
  var directives: [GraphQLDirectiveDefinition] = []
  /// Root types of `schema { … }` by operation; nil where there is no such definition.
  var roots: [GraphQLOperation.Kind: String]?
  var description: String?
}

extension GraphQLParser {
  /// Reads a document of definitions and extensions.
  mutating func definitions() throws(GraphQLError) -> GraphQLDefinitions {
    var result = GraphQLDefinitions()
    while token.kind != .end {
      let description = try description()
      let position = token.position
      var isExtension = false
      if description == nil { isExtension = try accept(keyword: "extend") }
      let keyword = token
      let word = try name()
      if word == "schema" {
        try roots(into: &result)
        if let description { result.description = description }
        continue
      }
      if word == "directive", !isExtension {
        result.directives.append(try directiveDefinition(description))
        continue
      }
      guard var type = try typeDefinition(word) else {
        throw GraphQLError("Syntax Error: Unexpected \(keyword.shown).", at: [keyword.position])
      }
      type.description = description
      type.position = position
      if isExtension { result.extensions.append(type) } else { result.types.append(type) }
    }
    return result
  }

  private mutating func description() throws(GraphQLError) -> String? {
    token.kind == .string ? try advance().text : nil
  }

  private mutating func roots(into result: inout GraphQLDefinitions) throws(GraphQLError) {
    _ = try directives(isConstant: true)
    var roots = result.roots ?? [:]
    if try accept("{") {
      repeat {
        let word = token
        guard let kind = GraphQLOperation.Kind(rawValue: try name()) else {
          throw GraphQLError("Syntax Error: Expected query, mutation or subscription.", at: [word.position])
        }
        try expect(":")
        let type = try name()
        guard roots.updateValue(type, forKey: kind) == nil else {
          throw GraphQLError("There can be only one \(kind.rawValue) type in the schema.", at: [word.position])
        }
      } while try !accept("}")
    }
    result.roots = roots
  }

  private mutating func typeDefinition(_ word: String) throws(GraphQLError) -> GraphQLType? {
    let kinds: [String: GraphQLType.Kind] = [
      "scalar": .scalar, "type": .object, "interface": .interface, "union": .union, "enum": .enumeration,
      "input": .input,
    ]
    guard let kind = kinds[word] else { return nil }
    var type = GraphQLType(kind: kind, name: try name())
    if kind == .object || kind == .interface {
      type.interfaces = try implementedInterfaces()
    }
    let directives = try directives(isConstant: true)
    type.isOneOf = directives.contains { $0.name == "oneOf" }
    type.specifiedBy = directives.first { $0.name == "specifiedBy" }?.text(of: "url")
    switch kind {
    case .scalar: break
    case .union:
      if try accept("=") {
        _ = try accept("|")
        repeat { type.members.append(try name()) } while try accept("|")
      }
    case .object, .interface:
      guard try accept("{") else { break }
      repeat { type.fields.append(try fieldDefinition()) } while try !accept("}")
    case .enumeration:
      guard try accept("{") else { break }
      repeat {
        let description = try description()
        type.values.append(
          GraphQLEnumValue(name: try name(), description: description, deprecation: try deprecation()))
      } while try !accept("}")
    case .input:
      guard try accept("{") else { break }
      repeat { type.inputs.append(try inputDefinition()) } while try !accept("}")
    }
    return type
  }

  private mutating func implementedInterfaces() throws(GraphQLError) -> [String] {
    guard try accept(keyword: "implements") else { return [] }
    _ = try accept("&")
    var names: [String] = []
    repeat { names.append(try name()) } while try accept("&")
    return names
  }

  private mutating func fieldDefinition() throws(GraphQLError) -> GraphQLFieldDefinition {
    let description = try description()
    let position = token.position
    let name = try name()
    let arguments = try argumentDefinitions()
    try expect(":")
    let type = try typeReference()
    return GraphQLFieldDefinition(
      name: name, description: description, arguments: arguments, type: type, deprecation: try deprecation(),
      position: position)
  }

  private mutating func argumentDefinitions() throws(GraphQLError) -> [GraphQLInputDefinition] {
    guard try accept("(") else { return [] }
    var list: [GraphQLInputDefinition] = []
    repeat { list.append(try inputDefinition()) } while try !accept(")")
    return list
  }

  private mutating func inputDefinition() throws(GraphQLError) -> GraphQLInputDefinition {
    let description = try description()
    let position = token.position
    let name = try name()
    try expect(":")
    let type = try typeReference()
    let value = try accept("=") ? try value(isConstant: true) : nil
    return GraphQLInputDefinition(
      name: name, description: description, type: type, defaultValue: value, deprecation: try deprecation(),
      position: position)
  }

  /// The directives of a definition; the reason why it shall no longer be used, if they tell one.
  private mutating func deprecation() throws(GraphQLError) -> String? {
    let directives = try directives(isConstant: true)
    guard let deprecated = directives.first(where: { $0.name == "deprecated" }) else { return nil }
    return deprecated.text(of: "reason") ?? "No longer supported"
  }

  private mutating func directiveDefinition(
    _ description: String?
  ) throws(GraphQLError) -> GraphQLDirectiveDefinition {
    try expect("@")
    let name = try name()
    let arguments = try argumentDefinitions()
    let isRepeatable = try accept(keyword: "repeatable")
    guard try accept(keyword: "on") else { throw unexpected("'on'") }
    _ = try accept("|")
    var locations: [String] = []
    repeat { locations.append(try self.name()) } while try accept("|")
    return GraphQLDirectiveDefinition(
      name: name, description: description, arguments: arguments, isRepeatable: isRepeatable, locations: locations)
  }
}

extension GraphQLDirective {
  /// An argument that is a string.
  fileprivate func text(of argument: String) -> String? {
    guard case .string(let text) = arguments.first(where: { $0.name == argument })?.value else { return nil }
    return text
  }
}
