import DotNet
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import PolicyLibrary

/// Why a connection to a backend was not made, or broke: in words for whoever reads records and `context.LastError`, which
/// name the check that failed.
enum ConnectionFault {
  /// - Parameters:
  ///   - pipeline: of the connection, whose TLS handler knows the certificate; nil where there is none yet.
  static func words(
    _ error: any Error, _ origin: Origin, _ pipeline: ChannelPipeline.SynchronousOperations? = nil
  ) -> String {
    switch error {
    case let error as NIOConnectionError:
      if let error = error.connectionErrors.first?.error { return words(error, origin) }
      return "no address is known for \(error.host)"
    case ChannelError.connectTimeout(let time):
      return "\(place(origin)) has not taken the connection within \(time.nanoseconds / 1_000_000) ms"
    case let error as IOError: return "the connection to \(place(origin)): \(text(of: error.errnoCode))"
    case NIOSSLError.handshakeFailed(let error): return handshake(error, origin, pipeline)
    case NIOSSLError.uncleanShutdown: return "the backend closed the connection without the end that TLS demands"
    case is NIOSSLExtraError where error as? NIOSSLExtraError == .failedToValidateHostname:
      return "validateCertificateName: the backend's certificate is not for '\(origin.host)'"
        + (certificate(pipeline).map { " but for \($0.subject)" } ?? "")
    default: return "\(error)"
    }
  }

  /// What is connected to.
  private static func place(_ origin: Origin) -> String {
    let (host, port) = origin.proxy.map { ($0.host, $0.port) } ?? (origin.host, origin.port)
    return "\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }

  private static func text(of code: CInt) -> String { strerror(code).map { String(cString: $0) } ?? "error \(code)" }

  private static func handshake(
    _ error: BoringSSLError, _ origin: Origin, _ pipeline: ChannelPipeline.SynchronousOperations?
  ) -> String {
    let reason: String
    switch error {
    case .sslError(let stack), .unknownError(let stack): reason = stack.first.map(symbol) ?? "no reason is known"
    default: reason = "\(error)"
    }
    guard reason == "CERTIFICATE_VERIFY_FAILED" else {
      return "the TLS handshake with \(place(origin)) failed: \(reason)"
    }
    return "validateCertificateChain: \(distrust(certificate(pipeline)))"
  }

  /// The library's name of an error, without the place in its source.
  private static func symbol(_ error: BoringSSLInternalError) -> String {
    let parts = error.description.split(separator: ":")
    guard let at = parts.firstIndex(of: "OPENSSL_internal"), at + 1 < parts.count else { return error.description }
    return String(parts[at + 1].prefix { $0 != " " })
  }

  private static func certificate(_ pipeline: ChannelPipeline.SynchronousOperations?) -> CertificateValue? {
    guard let bytes = try? pipeline?.handler(type: NIOSSLClientHandler.self).peerCertificate?.toDERBytes() else {
      return nil
    }
    return try? CertificateValue(bytes)
  }

  /// Why a certificate is not believed, as far as it tells by itself.
  private static func distrust(_ certificate: CertificateValue?) -> String {
    guard let certificate else { return "the backend's certificate is not trusted" }
    let now = Clock.ticks()
    let whose = "the backend's certificate (\(certificate.subject))"
    if certificate.notAfter < now { return "\(whose) has expired" }
    if certificate.notBefore > now { return "\(whose) is not valid yet" }
    if certificate.subjectDER == certificate.issuerDER { return "\(whose) is signed by itself, and not trusted" }
    return "\(whose) leads to no trusted authority: '\(certificate.issuer)', which signed it, is unknown or has "
      + "expired, or the backend sends its chain in part"
  }
}
