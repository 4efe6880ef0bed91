import Foundation
import GatewayConfiguration
import Logging
import NIOCore
import Synchronization
import Telemetry
import Testing

@testable import Gateway

/// Requests over real sockets through a gateway in this process.
struct ServingTests {
  /// A gateway that serves one API at `/time` for the product `staff`.
  private func withGateway(
    policy: String? = nil, productPolicy: String? = nil, subscriptionRequired: Bool = true,
    answer: @escaping @Sendable (String) -> String?,
    _ body: (GatewayServer, RawClient, ScriptedBackend, RecordedRequests) async throws -> Void
  ) async throws {
    let backend = try await ScriptedBackend(answer: answer)
    let operations = [
      Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now"),
      Operation(id: "head", displayName: "Head", method: "HEAD", urlTemplate: "/now"),
      Operation(id: "zone", displayName: "Zone", method: "GET", urlTemplate: "/zones/{zone}"),
      Operation(id: "set", displayName: "Set", method: "POST", urlTemplate: "/set"),
    ]
    let api = API(
      id: "time", displayName: "Time", path: "time", protocols: [.http, .https],
      serviceURL: "http://127.0.0.1:\(backend.port)/clock", subscriptionRequired: subscriptionRequired,
      operations: operations, policy: policy.map { PolicyText(rawXML: $0) })
    try await RunningGateway.serving([api], productPolicy: productPolicy.map { PolicyText(rawXML: $0) }) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      try await body(gateway.server, client, backend, gateway.records)
    }
    await backend.stop()
  }

  private static let ok = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n12:0"
  private static let get = "GET /time/now HTTP/1.1\r\nHost: gateway\r\nOcp-Apim-Subscription-Key: first\r\n\r\n"

  @Test func `a request with a key reaches the backend under its base path and is recorded`() async throws {
    try await withGateway(answer: { _ in Self.ok }) { server, client, backend, records in
      client.send(Self.get)
      let answer = try #require(client.answer())
      #expect(answer.status == 200)
      #expect(answer.body == "12:0")
      let received = try #require(backend.received.first)
      #expect(received.hasPrefix("GET /clock/now HTTP/1.1\r\n"))
      #expect(received.contains("Host: 127.0.0.1:\(backend.port)\r\n"))
      #expect(received.contains("X-Forwarded-For: 127.0.0.1\r\n"))
      await server.drain(milliseconds: 0)
      let record = try #require(records.all.first)
      #expect(record.apiId == "time")
      #expect(record.operationId == "now")
      #expect(record.productId == "staff")
      #expect(record.apimSubscriptionId == "canteen")
      #expect(record.responseCode == 200)
      #expect(record.backendResponseCode == 200)
      #expect(record.gatewayId == "plant")
      #expect(record.url == "http://gateway/time/now")
    }
  }

  @Test func `a missing key and a wrong key are refused with the documented bodies`() async throws {
    try await withGateway(answer: { _ in Self.ok }) { _, client, backend, _ in
      client.send("GET /time/now HTTP/1.1\r\nHost: gateway\r\n\r\n")
      let missing = try #require(client.answer())
      #expect(missing.status == 401)
      #expect(
        missing.body
          == "{ \"statusCode\": 401, \"message\": \"Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.\" }"
      )
      #expect(
        missing.header("WWW-Authenticate")
          == "AzureApiManagementKey realm=\"http://gateway/time\",name=\"Ocp-Apim-Subscription-Key\",type=\"header\"")
      client.send("GET /time/now?subscription-key=third HTTP/1.1\r\nHost: gateway\r\n\r\n")
      let wrong = try #require(client.answer())
      #expect(wrong.status == 401)
      #expect(wrong.body.contains("Access denied due to invalid subscription key."))
      #expect(backend.received.isEmpty)
      client.send("GET /time/now?subscription-key=second HTTP/1.1\r\nHost: gateway\r\n\r\n")
      #expect(client.answer()?.status == 200)
    }
  }

  @Test func `a missing key goes to on-error, and no other section runs`() async throws {
    let policy = """
      <policies>
        <inbound><return-response><set-status code="500" /></return-response></inbound>
        <on-error>
          <set-header name="Error"><value>@(context.LastError.Source + "/" + context.LastError.Reason)</value></set-header>
        </on-error>
      </policies>
      """
    try await withGateway(policy: policy, answer: { _ in Self.ok }) { _, client, backend, _ in
      client.send("GET /time/now HTTP/1.1\r\nHost: gateway\r\n\r\n")
      let answer = try #require(client.answer())
      #expect(answer.status == 401)
      #expect(answer.header("Error") == "authorization/SubscriptionKeyNotFound")
      client.send("GET /time/now?subscription-key=third HTTP/1.1\r\nHost: gateway\r\n\r\n")
      let wrong = try #require(client.answer())
      #expect(wrong.status == 401)
      #expect(wrong.header("Error") == "authorization/SubscriptionKeyInvalid")
      #expect(backend.received.isEmpty)
    }
  }

  @Test func `a preflight has the product's policies only with a key in the query`() async throws {
    let policy = """
      <policies><inbound><cors><allowed-origins><origin>http://site</origin></allowed-origins></cors></inbound></policies>
      """
    let preflight = "Host: gateway\r\nOrigin: http://site\r\nAccess-Control-Request-Method: GET\r\n\r\n"
    try await withGateway(productPolicy: policy, answer: { _ in Self.ok }) { _, client, _, _ in
      client.send("OPTIONS /time/now HTTP/1.1\r\n" + preflight)
      let without = try #require(client.answer())
      #expect(without.status == 404 && without.header("Access-Control-Allow-Origin") == nil)
      client.send("OPTIONS /time/now?subscription-key=first HTTP/1.1\r\n" + preflight)
      let with = try #require(client.answer())
      #expect(with.status == 200)
      #expect(with.header("Access-Control-Allow-Origin") == "http://site")
    }
  }

  @Test func `an unknown path and a wrong method are not found`() async throws {
    try await withGateway(answer: { _ in Self.ok }) { server, client, _, records in
      for line in ["GET /time/later", "DELETE /time/now", "GET /other"] {
        client.send("\(line) HTTP/1.1\r\nHost: gateway\r\nOcp-Apim-Subscription-Key: first\r\n\r\n")
        let answer = try #require(client.answer())
        #expect(answer.status == 404)
        #expect(answer.body == "{ \"statusCode\": 404, \"message\": \"Resource not found\" }")
      }
      await server.drain(milliseconds: 0)
      let errors = records.all.compactMap(\.errors.first)
      #expect(errors.count == 3)
      #expect(errors.allSatisfy { $0.source == "configuration" && $0.reason == "OperationNotFound" })
      #expect(errors.allSatisfy { $0.message.hasPrefix("Unable to match incoming request to an operation. ") })
    }
  }

  @Test func `without a configuration everything is 503 with the reason`() async throws {
    let server = try GatewayServer(
      settings: GatewayServerSettings(
        address: "127.0.0.1", httpPort: 0, httpsPort: 0, threads: 2,
        certificate: try ListenerCertificate.selfSigned(hostName: "localhost")),
      logger: Logger(label: "test"), onRecords: { _ in })
    server.setNotReadyReason("waiting for http://service")
    try await server.start()
    let client = try RawClient(port: try #require(server.boundHTTPPort))
    for path in ["/time/now", "/status-0123456789abcdef", "/readyz"] {
      client.send("GET \(path) HTTP/1.1\r\nHost: gateway\r\n\r\n")
      let answer = try #require(client.answer())
      #expect(answer.status == 503)
      #expect(answer.body == "{ \"statusCode\": 503, \"message\": \"waiting for http://service\" }")
    }
    client.send("GET /livez HTTP/1.1\r\nHost: gateway\r\n\r\n")
    #expect(client.answer()?.status == 200)
    await server.stop()
  }

  @Test func `every path of health says that there is a configuration, and that the gateway is about to end`()
    async throws
  {
    try await withGateway(answer: { _ in Self.ok }) { server, client, backend, records in
      let paths = ["/status-0123456789abcdef", "/internal-status-0123456789abcdef", "/readyz", "/startupz", "/livez"]
      for path in paths {
        client.send("GET \(path) HTTP/1.1\r\nHost: g\r\n\r\n")
        let answer = try #require(client.answer())
        #expect(answer.status == 200 && answer.body == "OK")
        client.send("HEAD \(path) HTTP/1.1\r\nHost: g\r\n\r\n")
        #expect(client.answer(toHead: true)?.header("Content-Length") == "2")
      }
      client.send("POST /readyz HTTP/1.1\r\nHost: g\r\nContent-Length: 0\r\n\r\n")
      #expect(client.answer()?.status == 404)
      #expect(backend.received.isEmpty)
    }
  }

  @Test func `a connection to a backend is not used for longer than the settings say, however busy it is`() async throws
  {
    let backend = try await ScriptedBackend { _ in Self.ok }
    let api = API(
      id: "time", displayName: "Time", path: "time", protocols: [.http],
      serviceURL: "http://127.0.0.1:\(backend.port)", subscriptionRequired: false,
      operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now")])
    var connections = BackendConnections()
    connections.lifetime = .milliseconds(1_500)
    try await RunningGateway.serving([api], backendConnections: connections) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      let begun = ContinuousClock.now
      var time = Duration.zero
      while backend.connections < 2, time < .seconds(20) {
        client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
        #expect(client.answer()?.status == 200)
        time = ContinuousClock.now - begun
        try await Task.sleep(for: .milliseconds(20))
      }
      // Nor for less.
      #expect(backend.connections == 2 && time >= .milliseconds(1_400))
    }
    await backend.stop()
  }

  @Test func `pipelined requests are answered in order on one backend connection`() async throws {
    try await withGateway(answer: { request in
      let path = request.split(separator: " ")[1]
      return "HTTP/1.1 200 OK\r\nContent-Length: \(path.utf8.count)\r\n\r\n\(path)"
    }) { _, client, backend, _ in
      let zones = (0..<20).map { "/time/zones/z\($0)" }
      client.send(
        zones.map { "GET \($0) HTTP/1.1\r\nHost: g\r\nOcp-Apim-Subscription-Key: first\r\n\r\n" }.joined())
      for index in 0..<20 { #expect(client.answer()?.body == "/clock/zones/z\(index)") }
      #expect(backend.connections == 1)
    }
  }

  @Test func `bodies of both framings pass, and a client that waits is invited`() async throws {
    try await withGateway(answer: { _ in Self.ok }) { _, client, backend, _ in
      let key = "Host: g\r\nOcp-Apim-Subscription-Key: first\r\n"
      client.send("POST /time/set HTTP/1.1\r\n\(key)Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
      #expect(client.answer()?.status == 200)
      client.send("POST /time/set HTTP/1.1\r\n\(key)Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
      #expect(client.answer()?.status == 100)
      client.send("world")
      #expect(client.answer()?.status == 200)
      #expect(backend.received.first?.hasSuffix("5\r\nhello\r\n0\r\n\r\n") == true)
      #expect(backend.received.last?.hasSuffix("\r\n\r\nworld") == true)
      #expect(backend.received.last?.contains("Expect") == false)
    }
  }

  @Test func `a refused request's body is read past, and the connection goes on`() async throws {
    try await withGateway(answer: { _ in Self.ok }) { _, client, _, _ in
      client.send("POST /time/set HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\nhello" + Self.get)
      #expect(client.answer()?.status == 401)
      #expect(client.answer()?.status == 200)
    }
  }

  @Test func `HEAD keeps the length the backend told and has no body`() async throws {
    try await withGateway(answer: { _ in "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n" }) { _, client, _, _ in
      client.send("HEAD /time/now HTTP/1.1\r\nHost: g\r\nOcp-Apim-Subscription-Key: first\r\n\r\n")
      let answer = try #require(client.answer(toHead: true))
      #expect(answer.header("Content-Length") == "400")
    }
  }

  @Test func `an answer without a body leaves the connection to the backend for the next request`() async throws {
    try await withGateway(answer: { request in
      request.hasPrefix("HEAD")
        ? "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n" : "HTTP/1.1 204 No Content\r\n\r\n"
    }) { _, client, backend, _ in
      let key = "HTTP/1.1\r\nHost: g\r\nOcp-Apim-Subscription-Key: first\r\n\r\n"
      for _ in 0..<3 {
        client.send("HEAD /time/now " + key)
        #expect(client.answer(toHead: true)?.status == 200)
        client.send("GET /time/now " + key)
        #expect(client.answer()?.status == 204)
      }
      #expect(backend.connections == 1)
    }
  }

  @Test func `a policy sees the matched parameters and the address that the client asked for`() async throws {
    let policy = """
      <policies>
        <inbound>
          <base />
          <rewrite-uri template="/other" copy-unmatched-params="false" />
          <set-header name="X-Zone" exists-action="override">
            <value>@(context.Request.MatchedParameters.GetValueOrDefault("zone", "none") + context.Request.OriginalUrl.Path)</value>
          </set-header>
        </inbound>
        <backend><base /></backend>
        <outbound><base /></outbound>
      </policies>
      """
    try await withGateway(policy: policy, answer: { _ in Self.ok }) { _, client, backend, _ in
      client.send("GET /time/zones/u%74c%20?a=b HTTP/1.1\r\nHost: g\r\nOcp-Apim-Subscription-Key: first\r\n\r\n")
      #expect(client.answer()?.status == 200)
      let received = try #require(backend.received.first)
      #expect(received.hasPrefix("GET /clock/other HTTP/1.1\r\n"))
      // What needs no encoding is the same with and without; `System.Uri` writes it without, too.
      #expect(received.contains("X-Zone: utc /time/zones/utc%20\r\n"))
    }
  }

  @Test func `a backend that hangs up is an internal error with an activity id`() async throws {
    try await withGateway(answer: { request in
      request.contains("zones") ? nil : Self.ok
    }) { _, client, _, _ in
      client.send("GET /time/zones/utc HTTP/1.1\r\nHost: g\r\nOcp-Apim-Subscription-Key: first\r\n\r\n")
      let answer = try #require(client.answer())
      #expect(answer.status == 500)
      #expect(
        answer.body.hasPrefix("{ \"statusCode\": 500, \"message\": \"Internal server error\", \"activityId\": \""))
    }
  }

  @Test func `an event of a stream reaches the client before the answer ends`() async throws {
    let policy = """
      <policies><backend><forward-request buffer-response="false" /></backend><outbound><base /></outbound></policies>
      """
    let beginning =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n"
    try await withGateway(policy: policy, answer: { _ in beginning }) { _, client, _, _ in
      client.send(Self.get)
      #expect(client.text(until: "data: one\n\n")?.contains("text/event-stream") == true)
    }
  }

  private static let countingTokens = """
    <policies><inbound>
      <llm-token-limit counter-key="k" token-quota="3" token-quota-period="Yearly" estimate-prompt-tokens="false"
        tokens-consumed-header-name="Consumed" />
      <llm-emit-token-metric><dimension name="API ID" /></llm-emit-token-metric>
    </inbound><backend><forward-request /></backend></policies>
    """

  @Test func `an event of a model's answer reaches the client before the answer ends, though its tokens are counted`()
    async throws
  {
    let beginning =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nb\r\ndata: one\n\n\r\n"
    try await withGateway(policy: Self.countingTokens, answer: { _ in beginning }) { _, client, _, _ in
      client.send(Self.get)
      #expect(client.text(until: "data: one\n\n")?.contains("text/event-stream") == true)
    }
  }

  @Test func `the tokens of events count although the answer has passed, however it was cut into chunks`() async throws
  {
    let answer =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
      + "3\r\ndat\r\n8\r\na: one\n\n\r\n16\r\ndata: two\n\ndata: three\r\n2\r\n\n\n\r\n0\r\n\r\n"
    try await withGateway(policy: Self.countingTokens, answer: { _ in answer }) { _, client, _, _ in
      client.send(Self.get)
      let passed = try #require(client.answer())
      #expect(passed.body.contains("data: two\n\ndata: three"))
      #expect(passed.header("Consumed") == nil)
      client.send(Self.get)
      #expect(client.answer()?.status == 403)
    }
  }

  @Test func `trailers of a chunked answer and of a chunked request pass`() async throws {
    try await withGateway(answer: { _ in
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n4\r\n12:0\r\n0\r\nX-Sum: 7\r\n\r\n"
    }) { _, client, backend, _ in
      client.send(
        "POST /time/set HTTP/1.1\r\nHost: g\r\nOcp-Apim-Subscription-Key: first\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
      )
      let text = client.text(until: "0\r\nX-Sum: 7\r\n\r\n")
      #expect(text?.contains("Trailer: X-Sum\r\n") == true)
      #expect(backend.received.first?.hasSuffix("2\r\nab\r\n0\r\n\r\n") == true)
    }
  }

  @Test func `an answer says when it was made: the backend's word counts, and others get one`() async throws {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(identifier: "UTC")
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    func date(_ head: String?) throws -> String {
      let lines = try #require(head).components(separatedBy: "\r\n").filter { $0.hasPrefix("Date: ") }
      #expect(lines.count == 1)
      return String(try #require(lines.first).dropFirst("Date: ".count))
    }
    let key = "Host: g\r\nOcp-Apim-Subscription-Key: first\r\n\r\n"
    let said = "Thu, 01 Jan 2026 00:00:00 GMT"
    for (fields, path) in [("", "time/now"), ("Date: \(said)\r\n", "time/now"), ("", "nowhere"), ("", "livez")] {
      try await withGateway(answer: { _ in "HTTP/1.1 204 No Content\r\n\(fields)\r\n" }) { _, client, _, _ in
        client.send("GET /\(path) HTTP/1.1\r\n\(key)")
        let text = try date(client.text(until: "\r\n\r\n"))
        if fields.isEmpty {
          #expect(abs(try #require(format.date(from: text)).timeIntervalSinceNow) < 60)
        } else {
          #expect(text == said)
        }
      }
    }
  }

  @Test func `an answer may have more headers than a request`() async throws {
    let cookies = (0..<400).map { "Set-Cookie: c\($0)=\($0)\r\n" }.joined()
    try await withGateway(answer: { _ in "HTTP/1.1 200 OK\r\n\(cookies)Content-Length: 4\r\n\r\nlast" }) {
      _, client, _, _ in
      client.send("GET /time/now HTTP/1.1\r\nHost: g\r\nOcp-Apim-Subscription-Key: first\r\n\r\n")
      let text = try #require(client.text(until: "last"))
      #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n") && text.contains(cookies))
    }
  }

  @Test func `an answer whose status has no body announces none`() async throws {
    let key = "Host: g\r\nOcp-Apim-Subscription-Key: first\r\n\r\n"
    for (status, fields, passed) in [
      ("204 No Content", "Transfer-Encoding: chunked", ""), ("204 No Content", "Content-Length: 0", ""),
      ("304 Not Modified", "Transfer-Encoding: chunked", ""),
      ("304 Not Modified", "Content-Length: 7", "Content-Length: 7\r\n"),
    ] {
      try await withGateway(answer: { _ in "HTTP/1.1 \(status)\r\n\(fields)\r\nDate: a\r\n\r\n" }) { _, client, _, _ in
        for _ in 0..<2 {
          client.send("GET /time/now HTTP/1.1\r\n\(key)")
          let head = client.text(until: "\r\n\r\n")?.replacingOccurrences(of: "Date: a\r\n", with: "")
          #expect(head == "HTTP/1.1 \(status)\r\n\(passed)\r\n", "\(status) \(fields)")
        }
      }
    }
  }

  @Test func `a slow client gets all of the answer that ends its connection`() async throws {
    let body = String(repeating: "0123456789abcdef", count: 500_000)
    try await withGateway(answer: { _ in
      "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }) { _, client, _, _ in
      client.send("GET /time/now HTTP/1.1\r\nHost: g\r\nOcp-Apim-Subscription-Key: first\r\nConnection: close\r\n\r\n")
      try await Task.sleep(for: .milliseconds(300))
      let answer = try #require(client.answer())
      #expect(answer.body == body)
      #expect(client.isAtEnd)
    }
  }

  @Test func `a body that comes with its head goes on whole, whatever its framing and however it is cut`() async throws
  {
    let body = String(repeating: "0123456789abcdef", count: 1_000)
    let key = "Host: g\r\nOcp-Apim-Subscription-Key: first\r\n"
    let plain = "POST /time/set HTTP/1.1\r\n\(key)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    let chunked = "POST /time/set HTTP/1.1\r\n\(key)Transfer-Encoding: chunked\r\n\r\n3e80\r\n\(body)\r\n0\r\n\r\n"
    try await withGateway(answer: { _ in Self.ok }) { _, client, backend, records in
      for request in [plain, chunked, plain + plain] {
        client.send(request)
        for _ in 0..<(request == plain + plain ? 2 : 1) { #expect(client.answer()?.status == 200) }
      }
      for cut in [1, 90, 200, 9_000] {
        client.send(String(plain.prefix(cut)))
        try await Task.sleep(for: .milliseconds(20))
        client.send(String(plain.dropFirst(cut)))
        #expect(client.answer()?.status == 200)
      }
      #expect(backend.received.count == 8)
      for request in backend.received { #expect(request.contains(body)) }
    }
  }

  @Test func `a request that is no HTTP is refused and the connection ends`() async throws {
    try await withGateway(answer: { _ in Self.ok }) { _, client, _, _ in
      client.send("GET /time/now HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n")
      #expect(client.answer()?.status == 400)
      #expect(client.isAtEnd)
    }
  }

  @Test func `policies limit, change headers and end a request`() async throws {
    let policy = """
      <policies>
        <inbound>
          <base />
          <rate-limit-by-key calls="2" renewal-period="60" counter-key="all" remaining-calls-header-name="X-Left" />
          <set-header name="X-Caller" exists-action="override"><value>plant</value></set-header>
        </inbound>
        <backend><base /></backend>
        <outbound>
          <base />
          <set-header name="X-Served-By" exists-action="override"><value>Postern</value></set-header>
        </outbound>
      </policies>
      """
    try await withGateway(policy: policy, answer: { _ in Self.ok }) { server, client, backend, records in
      for left in ["1", "0"] {
        client.send(Self.get)
        let answer = try #require(client.answer())
        #expect(answer.status == 200)
        #expect(answer.header("X-Served-By") == "Postern")
        #expect(answer.header("X-Left") == left)
      }
      #expect(backend.received.first?.contains("X-Caller: plant\r\n") == true)
      client.send(Self.get)
      let limited = try #require(client.answer())
      #expect(limited.status == 429)
      let seconds = try #require(limited.header("Retry-After"))
      #expect(
        limited.body
          == "{ \"statusCode\": 429, \"message\": \"Rate limit is exceeded. Try again in \(seconds) seconds.\" }")
      #expect(backend.received.count == 2)
      await server.drain(milliseconds: 0)
      let error = try #require(records.all.last?.lastError)
      #expect(error.source == "rate-limit-by-key")
      #expect(error.reason == "RateLimitExceeded")
      #expect(error.section == "inbound")
      #expect(error.scope == "api")
    }
  }

  @Test func `draining lets the request in flight finish and then ends`() async throws {
    try await withGateway(answer: { _ in
      Thread.sleep(forTimeInterval: 0.3)
      return Self.ok
    }) { server, client, _, _ in
      client.send(Self.get)
      try await Task.sleep(for: .milliseconds(100))
      let drained = Task { await server.drain(milliseconds: 3_000) }
      let answer = try #require(client.answer())
      #expect(answer.status == 200)
      #expect(client.isAtEnd)
      await drained.value
    }
  }
}
