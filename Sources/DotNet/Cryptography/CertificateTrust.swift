import FoundationEssentials
import SwiftASN1
// The library offers a time of one's own under this name only; the clock is the caller's here.
@_spi(FixedExpiryValidationTime) import X509

/// Certificates that are believed, and whether others lead to them.
public struct CertificateTrust: Sendable {
  private let roots: CertificateStore
  private let intermediates: [CertificateValue]
  /// Roots and intermediates.
  private let authorities: [CertificateValue]

  /// - Parameter roots: certificates that are believed as they stand.
  /// - Parameter intermediates: certificates that may stand between.
  public init(roots: [CertificateValue], intermediates: [CertificateValue] = []) {
    self.roots = CertificateStore(roots.map(\.certificate))
    self.intermediates = intermediates
    authorities = roots + intermediates
  }

  private init(_ roots: CertificateStore, _ intermediates: [CertificateValue], _ authorities: [CertificateValue]) {
    self.roots = roots
    self.intermediates = intermediates
    self.authorities = authorities
  }

  /// The same with further certificates that are believed, and further ones that may stand between.
  public func adding(roots: [CertificateValue], intermediates: [CertificateValue]) -> CertificateTrust {
    if roots.isEmpty, intermediates.isEmpty { return self }
    return CertificateTrust(
      self.roots.appending(contentsOf: roots.map(\.certificate)), self.intermediates + intermediates,
      authorities + roots + intermediates)
  }

  /// Who signed a certificate, if it is known here or came along with it.
  public func issuer(of certificate: CertificateValue) -> CertificateValue? {
    (certificate.companions + authorities).first { $0.issued(certificate) }
  }

  /// The authorities this machine believes: `/etc/ssl/certs/ca-certificates.crt`, read once.
  public static let system = CertificateTrust(roots: read("/etc/ssl/certs/ca-certificates.crt"))

  /// The certificates of a PEM file; those that cannot be read are passed over, as is a file that is not there.
  private static func read(_ path: String) -> [CertificateValue] {
    guard let data = try? Data(contentsOf: URL(filePath: path)),
      let documents = try? PEMDocument.parseMultiple(pemString: String(decoding: data, as: UTF8.self))
    else { return [] }
    return documents.compactMap { try? CertificateValue($0.derBytes) }
  }

  /// Whether a certificate leads to one that is believed, each on the way being valid at a time (RFC 5280).
  ///
  /// Revocation is not asked: nothing is fetched.
  /// - Parameter ticks: the time, UTC.
  public func leads(from certificate: CertificateValue, at ticks: Int64) -> Bool {
    validated(certificate, at: ticks) != nil
  }

  /// The certificates from one to the authority that is believed; nil when it leads to none.
  func chain(from certificate: CertificateValue, at ticks: Int64) -> [CertificateValue]? {
    guard let validated = validated(certificate, at: ticks) else { return nil }
    let known = certificate.companions + authorities
    return [certificate] + validated.dropFirst().compactMap { link in known.first { $0.certificate == link } }
  }

  private func validated(_ certificate: CertificateValue, at ticks: Int64) -> ValidatedCertificateChain? {
    let time = Date(
      timeIntervalSince1970: Double(ticks - DateTimeValue.unixEpochTicks) / Double(DateTimeValue.ticksPerSecond))
    let (roots, leaf) = (roots, certificate.certificate)
    let between = CertificateStore((certificate.companions + intermediates).map(\.certificate))
    return CallingThread.run { () -> ValidatedCertificateChain? in
      var verifier = Verifier(rootCertificates: roots) {
        RFC5280Policy(fixedExpiryValidationTime: time)
        KnownExtensions()
      }
      if case .validCertificate(let chain) = await verifier.validate(leaf: leaf, intermediates: between) {
        return chain
      }
      return nil
    } ?? nil
  }
}

/// Critical extensions that say nothing about the chain: what a key is for and other names of its holder.
private struct KnownExtensions: VerifierPolicy {
  let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
    .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
  ]

  func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult { .meetsPolicy }
}
