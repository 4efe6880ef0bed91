/// What a gateway shows, and asks for, in the TLS handshakes of clients that name one of its hostnames:
/// `gateways/{id}/hostnameConfigurations/{hcId}`.
public struct HostnameConfiguration: Codable, Sendable, Equatable {
  public var id: String
  /// In small letters: a name, `*.` and a name for everything one label below that, or `*` for every client.
  public var hostname: String
  /// The identifier of the certificate, which is in the snapshot with its chain and its private key.
  public var certificateID: String
  /// Whether clients are asked for a certificate; those without one are let in all the same.
  public var negotiateClientCertificate: Bool
  public var tls10Enabled: Bool
  public var tls11Enabled: Bool
  public var http2Enabled: Bool

  public init(
    id: String, hostname: String, certificateID: String, negotiateClientCertificate: Bool = false,
    tls10Enabled: Bool = false, tls11Enabled: Bool = false, http2Enabled: Bool = true
  ) {
    self.id = id
    self.hostname = hostname
    self.certificateID = certificateID
    self.negotiateClientCertificate = negotiateClientCertificate
    self.tls10Enabled = tls10Enabled
    self.tls11Enabled = tls11Enabled
    self.http2Enabled = http2Enabled
  }

  /// A hostname in the form in which hostnames are compared; nil when it is none: labels of at most 63 letters, digits,
  /// `-` and `_`, 253 bytes in all, perhaps behind `*.`; or `*` alone. Other scripts stand in their ASCII form (`xn--`).
  public static func normal(_ hostname: String) -> String? {
    if hostname == "*" { return hostname }
    let name = hostname.lowercased()
    let labels = (name.hasPrefix("*.") ? name.dropFirst(2) : name[...]).split(
      separator: ".", omittingEmptySubsequences: false)
    let isName = labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.utf8.allSatisfy {
          (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x5f
        }
    }
    return isName && name.utf8.count <= 253 ? name : nil
  }
}

extension KeyedDecodingContainer {
  /// A snapshot, or a backup, of a release that knew no hostname configurations has none; see the same for workspaces.
  func decode(_ type: [HostnameConfiguration].Type, forKey key: Key) throws -> [HostnameConfiguration] {
    try decodeIfPresent(type, forKey: key) ?? []
  }
}
