import Crypto
import FoundationEssentials
import GatewayConfiguration
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// What a gateway shows, and asks for, in TLS handshakes on its HTTPS port.
public struct ListenerCertificate: Sendable {
  let context: NIOSSLContext
  /// Whether clients may speak HTTP/2.
  let speaksHTTP2: Bool
  /// Whether clients are asked for a certificate; those without one are let in all the same.
  let negotiatesClientCertificate: Bool

  /// Reads a PEM chain, leaf first, and its PEM key.
  /// - Parameter negotiatesClientCertificate: ask clients for a certificate, for policies to look at.
  public init(
    chainPath: String, keyPath: String, negotiatesClientCertificate: Bool = false, tls: TLSChoice = TLSChoice()
  ) throws {
    let chain = try NIOSSLCertificate.fromPEMFile(chainPath)
    try self.init(
      chain: chain.map { .certificate($0) }, key: .privateKey(try NIOSSLPrivateKey(file: keyPath, format: .pem)),
      negotiatesClientCertificate, tls)
  }

  /// Makes one that nobody else has signed, for a gateway without a certificate of its own; valid for a year.
  public static func selfSigned(
    hostName: String, negotiatesClientCertificate: Bool = false, tls: TLSChoice = TLSChoice()
  ) throws -> ListenerCertificate {
    let key = P256.Signing.PrivateKey()
    let name = try DistinguishedName { CommonName(String(hostName.prefix(64))) }
    let now = Date()
    let certificate = try X509.Certificate(
      version: .v3, serialNumber: X509.Certificate.SerialNumber(), publicKey: .init(key.publicKey),
      notValidBefore: now - 3_600, notValidAfter: now + 365 * 86_400, issuer: name, subject: name,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try X509.Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        SubjectAlternativeNames([.dnsName(hostName), .dnsName("localhost")])
      },
      issuerPrivateKey: .init(key))
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    return try ListenerCertificate(
      chain: [.certificate(try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der))],
      key: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.derRepresentation), format: .der)),
      negotiatesClientCertificate, tls)
  }

  /// What a hostname configuration says. Throws when the certificate cannot be read or the key is not its own.
  init(_ hostname: HostnameConfiguration, certificate: String, key: String, _ tls: TLSChoice) throws {
    let chain = ListenerChain.ordered(try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)))
    try self.init(
      chain: chain.map { .certificate($0) },
      key: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)),
      hostname.negotiateClientCertificate, tls,
      // The library has a lowest version and no gaps: 1.1 is let in where 1.0 is.
      lowest: hostname.tls10Enabled ? .tlsv1 : hostname.tls11Enabled ? .tlsv11 : .tlsv12,
      speaksHTTP2: hostname.http2Enabled)
  }

  private init(
    chain: [NIOSSLCertificateSource], key: NIOSSLPrivateKeySource, _ negotiatesClientCertificate: Bool,
    _ tls: TLSChoice, lowest: TLSVersion = .tlsv12, speaksHTTP2: Bool = true
  ) throws {
    self.negotiatesClientCertificate = negotiatesClientCertificate
    self.speaksHTTP2 = speaksHTTP2
    var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
    tls.apply(to: &configuration, lowest: lowest)
    configuration.applicationProtocols = (speaksHTTP2 ? ["h2"] : []) + ["http/1.1"]
    if negotiatesClientCertificate {
      // Who is believed is for policies to say (see PresentedCertificate): here nobody is turned away.
      configuration.certificateVerification = .optionalVerification
      configuration.trustRoots = .certificates([])
    }
    context = try NIOSSLContext(configuration: configuration)
  }

  /// What a new connection begins with, and what the client will show on it.
  /// - Parameter chains: those of this process's clients.
  func makeHandler(_ chains: PresentedChains) -> (NIOSSLServerHandler, PresentedCertificate?) {
    guard negotiatesClientCertificate else { return (NIOSSLServerHandler(context: context), nil) }
    let presented = PresentedCertificate(chains: chains)
    let handler = NIOSSLServerHandler(context: context) { chain, decision in
      presented.chain = chain
      decision.succeed(.certificateVerified)
    }
    return (handler, presented)
  }
}
