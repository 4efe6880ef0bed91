/// What makes an API one of GraphQL: its schema, and where the fields come from that no backend answers.
public struct GraphQLService: Codable, Sendable, Equatable {
  /// In the schema definition language; at most 4 MiB. Empty while the API has none.
  public var schema: String
  /// Sorted by identifier. With none at all, requests go to the backend as they are.
  public var resolvers: [GraphQLResolver]

  public init(schema: String, resolvers: [GraphQLResolver] = []) {
    self.schema = schema
    self.resolvers = resolvers
  }
}

/// Where one field of a schema gets its value from.
public struct GraphQLResolver: Codable, Sendable, Equatable {
  public var id: String
  /// `Type/field`.
  public var path: String
  /// A document with a data source at its root; nil for a resolver that has none yet.
  public var policy: PolicyText?

  public init(id: String, path: String, policy: PolicyText?) {
    self.id = id
    self.path = path
    self.policy = policy
  }
}
