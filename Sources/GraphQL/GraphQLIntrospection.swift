import JSONSchema

/// What `__schema` and `__type` tell (section 4.2), one field at a time.
struct GraphQLIntrospection {
  /// A part of the schema.
  enum Node {
    case schema
    case type(GraphQLTypeReference)
    case field(GraphQLFieldDefinition)
    case input(GraphQLInputDefinition)
    case value(GraphQLEnumValue)
    case directive(GraphQLDirectiveDefinition)
  }

  /// The value of a field.
  enum Answer {
    case leaf(JSONValue)
    case node(Node?)
    case nodes([Node]?)
  }

  let schema: GraphQLSchema

  func answer(_ field: String, of node: Node, _ arguments: JSONObject) -> Answer {
    let showsDeprecated = arguments["includeDeprecated"]?.flag ?? false
    return switch node {
    case .schema: answer(field)
    case .type(.nonNull(let inner)): wrapped(field, "NON_NULL", inner)
    case .type(.list(let inner)): wrapped(field, "LIST", inner)
    case .type(.named(let name)):
      schema.types[name].map { answer(field, of: $0, showsDeprecated) } ?? .leaf(.null)
    case .field(let definition):
      switch field {
      case "args": .nodes(inputs(definition.arguments, showsDeprecated))
      case "type": .node(.type(definition.type))
      default: common(field, definition.name, definition.description, definition.deprecation)
      }
    case .input(let definition):
      switch field {
      case "type": .node(.type(definition.type))
      case "defaultValue": .leaf(text(definition.defaultValue?.text))
      default: common(field, definition.name, definition.description, definition.deprecation)
      }
    case .value(let value): common(field, value.name, value.description, value.deprecation)
    case .directive(let directive):
      switch field {
      case "isRepeatable": .leaf(.bool(directive.isRepeatable))
      case "locations": .leaf(.array(directive.locations.map { .text($0) }))
      case "args": .nodes(inputs(directive.arguments, showsDeprecated))
      default: common(field, directive.name, directive.description, nil)
      }
    }
  }

  private func answer(_ field: String) -> Answer {
    func root(_ name: String?) -> Answer { .node(name.map { .type(.named($0)) }) }
    return switch field {
    case "description": .leaf(text(schema.description))
    case "types": .nodes(schema.types.keys.sorted().map { .type(.named($0)) })
    case "queryType": root(schema.query)
    case "mutationType": root(schema.mutation)
    case "subscriptionType": root(schema.subscription)
    case "directives":
      .nodes(schema.directives.values.sorted { $0.name < $1.name }.map { .directive($0) })
    default: .leaf(.null)
    }
  }

  private func answer(_ field: String, of type: GraphQLType, _ showsDeprecated: Bool) -> Answer {
    switch field {
    case "kind": return .leaf(.text(type.kind.rawValue))
    case "name": return .leaf(.text(type.name))
    case "description": return .leaf(text(type.description))
    case "specifiedByURL": return .leaf(text(type.specifiedBy))
    case "isOneOf": return .leaf(type.kind == .input ? .bool(type.isOneOf) : .null)
    case "fields":
      guard type.kind == .object || type.kind == .interface else { return .nodes(nil) }
      return .nodes(type.fields.filter { showsDeprecated || $0.deprecation == nil }.map { .field($0) })
    case "interfaces":
      guard type.kind == .object || type.kind == .interface else { return .nodes(nil) }
      return .nodes(type.interfaces.map { .type(.named($0)) })
    case "possibleTypes":
      guard type.kind == .interface || type.kind == .union else { return .nodes(nil) }
      return .nodes(type.possible.sorted().map { .type(.named($0)) })
    case "enumValues":
      guard type.kind == .enumeration else { return .nodes(nil) }
      return .nodes(type.values.filter { showsDeprecated || $0.deprecation == nil }.map { .value($0) })
    case "inputFields":
      return .nodes(type.kind == .input ? inputs(type.inputs, showsDeprecated) : nil)
    default: return .leaf(.null)
    }
  }

  private func wrapped(_ field: String, _ kind: String, _ inner: GraphQLTypeReference) -> Answer {
    switch field {
    case "kind": .leaf(.text(kind))
    case "ofType": .node(.type(inner))
    case "fields", "interfaces", "possibleTypes", "enumValues", "inputFields": .nodes(nil)
    default: .leaf(.null)
    }
  }

  private func common(_ field: String, _ name: String, _ description: String?, _ deprecation: String?) -> Answer {
    switch field {
    case "name": .leaf(.text(name))
    case "description": .leaf(text(description))
    case "isDeprecated": .leaf(.bool(deprecation != nil))
    case "deprecationReason": .leaf(text(deprecation))
    default: .leaf(.null)
    }
  }

  private func inputs(_ list: [GraphQLInputDefinition], _ showsDeprecated: Bool) -> [Node] {
    list.filter { showsDeprecated || $0.deprecation == nil }.map { .input($0) }
  }

  private func text(_ text: String?) -> JSONValue { text.map { .text($0) } ?? .null }
}
