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
  /// The API that is asked; the last part of the path that the client asks for is `things`.
  var api = "pass"
  /// What the client sends in `Authorization`, with the scheme `Bearer`.
  var bearer = ""
  /// Whether the API needs a subscription's key.
  var isKeyed = false
  var inbound: String?
  var outbound = ""

  var path: String { "/\(api)/things?zone=utc" }

  static let all =
    [
      ServedRequests(name: "request-pass"),
      ServedRequests(name: "request-pass-log-json", logs: true),
      ServedRequests(name: "request-http2"),
      ServedRequests(
        name: "request-keyed", api: "keyed", isKeyed: true,
        inbound: """
          <rate-limit-by-key calls="100000000" renewal-period="60" counter-key="@(context.Subscription.Id)" />
          <set-header name="X-GW-Sub" exists-action="override"><value>@(context.Subscription.Id)</value></set-header>
          <set-header name="X-GW-Static" exists-action="override"><value>perf</value></set-header>
          """,
        outbound: """
          <set-header name="X-Powered-By" exists-action="delete" />
          <set-header name="X-Internal-Trace" exists-action="delete" />
          """),
    ] + policies

  /// One policy each: what it costs is the difference to `request-pass`.
  private static let policies = [
    ServedRequests(
      name: "request-set-header",
      inbound: #"<set-header name="X-GW-Static" exists-action="override"><value>perf</value></set-header>"#),
    ServedRequests(
      name: "request-check-header",
      inbound: """
        <check-header name="Accept-Language" failed-check-httpcode="406" failed-check-error-message="no" ignore-case="false">
        <value>en-US,en;q=0.9</value></check-header>
        """),
    ServedRequests(
      name: "request-rate-limit-by-key",
      inbound: """
        <rate-limit-by-key calls="100000000" renewal-period="60" counter-key="@(context.Request.IpAddress)" />
        """),
    ServedRequests(
      name: "request-choose",
      inbound: """
        <choose><when condition="@(context.Request.Headers.GetValueOrDefault("Accept", "") == "text/xml")">
        <set-header name="X-A" exists-action="override"><value>xml</value></set-header></when>
        <when condition="@(context.Request.Method == "POST")">
        <set-header name="X-A" exists-action="override"><value>post</value></set-header></when></choose>
        """),
    ServedRequests(
      name: "request-validate-jwt", bearer: token,
      inbound: """
        <validate-jwt header-name="Authorization" require-scheme="Bearer"><issuer-signing-keys><key>\(signingKey)</key></issuer-signing-keys>
        <audiences><audience>api</audience></audiences><issuers><issuer>https://issuer.example</issuer></issuers>
        <required-claims><claim name="roles"><value>reader</value></claim></required-claims></validate-jwt>
        """),
    ServedRequests(
      name: "request-cache-hit",
      inbound: #"<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" />"#,
      outbound: #"<cache-store duration="3600" />"#),
  ]

  /// Signed with HS256 by `signingKey`, valid to the end of the century.
  private static let token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoiYXBpIiwic3ViIjo"
    + "iY2FudGVlbiIsImV4cCI6NDEwMjQ0NDgwMCwicm9sZXMiOlsicmVhZGVyIl19.ZR75GwG4apwYKhiqxr2tDHuOk17SAP4bmcDZ8CO1Nco"
  private static let signingKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

  /// The subscription key that opens the keyed API.
  static let key = "0123456789abcdef0123456789abcdef"

  private func snapshot(backendPort: Int) -> Snapshot {
    let policy = inbound.map {
      PolicyText(
        rawXML: """
          <policies><inbound><base />\($0)</inbound><backend><base /></backend><outbound><base />\(outbound)</outbound>
          <on-error><base /></on-error></policies>
          """)
    }
    return Snapshot(
      version: 1, service: ServiceIdentity(name: "postern", resourceID: "/service"),
      gateway: GatewayIdentity(id: "plant", location: "Hall 7"),
      apis: [
        API(
          id: api, displayName: api, path: api, protocols: [.http], serviceURL: "http://127.0.0.1:\(backendPort)",
          subscriptionRequired: isKeyed,
          operations: [Operation(id: "get", displayName: "get", method: "GET", urlTemplate: "/*")], policy: policy)
      ],
      subscriptions: isKeyed
        ? [
          Subscription(
            id: "canteen", displayName: "Canteen", scope: .api(api), primaryKey: Self.key,
            secondaryKey: String(Self.key.reversed()))
        ] : [])
  }

  /// Prints the gateway's port, the path to ask for and the token if any, serves until standard input ends, and stops.
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
        let records = records.span
        for index in records.indices { LogLine.json(records[index], into: &lines) }
      })
    try await server.apply(snapshot(backendPort: backendPort))
    try await server.start()
    print("\(server.boundHTTPPort ?? 0) \(path) \(bearer)")
    fflush(nil)
    var byte: UInt8 = 0
    while read(0, &byte, 1) > 0 {}
    await server.stop()
  }
}
