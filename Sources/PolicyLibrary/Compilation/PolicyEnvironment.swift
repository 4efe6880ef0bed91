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
  /// Kinds of which there may be more than are listed here: a name that is not found is a warning.
  public var incompleteKinds: Set<Kind>
  /// Bounds of every evaluation of an expression.
  public var limits = EvaluationLimits()

  /// What a document can refer to.
  public enum Kind: Sendable { case namedValue, fragment, backend, schema, logger, certificate }

  public init(
    namedValues: NamedValues = NamedValues(), fragments: [String: String] = [:], backends: [String: Backend] = [:],
    certificates: [Certificate] = [], schemas: [SchemaDocument] = [], eventHubs: [String: EventHub] = [:],
    incompleteKinds: Set<Kind> = []
  ) {
    self.namedValues = namedValues
    self.fragments = fragments
    self.backends = backends
    self.certificates = CertificateDirectory(certificates)
    directory = BackendDirectory(backends.values, certificates: self.certificates)
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

  /// What a gateway has of all this.
  public init(_ snapshot: Snapshot) {
    namedValues = NamedValues(
      Dictionary(snapshot.namedValues.map { ($0.displayName, $0.value) }) { first, _ in first },
      secrets: Set(snapshot.namedValues.filter(\.isSecret).map(\.displayName)))
    fragments = Dictionary(snapshot.policyFragments.map { ($0.id, $0.rawXML) }) { first, _ in first }
    backends = Dictionary(snapshot.backends.map { ($0.id, $0) }) { first, _ in first }
    certificates = CertificateDirectory(snapshot.certificates)
    directory = BackendDirectory(snapshot.backends, certificates: certificates)
    schemas = snapshot.schemas
    eventHubs = Dictionary(snapshot.eventHubs.map { ($0.id, $0) }) { first, _ in first }
    incompleteKinds = []
  }
}
