import DotNet
import NIOCore
import NIOSSL
import PolicyLibrary

/// How a backend's certificate is checked, and which one is shown to it.
struct BackendTLS: Hashable {
  var validatesChain: Bool
  var validatesName: Bool
  var certificate: ClientCertificate?
  var version: HTTPVersion

  private var protocols: [String] {
    switch version {
    case .one: ["http/1.1"]
    case .two: ["h2"]
    case .twoOrOne: ["h2", "http/1.1"]
    }
  }

  /// - Parameter authorities: that are believed beside the machine's.
  func makeContext(_ tls: TLSChoice, believing authorities: [NIOSSLCertificate] = []) throws -> NIOSSLContext {
    var configuration = try makeConfiguration(tls)
    if !authorities.isEmpty { configuration.additionalTrustRoots = [.certificates(authorities)] }
    return try NIOSSLContext(configuration: configuration)
  }

  func makeConfiguration(_ tls: TLSChoice) throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    tls.apply(to: &configuration, lowest: .tlsv12)
    configuration.certificateVerification =
      !validatesChain ? .none : validatesName ? .fullVerification : .noHostnameVerification
    configuration.applicationProtocols = protocols
    switch certificate?.source {
    case .pem(let certificates, let key):
      configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificates.utf8)).map {
        .certificate($0)
      }
      configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
    case .pkcs12(let bytes, let password):
      let bundle =
        try password.map { try NIOSSLPKCS12Bundle(buffer: bytes, passphrase: Array($0.utf8)) }
        ?? NIOSSLPKCS12Bundle(buffer: bytes)
      configuration.certificateChain = bundle.certificateChain.map { .certificate($0) }
      configuration.privateKey = .privateKey(bundle.privateKey)
    case nil: break
    }
    return configuration
  }
}

/// The TLS contexts of one loop towards backends: costly to make, few in kind.
struct BackendTLSContexts {
  private var contexts: [BackendTLS: NIOSSLContext] = [:]
  private let tls: TLSChoice
  private var authorities: [NIOSSLCertificate] = []

  static let bound = 256

  init(_ tls: TLSChoice) { self.tls = tls }

  /// From now on these are believed beside the machine's authorities. One that the TLS library cannot read is passed over.
  mutating func believe(_ authorities: [CertificateValue]) {
    let certificates = authorities.compactMap { try? NIOSSLCertificate(bytes: $0.rawData, format: .der) }
    if certificates == self.authorities { return }
    self.authorities = certificates
    contexts = [:]
  }

  /// Puts what a new connection to an origin needs before HTTP into its pipeline: a tunnel through a proxy, TLS.
  mutating func addHandlers(
    for origin: Origin, _ version: HTTPVersion, to pipeline: ChannelPipeline.SynchronousOperations
  ) throws {
    guard origin.isTLS else { return }
    let tls = try makeHandler(origin, version)
    guard let proxy = origin.proxy else { return try pipeline.addHandler(tls) }
    try pipeline.addHandler(
      ProxyTunnel(host: origin.host, port: origin.port, authorization: proxy.authorization, tls: tls))
  }

  private mutating func makeHandler(_ origin: Origin, _ version: HTTPVersion) throws -> NIOSSLClientHandler {
    let kind = BackendTLS(
      validatesChain: origin.validatesChain, validatesName: origin.validatesName,
      certificate: origin.clientCertificate, version: version)
    let context: NIOSSLContext
    if let known = contexts[kind] {
      context = known
    } else {
      if contexts.count >= Self.bound { contexts = [:] }
      context = try kind.makeContext(tls, believing: authorities)
      contexts[kind] = context
    }
    // An address is no server name (RFC 6066 §3).
    let isAddress = (try? SocketAddress(ipAddress: origin.host, port: 0)) != nil
    return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : origin.host)
  }
}
