import Crypto
import Foundation
import PolicyLibrary
import Workbench
import _CryptoExtras

/// An issuer of tokens with keys of every kind, made anew for the tests.
struct TestIssuer {
  /// 2026-01-01, when scripts begin, in seconds since 1970.
  static let now = 1_767_225_600
  static let address = "https://issuer.example/.well-known/openid-configuration"
  static let secret = Array("0123456789abcdef0123456789abcdef".utf8)

  static let first = TestIssuer(keyID: "one")
  static let second = TestIssuer(keyID: "two")

  let keyID: String
  // A key of any size would do; small ones are refused.
  // swift-format-ignore: NeverUseForceTry
  private let rsa = try! _RSA.Signing.PrivateKey(keySize: .bits2048)
  private let p256 = P256.Signing.PrivateKey()
  private let p384 = P384.Signing.PrivateKey()
  private let p521 = P521.Signing.PrivateKey()

  static func encoded(_ bytes: some Sequence<UInt8>) -> String {
    Data(Array(bytes)).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
      "=", with: "")
  }

  /// Claims that every rule of these tests accepts, changed by `claims`; nil takes one out.
  static func claims(_ changes: [String: Any?] = [:]) -> [String: Any] {
    var claims: [String: Any] = [
      "iss": "https://issuer.example", "aud": "api://orders", "sub": "ann", "exp": now + 3_600,
      "roles": ["admin", "reader"],
      "scp": "orders.read orders.list", "tid": "11111111-2222-3333-4444-555555555555",
    ]
    for (name, value) in changes { claims[name] = value }
    return claims
  }

  func token(_ algorithm: String, _ changes: [String: Any?] = [:], hasKeyID: Bool = true) throws -> String {
    var header: [String: Any] = ["alg": algorithm, "typ": "JWT"]
    if hasKeyID { header["kid"] = algorithm.hasPrefix("HS") ? nil : keyID }
    let head = Self.encoded(try JSONSerialization.data(withJSONObject: header))
    let body = Self.encoded(try JSONSerialization.data(withJSONObject: Self.claims(changes)))
    let signed = Data("\(head).\(body)".utf8)
    return "\(head).\(body)." + Self.encoded(try signature(algorithm, signed))
  }

  private func signature(_ algorithm: String, _ signed: Data) throws -> Data {
    let key = SymmetricKey(data: Self.secret)
    let padding: _RSA.Signing.Padding = algorithm.hasPrefix("PS") ? .PSS : .insecurePKCS1v1_5
    switch algorithm {
    case "HS256": return Data(HMAC<SHA256>.authenticationCode(for: signed, using: key))
    case "HS384": return Data(HMAC<SHA384>.authenticationCode(for: signed, using: key))
    case "HS512": return Data(HMAC<SHA512>.authenticationCode(for: signed, using: key))
    case "RS256", "PS256": return try rsa.signature(for: SHA256.hash(data: signed), padding: padding).rawRepresentation
    case "RS384", "PS384": return try rsa.signature(for: SHA384.hash(data: signed), padding: padding).rawRepresentation
    case "RS512", "PS512": return try rsa.signature(for: SHA512.hash(data: signed), padding: padding).rawRepresentation
    case "ES256": return try p256.signature(for: signed).rawRepresentation
    case "ES384": return try p384.signature(for: signed).rawRepresentation
    case "ES512": return try p521.signature(for: signed).rawRepresentation
    default: return Data()
    }
  }

  /// Its keys as members of a key set.
  private func keys() throws -> [[String: String]] {
    let numbers = try rsa.publicKey.getKeyPrimitives()
    func point(_ curve: String, _ raw: Data) -> [String: String] {
      let half = raw.count / 2
      return ["kty": "EC", "crv": curve, "x": Self.encoded(raw.prefix(half)), "y": Self.encoded(raw.suffix(half))]
    }
    return [
      ["kty": "RSA", "n": Self.encoded(numbers.modulus), "e": Self.encoded(numbers.publicExponent)],
      point("P-256", p256.publicKey.rawRepresentation), point("P-384", p384.publicKey.rawRepresentation),
      point("P-521", p521.publicKey.rawRepresentation),
      ["kty": "OKP", "crv": "Ed25519", "x": "unknown kinds are passed over"],
    ].map { $0.merging(["kid": keyID, "use": "sig"]) { first, _ in first } }
  }

  /// What the services of issuers answer: discovery document and keys.
  static func answer(
    _ request: OutgoingRequest, _ issuers: [TestIssuer], name: String = "https://issuer.example"
  ) -> ScriptedEffects.Answer {
    let object: [String: Any]
    if request.target.hasSuffix("openid-configuration") {
      object = ["issuer": name, "jwks_uri": "https://issuer.example/keys"]
    } else {
      object = ["keys": issuers.flatMap { (try? $0.keys()) ?? [] }]
    }
    let body = (try? JSONSerialization.data(withJSONObject: object)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return .response(200, body, after: 20)
  }
}
