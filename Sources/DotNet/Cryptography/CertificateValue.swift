import Crypto
import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509
import _CryptoExtras

/// An X.509 certificate, with its private key when it came in a PKCS#12 file: `X509Certificate2`.
public struct CertificateValue: Sendable {
  /// The certificate as DER.
  public let rawData: [UInt8]
  /// The private key as PKCS#8 or, for RSA, PKCS#1; nil without one.
  public let privateKey: [UInt8]?
  /// Further certificates of the file it came in.
  public let companions: [CertificateValue]
  let certificate: Certificate
  private let fields: CertificateFields

  /// DER, PEM or, with the password it needs, PKCS#12. CryptographicException for anything else.
  public init(_ bytes: [UInt8], password: String? = nil) throws {
    if let certificate = try? CertificateValue(der: bytes) {
      self = certificate
    } else if bytes.starts(with: Array("-----BEGIN".utf8)) {
      let document = try? PEMDocument(pemString: String(decoding: bytes, as: UTF8.self))
      guard let document, document.discriminator == Certificate.defaultPEMDiscriminator else { throw Self.unreadable }
      try self.init(der: document.derBytes)
    } else {
      try self.init(archive: bytes, password: password)
    }
  }

  /// A certificate with those between it and its authority, each as DER, in the order of a TLS handshake.
  public init(chain: [[UInt8]], privateKey: [UInt8]? = nil) throws {
    guard let leaf = chain.first else { throw Self.unreadable }
    try self.init(
      der: leaf, privateKey: privateKey, companions: try chain.dropFirst().map { try CertificateValue(der: $0) })
  }

  /// The certificates of a PEM text, leaf first, with the private key that stands among them or in a text of its own.
  public init(pem: String, key: String? = nil) throws {
    guard let documents = try? PEMDocument.parseMultiple(pemString: key.map { pem + "\n" + $0 } ?? pem) else {
      throw Self.unreadable
    }
    try self.init(
      chain: documents.filter { $0.discriminator == Certificate.defaultPEMDiscriminator }.map(\.derBytes),
      privateKey: documents.first { $0.discriminator.hasSuffix("PRIVATE KEY") }?.derBytes)
  }

  private static var unreadable: DotNetException {
    DotNetException.cryptographic("Cannot find the requested object.")
  }

  private init(der: [UInt8], privateKey: [UInt8]? = nil, companions: [CertificateValue] = []) throws {
    do {
      certificate = try Certificate(derEncoded: der)
      fields = try CertificateFields(der)
    } catch {
      throw Self.unreadable
    }
    rawData = der
    self.privateKey = privateKey
    self.companions = companions
  }

  private init(archive bytes: [UInt8], password: String?) throws {
    guard bytes.first == 0x30, (try? DER.parse(bytes)) != nil else { throw Self.unreadable }
    do {
      let bundle = try NIOSSLPKCS12Bundle(buffer: bytes, passphrase: (password ?? "").utf8)
      guard let leaf = bundle.certificateChain.first else { throw Self.unreadable }
      try self.init(
        der: try leaf.toDERBytes(), privateKey: try bundle.privateKey.derBytes,
        companions: try bundle.certificateChain.dropFirst().map { try CertificateValue(der: try $0.toDERBytes()) })
    } catch let error as DotNetException {
      throw error
    } catch {
      throw DotNetException.cryptographic("The specified network password is not correct.")
    }
  }

  /// The same certificate without its private key.
  public var withoutPrivateKey: CertificateValue {
    (try? CertificateValue(der: rawData, companions: companions)) ?? self
  }

  /// The same certificate with the private half of an RSA key. ArgumentException when the key is another's.
  public func with(_ key: RSAKey) throws -> CertificateValue {
    guard let own = rsaPublicKey, try own.parameters(includesPrivate: false) == key.parameters(includesPrivate: false)
    else { throw DotNetException.argument("The provided key does not match the public key for this certificate.") }
    return try CertificateValue(der: rawData, privateKey: try key.privateDER())
  }

  // MARK: - What it says

  public var subject: String { DistinguishedNameText.text(certificate.subject) }
  public var issuer: String { DistinguishedNameText.text(certificate.issuer) }
  /// DER of the two names.
  public var subjectDER: [UInt8] { fields.subject }
  public var issuerDER: [UInt8] { fields.issuer }
  /// Big-endian, as the certificate has it.
  public var serialNumber: [UInt8] { fields.serialNumber }
  public var version: Int { fields.version }
  /// Object identifier of the signature's algorithm.
  public var signatureAlgorithm: String { fields.signatureAlgorithm }
  /// Object identifier, parameters as DER and content of the public key.
  public var keyAlgorithm: String { fields.keyAlgorithm }
  public var keyParameters: [UInt8] { fields.keyParameters }
  public var publicKey: [UInt8] { fields.publicKey }

  public func hash(_ function: HashFunction = .sha1) -> [UInt8] { function.digest(rawData) }
  /// SHA-1 of the certificate in capital hexadecimal digits.
  public var thumbprint: String { HexText.capitals(hash()) }

  /// UTC ticks.
  public var notBefore: Int64 { Self.ticks(certificate.notValidBefore) }
  public var notAfter: Int64 { Self.ticks(certificate.notValidAfter) }

  private static func ticks(_ date: Date) -> Int64 {
    Int64(date.timeIntervalSince1970.rounded()) * DateTimeValue.ticksPerSecond + DateTimeValue.unixEpochTicks
  }

  /// The extensions: object identifier, whether critical, value as DER.
  public var extensions: [(identifier: String, isCritical: Bool, value: [UInt8])] {
    certificate.extensions.map { ("\($0.oid)", $0.critical, Array($0.value)) }
  }

  /// Whether another certificate names this one as its issuer and is signed with its key.
  public func issued(_ other: CertificateValue) -> Bool {
    certificate.subject == other.certificate.issuer
      && certificate.publicKey.isValidSignature(other.certificate.signature, for: other.certificate)
  }

  // MARK: - Keys

  /// nil when the key is not an RSA key.
  public var rsaPublicKey: RSAKey? {
    guard _RSA.Signing.PublicKey(certificate.publicKey) != nil else { return nil }
    return try? RSAKey(publicKey: fields.publicKey)
  }

  /// nil without a private key and when it is not an RSA key.
  public var rsaPrivateKey: RSAKey? {
    guard rsaPublicKey != nil else { return nil }
    return privateKey.flatMap { try? RSAKey(privateKey: $0) }
  }

  /// A PKCS#12 file of certificate, companions and private key. CryptographicException without a private key.
  public func archive(password: String?) throws -> [UInt8] {
    guard let privateKey else { throw DotNetException.cryptographic("Key does not exist.") }
    do {
      let chain = try ([self] + companions).map { try NIOSSLCertificate(bytes: $0.rawData, format: .der) }
      let bundle = NIOSSLPKCS12Bundle(
        certificateChain: chain, privateKey: try NIOSSLPrivateKey(bytes: privateKey, format: .der))
      return try bundle.serialize(passphrase: Array((password ?? "").utf8))
    } catch {
      throw DotNetException.cryptographic("Key not valid for use in specified state.")
    }
  }
}

extension CertificateValue: Hashable {
  public static func == (a: CertificateValue, b: CertificateValue) -> Bool { a.rawData == b.rawData }
  public func hash(into hasher: inout Hasher) { hasher.combine(rawData) }
}

/// Bytes as hexadecimal text.
public enum HexText {
  private static let digits = Array("0123456789ABCDEF".utf8)

  public static func capitals(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
