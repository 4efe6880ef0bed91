import Foundation
import Gateway
import GatewayConfiguration
import Logging
import Testing

/// Plans that wait, over real sockets.
struct SuspensionTests {
  /// A gateway with one API at `/time` on `backend`, its policy made of the other service's port.
  private func withGateway(
    policy: (_ servicePort: Int) -> String, backend answer: @escaping @Sendable (String) -> String? = { _ in Self.ok },
    service: @escaping @Sendable (String) -> String?,
    _ body: (RawClient, ScriptedBackend, ScriptedBackend, Int) async throws -> Void
  ) async throws {
    let backend = try await ScriptedBackend(answer: answer)
    let other = try await ScriptedBackend(answer: service)
    let server = try GatewayServer(
      settings: GatewayServerSettings(
        address: "127.0.0.1", httpPort: 0, httpsPort: 0, threads: 1,
        certificate: try ListenerCertificate.selfSigned(hostName: "localhost")),
      logger: Logger(label: "test"), onRecords: { _ in })
    try await server.start()
    let operations = ["GET", "POST"].map {
      Operation(id: $0.lowercased(), displayName: $0, method: $0, urlTemplate: "/now")
    }
    let api = API(
      id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: "http://127.0.0.1:\(backend.port)",
      subscriptionRequired: false, operations: operations, policy: PolicyText(rawXML: policy(other.port)))
    try await server.apply(
      Snapshot(
        version: 1, service: ServiceIdentity(name: "postern", resourceID: "/service"),
        gateway: GatewayIdentity(id: "plant", location: "Hall 7"), apis: [api]))
    let port = try #require(server.boundHTTPPort)
    try await body(try RawClient(port: port), backend, other, port)
    await server.stop()
    await backend.stop()
    await other.stop()
  }

  private static func inbound(_ text: String) -> String {
    "<policies><inbound>\(text)</inbound><backend><forward-request/></backend></policies>"
  }

  private static func send(_ port: Int, _ attributes: String = "") -> String {
    """
    <send-request response-variable-name="r" \(attributes)><set-url>http://127.0.0.1:\(port)/token</set-url>\
    <set-method>GET</set-method></send-request>\
    <set-header name="X-Token"><value>@(((IResponse)context.Variables["r"]).Body.As<string>())</value></set-header>
    """
  }

  private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n12:0"
  private static let token = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsesam\r\n0\r\n\r\n"
  private static let get = "GET /time/now HTTP/1.1\r\nHost: gateway\r\n\r\n"

  @Test func `a request waits for what a policy fetches, and the connection to the service is kept`() async throws {
    try await withGateway(policy: { Self.inbound(Self.send($0)) }, service: { _ in Self.token }) {
      client, backend, service, _ in
      for _ in 0..<3 {
        client.send(Self.get)
        #expect(client.answer()?.body == "12:0")
      }
      #expect(backend.received.count == 3)
      #expect(backend.received.allSatisfy { $0.contains("X-Token: sesam\r\n") })
      #expect(service.received.first?.hasPrefix("GET /token HTTP/1.1\r\n") == true)
      #expect(service.received.first?.contains("Host: 127.0.0.1:\(service.port)\r\n") == true)
      #expect(service.connections == 1)
    }
  }

  @Test func `a service that closes its kept connection is asked again on a new one`() async throws {
    try await withGateway(
      policy: { Self.inbound(Self.send($0)) },
      service: { _ in "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsesam" }
    ) { client, backend, service, _ in
      for _ in 0..<2 {
        client.send(Self.get)
        #expect(client.answer()?.status == 200)
      }
      #expect(service.connections == 2)
    }
  }

  @Test func `a service that does not answer is a timeout at its own deadline`() async throws {
    try await withGateway(policy: { Self.inbound(Self.send($0, "timeout=\"1\"")) }, service: { _ in "" }) {
      client, backend, _, _ in
      let start = ContinuousClock.now
      client.send(Self.get)
      let answer = try #require(client.answer())
      #expect(answer.status == 500)
      #expect(ContinuousClock.now - start < .seconds(4))
      #expect(backend.received.isEmpty)
    }
  }

  @Test func `a client that leaves while its plan waits ends the wait, and others go on`() async throws {
    try await withGateway(policy: { Self.inbound(Self.send($0)) }, service: { _ in "" }) { _, backend, service, port in
      do {
        let leaving = try RawClient(port: port)
        leaving.send(Self.get)
        while service.received.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
      }
      // The connection to the service is ended with the client's: nothing else can carry the answer.
      let other = try RawClient(port: port)
      other.send("GET /livez HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(other.answer()?.status == 200)
      #expect(backend.received.isEmpty)
    }
  }

  @Test func `a retry asks the backend again and passes its last answer on`() async throws {
    let policy = """
      <policies><inbound/><backend><retry condition="@(context.Response.StatusCode == 503)" count="3" interval="0">\
      <forward-request buffer-request-body="true"/></retry></backend></policies>
      """
    let attempts = Attempts()
    try await withGateway(
      policy: { _ in policy },
      backend: { _ in
        attempts.next() < 3 ? "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy" : Self.ok
      }, service: { _ in nil }
    ) { client, backend, _, _ in
      client.send("POST /time/now HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\nhello")
      let answer = try #require(client.answer())
      #expect(answer.status == 200)
      #expect(answer.body == "12:0")
      #expect(backend.received.count == 3)
      #expect(backend.received.allSatisfy { $0.hasSuffix("\r\n\r\nhello") })
      client.send(Self.get)
      #expect(client.answer()?.status == 200)
    }
  }

  @Test func `a plan that waits in outbound does not lose the backend's body`() async throws {
    let body = String(repeating: "0123456789", count: 20_000)
    try await withGateway(
      policy: { port in
        """
        <policies><inbound/><backend><forward-request/></backend><outbound><send-request response-variable-name="r">\
        <set-url>http://127.0.0.1:\(port)/token</set-url><set-method>GET</set-method></send-request></outbound></policies>
        """
      },
      backend: { _ in "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)" },
      service: { _ in
        usleep(100_000)
        return Self.token
      }
    ) { client, _, _, _ in
      for _ in 0..<2 {
        client.send(Self.get)
        #expect(client.answer()?.body == body)
      }
    }
  }
}

/// Counts across threads.
private final class Attempts: @unchecked Sendable {
  // Guarded by the lock.
  private var count = 0
  private let lock = NSLock()

  func next() -> Int {
    lock.withLock {
      count += 1
      return count
    }
  }
}
