public import DotNet
import Expressions
public import GatewayConfiguration

/// The service's certificates, made ready once for everything that names one: policies, backends, expressions.
public struct CertificateDirectory: Sendable {
  /// A certificate of the service.
  public struct Entry: Sendable {
    public let id: String
    public let value: CertificateValue
    /// What the gateway shows in a TLS handshake; nil without a private key.
    public let client: ClientCertificate?
  }

  /// Sorted by identifier.
  public let entries: [Entry]
  /// By identifiers in lower case.
  private let places: [String: Int]

  /// Certificates that cannot be read are left out.
  public init(_ certificates: some Sequence<Certificate>) {
    entries = certificates.compactMap { certificate in
      guard let value = try? CertificateValue(pem: certificate.certificatePEM, key: certificate.privateKeyPEM) else {
        return nil
      }
      let client = certificate.privateKeyPEM.map { key in
        ClientCertificate(source: .pem(certificates: certificate.certificatePEM, key: key))
      }
      return Entry(id: certificate.id, value: value, client: client)
    }.sorted { $0.id < $1.id }
    places = Dictionary(entries.enumerated().map { ($0.element.id.lowercased(), $0.offset) }) { first, _ in first }
  }

  public static let empty = CertificateDirectory([])

  public var ids: [String] { entries.map(\.id) }

  /// As resource names compare: without regard to case.
  public subscript(id: String) -> Entry? { places[id.lowercased()].map { entries[$0] } }

  /// The certificate with a thumbprint, written with or without signs between its digits.
  public func first(thumbprint: String) -> Entry? {
    let wanted = Self.digits(of: thumbprint)
    return entries.first { $0.value.thumbprint == wanted }
  }

  /// A thumbprint as it is compared.
  public static func digits(of thumbprint: String) -> String { thumbprint.filter(\.isHexDigit).uppercased() }

  /// The authorities that a gateway believes: the machine's and its own. Those that are missing here are passed over.
  /// - Parameter machine: the machine's.
  public func trust(
    _ authorities: [CertificateAuthority], besides machine: CertificateTrust = .system
  ) -> CertificateTrust {
    func values(_ isTrusted: Bool) -> [CertificateValue] {
      authorities.filter { $0.isTrusted == isTrusted }.compactMap { self[$0.certificateID]?.value }
    }
    if authorities.isEmpty { return machine }
    return machine.adding(roots: values(true), intermediates: values(false))
  }
}
