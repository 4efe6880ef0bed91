import Crypto
import Foundation
import GatewayConfiguration
import NIOSSL
import SwiftASN1
import X509

/// A certificate authority of a test, with whatever it signs.
struct TestAuthority {
  /// A certificate with its key.
  struct Issued {
    let certificate: X509.Certificate
    let key: P256.Signing.PrivateKey

    var pem: String { (try? certificate.serializeAsPEM().pemString) ?? "" }
    var keyPEM: String { key.pemRepresentation }

    /// SHA-1 of its DER in capital digits.
    var thumbprint: String {
      var serializer = DER.Serializer()
      guard (try? serializer.serialize(certificate)) != nil else { return "" }
      return Insecure.SHA1.hash(data: serializer.serializedBytes).map { String(format: "%02X", $0) }.joined()
    }

    /// As a certificate entity of the service.
    func entity(_ id: String, chain: [Issued] = [], hasKey: Bool = true) -> GatewayConfiguration.Certificate {
      GatewayConfiguration.Certificate(
        id: id, thumbprint: thumbprint, certificatePEM: ([self] + chain).map(\.pem).joined(separator: "\n"),
        privateKeyPEM: hasKey ? keyPEM : nil)
    }
  }

  let root: Issued

  init(_ name: String = "Test Root") throws { root = try Self.make(name, nil, isAuthority: true) }

  private init(root: Issued) { self.root = root }

  /// - Parameters:
  ///   - host: whom it is for.
  ///   - start: seconds from now at which it begins to be valid, for a day.
  func issue(_ name: String, host: String = "localhost", start: TimeInterval = -3_600) throws -> Issued {
    try Self.make(name, root, isAuthority: false, host: host, start: start)
  }

  /// An authority of this one.
  func intermediate(_ name: String) throws -> TestAuthority {
    TestAuthority(root: try Self.make(name, root, isAuthority: true))
  }

  private static func make(
    _ name: String, _ issuer: Issued?, isAuthority: Bool, host: String = "localhost", start: TimeInterval = -3_600
  ) throws -> Issued {
    let key = P256.Signing.PrivateKey()
    let subject = try DistinguishedName { CommonName(name) }
    let now = Date()
    let certificate = try X509.Certificate(
      version: .v3, serialNumber: X509.Certificate.SerialNumber(), publicKey: .init(key.publicKey),
      notValidBefore: now + start, notValidAfter: now + start + 90_000, issuer: issuer?.certificate.subject ?? subject,
      subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try X509.Certificate.Extensions {
        Critical(
          isAuthority
            ? BasicConstraints.isCertificateAuthority(maxPathLength: nil) : BasicConstraints.notCertificateAuthority)
        SubjectAlternativeNames([.dnsName(host)])
      }, issuerPrivateKey: .init(issuer?.key ?? key))
    return Issued(certificate: certificate, key: key)
  }

  /// The server's side of a backend that lets only clients in who show a certificate of an authority.
  func backend(demanding authority: TestAuthority?) throws -> NIOSSLContext {
    let server = try issue("localhost")
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(server.pem.utf8)).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(server.keyPEM.utf8), format: .pem)))
    if let authority {
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.root.pem.utf8)))
    }
    return try NIOSSLContext(configuration: configuration)
  }
}

/// A folder for files that other programs read; it goes with the test.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "files-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path(percentEncoded: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file; gives its path.
  func file(_ name: String, _ text: String) throws -> String {
    let file = "\(path)/\(name)"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }
}
