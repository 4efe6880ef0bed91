import Expressions
import JSONSchema

/// What a token has to say, besides being signed.
extension ValidateToken {
  /// Lets a token whose signature is right pass, or refuses it for what it says.
  /// - Parameter sets: the keys of the issuers that were asked.
  func accept(_ token: Token, _ sets: [KeySet], _ now: Int64, _ exchange: Exchange) throws(PolicyError) {
    try checkTimes(token, now, exchange)
    try checkParties(token, sets, exchange)
    try checkClaims(token, exchange)
    hand(token, exchange)
  }

  /// The same for a token that is known, of which only the times are looked at once the rest was found right.
  func accept(_ known: VerifiedTokens.Entry, _ now: Int64, _ exchange: Exchange) throws(PolicyError) {
    guard known.isAccepted else {
      try accept(known.token, known.keys, now, exchange)
      known.isAccepted = isFixed
      return
    }
    try checkTimes(known.token, now, exchange)
    hand(known.token, exchange)
  }

  /// Puts the token where later policies find it.
  private func hand(_ token: Token, _ exchange: Exchange) {
    if let variable = rules.outputVariable {
      exchange.variables[variable] =
        .described("Jwt", String(decoding: token.text, as: UTF8.self), in: exchange) ?? .null
    }
  }

  /// An error of the policy; `message` is what it says beside the policy's own words.
  func refused(_ reason: String, _ message: String, _ exchange: Exchange) throws(PolicyError) -> PolicyError {
    let isWhole = ["TokenNotPresent", "JwtInvalid"].contains(reason)
    return PolicyError(
      source: rules.policy, reason: reason, message: isWhole ? message : message + " Access denied.",
      status: try rules.failedStatus.value(exchange), responseMessage: try rules.failedMessage?.value(exchange))
  }

  private func checkTimes(_ token: Token, _ ticks: Int64, _ exchange: Exchange) throws(PolicyError) {
    let now = TokenTime.seconds(ticks)
    let skew = Double(try rules.clockSkewSeconds.value(exchange))
    switch token.expires {
    case .at(let end): if now >= end + skew { throw try refused("TokenExpired", "The token is expired.", exchange) }
    case .invalid: throw try refused("JwtInvalid", "The claim exp is no time.", exchange)
    case .never:
      if try rules.requiresExpiration.value(exchange) {
        throw try refused("JwtInvalid", "The token has no expiration time.", exchange)
      }
    }
    switch token.notBefore {
    case .at(let start):
      if now < start - skew { throw try refused("JwtInvalid", "The token is not yet valid.", exchange) }
    case .invalid: throw try refused("JwtInvalid", "The claim nbf is no time.", exchange)
    case .never: break
    }
  }

  private func checkParties(_ token: Token, _ sets: [KeySet], _ exchange: Exchange) throws(PolicyError) {
    if !rules.audiences.isEmpty {
      var isAllowed = false
      for audience in rules.audiences where !isAllowed {
        isAllowed = token.audiences.contains(try audience.value(exchange))
      }
      if !isAllowed { throw try refused("TokenAudienceNotAllowed", "The token's audience is not allowed.", exchange) }
    }
    var isRestricted = !rules.issuers.isEmpty
    var isAllowed = false
    for issuer in rules.issuers where !isAllowed { isAllowed = try issuer.value(exchange) == token.issuer }
    for set in sets where !isAllowed {
      guard let issuer = set.issuer else { continue }
      isRestricted = true
      isAllowed = issuer == token.issuer || issuers(named: issuer, token).contains(token.issuer)
    }
    if isRestricted, !isAllowed {
      throw try refused("TokenIssuerNotAllowed", "The token's issuer is not allowed.", exchange)
    }
    if !rules.clientApplications.isEmpty {
      let name = token.claims["azp"] == nil ? "appid" : "azp"
      guard let application = token.claims[name]?.text else {
        throw try refused("TokenClaimNotFound", "JWT token is missing the following claims: \(name).", exchange)
      }
      if !rules.clientApplications.contains(application) {
        throw try refused(
          "TokenClaimValueNotAllowed", "Claim \(name) value of \(application) is not allowed.", exchange)
      }
    }
  }

  /// What the issuer of a discovery document calls itself in tokens. Entra's documents for several tenants leave a place
  /// for the tenant, and its tokens of the first version have an issuer of their own.
  private func issuers(named issuer: String, _ token: Token) -> [String] {
    var name = issuer
    if let tenant = token.claims["tid"]?.text, !tenant.contains("/") {
      name = name.replacing("{tenantid}", with: tenant)
    }
    let prefix = "https://login.microsoftonline.com/"
    guard case .tenant = rules.issuer, name.hasPrefix(prefix) else { return [name] }
    return [name, "https://sts.windows.net/\(name.dropFirst(prefix.count).prefix { $0 != "/" })/"]
  }

  private func checkClaims(_ token: Token, _ exchange: Exchange) throws(PolicyError) {
    var missing: [String] = []
    var unwanted: Int?
    var failure: PolicyError?
    for i in rules.claims.indices {
      if let value = token.claims[rules.claims[i].name] {
        if unwanted != nil || failure != nil { continue }
        do throws(PolicyError) {
          if try !rules.claims[i].holds(value, exchange) { unwanted = i }
        } catch {
          failure = error
        }
      } else {
        missing.append(rules.claims[i].name)
      }
    }
    if !missing.isEmpty {
      throw try refused(
        "TokenClaimNotFound", "JWT token is missing the following claims: \(missing.joined(separator: ", ")).", exchange
      )
    }
    if let failure { throw failure }
    if let unwanted {
      let claim = rules.claims[unwanted]
      let found = token.claims[claim.name].map { claim.parts($0) } ?? []
      throw try refused(
        "TokenClaimValueNotAllowed",
        "Claim \(claim.name) value of \(found.joined(separator: ",")) is not allowed.", exchange)
    }
  }
}

extension TokenRules.RequiredClaim {
  /// Whether a token's value is what the policy wants; any is where it names none.
  fileprivate func holds(_ value: JSONValue, _ exchange: Exchange) throws(PolicyError) -> Bool {
    if values.isEmpty { return true }
    // Mostly the texts have no parts.
    let isWhole = separator?.isEmpty ?? true
    let parts = isWhole ? [] : parts(value)
    for wanted in values {
      let wanted = try wanted.value(exchange)
      let isFound = isWhole ? value.hasText(wanted) : parts.contains(wanted)
      if isFound != matchesAll { return isFound }
    }
    return matchesAll
  }

  /// The texts that a token's value has.
  fileprivate func parts(_ value: JSONValue) -> [String] {
    guard let separator, !separator.isEmpty else { return value.texts }
    return value.texts.flatMap { $0.components(around: separator) }
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
