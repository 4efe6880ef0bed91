import Crypto
import FoundationEssentials
import _CryptoExtras

/// An RSA key, public or with its private half: `System.Security.Cryptography.RSA`.
public struct RSAKey: Sendable {
  /// How a hash becomes a signature: `RSASignaturePadding`.
  public enum SignaturePadding: String, Sendable {
    case pkcs1 = "Pkcs1"
    case pss = "Pss"
  }

  /// How a message becomes a number: `RSAEncryptionPadding`.
  public enum EncryptionPadding: Sendable, Hashable {
    case pkcs1
    case oaep(HashFunction)
  }

  private enum Halves: Sendable {
    case publicKey(_RSA.Signing.PublicKey)
    case both(_RSA.Signing.PrivateKey)
  }

  private let halves: Halves

  private init(_ halves: Halves) { self.halves = halves }

  /// A `SubjectPublicKeyInfo` or an `RSAPublicKey`. CryptographicException for anything else.
  public init(publicKey der: [UInt8]) throws {
    halves = .publicKey(try Self.reading { try _RSA.Signing.PublicKey(unsafeDERRepresentation: der) })
  }

  /// An `RSAPrivateKey` or a PKCS#8 key. CryptographicException for anything else.
  public init(privateKey der: [UInt8]) throws {
    halves = .both(try Self.reading { try _RSA.Signing.PrivateKey(unsafeDERRepresentation: der) })
  }

  /// A key from its numbers. CryptographicException for numbers that make no key.
  public init(_ parameters: RSAParameters) throws {
    guard let n = parameters.modulus, let e = parameters.exponent else {
      throw DotNetException.cryptographic(
        "The specified RSA parameters are not valid. Exponent and Modulus are required. If D is present, it must have "
          + "the same length as Modulus. If D is present, P, Q, DP, DQ, and InverseQ are required and must have half "
          + "the length of Modulus, rounded up, otherwise they must be omitted.")
    }
    guard let d = parameters.d else {
      halves = .publicKey(try Self.reading { try _RSA.Signing.PublicKey(n: n, e: e) })
      return
    }
    halves = .both(
      try Self.reading {
        if let p = parameters.p, let q = parameters.q {
          return try _RSA.Signing.PrivateKey(n: n, e: e, d: d, p: p, q: q)
        }
        return try _RSA.Signing.PrivateKey._createFromNumbers(n: n, e: e, d: d)
      })
  }

  /// A new key of 1024 to 4096 bits. CryptographicException for another size.
  public static func generate(bits: Int) throws -> RSAKey {
    guard (1024...4096).contains(bits), bits.isMultiple(of: 64) else {
      throw DotNetException.cryptographic("Specified key is not a valid size for this algorithm.")
    }
    return RSAKey(.both(try reading { try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: bits)) }))
  }

  private static func reading<Key>(_ read: () throws -> Key) throws -> Key {
    do { return try read() } catch { throw DotNetException.cryptographic("ASN1 corrupted data.") }
  }

  private var publicHalf: _RSA.Signing.PublicKey {
    switch halves {
    case .publicKey(let key): key
    case .both(let key): key.publicKey
    }
  }

  public var hasPrivateHalf: Bool {
    if case .both = halves { return true }
    return false
  }

  /// Bits of the modulus.
  public var keySize: Int { publicHalf.keySizeInBits }

  /// The key without its private half.
  public var publicKey: RSAKey { RSAKey(.publicKey(publicHalf)) }

  /// The numbers of the key. CryptographicException when private ones are asked of a public key.
  public func parameters(includesPrivate: Bool) throws -> RSAParameters {
    if includesPrivate { return try RSAParameters(privateKey: try privateDER()) }
    let numbers = try publicHalf.getKeyPrimitives()
    var result = RSAParameters()
    result.modulus = Array(numbers.modulus)
    result.exponent = Array(numbers.publicExponent)
    return result
  }

  /// The key as PKCS#1. CryptographicException without private half.
  func privateDER() throws -> [UInt8] { Array(try privateHalf().derRepresentation) }

  private func privateHalf() throws -> _RSA.Signing.PrivateKey {
    guard case .both(let key) = halves else { throw DotNetException.cryptographic("Key does not exist.") }
    return key
  }

  // MARK: - Signatures

  /// Signs a hash that was made before. CryptographicException for a hash of another length and without private half.
  public func sign(hash: [UInt8], _ function: HashFunction, _ padding: SignaturePadding) throws -> [UInt8] {
    let key = try privateHalf()
    let padding: _RSA.Signing.Padding = padding == .pss ? .PSS : .insecurePKCS1v1_5
    do {
      let signature =
        switch function {
        case .md5: throw DotNetException.cryptographic("'MD5' is not a known hash algorithm.")
        case .sha1: try key.signature(for: try Self.digest(hash, Insecure.SHA1.self), padding: padding)
        case .sha256: try key.signature(for: try Self.digest(hash, SHA256.self), padding: padding)
        case .sha384: try key.signature(for: try Self.digest(hash, SHA384.self), padding: padding)
        case .sha512: try key.signature(for: try Self.digest(hash, SHA512.self), padding: padding)
        }
      return Array(signature.rawRepresentation)
    } catch let error as DotNetException {
      throw error
    } catch {
      throw DotNetException.cryptographic("Key not valid for use in specified state.")
    }
  }

  /// Whether a signature over a hash is this key's. CryptographicException for a hash function RSA does not sign.
  public func verify(
    hash: [UInt8], _ signature: [UInt8], _ function: HashFunction, _ padding: SignaturePadding
  ) throws -> Bool {
    guard hash.count == function.length else { return false }
    let key = publicHalf
    let padding: _RSA.Signing.Padding = padding == .pss ? .PSS : .insecurePKCS1v1_5
    let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
    switch function {
    case .md5: throw DotNetException.cryptographic("'MD5' is not a known hash algorithm.")
    case .sha1: return key.isValidSignature(signature, for: try Self.digest(hash, Insecure.SHA1.self), padding: padding)
    case .sha256: return key.isValidSignature(signature, for: try Self.digest(hash, SHA256.self), padding: padding)
    case .sha384: return key.isValidSignature(signature, for: try Self.digest(hash, SHA384.self), padding: padding)
    case .sha512: return key.isValidSignature(signature, for: try Self.digest(hash, SHA512.self), padding: padding)
    }
  }

  /// Whether a signature over some bytes is the key's; never with MD5.
  func verify(
    _ bytes: ArraySlice<UInt8>, _ signature: [UInt8], _ function: HashFunction, _ padding: SignaturePadding
  ) -> Bool {
    let key = publicHalf
    let padding: _RSA.Signing.Padding = padding == .pss ? .PSS : .insecurePKCS1v1_5
    let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
    switch function {
    case .md5: return false
    case .sha1: return key.isValidSignature(signature, for: Insecure.SHA1.hash(data: bytes), padding: padding)
    case .sha256: return key.isValidSignature(signature, for: SHA256.hash(data: bytes), padding: padding)
    case .sha384: return key.isValidSignature(signature, for: SHA384.hash(data: bytes), padding: padding)
    case .sha512: return key.isValidSignature(signature, for: SHA512.hash(data: bytes), padding: padding)
    }
  }

  /// A hash made elsewhere as a digest of the library, which has no such initializer: its bytes replace those of a
  /// digest that is nothing but its bytes: its memory has room for them, and it reads as them afterwards.
  private static func digest<Function: Crypto.HashFunction>(
    _ hash: [UInt8], _: Function.Type
  ) throws -> Function.Digest {
    var digest = Function.hash(data: [UInt8]())
    let count = Function.Digest.byteCount
    guard hash.count == count, MemoryLayout<Function.Digest>.size >= count else {
      throw DotNetException.cryptographic("The hash is not of the length of its algorithm.")
    }
    withUnsafeMutableBytes(of: &digest) { $0.copyBytes(from: hash) }
    guard digest.elementsEqual(hash) else {
      throw DotNetException.cryptographic("The hash is not of the length of its algorithm.")
    }
    return digest
  }

  // MARK: - Encryption

  private static func library(_ padding: EncryptionPadding) throws -> _RSA.Encryption.Padding {
    switch padding {
    case .pkcs1: return ._WEAK_AND_INSECURE_PKCS_V1_5
    case .oaep(.sha1): return .PKCS1_OAEP
    case .oaep(.sha256): return .PKCS1_OAEP_SHA256
    case .oaep: throw DotNetException.cryptographic("Specified padding mode is not valid for this algorithm.")
    }
  }

  /// CryptographicException for a message longer than key and padding take.
  public func encrypt(_ bytes: [UInt8], _ padding: EncryptionPadding) throws -> [UInt8] {
    let padding = try Self.library(padding)
    do {
      let key = try _RSA.Encryption.PublicKey(unsafeDERRepresentation: publicHalf.derRepresentation)
      return Array(try key.encrypt(bytes, padding: padding))
    } catch {
      throw DotNetException.cryptographic("The message exceeds the maximum allowable length for the chosen options.")
    }
  }

  /// CryptographicException for bytes that were not encrypted with this key and padding.
  public func decrypt(_ bytes: [UInt8], _ padding: EncryptionPadding) throws -> [UInt8] {
    let padding = try Self.library(padding)
    let encoded = try privateHalf().derRepresentation
    do {
      return Array(
        try _RSA.Encryption.PrivateKey(unsafeDERRepresentation: encoded).decrypt(bytes, padding: padding))
    } catch {
      throw DotNetException.cryptographic("The parameter is incorrect.")
    }
  }
}

extension RSAKey {
  /// `<RSAKeyValue>`, the form of `ToXmlString`.
  public func xml(includesPrivate: Bool) throws -> String {
    let parameters = try parameters(includesPrivate: includesPrivate)
    let numbers = RSAParameters.elements.compactMap { name, part in
      parameters[keyPath: part].map { "<\(name)>\(Data($0).base64EncodedString())</\(name)>" }
    }
    return "<RSAKeyValue>" + numbers.joined() + "</RSAKeyValue>"
  }

  /// Reads `<RSAKeyValue>`. CryptographicException when a number is missing or is no Base64.
  public init(xml: String) throws {
    var parameters = RSAParameters()
    for (name, part) in RSAParameters.elements {
      guard let start = xml.firstRange(of: "<\(name)>"), let end = xml.firstRange(of: "</\(name)>"),
        start.upperBound <= end.lowerBound
      else { continue }
      let text = xml[start.upperBound..<end.lowerBound].filter { !$0.isWhitespace }
      guard let data = Data(base64Encoded: text) else {
        throw DotNetException.cryptographic(
          "Input string does not contain a valid encoding of the 'RSA' '\(name)' parameter.")
      }
      parameters[keyPath: part] = Array(data)
    }
    guard parameters.modulus != nil, parameters.exponent != nil else {
      throw DotNetException.cryptographic(
        "Input string does not contain a valid encoding of the 'RSA' 'Modulus' parameter.")
    }
    try self.init(parameters)
  }
}
