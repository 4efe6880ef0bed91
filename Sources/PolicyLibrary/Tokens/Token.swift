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
  /// What every check asks for: the claims `exp`, `nbf`, `aud` and `iss`; the issuer is empty without one.
  let expires: Moment
  let notBefore: Moment
  let audiences: [String]
  let issuer: String

  /// A time that a claim says.
  enum Moment: Sendable {
    /// The claim is not there.
    case never
    /// It is no time.
    case invalid
    /// Seconds since 1970.
    case at(Double)

    fileprivate init(_ claim: ClaimValue?) {
      self = claim.map { $0.seconds.map { .at($0) } ?? .invalid } ?? .never
    }
  }

  /// Longest token accepted, in bytes.
  static let longest = 64 * 1024

  /// nil when the text is no token.
  init?(_ text: String) {
    guard let parts = CompactParts(text, count: 3), let head = parts.bytes(0), let body = parts.bytes(1),
      let signature = parts.bytes(2), let header = ClaimValue.members(head), let claims = ClaimValue.members(body)
    else { return nil }
    self.text = text
    self.header = header
    self.claims = claims
    self.signature = signature
    expires = Moment(claims["exp"])
    notBefore = Moment(claims["nbf"])
    audiences = claims["aud"]?.texts ?? []
    issuer = claims["iss"]?.string ?? ""
    signed = Array(parts.text[..<parts.ranges[1].upperBound])
  }

  var keyID: String? { header["kid"]?.string }
  var algorithm: String { header["alg"]?.string ?? "none" }

  /// The values of a claim; nil without the claim.
  func values(_ claim: String) -> [String]? { claims[claim]?.texts }
}

/// The text of a token in compact form: parts of Base64 with a dot between two.
struct CompactParts {
  let text: [UInt8]
  /// Where the parts lie in the text.
  let ranges: [Range<Int>]

  /// nil for another number of parts, and for text longer than tokens may be.
  init?(_ text: String, count: Int) {
    guard text.utf8.count <= Token.longest else { return nil }
    let bytes = Array(text.utf8)
    var ranges: [Range<Int>] = []
    ranges.reserveCapacity(count)
    var start = 0
    for (i, byte) in bytes.enumerated() where byte == UInt8(ascii: ".") {
      if ranges.count == count { return nil }
      ranges.append(start..<i)
      start = i + 1
    }
    ranges.append(start..<bytes.count)
    guard ranges.count == count else { return nil }
    self.text = bytes
    self.ranges = ranges
  }

  /// What a part stands for; nil when it is not Base64.
  func bytes(_ part: Int) -> [UInt8]? { Base64URL.bytes(text.span.extracting(ranges[part])) }
}

/// A token in JWE compact form (RFC 7516).
struct EncryptedToken {
  private let header: [String: ClaimValue]
  private let content: EncryptedContent

  /// nil when the text is no such token.
  init?(_ text: String) {
    guard let parts = CompactParts(text, count: 5) else { return nil }
    let decoded = (0..<5).compactMap { parts.bytes($0) }
    guard decoded.count == 5, let header = ClaimValue.members(decoded[0]) else { return nil }
    self.header = header
    content = EncryptedContent(
      encryptedKey: decoded[1], vector: decoded[2], ciphertext: decoded[3], tag: decoded[4],
      header: Array(parts.text[parts.ranges[0]]))
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
