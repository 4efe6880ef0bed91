import DotNet
import JSONSchema

/// Keys that check signatures, with their identifiers: a JSON Web Key Set (RFC 7517) or those of a policy.
final class KeySet: Sendable {
  struct Entry: Sendable {
    /// `kid`; nil for a key that is tried for every token.
    var id: String?
    var key: SignatureKey

    /// Whether a token may be signed with the key: one with its identifier, and any where the key or the token has none.
    func maySign(_ keyID: String?) -> Bool { id == nil || keyID == nil || id == keyID }
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
    guard let keys = JSONObject(json: json)?["keys"]?.elements else { return nil }
    entries = keys.prefix(Self.most).compactMap { Self.entry($0) }
    self.issuer = issuer
  }

  private static func entry(_ value: JSONValue) -> Entry? {
    guard let members = value.object, members["use"] == nil || members["use"]?.text == "sig" else {
      return nil
    }
    func bytes(_ name: String) -> [UInt8]? { members[name]?.text.flatMap { Base64URL.bytes($0) } }
    let key: SignatureKey?
    switch members["kty"]?.text {
    case "RSA":
      guard let n = bytes("n"), let e = bytes("e") else { return nil }
      key = SignatureKey(modulus: n, exponent: e)
    case "EC":
      guard let curve = members["crv"]?.text, let x = bytes("x"), let y = bytes("y") else { return nil }
      key = SignatureKey(curve: curve, x: x, y: y)
    case "oct": key = bytes("k").flatMap { SignatureKey(secret: $0) }
    default: key = nil
    }
    return key.map { Entry(id: members["kid"]?.text, key: $0) }
  }

  /// Whether a token may be signed with any of the keys.
  func hasCandidates(_ keyID: String?) -> Bool { entries.contains { $0.maySign(keyID) } }
}
