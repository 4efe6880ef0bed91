import DotNet
import JSONSchema

/// A token in JWS compact form (RFC 7515), taken apart but not checked.
final class Token: Sendable {
  private let parts: CompactParts
  let header: JSONObject
  let claims: JSONObject
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

    fileprivate init(_ claim: JSONValue?) {
      self = claim.map { $0.seconds.map { .at($0) } ?? .invalid } ?? .never
    }
  }

  /// Longest token accepted, in bytes.
  static let longest = 64 * 1024

  /// nil when the text is no token.
  init?(_ text: [UInt8]) {
    guard let parts = CompactParts(text, count: 3), let head = parts.bytes(0), let body = parts.bytes(1),
      let signature = parts.bytes(2), let header = JSONObject(json: head), let claims = JSONObject(json: body)
    else { return nil }
    self.parts = parts
    self.header = header
    self.claims = claims
    self.signature = signature
    expires = Moment(claims["exp"])
    notBefore = Moment(claims["nbf"])
    audiences = claims["aud"]?.texts ?? []
    issuer = claims["iss"]?.text ?? ""
  }

  var text: [UInt8] { parts.text }
  /// What the signature covers.
  var signed: ArraySlice<UInt8> { parts.text[..<parts.range(1).upperBound] }
  var keyID: String? { header["kid"]?.text }
  var algorithm: String { header["alg"]?.text ?? "none" }
}

/// The text of a token in compact form: parts of Base64 with a dot between two.
struct CompactParts {
  let text: [UInt8]
  /// Where each part ends.
  private let ends: InlineArray<5, Int>

  /// nil for another number of parts, which may be up to five, and for text longer than tokens may be.
  init?(_ text: [UInt8], count: Int) {
    guard text.count <= Token.longest else { return nil }
    var ends = InlineArray<5, Int>(repeating: text.count)
    var dots = 0
    for i in text.indices where text[i] == UInt8(ascii: ".") {
      if dots == count - 1 { return nil }
      ends[dots] = i
      dots += 1
    }
    guard dots == count - 1 else { return nil }
    self.text = text
    self.ends = ends
  }

  func range(_ part: Int) -> Range<Int> { (part == 0 ? 0 : ends[part - 1] + 1)..<ends[part] }

  /// What a part stands for; nil when it is not Base64.
  func bytes(_ part: Int) -> [UInt8]? { Base64URL.bytes(text.span.extracting(range(part))) }
}

/// A token in JWE compact form (RFC 7516).
struct EncryptedToken {
  private let header: JSONObject
  private let content: EncryptedContent

  /// nil when the text is no such token.
  init?(_ text: [UInt8]) {
    guard let parts = CompactParts(text, count: 5) else { return nil }
    let decoded = (0..<5).compactMap { parts.bytes($0) }
    guard decoded.count == 5, let header = JSONObject(json: decoded[0]) else { return nil }
    self.header = header
    content = EncryptedContent(
      encryptedKey: decoded[1], vector: decoded[2], ciphertext: decoded[3], tag: decoded[4],
      header: Array(parts.text[parts.range(0)]))
  }

  /// The token inside; nil when no key opens it. Compressed content is refused.
  func opened(with keys: [EncryptedContent.Key]) -> [UInt8]? {
    guard let algorithm = header["alg"]?.text, let encryption = header["enc"]?.text, header["zip"] == nil else {
      return nil
    }
    for key in keys {
      if let inner = content.decrypted(with: key, algorithm: algorithm, encryption: encryption) { return inner }
    }
    return nil
  }
}
