import Crypto
import FoundationEssentials
import X509
import _CryptoExtras

/// A signature algorithm of JSON Web Signatures (RFC 7518, 3.1); `none` is not one.
public enum SignatureAlgorithm: String, Sendable, CaseIterable {
  case hs256 = "HS256"
  case hs384 = "HS384"
  case hs512 = "HS512"
  case rs256 = "RS256"
  case rs384 = "RS384"
  case rs512 = "RS512"
  case ps256 = "PS256"
  case ps384 = "PS384"
  case ps512 = "PS512"
  case es256 = "ES256"
  case es384 = "ES384"
  case es512 = "ES512"

  var function: HashFunction {
    switch self {
    case .hs256, .rs256, .ps256, .es256: .sha256
    case .hs384, .rs384, .ps384, .es384: .sha384
    case .hs512, .rs512, .ps512, .es512: .sha512
    }
  }
}

/// A key that checks signatures. It answers for the algorithms of its own kind only, so that a public key is never taken
/// for a shared secret.
public struct SignatureKey: Sendable {
  private enum Kind: Sendable {
    case secret(SymmetricKey)
    case rsa(RSAKey)
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
  }

  private let kind: Kind

  /// A secret that both sides know; nil when it is empty.
  public init?(secret: [UInt8]) {
    if secret.isEmpty { return nil }
    kind = .secret(SymmetricKey(data: secret))
  }

  /// An RSA key from modulus and exponent, big-endian; nil when they make no key.
  public init?(modulus: [UInt8], exponent: [UInt8]) {
    var parameters = RSAParameters()
    (parameters.modulus, parameters.exponent) = (modulus, exponent)
    guard let key = try? RSAKey(parameters) else { return nil }
    kind = .rsa(key)
  }

  /// A point on `P-256`, `P-384` or `P-521`; nil for another curve and for what is no point on it.
  public init?(curve: String, x: [UInt8], y: [UInt8]) {
    let point = x + y
    switch curve {
    case "P-256":
      guard let key = try? P256.Signing.PublicKey(rawRepresentation: point) else { return nil }
      kind = .p256(key)
    case "P-384":
      guard let key = try? P384.Signing.PublicKey(rawRepresentation: point) else { return nil }
      kind = .p384(key)
    case "P-521":
      guard let key = try? P521.Signing.PublicKey(rawRepresentation: point) else { return nil }
      kind = .p521(key)
    default: return nil
    }
  }

  /// The key of a certificate; nil when it is of a kind tokens are not signed with.
  public init?(_ certificate: CertificateValue) {
    let key = certificate.certificate.publicKey
    if let rsa = certificate.rsaPublicKey {
      kind = .rsa(rsa)
    } else if let p256 = P256.Signing.PublicKey(key) {
      kind = .p256(p256)
    } else if let p384 = P384.Signing.PublicKey(key) {
      kind = .p384(p384)
    } else if let p521 = P521.Signing.PublicKey(key) {
      kind = .p521(p521)
    } else {
      return nil
    }
  }

  /// Whether the key can have made signatures of an algorithm.
  public func suits(_ algorithm: SignatureAlgorithm) -> Bool {
    switch (kind, algorithm) {
    case (.secret, .hs256), (.secret, .hs384), (.secret, .hs512): true
    case (.rsa, .rs256), (.rsa, .rs384), (.rsa, .rs512), (.rsa, .ps256), (.rsa, .ps384), (.rsa, .ps512): true
    case (.p256, .es256), (.p384, .es384), (.p521, .es512): true
    default: false
    }
  }

  /// Whether a signature over some bytes is this key's. Secrets are compared in constant time.
  public func verifies(_ signature: [UInt8], over bytes: ArraySlice<UInt8>, _ algorithm: SignatureAlgorithm) -> Bool {
    guard suits(algorithm) else { return false }
    switch kind {
    case .secret(let key):
      switch algorithm.function {
      case .sha384: return HMAC<SHA384>.isValidAuthenticationCode(signature, authenticating: bytes, using: key)
      case .sha512: return HMAC<SHA512>.isValidAuthenticationCode(signature, authenticating: bytes, using: key)
      default: return HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: bytes, using: key)
      }
    case .rsa(let key):
      let padding: RSAKey.SignaturePadding =
        [.ps256, .ps384, .ps512].contains(algorithm) ? .pss : .pkcs1
      return key.verify(bytes, signature, algorithm.function, padding)
    case .p256(let key):
      return (try? P256.Signing.ECDSASignature(rawRepresentation: signature))
        .map { key.isValidSignature($0, for: bytes) } ?? false
    case .p384(let key):
      return (try? P384.Signing.ECDSASignature(rawRepresentation: signature))
        .map { key.isValidSignature($0, for: bytes) } ?? false
    case .p521(let key):
      return (try? P521.Signing.ECDSASignature(rawRepresentation: signature))
        .map { key.isValidSignature($0, for: bytes) } ?? false
    }
  }
}
