import SwiftASN1
import X509

extension CertificateValue {
  /// `X509NameType`, with .NET's numbers.
  public enum NameKind: Int, Sendable {
    case simple
    case email
    case upn
    case dns
    case dnsFromAlternative
    case url
  }

  /// `GetNameInfo`: a name of the subject or the issuer, empty when there is none of the kind.
  public func name(_ kind: NameKind, ofIssuer: Bool) -> String {
    let name = ofIssuer ? certificate.issuer : certificate.subject
    switch kind {
    case .simple:
      let types: [ASN1ObjectIdentifier] = [
        [2, 5, 4, 3], [2, 5, 4, 11], [2, 5, 4, 10], [1, 2, 840, 113_549, 1, 9, 1],
      ]
      return types.lazy.compactMap { DistinguishedNameText.first($0, in: name) }.first
        ?? alternative(ofIssuer, { if case .rfc822Name(let text) = $0 { text } else { nil } }) ?? ""
    case .email:
      return alternative(ofIssuer, { if case .rfc822Name(let text) = $0 { text } else { nil } })
        ?? DistinguishedNameText.first([1, 2, 840, 113_549, 1, 9, 1], in: name) ?? ""
    case .upn: return alternative(ofIssuer) { Self.principalName($0) } ?? ""
    case .dns:
      return alternative(ofIssuer, { if case .dnsName(let text) = $0 { text } else { nil } })
        ?? DistinguishedNameText.first([2, 5, 4, 3], in: name) ?? ""
    case .dnsFromAlternative:
      return alternative(ofIssuer) { if case .dnsName(let text) = $0 { text } else { nil } } ?? ""
    case .url:
      return alternative(ofIssuer) { if case .uniformResourceIdentifier(let text) = $0 { text } else { nil } } ?? ""
    }
  }

  /// The names of the subject's alternative-name extension that are host names.
  public var dnsNames: [String] {
    alternatives(ofIssuer: false).compactMap { if case .dnsName(let text) = $0 { text } else { nil } }
  }

  private func alternative(_ ofIssuer: Bool, _ read: (GeneralName) -> String?) -> String? {
    alternatives(ofIssuer: ofIssuer).lazy.compactMap(read).first
  }

  private func alternatives(ofIssuer: Bool) -> [GeneralName] {
    if !ofIssuer { return (try? certificate.extensions.subjectAlternativeNames).map { Array($0) } ?? [] }
    // The issuer's alternative names have the same form under another identifier.
    guard let found = certificate.extensions.first(where: { $0.oid == [2, 5, 29, 18] }),
      let names = try? SubjectAlternativeNames(
        Certificate.Extension(oid: [2, 5, 29, 17], critical: found.critical, value: found.value))
    else { return [] }
    return Array(names)
  }

  /// The user principal name (1.3.6.1.4.1.311.20.2.3) among other names.
  private static func principalName(_ name: GeneralName) -> String? {
    guard case .otherName(let other) = name, other.typeID == [1, 3, 6, 1, 4, 1, 311, 20, 2, 3], let value = other.value
    else { return nil }
    var serializer = DER.Serializer()
    guard (try? serializer.serialize(value)) != nil, let node = try? DER.parse(serializer.serializedBytes) else {
      return nil
    }
    if case .constructed(let inner) = node.content, let text = inner.first(where: { _ in true }) {
      return (try? ASN1UTF8String(derEncoded: text)).map { String($0) }
    }
    return (try? ASN1UTF8String(derEncoded: node)).map { String($0) }
  }
}
