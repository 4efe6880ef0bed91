import Crypto
import FoundationEssentials

/// The parts of an encrypted token (RFC 7516, 3.1) as bytes.
public struct EncryptedContent: Sendable {
  public var encryptedKey: [UInt8]
  public var vector: [UInt8]
  public var ciphertext: [UInt8]
  public var tag: [UInt8]
  /// What is authenticated besides: the header as it was sent.
  public var header: [UInt8]

  public init(encryptedKey: [UInt8], vector: [UInt8], ciphertext: [UInt8], tag: [UInt8], header: [UInt8]) {
    self.encryptedKey = encryptedKey
    self.vector = vector
    self.ciphertext = ciphertext
    self.tag = tag
    self.header = header
  }

  /// What decrypts: a secret, or the private half of an RSA key.
  public enum Key: Sendable {
    case secret([UInt8])
    case rsa(RSAKey)
  }

  /// The content; nil when the key is another's, when the token was changed, and for algorithms that are not known.
  ///
  /// - Parameter algorithm: `dir`, `A128KW`, `A192KW`, `A256KW`, `RSA-OAEP` or `RSA-OAEP-256`.
  /// - Parameter encryption: `A128CBC-HS256`, `A192CBC-HS384`, `A256CBC-HS512`, `A128GCM`, `A192GCM` or `A256GCM`.
  public func decrypted(with key: Key, algorithm: String, encryption: String) -> [UInt8]? {
    guard let content = contentKey(key, algorithm) else { return nil }
    switch encryption {
    case "A128CBC-HS256": return chained(content, .sha256, half: 16)
    case "A192CBC-HS384": return chained(content, .sha384, half: 24)
    case "A256CBC-HS512": return chained(content, .sha512, half: 32)
    case "A128GCM": return counted(content, length: 16)
    case "A192GCM": return counted(content, length: 24)
    case "A256GCM": return counted(content, length: 32)
    default: return nil
    }
  }

  private func contentKey(_ key: Key, _ algorithm: String) -> [UInt8]? {
    switch (key, algorithm) {
    case (.secret(let bytes), "dir"): return encryptedKey.isEmpty ? bytes : nil
    case (.secret(let bytes), "A128KW"), (.secret(let bytes), "A192KW"), (.secret(let bytes), "A256KW"):
      let lengths = ["A128KW": 16, "A192KW": 24, "A256KW": 32]
      guard lengths[algorithm] == bytes.count,
        let key = try? AES.KeyWrap.unwrap(encryptedKey, using: SymmetricKey(data: bytes))
      else { return nil }
      return key.withUnsafeBytes { Array($0) }
    case (.rsa(let key), "RSA-OAEP"): return try? key.decrypt(encryptedKey, .oaep(.sha1))
    case (.rsa(let key), "RSA-OAEP-256"): return try? key.decrypt(encryptedKey, .oaep(.sha256))
    default: return nil
    }
  }

  /// AES-CBC with HMAC (RFC 7518, 5.2): the first half of the key authenticates, the second decrypts.
  private func chained(_ key: [UInt8], _ function: HashFunction, half: Int) -> [UInt8]? {
    guard key.count == half * 2 else { return nil }
    let bits = UInt64(header.count) * 8
    let length = (0..<8).reversed().map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
    let code = function.code(header + vector + ciphertext + length, key: Array(key.prefix(half)))
    guard ConstantTime.areEqual(Array(code.prefix(half)).span, tag.span) else { return nil }
    return try? BlockCipher(key: Array(key.suffix(half)), vector: vector).decrypt(ciphertext)
  }

  private func counted(_ key: [UInt8], length: Int) -> [UInt8]? {
    guard key.count == length, vector.count == 12, tag.count == 16,
      let box = try? AES.GCM.SealedBox(nonce: AES.GCM.Nonce(data: vector), ciphertext: ciphertext, tag: tag),
      let content = try? AES.GCM.open(box, using: SymmetricKey(data: key), authenticating: header)
    else { return nil }
    return Array(content)
  }
}
