/// The APIs of one team with everything that their policies may name, apart from the service's own and from those of other
/// workspaces.
public struct Workspace: Codable, Sendable, Equatable {
  public var identity: WorkspaceIdentity
  /// Every online revision of its APIs; each names this workspace.
  public var apis: [API]
  public var products: [Product]
  public var namedValues: [NamedValue]
  public var policyFragments: [PolicyFragment]
  public var backends: [Backend]
  public var certificates: [Certificate]
  /// What `schema-id` of `validate-content` names.
  public var schemas: [SchemaDocument]
  /// By the identifiers of their loggers.
  public var eventHubs: [EventHub]
  /// The document of the workspace's scope, between the products' and the global one.
  public var policy: PolicyText?

  public init(
    identity: WorkspaceIdentity, apis: [API] = [], products: [Product] = [], namedValues: [NamedValue] = [],
    policyFragments: [PolicyFragment] = [], backends: [Backend] = [], certificates: [Certificate] = [],
    schemas: [SchemaDocument] = [], eventHubs: [EventHub] = [], policy: PolicyText? = nil
  ) {
    self.identity = identity
    self.apis = apis
    self.products = products
    self.namedValues = namedValues
    self.policyFragments = policyFragments
    self.backends = backends
    self.certificates = certificates
    self.schemas = schemas
    self.eventHubs = eventHubs
    self.policy = policy
  }
}

/// Which workspace is meant, `context.Workspace`.
public struct WorkspaceIdentity: Codable, Sendable, Equatable {
  /// The resource's name.
  public var id: String
  public var displayName: String

  public init(id: String, displayName: String) {
    self.id = id
    self.displayName = displayName
  }
}
