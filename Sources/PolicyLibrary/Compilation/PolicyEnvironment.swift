public import Expressions
public import GatewayConfiguration
public import PolicySyntax

/// What a document may refer to besides itself.
public struct PolicyEnvironment: Sendable {
  public var namedValues: NamedValues
  /// Texts by fragment identifier.
  public var fragments: [String: String]
  /// By identifier.
  public private(set) var backends: [String: Backend]
  /// The backends made ready.
  let directory: BackendDirectory
  /// The service's certificates made ready.
  public let certificates: CertificateDirectory
  /// What `schema-id` names.
  public var schemas: [SchemaDocument]
  /// By the identifiers of their loggers.
  public var eventHubs: [String: EventHub]
  /// What resolvers can publish to.
  public var subscriptions = SubscriptionFields.unknown
  /// Kinds of which there may be more than are listed here: a name that is not found is a warning.
  public var incompleteKinds: Set<Kind>
  /// Bounds of every evaluation of an expression.
  public var limits = EvaluationLimits()

  /// What a document can refer to.
  public enum Kind: Sendable { case namedValue, fragment, backend, schema, logger, certificate }

  public init(
    namedValues: NamedValues = NamedValues(), fragments: [String: String] = [:], backends: [String: Backend] = [:],
    certificates: [Certificate] = [], schemas: [SchemaDocument] = [], eventHubs: [String: EventHub] = [:],
    incompleteKinds: Set<Kind> = [], firstBackend: Int = 0
  ) {
    self.namedValues = namedValues
    self.fragments = fragments
    self.backends = backends
    self.certificates = CertificateDirectory(certificates)
    directory = BackendDirectory(backends.values, certificates: self.certificates, startingAt: firstBackend)
    self.schemas = schemas
    self.eventHubs = eventHubs
    self.incompleteKinds = incompleteKinds
  }

  /// How much a complaint of that code weighs here.
  func severity(of diagnostic: Diagnostic) -> Diagnostic.Severity {
    let kind: Kind? =
      switch diagnostic.code {
      case "PL0017": .namedValue
      case "PL0110": .fragment
      case "PL0126": .backend
      case "PL0150": .schema
      case "PL0153": .logger
      case "PL0154": .certificate
      default: nil
      }
    return kind.map(incompleteKinds.contains) == true ? .warning : diagnostic.severity
  }

  /// What the service's policies may name in a gateway.
  init(_ snapshot: Snapshot) {
    self.init(
      snapshot.namedValues, snapshot.policyFragments, snapshot.backends, snapshot.certificates, snapshot.schemas,
      snapshot.eventHubs)
  }

  /// What a workspace's policies may name: what is its own.
  /// - Parameter firstBackend: the place of its first backend among those of the gateway.
  init(_ workspace: Workspace, firstBackend: Int) {
    self.init(
      workspace.namedValues, workspace.policyFragments, workspace.backends, workspace.certificates, workspace.schemas,
      workspace.eventHubs, firstBackend: firstBackend)
  }

  private init(
    _ namedValues: [NamedValue], _ fragments: [PolicyFragment], _ backends: [Backend], _ certificates: [Certificate],
    _ schemas: [SchemaDocument], _ eventHubs: [EventHub], firstBackend: Int = 0
  ) {
    self.init(
      namedValues: NamedValues(
        Dictionary(namedValues.map { ($0.displayName, $0.value) }) { first, _ in first },
        secrets: Set(namedValues.filter(\.isSecret).map(\.displayName))),
      fragments: Dictionary(fragments.map { ($0.id, $0.rawXML) }) { first, _ in first },
      backends: Dictionary(backends.map { ($0.id, $0) }) { first, _ in first }, certificates: certificates,
      schemas: schemas, eventHubs: Dictionary(eventHubs.map { ($0.id, $0) }) { first, _ in first },
      firstBackend: firstBackend)
  }
}
