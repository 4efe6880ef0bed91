import SwiftASN1
import X509

/// A question to an OCSP responder about one certificate (RFC 6960 §4.1), and what its answers mean.
public struct ResponderRequest: Sendable {
  /// As `application/ocsp-request`.
  public let body: [UInt8]
  private let certificate: CertificateValue
  private let issuer: CertificateValue
  private let nonce: [UInt8]

  /// The most octets an answer may have; they are a few thousand with a responder's certificate.
  public static let answerBound = 64 << 10
  /// How old an answer may be that does not say when the next one comes: an hour. It is kept for five minutes.
  private static let undatedTicks = 3_600 * DateTimeValue.ticksPerSecond
  private static let undatedKeptTicks = 300 * DateTimeValue.ticksPerSecond

  /// - Parameter nonce: up to 32 octets nobody can guess; a responder may leave them out of its answer (RFC 9654).
  public init(_ question: RevocationQuestion, nonce: [UInt8]) {
    (certificate, issuer, self.nonce) = (question.certificate, question.issuer, nonce)
    let sequence = DERField.sequence
    // SHA-1 names the issuer here and signs nothing; it is what every responder knows (RFC 5019 §2.1.1).
    let identifier = DERField.encode(
      sequence, DERField.encode(sequence, DERField.encode(DERField.identifier, Self.sha1), [5, 0]),
      DERField.encode(DERField.octets, HashFunction.sha1.digest(certificate.issuerDER)),
      DERField.encode(DERField.octets, HashFunction.sha1.digest(issuer.publicKey)),
      DERField.encode(DERField.integer, certificate.serialNumber))
    let mark = DERField.encode(
      sequence, DERField.encode(DERField.identifier, Self.nonceIdentifier),
      DERField.encode(DERField.octets, DERField.encode(DERField.octets, nonce)))
    body = DERField.encode(
      sequence,
      DERField.encode(
        sequence, DERField.encode(sequence, DERField.encode(sequence, identifier)),
        DERField.encode(DERField.place(2), DERField.encode(sequence, mark))))
  }

  private static let sha1: [UInt8] = [0x2b, 0x0e, 0x03, 0x02, 0x1a]
  private static let nonceIdentifier: [UInt8] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02]
  private static let basic: [UInt8] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01]

  /// What an answer says, and until when (UTC ticks), once its signature, its times and whom it speaks of are right.
  public func status(
    _ answer: [UInt8], at now: Int64
  ) throws(RevocationFailure) -> (status: RevocationStatus, untilTicks: Int64) {
    let outcome: Outcome
    do throws(DERField.Failure) {
      outcome = try read(answer[...], now)
    } catch {
      throw RevocationFailure("The answer is no OCSP response.")
    }
    return try outcome.get()
  }

  private typealias Outcome = Result<(status: RevocationStatus, untilTicks: Int64), RevocationFailure>

  private func read(_ answer: ArraySlice<UInt8>, _ now: Int64) throws(DERField.Failure) -> Outcome {
    var outer = try DERField.only(answer, DERField.sequence).fields
    let code = try outer.take(DERField.enumeration).content.first ?? 0
    if code != 0 {
      let names: [UInt8: String] = [
        1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized",
      ]
      return .failure(RevocationFailure("The responder answered \(names[code] ?? "status \(code)")."))
    }
    var bytes = try outer.take(DERField.place(0)).inner(DERField.sequence).fields
    guard try bytes.take(DERField.identifier).content.elementsEqual(Self.basic) else { throw DERField.Failure() }
    var whole = try DERField.only(try bytes.take(DERField.octets).content, DERField.sequence).fields
    let data = try whole.take(DERField.sequence)
    let signature = try DERSignature(&whole)
    let certificates = try whole.take(optional: DERField.place(0))
    guard try isSigned(data.encoded, signature, certificates, now) else {
      return .failure(RevocationFailure("The answer is not signed by the authority or a responder of it."))
    }
    return try read(data, now)
  }

  /// By the issuer itself, or by somebody whom it gave a certificate for just that (RFC 6960 §4.2.2.2).
  private func isSigned(
    _ data: ArraySlice<UInt8>, _ signature: DERSignature, _ certificates: DERField?, _ now: Int64
  ) throws(DERField.Failure) -> Bool {
    if signature.isValid(over: data, by: issuer.certificate.publicKey) { return true }
    guard var rest = try certificates?.inner(DERField.sequence).fields else { return false }
    var count = 0
    while let next = try rest.next(), count < 8 {
      count += 1
      guard let delegate = try? CertificateValue(Array(next.encoded)),
        (delegate.notBefore...max(delegate.notBefore, delegate.notAfter)).contains(now),
        let usages = try? delegate.certificate.extensions.extendedKeyUsage, usages.contains(.ocspSigning),
        issuer.issued(delegate), signature.isValid(over: data, by: delegate.certificate.publicKey)
      else { continue }
      return true
    }
    return false
  }

  private func read(_ data: DERField, _ now: Int64) throws(DERField.Failure) -> Outcome {
    var parts = data.fields
    _ = try parts.take(optional: DERField.place(0))
    _ = try parts.take()
    _ = try parts.take()
    var singles = try parts.take(DERField.sequence).fields
    if let extensions = try parts.take(optional: DERField.place(1)) {
      for found in try DERExtension.all(try extensions.inner(DERField.sequence)) {
        if found.identifier.elementsEqual(Self.nonceIdentifier) {
          guard try DERField.only(found.value, DERField.octets).content.elementsEqual(nonce) else {
            return .failure(RevocationFailure("The answer is one to another request."))
          }
        } else if found.isCritical {
          return .failure(RevocationFailure("The answer has a critical extension that is not known."))
        }
      }
    }
    // One certificate was asked about; a responder may add others.
    var outcome = Outcome.failure(RevocationFailure("The answer speaks of other certificates."))
    while let single = try singles.take(optional: DERField.sequence) {
      var fields = single.fields
      guard try isAboutCertificate(try fields.take(DERField.sequence)) else { continue }
      let status = try fields.take()
      let thisUpdate = try fields.take().ticks
      let next = try fields.take(optional: DERField.place(0))
      let nextUpdate = try next.map { (field) throws(DERField.Failure) in try field.inner(0x18).ticks }
      outcome = judge(status.tag, thisUpdate, nextUpdate, now)
      if case .success = outcome { return outcome }
    }
    return outcome
  }

  private func isAboutCertificate(_ identifier: DERField) throws(DERField.Failure) -> Bool {
    var fields = identifier.fields
    var algorithm = try fields.take(DERField.sequence).fields
    let name = try fields.take(DERField.octets).content
    let key = try fields.take(DERField.octets).content
    let serial = try fields.take(DERField.integer).content
    return try algorithm.take(DERField.identifier).content.elementsEqual(Self.sha1)
      && name.elementsEqual(HashFunction.sha1.digest(certificate.issuerDER))
      && key.elementsEqual(HashFunction.sha1.digest(issuer.publicKey))
      && serial.elementsEqual(certificate.serialNumber)
  }

  private func judge(_ tag: UInt8, _ thisUpdate: Int64, _ nextUpdate: Int64?, _ now: Int64) -> Outcome {
    let leeway = RevocationQuestion.leewayTicks
    guard thisUpdate <= now + leeway else { return .failure(RevocationFailure("The answer is of a time to come.")) }
    guard now <= (nextUpdate ?? thisUpdate + Self.undatedTicks) + leeway else {
      return .failure(RevocationFailure("The answer is expired."))
    }
    let until = nextUpdate ?? now + Self.undatedKeptTicks
    switch tag {
    case 0x80: return .success((.good, until))
    case 0xa1: return .success((.revoked, until))
    case 0x82: return .failure(RevocationFailure("The responder does not know the certificate."))
    default: return .failure(RevocationFailure("The answer has a status that is not known."))
    }
  }
}
