import X509

/// A revocation list of an authority (RFC 5280 §5): whole, and only its own.
public struct RevocationList: Sendable {
  /// The most octets of a list that is read.
  public static let bound = 4 << 20

  /// UTC ticks of the time when the next one comes.
  public let untilTicks: Int64
  /// Octets of the list it came from.
  public let size: Int
  private let serialNumbers: Set<ArraySlice<UInt8>>
  /// Addresses of the point that the list is for; nil when it is for all.
  private let names: [String]?
  private let isForEndEntities: Bool
  private let isForAuthorities: Bool

  /// A list that the issuer of the question's certificate signed and that holds now.
  public init(_ bytes: [UInt8], for question: RevocationQuestion, at now: Int64) throws(RevocationFailure) {
    guard bytes.count <= Self.bound else { throw RevocationFailure("The revocation list is too large.") }
    let read: Result<RevocationList, RevocationFailure>
    do throws(DERField.Failure) {
      read = try Self.read(bytes, question, now)
    } catch {
      throw RevocationFailure("The answer is no revocation list.")
    }
    self = try read.get()
  }

  private init(
    _ bytes: [UInt8], _ untilTicks: Int64, _ serialNumbers: Set<ArraySlice<UInt8>>, _ scope: Scope
  ) {
    size = bytes.count
    self.untilTicks = untilTicks
    self.serialNumbers = serialNumbers
    names = scope.names
    isForEndEntities = scope.isForEndEntities
    isForAuthorities = scope.isForAuthorities
  }

  /// What the list says of a certificate of the same issuer. It throws when the list is for others: somebody may have put
  /// it in another's place.
  public func status(_ question: RevocationQuestion) throws(RevocationFailure) -> RevocationStatus {
    var isAuthority = false
    if case .isCertificateAuthority = try? question.certificate.certificate.extensions.basicConstraints {
      isAuthority = true
    }
    guard isAuthority ? isForAuthorities : isForEndEntities,
      names.map({ !question.listNames.isDisjoint(with: $0) }) ?? true
    else { throw RevocationFailure("The revocation list is for other certificates.") }
    return serialNumbers.contains(question.certificate.serialNumber[...]) ? .revoked : .good
  }

  // MARK: - Reading

  private static func read(
    _ bytes: [UInt8], _ question: RevocationQuestion, _ now: Int64
  ) throws(DERField.Failure) -> Result<RevocationList, RevocationFailure> {
    func failure(_ message: String) -> Result<RevocationList, RevocationFailure> {
      .failure(RevocationFailure(message))
    }
    var whole = try DERField.only(bytes[...], DERField.sequence).fields
    let body = try whole.take(DERField.sequence)
    let signature = try DERSignature(&whole)
    var fields = body.fields
    _ = try fields.take(optional: DERField.integer)
    _ = try fields.take(DERField.sequence)
    guard try fields.take(DERField.sequence).encoded.elementsEqual(question.certificate.issuerDER) else {
      return failure("The revocation list is another authority's.")
    }
    let usage = try? question.issuer.certificate.extensions.keyUsage
    guard usage?.cRLSign ?? true, signature.isValid(over: body.encoded, by: question.issuer.certificate.publicKey)
    else {
      return failure("The revocation list is not signed by the authority.")
    }
    let leeway = RevocationQuestion.leewayTicks
    guard try fields.take().ticks <= now + leeway else { return failure("The revocation list is of a time to come.") }
    guard fields.tag == 0x17 || fields.tag == 0x18 else {
      return failure("The revocation list does not say when the next one comes.")
    }
    let until = try fields.take().ticks
    guard now <= until + leeway else { return failure("The revocation list is expired.") }
    var serialNumbers: Set<ArraySlice<UInt8>> = []
    if var entries = try fields.take(optional: DERField.sequence)?.fields {
      while let entry = try entries.next() {
        var parts = entry.fields
        // A number of its own: a slice would keep the whole list.
        serialNumbers.insert(Array(try parts.take(DERField.integer).content)[...])
        _ = try parts.take()
        if let more = try parts.take(optional: DERField.sequence),
          try DERExtension.all(more).contains(where: \.isCritical)
        {
          return failure("The revocation list has entries for other authorities.")
        }
      }
    }
    var scope = Scope()
    if let more = try fields.take(optional: DERField.place(0)) {
      for found in try DERExtension.all(try more.inner(DERField.sequence)) {
        if found.identifier.elementsEqual(Scope.identifier) {
          guard let own = try Scope(found.value) else {
            return failure("The revocation list is for some reasons or for other authorities only.")
          }
          scope = own
        } else if found.isCritical {
          return failure("The revocation list has a critical extension that is not known, or is a delta.")
        }
      }
    }
    return .success(RevocationList(bytes, until, serialNumbers, scope))
  }

  /// Whom a list is for: its issuing distribution point (RFC 5280 §5.2.5).
  private struct Scope {
    static let identifier: [UInt8] = [0x55, 0x1d, 0x1c]
    var names: [String]?
    var isForEndEntities = true
    var isForAuthorities = true

    init() {}

    /// nil for lists of some reasons, of several authorities or of attribute certificates.
    init?(_ value: ArraySlice<UInt8>) throws(DERField.Failure) {
      var fields = try DERField.only(value, DERField.sequence).fields
      if let name = try fields.take(optional: DERField.place(0)) { names = RevocationQuestion.addressesOfPoint(name) }
      while let field = try fields.next() {
        switch field.tag {
        case 0x81 where field.content.first != 0: isForAuthorities = false
        case 0x82 where field.content.first != 0: isForEndEntities = false
        case 0x81, 0x82: break
        case 0x84 where field.content.first == 0, 0x85 where field.content.first == 0: break
        default: return nil
        }
      }
    }
  }
}
