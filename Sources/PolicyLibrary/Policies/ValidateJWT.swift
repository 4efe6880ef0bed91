import DotNet
import Expressions
import HTTPWire
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
    // What else is wrong is told too, where the token's place is missing.
    var rules = TokenRules(
      policy: element.name, source: sources.first ?? .value(.literal("")), failedStatus: reader.failedStatus,
      failedMessage: reader.failedMessage)
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
  /// Where the token is, if that is the same for every request.
  private let place: TokenPlace?
  /// The addresses of discovery documents, if they are the same for every request.
  private let addresses: [String]?
  /// The keys of the policy itself, if they are the same for every request.
  let ownKeys: KeySet?
  /// What a token has to say is the same for every request.
  let isFixed: Bool

  init(rules: TokenRules) {
    self.rules = rules
    place = TokenPlace(rules.source)
    let known = rules.keys.compactMap { key -> KeySet.Entry? in if case .known(let entry) = key { entry } else { nil } }
    isFixed = rules.isFixed
    ownKeys = known.count == rules.keys.count ? KeySet(known) : nil
    if case .discovery(let urls) = rules.issuer {
      let literals = urls.compactMap { $0.literal?.trimmed }
      addresses = literals.count == urls.count ? literals : nil
    } else {
      addresses = nil
    }
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let now = exchange.effects.now()
    if let entry = known(exchange, now) {
      try accept(entry, now, exchange)
      return .proceed
    }
    guard let check = try TokenCheck(self, exchange) else {
      throw try refused("TokenNotPresent", "JWT not present.", exchange)
    }
    return try check.run(exchange)
  }

  /// The request's token; nil when it has none. Error when the scheme is another than the policy demands.
  func text(_ exchange: Exchange) throws(PolicyError) -> [UInt8]? {
    if let place {
      let text = exchange.request.withOnlyValue(of: place.header) { value -> [UInt8]? in
        guard let start = place.start(in: value), start < value.count else { return nil }
        // Blanks of other alphabets around it are what the usual way takes away.
        guard value[start] < 0x80, value[value.count - 1] < 0x80 else { return nil }
        return value.extracting(start..<value.count).withUnsafeBufferPointer { Array($0) }
      }
      if let text { return text }
    }
    return try rules.source.token(exchange).map { Array($0.utf8) }
  }

  /// What is known of the request's token from before, where that can be told without making anything of the request, and
  /// its issuers' keys are the same still; nil otherwise.
  private func known(_ exchange: Exchange, _ now: Int64) -> VerifiedTokens.Entry? {
    guard let place, let addresses else { return nil }
    let memory = exchange.effects.tokens
    let entry = exchange.request.withOnlyValue(of: place.header) { value -> VerifiedTokens.Entry? in
      guard let start = place.start(in: value) else { return nil }
      return memory.verified.find(value.extracting(start..<value.count), rules.owner, now: now)
    }
    guard let entry, entry.isSigned(at: addresses, memory.keys, exchange.effects) else { return nil }
    return entry
  }
}
