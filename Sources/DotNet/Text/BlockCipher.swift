import Crypto
import Foundation
import _CryptoExtras

/// AES in CBC mode with PKCS#7 padding.
public enum BlockCipher {
  private static func key(_ bytes: [UInt8], _ vector: [UInt8]) throws -> (SymmetricKey, AES._CBC.IV) {
    guard [16, 24, 32].contains(bytes.count), vector.count == 16 else {
      throw DotNetException.cryptographic(
        "Specified key or initialization vector is not a valid size for this algorithm.")
    }
    return (SymmetricKey(data: bytes), try AES._CBC.IV(ivBytes: vector))
  }

  /// CryptographicException for a key or vector of a wrong size.
  public static func encrypt(_ bytes: [UInt8], key: [UInt8], vector: [UInt8]) throws -> [UInt8] {
    let (key, vector) = try Self.key(key, vector)
    return Array(try AES._CBC.encrypt(bytes, using: key, iv: vector))
  }

  /// CryptographicException for a key or vector of a wrong size, and for text that was not encrypted with them.
  public static func decrypt(_ bytes: [UInt8], key: [UInt8], vector: [UInt8]) throws -> [UInt8] {
    let (key, vector) = try Self.key(key, vector)
    do {
      return Array(try AES._CBC.decrypt(bytes, using: key, iv: vector))
    } catch {
      throw DotNetException.cryptographic("Padding is invalid and cannot be removed.")
    }
  }
}
