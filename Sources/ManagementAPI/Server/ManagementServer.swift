import HTTPTypes
public import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle
import Synchronization

/// The management service on the network: REST API, the gateways' endpoints and whatever else is added to its router,
/// over HTTP and HTTPS.
public final class ManagementServer: Sendable {
  /// Where it listens.
  public struct Settings: Sendable {
    public var address: String
    /// 0 for any free port.
    public var httpPort: Int
    public var httpsPort: Int

    public init(address: String, httpPort: Int, httpsPort: Int) {
      self.address = address
      self.httpPort = httpPort
      self.httpsPort = httpsPort
    }
  }

  private struct Ports {
    var http: Int?
    var https: Int?
  }

  private let settings: Settings
  private let responder: RouterResponder<BasicRequestContext>
  private let certificate: ServerCertificate
  private let logger: Logger
  private let ports = Mutex(Ports())

  /// - Parameter addRoutes: adds the portal.
  public init(
    service: ManagementService, settings: Settings, certificate: ServerCertificate, logger: Logger,
    addRoutes: (Router<BasicRequestContext>) -> Void
  ) {
    self.settings = settings
    self.certificate = certificate
    self.logger = logger
    let router = Router()
    router.get("/livez") { _, _ in "OK" }
    ManagementRoutes(service: service).add(to: router)
    GatewayEndpoints(service: service).add(to: router)
    addRoutes(router)
    responder = router.buildResponder()
  }

  public var boundHTTPPort: Int? { ports.withLock(\.http) }
  public var boundHTTPSPort: Int? { ports.withLock(\.https) }

  /// How long requests in flight may take once the end was asked for.
  private static let longestEnd = Duration.seconds(10)

  /// Serves until the task is cancelled; requests in flight are answered first, for ten seconds at most.
  public func run() async throws {
    let tls = try TLSConfiguration.makeServerConfiguration(
      certificateChain: NIOSSLCertificate.fromPEMFile(certificate.chainPath).map { .certificate($0) },
      privateKey: .privateKey(NIOSSLPrivateKey(file: certificate.keyPath, format: .pem)))
    var quiet = logger
    quiet.logLevel = .warning
    let plain = Application(
      responder: responder, configuration: .init(address: .hostname(settings.address, port: settings.httpPort)),
      onServerRunning: { [self] channel in ports.withLock { $0.http = channel.localAddress?.port } }, logger: quiet)
    let secure = Application(
      responder: responder,
      server: HTTPServerBuilder { responder in
        PlainRequestCheck(base: try TLSChannel(HTTP1Channel(responder: responder), tlsConfiguration: tls))
      },
      configuration: .init(address: .hostname(settings.address, port: settings.httpsPort)),
      onServerRunning: { [self] channel in ports.withLock { $0.https = channel.localAddress?.port } }, logger: quiet)
    // Whichever ends first, for instance because its port is taken, ends the other.
    var configuration = ServiceGroupConfiguration(
      services: [plain, secure].map {
        .init(
          service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
          failureTerminationBehavior: .gracefullyShutdownGroup)
      }, logger: quiet)
    configuration.maximumGracefulShutdownDuration = Self.longestEnd
    let group = ServiceGroup(configuration: configuration)
    // A server that is cancelled drops connections it has accepted and not looked at yet, which NIO answers by ending the
    // process: the servers run in a task of their own, which is never cancelled but asked to end.
    let serving = Task { try await group.run() }
    try await withTaskCancellationHandler {
      try await serving.value
    } onCancel: {
      Task { await group.triggerGracefulShutdown() }
    }
  }
}
