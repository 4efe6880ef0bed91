import ControlPlaneStore
import Crypto
public import Foundation
import SwiftASN1
import X509

/// The service's own authority and the certificate it signed, kept in the data directory.
public struct ServerCertificate: Sendable {
  public let chainPath: String
  public let keyPath: String
  /// DER of the authority, for `env.conf`.
  public let authority: Data

  private static let day: TimeInterval = 86_400

  /// Reads what is there, or makes it; a certificate that ends within 30 days, or lacks a name, is made anew.
  /// - Parameter names: DNS names and addresses clients may use.
  public init(directory: URL, names: [String]) throws {
    let folder = directory.appending(path: "tls")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let authorityKeyFile = folder.appending(path: "authority.key")
    let authorityFile = folder.appending(path: "authority.pem")
    let keyFile = folder.appending(path: "server.key")
    let chainFile = folder.appending(path: "server.pem")
    let namesFile = folder.appending(path: "server.names")
    let now = Date.now

    let authorityKey: P256.Signing.PrivateKey
    let authorityCertificate: X509.Certificate
    if let pem = try? String(contentsOf: authorityFile, encoding: .utf8),
      let keyPEM = try? String(contentsOf: authorityKeyFile, encoding: .utf8)
    {
      authorityKey = try P256.Signing.PrivateKey(pemRepresentation: keyPEM)
      authorityCertificate = try X509.Certificate(pemEncoded: pem)
    } else {
      authorityKey = P256.Signing.PrivateKey()
      authorityCertificate = try Self.makeAuthority(authorityKey, now: now)
      try PrivateFile.write(Data(authorityKey.pemRepresentation.utf8), to: authorityKeyFile)
      try PrivateFile.write(Data(try authorityCertificate.serializeAsPEM().pemString.utf8), to: authorityFile)
    }

    let wanted = Array(Set(names)).sorted().joined(separator: "\n")
    let kept =
      (try? String(contentsOf: namesFile, encoding: .utf8)) == wanted
      ? (try? String(contentsOf: chainFile, encoding: .utf8)).flatMap { try? X509.Certificate(pemEncoded: $0) } : nil
    if kept == nil || (kept?.notValidAfter ?? now) < now + 30 * Self.day {
      let key = P256.Signing.PrivateKey()
      let certificate = try Self.makeServer(
        key, names: Array(Set(names)).sorted(), authority: authorityCertificate, authorityKey, now: now)
      try PrivateFile.write(Data(key.pemRepresentation.utf8), to: keyFile)
      let chain =
        try certificate.serializeAsPEM().pemString + "\n" + authorityCertificate.serializeAsPEM().pemString + "\n"
      try PrivateFile.write(Data(chain.utf8), to: chainFile)
      try PrivateFile.write(Data(wanted.utf8), to: namesFile)
    }
    chainPath = chainFile.path(percentEncoded: false)
    keyPath = keyFile.path(percentEncoded: false)
    var serializer = DER.Serializer()
    try serializer.serialize(authorityCertificate)
    authority = Data(serializer.serializedBytes)
  }

  private static func makeAuthority(_ key: P256.Signing.PrivateKey, now: Date) throws -> X509.Certificate {
    let name = try DistinguishedName { CommonName("Postern authority") }
    return try X509.Certificate(
      version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: now - 3_600,
      notValidAfter: now + 3_650 * day, issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try X509.Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
      },
      issuerPrivateKey: .init(key))
  }

  private static func makeServer(
    _ key: P256.Signing.PrivateKey, names: [String], authority: X509.Certificate,
    _ authorityKey: P256.Signing.PrivateKey, now: Date
  ) throws -> X509.Certificate {
    let alternatives = names.map { name -> GeneralName in
      Self.address(name).map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) } ?? .dnsName(name)
    }
    return try X509.Certificate(
      version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: now - 3_600,
      notValidAfter: now + 365 * day, issuer: authority.subject,
      subject: try DistinguishedName { CommonName("Postern management service") }, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try X509.Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(alternatives)
      },
      issuerPrivateKey: .init(authorityKey))
  }

  /// The bytes of an IPv4 or IPv6 address; nil for a name.
  private static func address(_ text: String) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
    if parts.count == 4, text.allSatisfy({ $0.isNumber || $0 == "." }) { return parts }
    var v6 = in6_addr()
    guard text.contains(":"), inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    return withUnsafeBytes(of: &v6) { Array($0) }
  }
}
