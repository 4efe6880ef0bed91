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
    switch self {
    case .md5: code(Insecure.MD5.self, bytes, key)
    case .sha1: code(Insecure.SHA1.self, bytes, key)
    case .sha256: code(SHA256.self, bytes, key)
    case .sha384: code(SHA384.self, bytes, key)
    case .sha512: code(SHA512.self, bytes, key)
    }
  }

  /// Two hashes over the key, padded to a block on the stack: the library's own HMAC makes an array of it for each step.
  private func code<Function: Crypto.HashFunction>(_: Function.Type, _ bytes: [UInt8], _ key: [UInt8]) -> [UInt8] {
    let key = key.count > blockLength ? digest(key) : key
    return withUnsafeTemporaryAllocation(byteCount: blockLength, alignment: 1) { block in
      func fill(_ mask: UInt8) {
        block.initializeMemory(as: UInt8.self, repeating: mask)
        for index in key.indices { block[index] = mask ^ key[index] }
      }
      var (inner, outer) = (Function(), Function())
      fill(0x36)
      inner.update(bufferPointer: UnsafeRawBufferPointer(block))
      bytes.withUnsafeBytes { inner.update(bufferPointer: $0) }
      fill(0x5C)
      outer.update(bufferPointer: UnsafeRawBufferPointer(block))
      inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
      return octets(outer.finalize())
    }
  }

  private func octets(_ code: some ContiguousBytes) -> [UInt8] { code.withUnsafeBytes { [UInt8]($0) } }
}
