import DotNet

/// A token in JWS compact form (RFC 7515), taken apart but not checked.
final class Token: Sendable {
  let text: String
  let header: [String: ClaimValue]
  let claims: [String: ClaimValue]
  /// What the signature covers.
  let signed: [UInt8]
  /// Empty in an unsigned token.
  let signature: [UInt8]

  /// Longest token accepted, in bytes.
  static let longest = 64 * 1024

  /// nil when the text is no token.
  init?(_ text: String) {
    guard text.utf8.count <= Self.longest else { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let head = Base64URL.bytes(parts[0]), let body = Base64URL.bytes(parts[1]),
      let signature = Base64URL.bytes(parts[2]), let header = ClaimValue.members(head),
      let claims = ClaimValue.members(body)
    else { return nil }
    self.text = text
    self.header = header
    self.claims = claims
    self.signature = signature
    signed = Array((parts[0] + "." + parts[1]).utf8)
  }

  var keyID: String? { header["kid"]?.string }
  var algorithm: String { header["alg"]?.string ?? "none" }

  /// The values of a claim; nil without the claim.
  func values(_ claim: String) -> [String]? { claims[claim]?.texts }
}

/// A token in JWE compact form (RFC 7516).
struct EncryptedToken {
  private let header: [String: ClaimValue]
  private let content: EncryptedContent

  /// nil when the text is no such token.
  init?(_ text: String) {
    guard text.utf8.count <= Token.longest else { return nil }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 5 else { return nil }
    let decoded = parts.compactMap { Base64URL.bytes($0) }
    guard decoded.count == 5, let header = ClaimValue.members(decoded[0]) else { return nil }
    self.header = header
    content = EncryptedContent(
      encryptedKey: decoded[1], vector: decoded[2], ciphertext: decoded[3], tag: decoded[4],
      header: Array(parts[0].utf8))
  }

  /// The token inside; nil when no key opens it. Compressed content is refused.
  func opened(with keys: [EncryptedContent.Key]) -> String? {
    guard let algorithm = header["alg"]?.string, let encryption = header["enc"]?.string, header["zip"] == nil else {
      return nil
    }
    for key in keys {
      if let inner = content.decrypted(with: key, algorithm: algorithm, encryption: encryption) {
        return String(validating: inner, as: UTF8.self)
      }
    }
    return nil
  }
}
