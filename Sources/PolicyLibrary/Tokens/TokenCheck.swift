import DotNet
import Expressions

/// The check of one request's token, which may have to wait for its issuer's keys.
final class TokenCheck {
  private let step: ValidateToken
  private let text: [UInt8]
  /// Addresses of discovery documents.
  private let addresses: [String]

  /// nil when the request has no token.
  init?(_ step: ValidateToken, _ exchange: Exchange) throws(PolicyError) {
    self.step = step
    var addresses: [String] = []
    switch step.rules.issuer {
    case .discovery(let urls): for url in urls { addresses.append(try url.value(exchange).trimmed) }
    case .tenant(let tenant):
      let name = QueryText.encode(try tenant.value(exchange).trimmed)
      addresses.append("https://login.microsoftonline.com/\(name)/v2.0/.well-known/openid-configuration")
    }
    self.addresses = addresses
    guard let text = try step.text(exchange) else { return nil }
    self.text = text
  }

  /// Goes as far as it can: on with the request, a wait for keys, or an error that refuses it.
  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let memory = exchange.effects.tokens
    let now = exchange.effects.now()
    let text = text
    let known = memory.verified.find(text.span, step.rules.owner, now: now)
    let outer = known == nil ? Token(text) : nil
    let keyID = known?.keyID ?? outer?.keyID
    var sets: [KeySet] = []
    for address in addresses {
      switch memory.keys.find(address, keyID: keyID, exchange.effects) {
      case .ready(let keys): sets.append(keys)
      case .unavailable(let failure):
        // Another issuer of the policy may know the key.
        if address == addresses.last, sets.isEmpty {
          throw try step.refused(
            "TokenSignatureKeyNotFound", "The issuer's keys could not be fetched: \(failure)", exchange)
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
    try step.accept(token, sets, now, exchange)
    return .proceed
  }

  // MARK: - Signature

  private func verified(
    _ outer: Token?, _ sets: [KeySet], _ exchange: Exchange
  ) throws(PolicyError) -> (token: Token, isSigned: Bool) {
    var token = outer
    if token == nil, !step.rules.decryptionKeys.isEmpty, let encrypted = EncryptedToken(text) {
      guard let inner = encrypted.opened(with: try decryptionKeys(exchange)) else {
        throw try step.refused("JwtInvalid", "The token could not be decrypted.", exchange)
      }
      token = Token(inner)
    }
    guard let token else { throw try step.refused("JwtInvalid", "The token is not a JSON Web Token.", exchange) }
    if token.signature.isEmpty || token.algorithm == "none" {
      guard token.signature.isEmpty, token.algorithm == "none", try !step.rules.requiresSignature.value(exchange) else {
        throw try step.refused("TokenSignatureInvalid", "The token has no signature.", exchange)
      }
      return (token, false)
    }
    guard let algorithm = SignatureAlgorithm(rawValue: token.algorithm) else {
      throw try step.refused("JwtInvalid", "The token's algorithm is not supported.", exchange)
    }
    let keyID = token.keyID
    var hasCandidate = false
    for set in CollectionOfOne(try ownKeys(exchange)) + sets {
      for entry in set.entries where entry.maySign(keyID) && entry.key.suits(algorithm) {
        if entry.key.verifies(token.signature, over: token.signed, algorithm) { return (token, true) }
        hasCandidate = true
      }
    }
    throw hasCandidate
      ? try step.refused("TokenSignatureInvalid", "The token's signature is not valid.", exchange)
      : try step.refused("TokenSignatureKeyNotFound", "No key was found for the token's signature.", exchange)
  }

  private func ownKeys(_ exchange: Exchange) throws(PolicyError) -> KeySet {
    if let known = step.ownKeys { return known }
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
    return KeySet(entries)
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
}
