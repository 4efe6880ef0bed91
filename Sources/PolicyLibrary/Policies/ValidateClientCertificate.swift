import DotNet
import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `validate-client-certificate`: lets callers in whose certificate is trusted and among those named.
  static let validateClientCertificate = PolicyDefinition("validate-client-certificate", in: [.inbound]) {
    element, plan in
    let attributes = AttributeReader(element, plan)
    func flag(_ name: String, _ standard: Bool) -> Bool {
      attributes.boolean(name, allowsExpression: false)?.literal ?? standard
    }
    let checksRevocation = flag("validate-revocation", true)
    let checksTrust = flag("validate-trust", true)
    let checksStart = flag("validate-not-before", true)
    let checksEnd = flag("validate-not-after", true)
    let ignoresErrors = flag("ignore-error", false)
    attributes.finish()
    plan.allowChildren(["identities"], in: element)
    var identities: [ValidateClientCertificate.Identity] = []
    let lists = element.elements(named: "identities")
    for repeated in lists.dropFirst() {
      plan.report(repeated.diagnostic("PL0129", "'\(element.name)' may hold only one <identities>."))
    }
    if let list = lists.first {
      AttributeReader(list, plan).finish()
      plan.allowChildren(["identity"], in: list)
      identities = list.elements(named: "identity").compactMap { .init($0, plan) }
    }
    plan.emit(
      ValidateClientCertificate(
        checksRevocation: checksRevocation, checksTrust: checksTrust, checksStart: checksStart, checksEnd: checksEnd,
        ignoresErrors: ignoresErrors, identities: identities), element)
  }
}

struct ValidateClientCertificate: PolicyStep {
  let checksRevocation: Bool
  let checksTrust: Bool
  let checksStart: Bool
  let checksEnd: Bool
  let ignoresErrors: Bool
  let identities: [Identity]

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    // Whatever came of it would be let in.
    if ignoresErrors { return .proceed }
    let (questions, message) = findings(exchange)
    if let message { throw Self.refused(message) }
    return questions.isEmpty ? .proceed : try RevocationCheck(questions).run(exchange)
  }

  static func refused(_ message: String) -> PolicyError {
    PolicyError(
      source: "validate-client-certificate", reason: "ClientCertificateInvalid", message: message, status: 403,
      responseMessage: "Invalid client certificate")
  }

  /// What is wrong with the caller's certificate, nil when nothing is; and what remains to be asked of authorities.
  private func findings(_ exchange: Exchange) -> (questions: [RevocationQuestion], complaint: String?) {
    guard let certificate = exchange.clientCertificate() else {
      return ([], "The request has no client certificate, or none that can be read.")
    }
    let now = exchange.effects.now()
    if checksStart, now < certificate.notBefore { return ([], "The client certificate is not yet valid.") }
    if checksEnd, now > certificate.notAfter { return ([], "The client certificate is expired.") }
    // A chain is followed at a time at which the certificate itself is valid: its own times were looked at above.
    let time = min(max(now, certificate.notBefore), certificate.notAfter)
    var questions: [RevocationQuestion] = []
    if checksRevocation, exchange.effects.revocation.isOn {
      let found = exchange.effects.trust.revocationQuestions(from: certificate, at: time)
      if checksTrust, found == nil { return ([], "The client certificate is not trusted.") }
      // An authority that is not believed is not called either: anybody could make the gateway call anything.
      questions = found ?? []
    } else if checksTrust, !exchange.effects.trust.leads(from: certificate, at: time) {
      return ([], "The client certificate is not trusted.")
    }
    if !identities.isEmpty, !identities.contains(where: { $0.matches(certificate, exchange) }) {
      return ([], "The client certificate is not among the identities.")
    }
    return (questions, nil)
  }

  /// What a certificate has to be; attributes that are absent say nothing.
  struct Identity: Sendable {
    private let tests: [Test]

    private enum Test: Sendable {
      case hexadecimal(@Sendable (CertificateValue) -> String, String)
      case text(@Sendable (CertificateValue) -> String, String)
      case dnsName(String)
      case issuerThumbprint(String)
      case issuerCertificate(String)
    }

    /// nil after a complaint.
    init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
      let attributes = AttributeReader(element, plan)
      func plain(_ text: String) -> String { CertificateDirectory.digits(of: text) }
      @Sendable func withoutZeros(_ text: String) -> String { String(text.drop { $0 == "0" }) }
      var tests: [Test] = []
      if let text = attributes.literal("thumbprint") { tests.append(.hexadecimal({ $0.thumbprint }, plain(text))) }
      if let text = attributes.literal("serial-number") {
        tests.append(.hexadecimal({ withoutZeros(HexText.capitals($0.serialNumber)) }, withoutZeros(plain(text))))
      }
      if let text = attributes.literal("common-name") {
        tests.append(.text({ $0.name(.simple, ofIssuer: false) }, text))
      }
      if let text = attributes.literal("subject") { tests.append(.text({ $0.subject }, text)) }
      if let text = attributes.literal("dns-name") { tests.append(.dnsName(text.lowercased())) }
      if let text = attributes.literal("issuer-subject") { tests.append(.text({ $0.issuer }, text)) }
      if let text = attributes.literal("issuer-thumbprint") { tests.append(.issuerThumbprint(plain(text))) }
      if let text = attributes.literal("issuer-certificate-id") {
        plan.requireCertificate(text, "issuer-certificate-id", of: element)
        tests.append(.issuerCertificate(text))
      }
      attributes.finish()
      plan.allowChildren([], in: element)
      guard !tests.isEmpty else {
        plan.report(element.diagnostic("PL0109", "'identity' needs at least one attribute."))
        return nil
      }
      self.tests = tests
    }

    func matches(_ certificate: CertificateValue, _ exchange: Exchange) -> Bool {
      tests.allSatisfy { test in
        switch test {
        case .hexadecimal(let part, let wanted): part(certificate) == wanted
        // Names may be written with other blanks between their parts.
        case .text(let part, let wanted): part(certificate).filter { $0 != " " } == wanted.filter { $0 != " " }
        case .dnsName(let wanted):
          certificate.dnsNames.contains { $0.lowercased() == wanted }
            || certificate.name(.dns, ofIssuer: false).lowercased() == wanted
        case .issuerThumbprint(let wanted):
          exchange.effects.trust.issuer(of: certificate).map { $0.thumbprint == wanted } ?? false
        case .issuerCertificate(let id):
          exchange.deploymentCertificate(id)?.issued(certificate) ?? false
        }
      }
    }
  }
}
