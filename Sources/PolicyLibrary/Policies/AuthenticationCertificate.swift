import DotNet
import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `authentication-certificate`: shows the backend a certificate in the TLS handshake.
  static let authenticationCertificate = PolicyDefinition("authentication-certificate", in: [.inbound]) {
    element, plan in
    if let authentication = CertificateAuthentication(element, plan) { plan.emit(authentication, element) }
  }
}

/// `authentication-certificate`, of the request to the backend or in a request of a policy.
struct CertificateAuthentication: OutgoingAuthentication, PolicyStep {
  private enum Choice: Sendable {
    case known(ClientCertificate)
    case id(Argument<String>)
    case thumbprint(Argument<String>)
    /// A PKCS#12 file.
    case body(Argument<[UInt8]>, password: Argument<String>?)
  }

  private static let name = "authentication-certificate"
  private let choice: Choice
  private let certificates: CertificateDirectory

  /// Nil after a complaint.
  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    certificates = plan.environment.certificates
    let attributes = AttributeReader(element, plan)
    let thumbprint = attributes.string("thumbprint")
    let id = attributes.string("certificate-id")
    let body = attributes.bytes("body")
    let password = attributes.string("password")
    attributes.finish()
    plan.allowChildren([], in: element)
    let sources = ["thumbprint", "certificate-id", "body"].filter { element.attribute($0) != nil }
    guard sources.count == 1 else {
      plan.report(
        element.diagnostic(
          sources.isEmpty ? "PL0109" : "PL0124",
          "'\(Self.name)' needs one of the attributes 'thumbprint', 'certificate-id' and 'body'."))
      return nil
    }
    if password != nil, element.attribute("body") == nil {
      plan.report(element.diagnostic("PL0124", "'password' belongs to 'body': the service's certificates need none."))
      return nil
    }
    if let text = id?.literal {
      guard let entry = plan.requireCertificate(text, "certificate-id", of: element) else {
        // Where certificates are not at hand, it may exist in a service.
        choice = .id(.literal(text))
        return
      }
      guard let known = Self.client(entry, "certificate-id", element, plan) else { return nil }
      choice = .known(known)
    } else if let text = thumbprint?.literal {
      guard let entry = certificates.first(thumbprint: text) else {
        plan.reportMissingCertificate("with the thumbprint '\(text.prefix(80))'", "thumbprint", of: element)
        choice = .thumbprint(.literal(text))
        return
      }
      guard let known = Self.client(entry, "thumbprint", element, plan) else { return nil }
      choice = .known(known)
    } else if let id {
      choice = .id(id)
    } else if let thumbprint {
      choice = .thumbprint(thumbprint)
    } else if let body {
      choice = .body(body, password: password)
    } else {
      return nil
    }
  }

  private static func client(
    _ entry: CertificateDirectory.Entry, _ attribute: String, _ element: PolicyElement, _ plan: PolicyCompilation
  ) -> ClientCertificate? {
    if let client = entry.client { return client }
    let message = "The certificate '\(entry.id)' has no private key, so it proves nothing to a backend."
    let value = element.attribute(attribute)?.value
    plan.report(value?.diagnostic("PL0106", message) ?? element.diagnostic("PL0106", message))
    return nil
  }

  func certificate(_ exchange: Exchange) throws(PolicyError) -> ClientCertificate {
    switch choice {
    case .known(let certificate): return certificate
    case .id(let id):
      let id = try id.value(exchange).trimmed
      return try usable(certificates[id], "The certificate '\(id.prefix(256))'")
    case .thumbprint(let thumbprint):
      let text = try thumbprint.value(exchange)
      return try usable(
        certificates.first(thumbprint: text), "A certificate with the thumbprint '\(text.prefix(80))'")
    case .body(let body, let password):
      let bytes = try body.value(exchange)
      // What is in the file is seen when the connection is made, and remembered there.
      guard bytes.first == 0x30 else {
        throw .internal(source: Self.name, reason: "CertificateInvalid", message: "The body is no PKCS#12 file.")
      }
      return ClientCertificate(source: .pkcs12(bytes, password: try password?.value(exchange)))
    }
  }

  private func usable(_ entry: CertificateDirectory.Entry?, _ what: String) throws(PolicyError) -> ClientCertificate {
    guard let entry else {
      throw .internal(source: Self.name, reason: "CertificateNotFound", message: "\(what) was not found.")
    }
    guard let client = entry.client else {
      throw .internal(source: Self.name, reason: "CertificateInvalid", message: "\(what) has no private key.")
    }
    return client
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    exchange.backendCertificate = try certificate(exchange)
    return .proceed
  }

  func authenticate(
    _ request: OutgoingRequest, _ exchange: Exchange,
    _ completion: @escaping (Result<OutgoingRequest, PolicyError>) -> Void
  ) -> (any PendingEffect)? {
    var request = request
    do throws(PolicyError) {
      request.clientCertificate = try certificate(exchange)
      completion(.success(request))
    } catch {
      completion(.failure(error))
    }
    return nil
  }
}

extension PolicyCompilation {
  /// The certificate of the service that a literal names; nil after a complaint.
  @discardableResult
  func requireCertificate(_ id: String, _ attribute: String, of element: PolicyElement) -> CertificateDirectory.Entry? {
    if let entry = environment.certificates[id] { return entry }
    reportMissingCertificate(
      "'\(id.prefix(256))'", attribute, of: element,
      suggestion: Spelling.nearest(to: id, among: environment.certificates.ids))
    return nil
  }

  func reportMissingCertificate(
    _ what: String, _ attribute: String, of element: PolicyElement, suggestion: String? = nil
  ) {
    let message = "There is no certificate \(what)."
    let value = element.attribute(attribute)?.value
    report(
      value?.diagnostic("PL0154", message, suggestion: suggestion)
        ?? element.diagnostic("PL0154", message, suggestion: suggestion))
  }
}
