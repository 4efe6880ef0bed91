extension GraphQLSchema {
  /// Reads a schema; the first mistake is thrown.
  public convenience init(_ text: String) throws(GraphQLError) {
    guard text.utf8.count <= Self.byteLimit else {
      throw GraphQLError("Syntax Error: The schema has more than \(Self.byteLimit) bytes.")
    }
    var parser = try GraphQLParser(Array(text.utf8))
    var builder = GraphQLSchemaBuilder(try parser.definitions())
    let made = try builder.build()
    self.init(
      types: made.types, directives: made.directives, query: made.query, mutation: made.mutation,
      subscription: made.subscription, description: made.description)
  }
}

/// Puts definitions together and checks that they fit.
struct GraphQLSchemaBuilder {
  private var definitions: GraphQLDefinitions
  private var types: [String: GraphQLType] = [:]
  private var directives: [String: GraphQLDirectiveDefinition] = [:]

  init(_ definitions: GraphQLDefinitions) { self.definitions = definitions }

  mutating func build() throws(GraphQLError) -> GraphQLSchema {
    var parser = try GraphQLParser(Array(Self.standard.utf8))
    let standard = try parser.definitions()
    for directive in standard.directives { directives[directive.name] = directive }
    for type in standard.types { types[type.name] = type }
    for directive in definitions.directives { directives[directive.name] = directive }
    for type in definitions.types {
      // Documents that tools have written define the standard's scalars again.
      if standard.types.contains(where: { $0.name == type.name }) {
        if type.kind == .scalar || type.name.hasPrefix("__") { continue }
      } else if type.name.hasPrefix("__") {
        throw GraphQLError("The name \(type.name) is reserved for introspection.", at: [type.position])
      }
      guard types.updateValue(type, forKey: type.name) == nil else {
        throw GraphQLError("There can be only one type named \(type.name).", at: [type.position])
      }
    }
    for part in definitions.extensions { try extend(part) }
    let roots = definitions.roots ?? standardRoots
    guard let query = roots[.query] else { throw GraphQLError("The schema has no query type.") }
    for name in types.keys.sorted() { try check(name) }
    for (kind, name) in roots where types[name]?.kind != .object {
      throw GraphQLError("The \(kind.rawValue) type \(name) is not an object type of the schema.")
    }
    for name in types.keys.sorted() { try checkInterfaces(of: name) }
    var defaults = GraphQLDefaults(types)
    for name in types.keys.sorted() { try defaults.check(name) }
    return GraphQLSchema(
      types: types, directives: directives, query: query, mutation: roots[.mutation],
      subscription: roots[.subscription], description: definitions.description)
  }

  private var standardRoots: [GraphQLOperation.Kind: String] {
    let names: [GraphQLOperation.Kind: String] = [
      .query: "Query", .mutation: "Mutation", .subscription: "Subscription",
    ]
    return names.filter { types[$0.value]?.kind == .object }
  }

  private mutating func extend(_ part: GraphQLType) throws(GraphQLError) {
    guard var type = types[part.name], type.kind == part.kind else {
      throw GraphQLError("Cannot extend type \(part.name): it is not defined as that kind.", at: [part.position])
    }
    type.fields += part.fields
    type.inputs += part.inputs
    type.values += part.values
    type.interfaces += part.interfaces
    type.members += part.members
    types[part.name] = type
  }

  // MARK: - Checks

  private mutating func check(_ name: String) throws(GraphQLError) {
    guard var type = types[name] else { return }
    if let twice = type.index() {
      throw GraphQLError("Field \(name).\(twice) can only be defined once.", at: [type.position])
    }
    for field in type.fields {
      try check(field.type, isInput: false, "\(name).\(field.name)", field.position)
      for argument in field.arguments {
        try check(argument.type, isInput: true, "\(name).\(field.name)(\(argument.name):)", argument.position)
      }
    }
    for input in type.inputs { try check(input.type, isInput: true, "\(name).\(input.name)", input.position) }
    let isEmpty =
      switch type.kind {
      case .object, .interface: type.fields.isEmpty
      case .input: type.inputs.isEmpty
      case .enumeration: type.values.isEmpty
      case .union: type.members.isEmpty
      case .scalar: false
      }
    if isEmpty { throw GraphQLError("Type \(name) has no content.", at: [type.position]) }
    if type.kind == .object { type.possible = [name] }
    if type.kind == .union {
      for member in type.members where types[member]?.kind != .object {
        throw GraphQLError("Union \(name) has the member \(member), which is no object type.", at: [type.position])
      }
      type.possible = Set(type.members)
    }
    types[name] = type
  }

  private func check(
    _ reference: GraphQLTypeReference, isInput: Bool, _ owner: String, _ position: GraphQLPosition
  ) throws(GraphQLError) {
    guard let type = types[reference.name] else {
      throw GraphQLError("Unknown type \(reference.name) of \(owner).", at: [position])
    }
    guard isInput ? type.kind.isInput : type.kind != .input else {
      throw GraphQLError("Type \(reference.name) cannot be the type of \(owner).", at: [position])
    }
  }

  /// Whether a type has what its interfaces promise; tells the interfaces who they can be.
  private mutating func checkInterfaces(of name: String) throws(GraphQLError) {
    guard let type = types[name] else { return }
    for interface in type.interfaces {
      guard let promised = types[interface], promised.kind == .interface else {
        throw GraphQLError("Type \(name) implements \(interface), which is no interface.", at: [type.position])
      }
      for field in promised.fields where type.field(field.name) == nil {
        throw GraphQLError(
          "Interface field \(interface).\(field.name) expected but \(name) does not provide it.", at: [type.position])
      }
      if type.kind == .object { types[interface]?.possible.insert(name) }
    }
  }

  /// What every schema has: scalars, directives and the types of introspection (section 4.2).
  private static let standard = """
    scalar Int scalar Float scalar String scalar Boolean scalar ID
    directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
    directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
    directive @deprecated(reason: String = "No longer supported")
      on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
    directive @specifiedBy(url: String!) on SCALAR
    type __Schema { description: String types: [__Type!]! queryType: __Type! mutationType: __Type
      subscriptionType: __Type directives: [__Directive!]! }
    type __Type { kind: __TypeKind! name: String description: String specifiedByURL: String
      fields(includeDeprecated: Boolean = false): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!]
      enumValues(includeDeprecated: Boolean = false): [__EnumValue!]
      inputFields(includeDeprecated: Boolean = false): [__InputValue!] ofType: __Type isOneOf: Boolean }
    enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }
    type __Field { name: String! description: String args(includeDeprecated: Boolean = false): [__InputValue!]!
      type: __Type! isDeprecated: Boolean! deprecationReason: String }
    type __InputValue { name: String! description: String type: __Type! defaultValue: String
      isDeprecated: Boolean! deprecationReason: String }
    type __EnumValue { name: String! description: String isDeprecated: Boolean! deprecationReason: String }
    type __Directive { name: String! description: String isRepeatable: Boolean! locations: [__DirectiveLocation!]!
      args(includeDeprecated: Boolean = false): [__InputValue!]! }
    enum __DirectiveLocation { QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT
      VARIABLE_DEFINITION SCHEMA SCALAR OBJECT FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE
      INPUT_OBJECT INPUT_FIELD_DEFINITION }
    """
}

/// Whether the defaults of input objects come to an end when they are filled in, and soon.
private struct GraphQLDefaults {
  private let types: [String: GraphQLType]
  /// Values that a default is made of, by type and field; nil while it is looked at.
  private var sizes: [String: Int?] = [:]

  private static let sizeLimit = 10_000

  init(_ types: [String: GraphQLType]) { self.types = types }

  mutating func check(_ name: String) throws(GraphQLError) {
    for input in types[name]?.inputs ?? [] { _ = try size(of: input, in: name) }
  }

  private mutating func size(of input: GraphQLInputDefinition, in type: String) throws(GraphQLError) -> Int {
    guard let value = input.defaultValue else { return 1 }
    let key = "\(type).\(input.name)"
    if let known = sizes[key] {
      guard let known else {
        throw GraphQLError("The default of \(key) leads back to itself.", at: [input.position])
      }
      return known
    }
    sizes[key] = .some(nil)
    let size = try size(of: value, input.type.name)
    guard size <= Self.sizeLimit else {
      throw GraphQLError("The default of \(key) is too large.", at: [input.position])
    }
    sizes[key] = .some(size)
    return size
  }

  private mutating func size(of value: GraphQLValue, _ type: String) throws(GraphQLError) -> Int {
    var sum = 1
    switch value {
    case .list(let elements):
      for element in elements { sum += try size(of: element, type) }
    case .object(let members):
      for input in types[type]?.inputs ?? [] {
        if let member = members.first(where: { $0.name == input.name }) {
          sum += try size(of: member.value, input.type.name)
        } else {
          sum += try size(of: input, in: type)
        }
      }
    default: break
    }
    return min(sum, Self.sizeLimit + 1)
  }
}
