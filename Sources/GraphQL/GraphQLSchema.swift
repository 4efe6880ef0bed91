/// The types that an API answers with (GraphQL, October 2021, section 3), read from the schema definition language.
public final class GraphQLSchema: Sendable {
  /// By name; those of introspection and the standard's scalars are among them.
  let types: [String: GraphQLType]
  let directives: [String: GraphQLDirectiveDefinition]
  public let query: String
  public let mutation: String?
  public let subscription: String?
  let description: String?

  /// Bytes of the longest schema that is read.
  public static let byteLimit = 4 << 20

  init(
    types: [String: GraphQLType], directives: [String: GraphQLDirectiveDefinition], query: String, mutation: String?,
    subscription: String?, description: String?
  ) {
    self.types = types
    self.directives = directives
    self.query = query
    self.mutation = mutation
    self.subscription = subscription
    self.description = description
  }

  /// The type that an operation begins with.
  func root(of kind: GraphQLOperation.Kind) -> GraphQLType? {
    switch kind {
    case .query: types[query]
    case .mutation: mutation.flatMap { types[$0] }
    case .subscription: subscription.flatMap { types[$0] }
    }
  }

  /// Whether the type has that field.
  public func hasField(_ name: String, of type: String) -> Bool { types[type]?.field(name) != nil }

  /// The fields that clients can subscribe to, in the order of the schema.
  public var subscriptionFields: [String] { root(of: .subscription)?.fields.map(\.name) ?? [] }

  /// A field of a type, or one that every type or the root has.
  func field(_ name: String, of type: GraphQLType) -> GraphQLFieldDefinition? {
    switch name {
    case "__typename" where type.kind.isComposite: Self.typename
    case "__schema" where type.name == query: Self.schema
    case "__type" where type.name == query: Self.type
    default: type.field(name)
    }
  }

  /// Whether an object can be both of one type and of the other.
  func overlap(_ a: GraphQLType, _ b: GraphQLType) -> Bool {
    a.name == b.name || !a.possible.isDisjoint(with: b.possible)
  }

  /// Whether an object of a name is one of a type.
  func isPossible(_ name: String, of type: GraphQLType) -> Bool { type.name == name || type.possible.contains(name) }

  private static let typename = GraphQLFieldDefinition(name: "__typename", type: .nonNull(.named("String")))
  private static let schema = GraphQLFieldDefinition(name: "__schema", type: .nonNull(.named("__Schema")))
  private static let type = GraphQLFieldDefinition(
    name: "__type", arguments: [GraphQLInputDefinition(name: "name", type: .nonNull(.named("String")))],
    type: .named("__Type"))
}

struct GraphQLType: Sendable {
  enum Kind: String, Sendable {
    case scalar = "SCALAR"
    case object = "OBJECT"
    case interface = "INTERFACE"
    case union = "UNION"
    case enumeration = "ENUM"
    case input = "INPUT_OBJECT"

    var isComposite: Bool { self == .object || self == .interface || self == .union }
    var isInput: Bool { self == .scalar || self == .enumeration || self == .input }
  }

  var kind: Kind
  var name: String
  var description: String?
  var fields: [GraphQLFieldDefinition] = []
  var inputs: [GraphQLInputDefinition] = []
  var values: [GraphQLEnumValue] = []
  var interfaces: [String] = []
  /// The members of a union as written.
  var members: [String] = []
  /// The names of the objects that it can be.
  var possible: Set<String> = []
  var specifiedBy: String?
  var isOneOf = false
  var position = GraphQLPosition(line: 0, column: 0)
  private var places: [String: Int] = [:]

  init(kind: Kind, name: String) {
    self.kind = kind
    self.name = name
  }

  func field(_ name: String) -> GraphQLFieldDefinition? { places[name].map { fields[$0] } }

  /// To be called when all fields are there; gives the name of one that stands there twice.
  mutating func index() -> String? {
    for (place, field) in fields.enumerated() {
      if places.updateValue(place, forKey: field.name) != nil { return field.name }
    }
    return nil
  }
}

struct GraphQLFieldDefinition: Sendable {
  var name: String
  var description: String?
  var arguments: [GraphQLInputDefinition] = []
  var type: GraphQLTypeReference
  var deprecation: String?
  var position = GraphQLPosition(line: 0, column: 0)
}

/// An argument, or a field of an input object.
struct GraphQLInputDefinition: Sendable {
  var name: String
  var description: String?
  var type: GraphQLTypeReference
  var defaultValue: GraphQLValue?
  var deprecation: String?
  var position = GraphQLPosition(line: 0, column: 0)

  var isRequired: Bool { type.isNonNull && defaultValue == nil }
}

struct GraphQLEnumValue: Sendable {
  var name: String
  var description: String?
  var deprecation: String?
}

struct GraphQLDirectiveDefinition: Sendable {
  var name: String
  var description: String?
  var arguments: [GraphQLInputDefinition]
  var isRepeatable: Bool
  var locations: [String]
}
