import SwiftASN1
import X509

/// What a certificate's authority says of it (RFC 5280 §3.3).
public enum RevocationStatus: Sendable, Hashable {
  case good
  case revoked
}

/// Why an answer does not count; `message` says what is wrong with it.
public struct RevocationFailure: Error, Sendable, Hashable {
  public let message: String

  public init(_ message: String) { self.message = message }
}

/// Whether one certificate of a chain is revoked: whom to ask, and by whose key answers are signed.
public struct RevocationQuestion: Sendable {
  /// Where an authority says what it revoked.
  public enum Source: Sendable, Hashable {
    /// The address of an OCSP responder.
    case responder(String)
    /// The address of a revocation list.
    case list(String)
  }

  public let certificate: CertificateValue
  public let issuer: CertificateValue
  /// Responders first, each kind in the certificate's order; `http` only, as these answers are signed themselves and an
  /// `https` address could lead in a circle (RFC 5280 §8). Four of a kind at most; never empty.
  public let sources: [Source]
  /// Every address that the certificate names for its lists, other schemes included.
  let listNames: Set<String>

  /// nil when the certificate names nothing that can be asked.
  init?(_ certificate: CertificateValue, issuer: CertificateValue) {
    let responders = Self.responders(certificate)
    let lists = Self.lists(certificate)
    func askable(_ addresses: [String]) -> [String] {
      Array(addresses.filter { $0.lowercased().hasPrefix("http://") && $0.utf8.count <= 2_048 }.prefix(4))
    }
    sources = askable(responders).map { .responder($0) } + askable(lists).map { .list($0) }
    guard !sources.isEmpty else { return nil }
    self.certificate = certificate
    self.issuer = issuer
    listNames = Set(lists)
  }

  private static func responders(_ certificate: CertificateValue) -> [String] {
    guard let access = try? certificate.certificate.extensions.authorityInformationAccess else { return [] }
    return access.compactMap { description in
      guard description.method == .ocspServer, case .uniformResourceIdentifier(let address) = description.location
      else { return nil }
      return address
    }
  }

  /// Points of lists that are whole and the issuer's own: for all reasons, of no other issuer.
  private static func lists(_ certificate: CertificateValue) -> [String] {
    let value = certificate.certificate.extensions.first { $0.oid == [2, 5, 29, 31] }?.value
    guard let value, let points = try? DERField.only(value, DERField.sequence) else { return [] }
    var addresses: [String] = []
    var rest = points.fields
    while let point = try? rest.take(DERField.sequence), addresses.count < 64 {
      var parts = point.fields
      guard let name = try? parts.take(optional: DERField.place(0)), parts.isEmpty else { continue }
      addresses += addressesOfPoint(name)
    }
    return addresses
  }

  /// The URIs of a DistributionPointName's full name.
  static func addressesOfPoint(_ name: DERField) -> [String] {
    guard let full = try? name.inner(DERField.place(0)) else { return [] }
    var (addresses, names): ([String], DERFields) = ([], full.fields)
    while let next = try? names.take() {
      if next.tag == 0x86 { addresses.append(String(decoding: next.content, as: UTF8.self)) }
    }
    return addresses
  }

  /// How far the clocks of an authority and this machine may be apart: five minutes.
  static let leewayTicks = 300 * DateTimeValue.ticksPerSecond
}

extension CertificateTrust {
  /// What is to be asked of a certificate and those between it and the authority that is believed; of that one nothing
  /// is. nil when the certificate leads to nobody.
  /// - Parameter ticks: the time, UTC.
  public func revocationQuestions(from certificate: CertificateValue, at ticks: Int64) -> [RevocationQuestion]? {
    guard let chain = chain(from: certificate, at: ticks) else { return nil }
    return zip(chain, chain.dropFirst()).compactMap { RevocationQuestion($0, issuer: $1) }
  }
}

/// A signature over some bytes, as OCSP answers and revocation lists carry it.
struct DERSignature {
  let algorithm: ArraySlice<UInt8>
  let value: ArraySlice<UInt8>

  /// From an AlgorithmIdentifier and a bit string.
  init(_ fields: inout DERFields) throws(DERField.Failure) {
    var identifier = try fields.take(DERField.sequence).fields
    algorithm = try identifier.take(DERField.identifier).content
    value = try fields.take(DERField.bits).bitOctets
  }

  func isValid(over bytes: ArraySlice<UInt8>, by signer: Certificate.PublicKey) -> Bool {
    guard let algorithm = Self.algorithms[Array(algorithm)] else { return false }
    return signer.isValidSignature(value, for: bytes, signatureAlgorithm: algorithm)
  }

  /// By the content of their object identifiers. SHA-1 is not among them: its collisions can be made.
  private static let algorithms: [[UInt8]: Certificate.SignatureAlgorithm] = [
    [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]: .ecdsaWithSHA256,
    [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03]: .ecdsaWithSHA384,
    [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04]: .ecdsaWithSHA512,
    [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]: .sha256WithRSAEncryption,
    [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c]: .sha384WithRSAEncryption,
    [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d]: .sha512WithRSAEncryption,
    [0x2b, 0x65, 0x70]: .ed25519,
  ]
}
