import DotNet
import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `validate-jwt`: lets requests in that carry a token its rules accept.
  static let validateJWT = PolicyDefinition("validate-jwt", in: [.inbound]) { element, plan in
    let reader = TokenRulesReader(element, plan)
    let attributes = reader.attributes
    let header = attributes.string("header-name")
    let query = attributes.string("query-parameter-name")
    let value = attributes.string("token-value")
    let scheme = attributes.string("require-scheme")
    let sources = [
      header.map { TokenSource.header(name: $0, takesScheme: true, scheme: scheme) }, query.map { .query($0) },
      value.map { .value($0) },
    ].compactMap { $0 }
    if sources.count != 1 {
      plan.report(
        element.diagnostic(
          "PL0130", "'validate-jwt' needs one of header-name, query-parameter-name and token-value, and only one."))
    }
    guard let source = sources.first else { return reader.attributes.finish() }
    var rules = TokenRules(
      policy: element.name, source: source, failedStatus: reader.failedStatus, failedMessage: reader.failedMessage)
    rules.requiresExpiration = attributes.boolean("require-expiration-time") ?? .literal(true)
    rules.requiresSignature = attributes.boolean("require-signed-tokens") ?? .literal(true)
    rules.clockSkewSeconds = attributes.integer("clock-skew", in: 0...86_400) ?? .literal(0)
    attributes.finish()
    plan.allowChildren(
      [
        "openid-config", "issuer-signing-keys", "decryption-keys", "audiences", "issuers", "required-claims",
      ], in: element)
    reader.readCommon(&rules)
    rules.issuer = .discovery(reader.addresses())
    rules.keys = reader.signingKeys()
    rules.issuers = reader.texts("issuers", "issuer")
    plan.emit(ValidateToken(rules: rules), element)
  }

  /// `validate-azure-ad-token`: the same for tokens of one tenant of Microsoft Entra.
  static let validateAzureADToken = PolicyDefinition("validate-azure-ad-token", in: [.inbound]) { element, plan in
    let reader = TokenRulesReader(element, plan)
    let attributes = reader.attributes
    let tenant = attributes.string("tenant-id", isRequired: true)
    let header = attributes.string("header-name")
    let query = attributes.string("query-parameter-name")
    let value = attributes.string("token-value")
    if [header, query, value].compactMap({ $0 }).count > 1 {
      plan.report(
        element.diagnostic(
          "PL0130",
          "'validate-azure-ad-token' takes only one of header-name, query-parameter-name and token-value."))
    }
    let source: TokenSource =
      query.map { .query($0) } ?? value.map { .value($0) }
      ?? .header(name: header ?? .literal("Authorization"), takesScheme: false, scheme: nil)
    var rules = TokenRules(
      policy: element.name, source: source, failedStatus: reader.failedStatus, failedMessage: reader.failedMessage)
    attributes.finish()
    plan.allowChildren(
      ["client-application-ids", "backend-application-ids", "audiences", "required-claims", "decryption-keys"],
      in: element)
    reader.readCommon(&rules)
    rules.clientApplications = reader.texts("client-application-ids", "application-id").compactMap(\.literal)
    let backends = reader.texts("backend-application-ids", "application-id").compactMap(\.literal)
    rules.audiences += backends.flatMap { [.literal($0), .literal("api://\($0)")] }
    guard let tenant else { return }
    rules.issuer = .tenant(tenant)
    plan.emit(ValidateToken(rules: rules), element)
  }
}

/// One reference, since each check keeps it: the rules are many.
final class ValidateToken: PolicyStep {
  let rules: TokenRules

  init(rules: TokenRules) { self.rules = rules }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard let check = try TokenCheck(self, exchange) else {
      throw PolicyError(
        source: rules.policy, reason: "TokenNotPresent", message: "JWT not present.",
        status: try rules.failedStatus.value(exchange), responseMessage: try rules.failedMessage?.value(exchange))
    }
    return try check.run(exchange)
  }
}
