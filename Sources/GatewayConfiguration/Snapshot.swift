public import FoundationEssentials

/// Everything a gateway needs to serve, at one moment: the only thing that crosses from the control plane to a gateway.
///
/// A snapshot is immutable once published. Lists are sorted by identifier, so that equal content has equal bytes.
public struct Snapshot: Codable, Sendable, Equatable {
  /// The layout this code reads and writes. A gateway refuses a snapshot of a newer layout and keeps its last good one.
  public static let currentFormat = 1

  /// The layout version of this document.
  public var format: Int
  /// The store revision at which the content for this gateway last changed; grows monotonically.
  public var version: UInt64
  public var service: ServiceIdentity
  public var gateway: GatewayIdentity
  /// Only the APIs associated with this gateway, every online revision of them.
  public var apis: [API]
  public var products: [Product]
  public var subscriptions: [Subscription]
  /// Owners of the subscriptions above; nobody else.
  public var users: [User]
  public var namedValues: [NamedValue]
  public var policyFragments: [PolicyFragment]
  public var backends: [Backend]
  public var certificates: [Certificate]
  /// What `schema-id` of `validate-content` names.
  public var schemas: [SchemaDocument]
  /// By the identifiers of their loggers.
  public var eventHubs: [EventHub]
  /// Where cache policies keep what is not to be kept in the process; nil where no `caches` entity is for this gateway.
  public var externalCache: ExternalCache?
  /// The policy document of the global scope, as the user wrote it.
  public var globalPolicy: PolicyText?
  /// Only the workspaces associated with this gateway.
  public var workspaces: [Workspace]

  public init(
    version: UInt64, service: ServiceIdentity, gateway: GatewayIdentity, apis: [API] = [], products: [Product] = [],
    subscriptions: [Subscription] = [], users: [User] = [], namedValues: [NamedValue] = [],
    policyFragments: [PolicyFragment] = [], backends: [Backend] = [], certificates: [Certificate] = [],
    schemas: [SchemaDocument] = [], eventHubs: [EventHub] = [], externalCache: ExternalCache? = nil,
    globalPolicy: PolicyText? = nil, workspaces: [Workspace] = []
  ) {
    self.format = Self.currentFormat
    self.version = version
    self.service = service
    self.gateway = gateway
    self.apis = apis
    self.products = products
    self.subscriptions = subscriptions
    self.users = users
    self.namedValues = namedValues
    self.policyFragments = policyFragments
    self.backends = backends
    self.certificates = certificates
    self.schemas = schemas
    self.eventHubs = eventHubs
    self.externalCache = externalCache
    self.globalPolicy = globalPolicy
    self.workspaces = workspaces
  }
}

extension KeyedDecodingContainer {
  /// A snapshot, or a backup, of a release that knew no workspaces has none. The decoder that the compiler makes for
  /// ``Snapshot`` prefers this to the general one.
  func decode(_ type: [Workspace].Type, forKey key: Key) throws -> [Workspace] {
    try decodeIfPresent(type, forKey: key) ?? []
  }
}

/// The management service that published a snapshot.
public struct ServiceIdentity: Codable, Sendable, Equatable {
  /// The service's name, `context.Deployment.ServiceName`.
  public var name: String
  /// The service's ARM resource id, `_resourceId` in log records.
  public var resourceID: String

  public init(name: String, resourceID: String) {
    self.name = name
    self.resourceID = resourceID
  }
}

/// The gateway a snapshot is for.
public struct GatewayIdentity: Codable, Sendable, Equatable {
  /// The gateway resource's name; `managed` for the gateway inside the management service.
  public var id: String
  /// `locationData.name`; `region` in log records and `context.Deployment.Region`.
  public var location: String
  /// Whom the gateway believes besides its machine's authorities when clients show certificates.
  public var certificateAuthorities: [CertificateAuthority]
  /// What clients are shown by the hostnames they ask for; no two have the same hostname.
  public var hostnameConfigurations: [HostnameConfiguration]
  /// With which replicas of this gateway prove to each other who they are, 32 bytes; nil where there are none.
  public var replicaKey: Data?
  /// What ``DebugCredential``s and ``TraceLocation``s of this gateway are signed with, 32 bytes; nil where nothing is traced.
  public var debugKey: Data?
  public var isManaged: Bool { id == "managed" }

  public init(
    id: String, location: String, certificateAuthorities: [CertificateAuthority] = [],
    hostnameConfigurations: [HostnameConfiguration] = [], replicaKey: Data? = nil, debugKey: Data? = nil
  ) {
    self.id = id
    self.location = location
    self.certificateAuthorities = certificateAuthorities
    self.hostnameConfigurations = hostnameConfigurations
    self.replicaKey = replicaKey
    self.debugKey = debugKey
  }
}

/// A certificate of the service that a gateway believes, or that may stand between others.
public struct CertificateAuthority: Codable, Sendable, Equatable {
  /// The identifier of the certificate, which is in the snapshot.
  public var certificateID: String
  /// Whether it is believed as it stands; otherwise it is an intermediate one.
  public var isTrusted: Bool

  public init(certificateID: String, isTrusted: Bool) {
    self.certificateID = certificateID
    self.isTrusted = isTrusted
  }
}

/// A policy document of one scope in the text the user saved, or what it was converted to on saving.
public struct PolicyText: Codable, Sendable, Equatable {
  /// The document in raw form (C# islands unescaped). At most 512 KiB.
  public var rawXML: String

  public init(rawXML: String) { self.rawXML = rawXML }
}

/// A text shared by policies, addressed as `{{displayName}}`.
public struct NamedValue: Codable, Sendable, Equatable {
  public var displayName: String
  public var value: String
  public var isSecret: Bool

  public init(displayName: String, value: String, isSecret: Bool) {
    self.displayName = displayName
    self.value = value
    self.isSecret = isSecret
  }
}

/// A reusable piece of policy, included by `include-fragment`.
public struct PolicyFragment: Codable, Sendable, Equatable {
  public var id: String
  public var rawXML: String

  public init(id: String, rawXML: String) {
    self.id = id
    self.rawXML = rawXML
  }
}

/// A certificate that policies and backends refer to by its identifier.
public struct Certificate: Codable, Sendable, Equatable {
  public var id: String
  /// Upper-case hexadecimal SHA-1 of the DER form.
  public var thumbprint: String
  /// The certificate in PEM form, leaf first.
  public var certificatePEM: String
  /// The private key in PEM form, where the entity has one.
  public var privateKeyPEM: String?

  public init(id: String, thumbprint: String, certificatePEM: String, privateKeyPEM: String? = nil) {
    self.id = id
    self.thumbprint = thumbprint
    self.certificatePEM = certificatePEM
    self.privateKeyPEM = privateKeyPEM
  }
}
