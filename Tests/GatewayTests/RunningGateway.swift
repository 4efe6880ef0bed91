import ChildProcesses
import Foundation
import GatewayConfiguration
import Logging
import PolicyLibrary
import Synchronization
import Telemetry

@testable import Gateway

/// A gateway in this process, over real sockets, that serves some APIs of the product `staff` to the subscription
/// `canteen` with the keys `first` and `second`.
struct RunningGateway {
  let server: GatewayServer
  let records: RecordedRequests
  let httpPort: Int
  let httpsPort: Int

  static func serving(
    _ apis: [API], productPolicy: PolicyText? = nil, backends: [Backend] = [], certificates: [Certificate] = [],
    authorities: [CertificateAuthority] = [], hostnames: [HostnameConfiguration] = [],
    negotiatesClientCertificate: Bool = false, checksRevocation: Bool = true, joinsTraces: Bool = false,
    externalCache: ExternalCache? = nil, counters: CounterStore? = nil,
    meters: GatewayMeters = GatewayMeters(), timeouts: ClientTimeouts = ClientTimeouts(),
    limits: ClientLimits = ClientLimits(),
    backendConnections: BackendConnections = BackendConnections(), tls: TLSChoice = TLSChoice(),
    explainsNotFound: Bool = false, threads: Int = 1,
    identity: IdentityEndpoint? = nil, traces: TraceDelivery? = nil, change: (inout Snapshot) -> Void = { _ in },
    _ body: (RunningGateway) async throws -> Void
  ) async throws {
    let records = RecordedRequests()
    var settings = GatewayServerSettings(
      address: "127.0.0.1", httpPort: 0, httpsPort: 0, threads: threads,
      certificate: try ListenerCertificate.selfSigned(
        hostName: "localhost", negotiatesClientCertificate: negotiatesClientCertificate, tls: tls),
      checksRevocation: checksRevocation, joinsTraces: joinsTraces, counters: counters)
    settings.timeouts = timeouts
    settings.limits = limits
    settings.backends = backendConnections
    settings.tls = tls
    settings.explainsNotFound = explainsNotFound
    settings.traces = traces
    if let identity { settings.identity = identity }
    let server = try GatewayServer(
      settings: settings, logger: Logger(label: "test"), meters: meters, onRecords: { records.add($0) })
    try await server.start()
    var snapshot = snapshot(apis, backends, certificates, authorities, productPolicy: productPolicy)
    snapshot.externalCache = externalCache
    snapshot.gateway.hostnameConfigurations = hostnames
    change(&snapshot)
    try await server.apply(snapshot)
    let gateway = RunningGateway(
      server: server, records: records, httpPort: server.boundHTTPPort ?? 0, httpsPort: server.boundHTTPSPort ?? 0)
    do { try await body(gateway) } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  static func snapshot(
    _ apis: [API], _ backends: [Backend] = [], _ certificates: [Certificate] = [],
    _ authorities: [CertificateAuthority] = [], productPolicy: PolicyText? = nil, version: UInt64 = 1
  ) -> Snapshot {
    Snapshot(
      version: version, service: ServiceIdentity(name: "postern", resourceID: "/service"),
      gateway: GatewayIdentity(id: "plant", location: "Hall 7", certificateAuthorities: authorities), apis: apis,
      products: [Product(id: "staff", displayName: "Staff", apiIDs: apis.map(\.id), policy: productPolicy)],
      subscriptions: [
        Subscription(
          id: "canteen", displayName: "Canteen", scope: .product("staff"), primaryKey: "first", secondaryKey: "second")
      ],
      backends: backends, certificates: certificates)
  }
}

/// The records a gateway handed on.
final class RecordedRequests: Sendable {
  private let records = Mutex<[RequestRecord]>([])

  var all: [RequestRecord] { records.withLock { $0 } }

  func add(_ more: [RequestRecord]) { records.withLock { $0 += more } }
}

/// A program of the system that tests use as an independent client.
struct SystemTool {
  let path: String

  static let curl = SystemTool(path: "/usr/bin/curl")
  static let openssl = SystemTool(path: "/usr/bin/openssl")
  static let h2load = SystemTool(path: "/usr/bin/h2load")
  static let nghttp = SystemTool(path: "/usr/bin/nghttp")
  static let nghttpd = SystemTool(path: "/usr/sbin/nghttpd")

  var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

  /// What it prints, its complaints included.
  func run(_ arguments: [String]) async throws -> String {
    try await ChildProcess.run(path, arguments).output
  }
}
