import Gateway
import GatewayConfiguration
import Glibc
import Logging
import Telemetry

/// A whole gateway in this process, for counting what one request through it costs: `scripts/instruction-gate` is client
/// and backend, so that only the gateway's own instructions are counted.
struct ServedRequests: Sendable {
  /// Also the name of its baseline.
  var name: String
  /// Whether each request becomes a line of the JSON log.
  var logs = false
  /// The path that the client asks for.
  var path = "/pass/things?zone=utc"

  static let all = [
    ServedRequests(name: "request-pass"),
    ServedRequests(name: "request-pass-log-json", logs: true),
    ServedRequests(name: "request-keyed", path: "/keyed/things?zone=utc"),
  ]

  /// The subscription key that opens `/keyed`.
  static let key = "0123456789abcdef0123456789abcdef"

  private static let policy = """
    <policies><inbound><base />
    <rate-limit-by-key calls="100000000" renewal-period="60" counter-key="@(context.Subscription.Id)" />
    <set-header name="X-GW-Sub" exists-action="override"><value>@(context.Subscription.Id)</value></set-header>
    <set-header name="X-GW-Static" exists-action="override"><value>perf</value></set-header>
    </inbound><backend><base /></backend><outbound><base />
    <set-header name="X-Powered-By" exists-action="delete" /><set-header name="X-Internal-Trace" exists-action="delete" />
    </outbound><on-error><base /></on-error></policies>
    """

  private static func snapshot(backendPort: Int) -> Snapshot {
    let operations = [Operation(id: "get", displayName: "get", method: "GET", urlTemplate: "/*")]
    func api(_ id: String, keyed: Bool, _ policy: PolicyText?) -> API {
      API(
        id: id, displayName: id, path: id, protocols: [.http], serviceURL: "http://127.0.0.1:\(backendPort)",
        subscriptionRequired: keyed, operations: operations, policy: policy)
    }
    return Snapshot(
      version: 1, service: ServiceIdentity(name: "postern", resourceID: "/service"),
      gateway: GatewayIdentity(id: "plant", location: "Hall 7"),
      apis: [api("pass", keyed: false, nil), api("keyed", keyed: true, PolicyText(rawXML: policy))],
      subscriptions: [
        Subscription(
          id: "canteen", displayName: "Canteen", scope: .api("keyed"), primaryKey: key,
          secondaryKey: String(key.reversed()))
      ])
  }

  /// Prints the gateway's port, serves until standard input ends, and stops.
  func serve(backendPort: Int) async throws {
    let logs = logs
    let server = try GatewayServer(
      settings: GatewayServerSettings(
        address: "127.0.0.1", httpPort: 0, httpsPort: 0, threads: 1,
        certificate: try ListenerCertificate.selfSigned(hostName: "localhost"), wantsRecords: logs),
      logger: Logger(label: "hotpath") { _ in SwiftLogNoOpLogHandler() },
      onRecords: { records in
        var lines: [UInt8] = []
        lines.reserveCapacity(records.count * 800)
        for record in records { LogLine.json(record, into: &lines) }
      })
    try await server.apply(Self.snapshot(backendPort: backendPort))
    try await server.start()
    print("\(server.boundHTTPPort ?? 0) \(path)")
    fflush(nil)
    var byte: UInt8 = 0
    while read(0, &byte, 1) > 0 {}
    await server.stop()
  }
}
