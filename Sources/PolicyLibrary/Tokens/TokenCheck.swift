import DotNet
import Expressions

/// The check of one request's token, which may have to wait for its issuer's keys.
final class TokenCheck {
  private let step: ValidateToken
  private let text: String
  private let status: Int
  private let message: String?
  /// Addresses of discovery documents.
  private let addresses: [String]

  /// nil when the request has no token.
  init?(_ step: ValidateToken, _ exchange: Exchange) throws(PolicyError) {
    self.step = step
    status = try step.rules.failedStatus.value(exchange)
    message = try step.rules.failedMessage?.value(exchange)
    var addresses: [String] = []
    switch step.rules.issuer {
    case .discovery(let urls): for url in urls { addresses.append(try url.value(exchange).trimmed) }
    case .tenant(let tenant):
      let name = QueryText.encode(try tenant.value(exchange).trimmed)
      addresses.append("https://login.microsoftonline.com/\(name)/v2.0/.well-known/openid-configuration")
    }
    self.addresses = addresses
    guard let text = try step.rules.source.token(exchange) else { return nil }
    self.text = text
  }

  /// Goes as far as it can: on with the request, a wait for keys, or an error that refuses it.
  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let memory = exchange.effects.tokens
    let now = exchange.effects.now()
    let known = memory.verified.find(text, step.rules.owner, now: now)
    let outer = known == nil ? Token(text) : nil
    let keyID = known?.keyID ?? outer?.keyID
    var sets: [KeySet] = []
    for address in addresses {
      switch memory.keys.find(address, keyID: keyID, exchange.effects) {
      case .ready(let keys): sets.append(keys)
      case .unavailable(let failure):
        // Another issuer of the policy may know the key.
        if address == addresses.last, sets.isEmpty {
          throw refused("TokenSignatureKeyNotFound", "The issuer's keys could not be fetched: \(failure)")
        }
      case .ask:
        let wait = PolicyWait()
        memory.keys.ask(address, exchange.effects) { [self] in
          wait.complete { (exchange) throws(PolicyError) in try self.run(exchange) }
        }
        return .suspend(wait)
      }
    }
    let token: Token
    if let known, known.isSigned(by: sets) {
      token = known.token
    } else {
      let (found, isSigned) = try verified(outer ?? Token(text), sets, exchange)
      token = found
      if isSigned { memory.verified.keep(token, as: text, keyID: keyID, step.rules.owner, sets, now: now) }
    }
    try checkTimes(token, TokenTime.seconds(now), exchange)
    try checkParties(token, sets, exchange)
    try checkClaims(token, exchange)
    if let variable = step.rules.outputVariable {
      exchange.variables[variable] = .described("Jwt", token.text, in: exchange) ?? .null
    }
    return .proceed
  }

  /// An error of the policy; `message` is what it says beside the policy's own words.
  private func refused(_ reason: String, _ message: String) -> PolicyError {
    let isWhole = reason == "TokenNotPresent"
    return PolicyError(
      source: step.rules.policy, reason: reason, message: isWhole ? message : message + " Access denied.",
      status: status,
      responseMessage: self.message)
  }

  // MARK: - Signature

  private func verified(
    _ outer: Token?, _ sets: [KeySet], _ exchange: Exchange
  ) throws(PolicyError) -> (token: Token, isSigned: Bool) {
    var token = outer
    if token == nil, !step.rules.decryptionKeys.isEmpty, let encrypted = EncryptedToken(text) {
      guard let inner = encrypted.opened(with: try decryptionKeys(exchange)) else {
        throw refused("JwtInvalid", "The token could not be decrypted.")
      }
      token = Token(inner)
    }
    guard let token else { throw refused("JwtInvalid", "The token is not a JSON Web Token.") }
    if token.signature.isEmpty || token.algorithm == "none" {
      guard token.signature.isEmpty, token.algorithm == "none", try !step.rules.requiresSignature.value(exchange) else {
        throw refused("TokenSignatureInvalid", "The token has no signature.")
      }
      return (token, false)
    }
    guard let algorithm = SignatureAlgorithm(rawValue: token.algorithm) else {
      throw refused("JwtInvalid", "The token's algorithm is not supported.")
    }
    let own = KeySet(try ownKeys(exchange))
    let candidates = ([own] + sets).flatMap { $0.candidates(token.keyID) }.filter { $0.suits(algorithm) }
    if candidates.isEmpty {
      throw refused("TokenSignatureKeyNotFound", "No key was found for the token's signature.")
    }
    guard candidates.contains(where: { $0.verifies(token.signature, over: token.signed, algorithm) }) else {
      throw refused("TokenSignatureInvalid", "The token's signature is not valid.")
    }
    return (token, true)
  }

  private func ownKeys(_ exchange: Exchange) throws(PolicyError) -> [KeySet.Entry] {
    var entries: [KeySet.Entry] = []
    for key in step.rules.keys {
      switch key {
      case .known(let entry): entries.append(entry)
      case .certificate(let id, let certificate):
        if let key = SignatureKey(try self.certificate(try certificate.value(exchange), exchange)) {
          entries.append(KeySet.Entry(id: id, key: key))
        }
      }
    }
    return entries
  }

  private func decryptionKeys(_ exchange: Exchange) throws(PolicyError) -> [EncryptedContent.Key] {
    var keys: [EncryptedContent.Key] = []
    for key in step.rules.decryptionKeys {
      switch key {
      case .secret(let bytes): keys.append(.secret(bytes))
      case .certificate(let id):
        if let key = try certificate(try id.value(exchange), exchange).rsaPrivateKey { keys.append(.rsa(key)) }
      }
    }
    return keys
  }

  private func certificate(_ id: String, _ exchange: Exchange) throws(PolicyError) -> CertificateValue {
    guard let certificate = exchange.deploymentCertificate(id) else {
      throw PolicyError.internal(
        source: step.rules.policy, reason: "CertificateNotFound", message: "The certificate '\(id)' was not found.")
    }
    return certificate
  }

  // MARK: - Claims

  private func checkTimes(_ token: Token, _ now: Double, _ exchange: Exchange) throws(PolicyError) {
    let skew = Double(try step.rules.clockSkewSeconds.value(exchange))
    switch token.expires {
    case .at(let end): if now >= end + skew { throw refused("TokenExpired", "The token is expired.") }
    case .invalid: throw refused("JwtInvalid", "The claim exp is no time.")
    case .never:
      if try step.rules.requiresExpiration.value(exchange) {
        throw refused("JwtInvalid", "The token has no expiration time.")
      }
    }
    switch token.notBefore {
    case .at(let start): if now < start - skew { throw refused("JwtInvalid", "The token is not yet valid.") }
    case .invalid: throw refused("JwtInvalid", "The claim nbf is no time.")
    case .never: break
    }
  }

  private func checkParties(_ token: Token, _ sets: [KeySet], _ exchange: Exchange) throws(PolicyError) {
    if !step.rules.audiences.isEmpty {
      var isAllowed = false
      for audience in step.rules.audiences where !isAllowed {
        isAllowed = token.audiences.contains(try audience.value(exchange))
      }
      if !isAllowed { throw refused("TokenAudienceNotAllowed", "The token's audience is not allowed.") }
    }
    var isRestricted = !step.rules.issuers.isEmpty
    var isAllowed = false
    for issuer in step.rules.issuers where !isAllowed { isAllowed = try issuer.value(exchange) == token.issuer }
    for set in sets where !isAllowed {
      guard let issuer = set.issuer else { continue }
      isRestricted = true
      isAllowed = issuer == token.issuer || issuers(named: issuer, token).contains(token.issuer)
    }
    if isRestricted, !isAllowed {
      throw refused("TokenIssuerNotAllowed", "The token's issuer is not allowed.")
    }
    if !step.rules.clientApplications.isEmpty {
      let name = token.claims["azp"] == nil ? "appid" : "azp"
      guard let application = token.claims[name]?.string else {
        throw refused("TokenClaimNotFound", "JWT token is missing the following claims: \(name).")
      }
      if !step.rules.clientApplications.contains(application) {
        throw refused("TokenClaimValueNotAllowed", "Claim \(name) value of \(application) is not allowed.")
      }
    }
  }

  /// What the issuer of a discovery document calls itself in tokens. Entra's documents for several tenants leave a place
  /// for the tenant, and its tokens of the first version have an issuer of their own.
  private func issuers(named issuer: String, _ token: Token) -> [String] {
    var name = issuer
    if let tenant = token.claims["tid"]?.string, !tenant.contains("/") {
      name = name.replacing("{tenantid}", with: tenant)
    }
    let prefix = "https://login.microsoftonline.com/"
    guard case .tenant = step.rules.issuer, name.hasPrefix(prefix) else { return [name] }
    return [name, "https://sts.windows.net/\(name.dropFirst(prefix.count).prefix { $0 != "/" })/"]
  }

  private func checkClaims(_ token: Token, _ exchange: Exchange) throws(PolicyError) {
    if step.rules.claims.isEmpty { return }
    let missing = step.rules.claims.map(\.name).filter { token.claims[$0] == nil }
    if !missing.isEmpty {
      throw refused(
        "TokenClaimNotFound", "JWT token is missing the following claims: \(missing.joined(separator: ", ")).")
    }
    for claim in step.rules.claims where !claim.values.isEmpty {
      var found = token.values(claim.name) ?? []
      if let separator = claim.separator, !separator.isEmpty {
        found = found.flatMap { $0.components(around: separator) }
      }
      var wanted: [String] = []
      for value in claim.values { wanted.append(try value.value(exchange)) }
      let holds = claim.matchesAll ? wanted.allSatisfy(found.contains) : wanted.contains(where: found.contains)
      if !holds {
        throw refused(
          "TokenClaimValueNotAllowed",
          "Claim \(claim.name) value of \(found.joined(separator: ",")) is not allowed.")
      }
    }
  }
}

extension String {
  /// The parts between a separator, without empty ones.
  fileprivate func components(around separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let place = rest.firstRange(of: separator) {
      parts.append(String(rest[..<place.lowerBound]))
      rest = rest[place.upperBound...]
    }
    return (parts + [String(rest)]).filter { !$0.isEmpty }
  }
}
