public import PolicySyntax

/// What a saved document names besides itself, so that nothing of it is taken away unseen.
public struct PolicyReferences: Sendable {
  /// A kind of things with identifiers.
  public enum Kind: Sendable { case backend, fragment, logger, schema, certificate }

  private static let attributes: [String: Kind] = [
    "backend-id": .backend, "fragment-id": .fragment, "logger-id": .logger, "schema-id": .schema,
    "certificate-id": .certificate, "issuer-certificate-id": .certificate,
  ]

  /// In lower case.
  private var names: [Kind: Set<String>] = [:]
  private var shown: Set<String> = []
  private var shownThumbprints: Set<String> = []
  /// Code that has to do with the service's certificates.
  private var code: [String] = []

  public init(_ text: String, namedValues: NamedValues) {
    let (document, _) = PolicyDocument.parse(text, format: .rawxml, namedValues: namedValues)
    guard let document else { return }
    for root in document.roots { add(root) }
    code = document.expressions.map(\.code).filter { $0.contains("Certificates") }
  }

  private mutating func add(_ element: PolicyElement) {
    let isShown = element.name == "authentication-certificate"
    for attribute in element.attributes {
      guard let value = attribute.value.literal?.trimmed else { continue }
      if let kind = Self.attributes[attribute.name] {
        names[kind, default: []].insert(value.lowercased())
        if isShown, kind == .certificate { shown.insert(value.lowercased()) }
      } else if isShown, attribute.name == "thumbprint" {
        shownThumbprints.insert(CertificateDirectory.digits(of: value))
      }
    }
    for child in element.elements { add(child) }
  }

  /// Whether the document names something of a kind; what an expression computes is not known.
  public func contains(_ kind: Kind, _ id: String) -> Bool {
    if names[kind]?.contains(id.lowercased()) == true { return true }
    return kind == .certificate && code.contains { $0.contains("\"\(id)\"") }
  }

  /// Whether a backend is shown the certificate with that identifier, or that thumbprint.
  public func shows(id: String, thumbprint: String?) -> Bool {
    shown.contains(id.lowercased()) || thumbprint.map(shows(thumbprint:)) == true
  }

  /// Whether a backend is shown the certificate by its thumbprint.
  public func shows(thumbprint: String) -> Bool { shownThumbprints.contains(thumbprint) }
}
