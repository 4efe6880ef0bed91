import DotNet

/// Keys that check signatures, with their identifiers: a JSON Web Key Set (RFC 7517) or those of a policy.
final class KeySet: Sendable {
  struct Entry: Sendable {
    /// `kid`; nil for a key that is tried for every token.
    var id: String?
    var key: SignatureKey
  }

  let entries: [Entry]
  /// Who issues the tokens, as the discovery document says.
  let issuer: String?

  /// Most keys taken from one set.
  static let most = 100

  init(_ entries: [Entry], issuer: String? = nil) {
    self.entries = entries
    self.issuer = issuer
  }

  /// Reads `{"keys":[…]}`; keys for encryption and of unknown kinds are passed over. nil for other text.
  init?(json: [UInt8], issuer: String?) {
    guard case .array(let keys)? = ClaimValue.members(json)?["keys"] else { return nil }
    entries = keys.prefix(Self.most).compactMap { Self.entry($0) }
    self.issuer = issuer
  }

  private static func entry(_ value: ClaimValue) -> Entry? {
    guard case .object(let members) = value, members["use"] == nil || members["use"]?.string == "sig" else {
      return nil
    }
    func bytes(_ name: String) -> [UInt8]? { members[name]?.string.flatMap { Base64URL.bytes($0) } }
    let key: SignatureKey?
    switch members["kty"]?.string {
    case "RSA":
      guard let n = bytes("n"), let e = bytes("e") else { return nil }
      key = SignatureKey(modulus: n, exponent: e)
    case "EC":
      guard let curve = members["crv"]?.string, let x = bytes("x"), let y = bytes("y") else { return nil }
      key = SignatureKey(curve: curve, x: x, y: y)
    case "oct": key = bytes("k").flatMap { SignatureKey(secret: $0) }
    default: key = nil
    }
    return key.map { Entry(id: members["kid"]?.string, key: $0) }
  }

  /// Whether a token may be signed with any of the keys.
  func hasCandidates(_ keyID: String?) -> Bool {
    guard let keyID else { return !entries.isEmpty }
    return entries.contains { $0.id == nil || $0.id == keyID }
  }

  /// The keys a token may be signed with: those of its identifier, and those without one.
  func candidates(_ keyID: String?) -> [SignatureKey] {
    guard let keyID else { return entries.map(\.key) }
    return entries.filter { $0.id == nil || $0.id == keyID }.map(\.key)
  }
}
