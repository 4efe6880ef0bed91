import Crypto
import FoundationEssentials
import _CryptoExtras

/// AES with one key and initialization vector, as `SymmetricAlgorithm` describes it.
public struct BlockCipher: Sendable {
  /// `CipherMode`, with .NET's numbers. OFB and CTS exist there, but no AES of .NET has them.
  public enum Mode: Int, Sendable {
    case cbc = 1
    case ecb = 2
    case ofb = 3
    case cfb = 4
    case cts = 5
  }

  /// `PaddingMode`, with .NET's numbers.
  public enum Padding: Int, Sendable {
    case none = 1
    case pkcs7 = 2
    case zeros = 3
    case ansiX923 = 4
    case iso10126 = 5
  }

  public static let blockLength = 16

  private let key: SymmetricKey
  private let vector: [UInt8]
  private let mode: Mode
  private let padding: Padding
  /// Bytes CFB feeds back at a time.
  private let feedback: Int

  /// - Parameter feedback: bytes that CFB feeds back at a time: 1 or 16.
  /// - Throws: CryptographicException for a key or vector of a wrong size and for a mode AES does not have.
  public init(
    key: [UInt8], vector: [UInt8], mode: Mode = .cbc, padding: Padding = .pkcs7, feedback: Int = 1
  ) throws {
    guard [16, 24, 32].contains(key.count) else {
      throw DotNetException.cryptographic("Specified key is not a valid size for this algorithm.")
    }
    guard vector.count == Self.blockLength || mode == .ecb else {
      throw DotNetException.cryptographic(
        "Specified initialization vector (IV) does not match the block size for this algorithm.")
    }
    guard mode != .ofb, mode != .cts else {
      throw DotNetException.cryptographic("Specified cipher mode is not valid for this algorithm.")
    }
    guard feedback == 1 || feedback == Self.blockLength else {
      throw DotNetException.cryptographic("Specified feedback size is not valid for this algorithm.")
    }
    self.key = SymmetricKey(data: key)
    self.vector = vector
    self.mode = mode
    self.padding = padding
    self.feedback = feedback
  }

  /// Bytes that input comes in: padding fills the last of them.
  private var unit: Int { mode == .cfb ? feedback : Self.blockLength }

  /// CryptographicException for input that is no whole number of blocks when there is no padding.
  public func encrypt(_ bytes: [UInt8]) throws -> [UInt8] {
    let padded = try padded(bytes)
    switch mode {
    case .ecb: return try blocks(padded) { try AES.permute(&$0, key: key) }
    case .cfb: return try fedBack(padded, encrypts: true)
    default:
      return Array(try AES._CBC.encrypt(padded, using: key, iv: AES._CBC.IV(ivBytes: vector), noPadding: true))
    }
  }

  /// CryptographicException for input that is no whole number of blocks, and for padding that cannot have been written.
  public func decrypt(_ bytes: [UInt8]) throws -> [UInt8] {
    guard bytes.count.isMultiple(of: unit) else {
      throw DotNetException.cryptographic("The input data is not a complete block.")
    }
    guard !bytes.isEmpty else { return [] }
    switch mode {
    case .ecb: return try unpadded(try blocks(bytes) { try AES.inversePermute(&$0, key: key) })
    case .cfb: return try unpadded(try fedBack(bytes, encrypts: false))
    default:
      return try unpadded(
        Array(try AES._CBC.decrypt(bytes, using: key, iv: AES._CBC.IV(ivBytes: vector), noPadding: true)))
    }
  }

  private func blocks(_ bytes: [UInt8], _ change: (inout ArraySlice<UInt8>) throws -> Void) throws -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for start in stride(from: 0, to: bytes.count, by: Self.blockLength) {
      var block = bytes[start..<(start + Self.blockLength)]
      try change(&block)
      result += block
    }
    return result
  }

  /// CFB: what was fed back last is enciphered and covers the next bytes.
  private func fedBack(_ bytes: [UInt8], encrypts: Bool) throws -> [UInt8] {
    var register = vector
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for start in stride(from: 0, to: bytes.count, by: feedback) {
      var cover = register
      try AES.permute(&cover, key: key)
      let given = bytes[start..<(start + feedback)]
      let made = zip(given, cover).map { $0 ^ $1 }
      register = register.dropFirst(feedback) + (encrypts ? made : Array(given))
      result += made
    }
    return result
  }

  // MARK: - Padding

  private func padded(_ bytes: [UInt8]) throws -> [UInt8] {
    let missing = unit - bytes.count % unit
    switch padding {
    case .none:
      guard missing == unit else {
        throw DotNetException.cryptographic("The input data is not a complete block.")
      }
      return bytes
    case .zeros: return missing == unit ? bytes : bytes + Array(repeating: 0, count: missing)
    case .pkcs7: return bytes + Array(repeating: UInt8(missing), count: missing)
    case .ansiX923: return bytes + Array(repeating: 0, count: missing - 1) + [UInt8(missing)]
    case .iso10126:
      return bytes + (1..<missing).map { _ in UInt8.random(in: .min ... .max) } + [UInt8(missing)]
    }
  }

  private func unpadded(_ bytes: [UInt8]) throws -> [UInt8] {
    switch padding {
    case .none, .zeros: return bytes
    case .pkcs7, .ansiX923, .iso10126:
      let count = Int(bytes.last ?? 0)
      let isWhole = (1...unit).contains(count)
      let filling = bytes.suffix(isWhole ? count : 1).dropLast()
      let isRight =
        switch padding {
        case .pkcs7: filling.allSatisfy { Int($0) == count }
        case .ansiX923: filling.allSatisfy { $0 == 0 }
        default: true
        }
      guard isWhole, isRight else {
        throw DotNetException.cryptographic("Padding is invalid and cannot be removed.")
      }
      return Array(bytes.dropLast(count))
    }
  }
}
