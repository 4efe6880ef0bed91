import DotNet
import GatewayConfiguration
import NIOSSL

/// What a gateway shows to clients by the name they ask for: immutable, shared by every event loop, swapped as a whole.
struct HostnameTable: Sendable {
  /// A configuration that cannot be served.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// What a handshake is made of: as long as it is the same, sessions of clients stay good for it.
  private struct Source: Hashable {
    var certificate: String
    var key: String
    var flags: [Bool]
  }

  private let names: [String: ListenerCertificate]
  /// By what stands behind `*`, with its dot.
  private let wildcards: [Substring: ListenerCertificate]
  private let all: ListenerCertificate?
  private let made: [Source: ListenerCertificate]

  static let empty = HostnameTable()

  private init() {
    (names, wildcards, all, made) = ([:], [:], nil, [:])
  }

  /// Reads every certificate. Throws, naming the hostname, when one is missing, has no key or another one's, or cannot be
  /// read.
  /// - Parameters:
  ///   - former: what it takes the place of.
  ///   - tls: of all of them.
  init(_ snapshot: Snapshot, after former: HostnameTable, _ tls: TLSChoice = TLSChoice()) throws(Failure) {
    var (names, wildcards): ([String: ListenerCertificate], [Substring: ListenerCertificate]) = ([:], [:])
    var (all, made): (ListenerCertificate?, [Source: ListenerCertificate]) = (nil, [:])
    for hostname in snapshot.gateway.hostnameConfigurations {
      let what = "the hostname configuration '\(hostname.id)' for '\(hostname.hostname)'"
      guard let name = HostnameConfiguration.normal(hostname.hostname) else {
        throw Failure(description: "\(what): that is no hostname")
      }
      guard let certificate = snapshot.certificates.first(where: { $0.id == hostname.certificateID }),
        let key = certificate.privateKeyPEM
      else {
        throw Failure(description: "\(what): there is no certificate '\(hostname.certificateID)' with a private key")
      }
      let source = Source(
        certificate: certificate.certificatePEM, key: key,
        flags: [
          hostname.negotiateClientCertificate, hostname.tls10Enabled, hostname.tls11Enabled, hostname.http2Enabled,
        ])
      let shown: ListenerCertificate
      do {
        shown =
          try made[source] ?? former.made[source]
          ?? ListenerCertificate(hostname, certificate: certificate.certificatePEM, key: key, tls)
      } catch {
        throw Failure(
          description: "\(what): the certificate '\(certificate.id)' cannot be read, or the private key is not its own")
      }
      made[source] = shown
      if name == "*" {
        all = shown
      } else if name.hasPrefix("*.") {
        wildcards[name.dropFirst()] = shown
      } else {
        names[name] = shown
      }
    }
    (self.names, self.wildcards, self.all, self.made) = (names, wildcards, all, made)
  }

  var isEmpty: Bool { made.isEmpty }

  /// The most specific one for a name in small letters; nil when none is for it.
  /// - Parameter name: nil for a client that asks for none.
  func certificate(for name: String?) -> ListenerCertificate? {
    guard let name else { return all }
    if let exact = names[name] { return exact }
    // As in certificates themselves, the wildcard is one label.
    if !wildcards.isEmpty, let dot = name.firstIndex(of: "."), dot > name.startIndex,
      let found = wildcards[name[dot...]]
    {
      return found
    }
    return all
  }
}

/// Certificates between a leaf and its authority, as they come out of a file.
enum ListenerChain {
  /// Leaf first, then each behind the one that it signed, as clients up to TLS 1.2 want it (RFC 5246 §7.4.2); what belongs
  /// to none of them is left out.
  static func ordered(_ certificates: [NIOSSLCertificate]) -> [NIOSSLCertificate] {
    guard var last = certificates.first, certificates.count > 1 else { return certificates }
    var (chain, rest) = ([last], Array(certificates.dropFirst()))
    while let issuer = issuer(of: last), let next = rest.firstIndex(where: { subject(of: $0) == issuer }) {
      last = rest.remove(at: next)
      chain.append(last)
    }
    return chain
  }

  private static func issuer(of certificate: NIOSSLCertificate) -> [UInt8]? { value(certificate)?.issuerDER }

  private static func subject(of certificate: NIOSSLCertificate) -> [UInt8]? { value(certificate)?.subjectDER }

  private static func value(_ certificate: NIOSSLCertificate) -> CertificateValue? {
    (try? certificate.toDERBytes()).flatMap { try? CertificateValue(chain: [$0]) }
  }
}
