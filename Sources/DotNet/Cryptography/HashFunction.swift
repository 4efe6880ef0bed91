import Crypto
import FoundationEssentials

/// The hash functions of `System.Security.Cryptography`, plain and keyed.
public enum HashFunction: String, Sendable, CaseIterable {
  case md5 = "MD5"
  case sha1 = "SHA1"
  case sha256 = "SHA256"
  case sha384 = "SHA384"
  case sha512 = "SHA512"

  /// Length of a hash in bytes.
  public var length: Int {
    switch self {
    case .md5: 16
    case .sha1: 20
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }

  /// Bytes the function takes at a time; a longer HMAC key is hashed first.
  public var blockLength: Int { self == .sha384 || self == .sha512 ? 128 : 64 }

  /// The hash of some bytes.
  public func digest(_ bytes: [UInt8]) -> [UInt8] {
    switch self {
    case .md5: octets(Insecure.MD5.hash(data: bytes))
    case .sha1: octets(Insecure.SHA1.hash(data: bytes))
    case .sha256: octets(SHA256.hash(data: bytes))
    case .sha384: octets(SHA384.hash(data: bytes))
    case .sha512: octets(SHA512.hash(data: bytes))
    }
  }

  /// The HMAC (RFC 2104) of some bytes.
  public func code(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    let key = SymmetricKey(data: key)
    switch self {
    case .md5: return octets(HMAC<Insecure.MD5>.authenticationCode(for: bytes, using: key))
    case .sha1: return octets(HMAC<Insecure.SHA1>.authenticationCode(for: bytes, using: key))
    case .sha256: return octets(HMAC<SHA256>.authenticationCode(for: bytes, using: key))
    case .sha384: return octets(HMAC<SHA384>.authenticationCode(for: bytes, using: key))
    case .sha512: return octets(HMAC<SHA512>.authenticationCode(for: bytes, using: key))
    }
  }

  private func octets(_ code: some ContiguousBytes) -> [UInt8] { code.withUnsafeBytes { [UInt8]($0) } }
}
