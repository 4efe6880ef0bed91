public import GatewayConfiguration
public import PolicySyntax

/// What a document may refer to besides itself.
public struct PolicyEnvironment: Sendable {
  public var namedValues: NamedValues
  /// Texts by fragment identifier.
  public var fragments: [String: String]
  /// By identifier.
  public var backends: [String: Backend]

  public init(
    namedValues: NamedValues = NamedValues(), fragments: [String: String] = [:], backends: [String: Backend] = [:]
  ) {
    self.namedValues = namedValues
    self.fragments = fragments
    self.backends = backends
  }

  /// What a gateway has of all this.
  public init(_ snapshot: Snapshot) {
    namedValues = NamedValues(
      Dictionary(snapshot.namedValues.map { ($0.displayName, $0.value) }) { first, _ in first },
      secrets: Set(snapshot.namedValues.filter(\.isSecret).map(\.displayName)))
    fragments = Dictionary(snapshot.policyFragments.map { ($0.id, $0.rawXML) }) { first, _ in first }
    backends = Dictionary(snapshot.backends.map { ($0.id, $0) }) { first, _ in first }
  }
}
