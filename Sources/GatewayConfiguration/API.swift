/// One revision of one version of an API.
public struct API: Codable, Sendable, Equatable {
  /// How callers reach an API or its backend.
  public enum Scheme: String, Codable, Sendable, CaseIterable {
    case http, https, ws, wss
  }

  /// What is spoken, where that is more than requests of HTTP.
  public enum Kind: String, Codable, Sendable {
    /// Calls of gRPC: HTTP/2 to the backend, trailers, deadlines.
    case grpc
  }

  /// The API's identifier without its revision, `context.Api.Id`.
  public var id: String
  public var displayName: String
  /// The path below the gateway's host, without slashes at either end; empty for the root.
  public var path: String
  /// The revision number, `1` for the first.
  public var revision: String
  /// Whether callers reach this revision without `;rev=`.
  public var isCurrentRevision: Bool
  /// The version identifier, where the API belongs to a version set.
  public var version: String?
  public var versionSet: VersionSet?
  public var protocols: Set<Scheme>
  /// Nil for requests of HTTP, and for WebSockets.
  public var kind: Kind?
  /// The backend's base URL, where one is set.
  public var serviceURL: String?
  public var subscriptionRequired: Bool
  public var subscriptionKeyNames: SubscriptionKeyNames
  public var operations: [Operation]
  /// What representations and parameters of the operations refer to.
  public var schemas: [SchemaDocument]
  /// What the API answers with; nil for one that is not of GraphQL.
  public var graphQL: GraphQLService?
  /// The model that requests can be held against; nil for an API that is not of OData.
  public var odata: ODataService?
  public var policy: PolicyText?
  /// Where the API lives; nil for an API of the service itself.
  public var workspace: WorkspaceIdentity?

  public init(
    id: String, displayName: String, path: String, revision: String = "1", isCurrentRevision: Bool = true,
    version: String? = nil, versionSet: VersionSet? = nil, protocols: Set<Scheme> = [.https],
    kind: Kind? = nil, serviceURL: String? = nil, subscriptionRequired: Bool = true,
    subscriptionKeyNames: SubscriptionKeyNames = SubscriptionKeyNames(), operations: [Operation] = [],
    schemas: [SchemaDocument] = [], graphQL: GraphQLService? = nil, odata: ODataService? = nil,
    policy: PolicyText? = nil, workspace: WorkspaceIdentity? = nil
  ) {
    self.id = id
    self.displayName = displayName
    self.path = path
    self.revision = revision
    self.isCurrentRevision = isCurrentRevision
    self.version = version
    self.versionSet = versionSet
    self.protocols = protocols
    self.kind = kind
    self.serviceURL = serviceURL
    self.subscriptionRequired = subscriptionRequired
    self.subscriptionKeyNames = subscriptionKeyNames
    self.operations = operations
    self.schemas = schemas
    self.graphQL = graphQL
    self.odata = odata
    self.policy = policy
    self.workspace = workspace
  }

  private enum CodingKeys: String, CodingKey {
    case id, displayName, path, revision, isCurrentRevision, version, versionSet, protocols, kind, serviceURL
    case subscriptionRequired, subscriptionKeyNames, operations, schemas, graphQL, odata, policy, workspace
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(displayName, forKey: .displayName)
    try container.encode(path, forKey: .path)
    try container.encode(revision, forKey: .revision)
    try container.encode(isCurrentRevision, forKey: .isCurrentRevision)
    try container.encodeIfPresent(version, forKey: .version)
    try container.encodeIfPresent(versionSet, forKey: .versionSet)
    // A set has no order of its own; sorted, equal content has equal bytes.
    try container.encode(protocols.sorted { $0.rawValue < $1.rawValue }, forKey: .protocols)
    try container.encodeIfPresent(kind, forKey: .kind)
    try container.encodeIfPresent(serviceURL, forKey: .serviceURL)
    try container.encode(subscriptionRequired, forKey: .subscriptionRequired)
    try container.encode(subscriptionKeyNames, forKey: .subscriptionKeyNames)
    try container.encode(operations, forKey: .operations)
    try container.encode(schemas, forKey: .schemas)
    try container.encodeIfPresent(graphQL, forKey: .graphQL)
    try container.encodeIfPresent(odata, forKey: .odata)
    try container.encodeIfPresent(policy, forKey: .policy)
    try container.encodeIfPresent(workspace, forKey: .workspace)
  }
}

/// Where a caller puts the subscription key; overridable for each API.
public struct SubscriptionKeyNames: Codable, Sendable, Equatable {
  public var header: String
  public var query: String

  public init(header: String = "Ocp-Apim-Subscription-Key", query: String = "subscription-key") {
    self.header = header
    self.query = query
  }
}

/// How callers say which version of an API they mean.
public struct VersionSet: Codable, Sendable, Equatable {
  public enum Scheme: String, Codable, Sendable {
    case path, header, query
  }

  public var id: String
  public var scheme: Scheme
  /// The header or query parameter that carries the version; absent for `path`.
  public var parameterName: String?

  public init(id: String, scheme: Scheme, parameterName: String? = nil) {
    self.id = id
    self.scheme = scheme
    self.parameterName = parameterName
  }
}

/// One method and URL template of an API.
public struct Operation: Codable, Sendable, Equatable {
  public var id: String
  public var displayName: String
  /// The method in upper case.
  public var method: String
  /// The template below the API's path, beginning with `/`; `{name}` is one segment, `/*` any remainder.
  public var urlTemplate: String
  public var policy: PolicyText?
  /// Nil for an operation that says nothing of its messages.
  public var contract: OperationContract?

  public init(
    id: String, displayName: String, method: String, urlTemplate: String, policy: PolicyText? = nil,
    contract: OperationContract? = nil
  ) {
    self.id = id
    self.displayName = displayName
    self.method = method
    self.urlTemplate = urlTemplate
    self.policy = policy
    self.contract = contract
  }
}
