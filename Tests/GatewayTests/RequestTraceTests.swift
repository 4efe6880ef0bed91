import Foundation
import GatewayConfiguration
import Synchronization
import Telemetry
import Testing

@testable import Gateway

/// Traces of requests through a gateway, over real sockets.
struct RequestTraceTests {
  private static let key = Data(repeating: 7, count: 32)

  /// The traces that came, and their parts by section.
  private final class Traces: Sendable {
    private let kept = Mutex<[FinishedTrace]>([])

    func add(_ trace: FinishedTrace) { kept.withLock { $0.append(trace) } }
    var count: Int { kept.withLock { $0.count } }

    func last(_ id: String) throws -> TraceText {
      let trace = try #require(kept.withLock { $0.last { $0.id == id } })
      return try JSONDecoder().decode(TraceText.self, from: Data(trace.json()))
    }
  }

  private struct TraceText: Decodable {
    struct Entry: Decodable {
      struct Header: Decodable, Equatable {
        var name: String
        var value: String
      }
      struct Message: Decodable {
        struct Status: Decodable {
          var code: Int
        }
        var method: String?
        var url: String?
        var status: Status?
        var headers: [Header]

        func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
      }
      struct Facts: Decodable {
        var message: String?
        var severity: String?
        var reason: String?
        var request: Message?
        var response: Message?
        var scope: String?
        var line: Int?
        var bytesBuffered: Int?
        var condition: Bool?
        var resolver: String?
        var input: [String: String]?
        var output: [String: String]?
      }
      var source: String
      var timestamp: String
      var elapsed: String
      var data: Facts
    }
    var serviceName: String
    var traceId: String
    var traceEntries: [String: [Entry]]

    func sources(_ section: String) -> [String] { traceEntries[section]?.map(\.source) ?? [] }
    func entries(_ source: String) -> [Entry.Facts] {
      ["inbound", "backend", "outbound", "on-error"].flatMap { traceEntries[$0] ?? [] }.filter { $0.source == source }
        .map(\.data)
    }
  }

  private func credential(_ api: String = "time", seconds: Int64 = 600, key: Data = key) -> String {
    DebugCredential(apiID: api, expirySeconds: Int64(Date.now.timeIntervalSince1970) + seconds, key: key).text
  }

  private func serving(
    _ policy: String?, answer: String? = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Own: 1\r\n\r\n12:0",
    allowsTracing: Bool = false, requiresKey: Bool = false,
    _ body: (RunningGateway, Traces, ScriptedBackend) async throws -> Void
  ) async throws {
    let backend = try await ScriptedBackend { _ in answer }
    func api(_ id: String) -> API {
      API(
        id: id, displayName: id, path: id, protocols: [.http], serviceURL: "http://127.0.0.1:\(backend.port)/base",
        subscriptionRequired: requiresKey,
        operations: [
          Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/now"),
          Operation(id: "set", displayName: "Set", method: "POST", urlTemplate: "/set"),
        ], policy: policy.map { PolicyText(rawXML: $0) })
    }
    let traces = Traces()
    let delivery = TraceDelivery(base: "https://service/gateways/plant") { traces.add($0) }
    try await RunningGateway.serving([api("time"), api("other")], traces: delivery) { snapshot in
      snapshot.gateway.debugKey = Self.key
      snapshot.subscriptions[0].allowTracing = allowsTracing
      snapshot.namedValues = [NamedValue(displayName: "code", value: "opensesame", isSecret: true)]
    } _: { gateway in
      try await body(gateway, traces, backend)
    }
    await backend.stop()
  }

  /// Sends one request; the answer, once the gateway has nothing to do with it any more.
  private func ask(_ gateway: RunningGateway, _ lines: String = "", path: String = "/time/now") throws
    -> RawClient.Answer
  {
    let client = try RawClient(port: gateway.httpPort)
    client.send("GET \(path) HTTP/1.1\r\nHost: gateway\r\n\(lines)\r\n")
    return try #require(client.answer())
  }

  @Test func `a trace tells what came, what it was for, every step, what the backend got and said, and the answer`()
    async throws
  {
    let policy = """
      <policies><inbound>
        <set-variable name="who" value="@(context.Request.Headers.GetValueOrDefault("X-Who",""))"/>
        <set-header name="X-Code" exists-action="override"><value>{{code}}</value></set-header>
        <trace source="shop" severity="information"><message>hello opensesame</message></trace>
      </inbound><backend><forward-request timeout="7"/></backend><outbound>
        <set-header name="X-Own" exists-action="delete"/>
      </outbound></policies>
      """
    try await serving(policy) { gateway, traces, backend in
      let answer = try ask(
        gateway, "X-Who: me\r\nAuthorization: Bearer own\r\nApim-Debug-Authorization: \(credential())\r\n")
      #expect(answer.status == 200 && answer.body == "12:0")
      let id = try #require(answer.header("Apim-Trace-Id"))
      await gateway.server.drain(milliseconds: 0)
      let record = try #require(gateway.records.all.first)
      #expect(record.correlationId == id && record.tracing == .allowed)
      // The token is nothing for backends; the secret is.
      #expect(backend.received.first?.contains("Apim-Debug") == false)
      #expect(backend.received.first?.contains("X-Code: opensesame") == true)

      let trace = try traces.last(id)
      #expect(trace.traceId == id && trace.serviceName == "postern")
      #expect(
        trace.sources("inbound")
          == ["api-inspector", "api-inspector", "set-variable", "set-header", "trace", "shop"])
      #expect(trace.sources("backend") == ["forward-request", "request-forwarder", "request-forwarder"])
      #expect(trace.sources("outbound") == ["set-header", "transfer-response", "transfer-response"])
      #expect(trace.sources("on-error") == [])
      let received = try #require(trace.entries("api-inspector").first?.request)
      #expect(received.method == "GET" && received.url == "http://gateway/time/now")
      #expect(received.header("X-Who") == "me" && received.header("Authorization") == "Bearer own")
      let variable = try #require(trace.entries("set-variable").first)
      #expect(variable.output == ["variables.who": "me"] && variable.input == [:])
      #expect(variable.scope == "api" && variable.line == 2 && variable.bytesBuffered == 0)
      // Secrets are not shown, wherever they stand.
      #expect(trace.entries("set-header").first?.output == ["request.headers.X-Code": "{{code}}"])
      #expect(trace.entries("shop").first?.message == "hello {{code}}")
      let forwarded = trace.entries("request-forwarder")
      #expect(forwarded.first?.message?.hasSuffix("Timeout set to 7 seconds") == true)
      let sent = try #require(forwarded.first?.request)
      #expect(sent.url == "http://127.0.0.1:\(backend.port)/base/now" && sent.header("X-Code") == "{{code}}")
      #expect(sent.header("Host") == "127.0.0.1:\(backend.port)" && sent.header("X-Forwarded-For") == "127.0.0.1")
      #expect(forwarded.last?.response?.status?.code == 200 && forwarded.last?.response?.header("X-Own") == "1")
      let written = try #require(trace.entries("transfer-response").first?.response)
      #expect(written.header("Apim-Trace-Id") == id && written.header("X-Own") == nil)
      let first = try #require(trace.traceEntries["inbound"]?.first)
      #expect(first.elapsed.hasPrefix("00:00:00.0") && first.timestamp.hasSuffix("Z"))
    }
  }

  @Test func `an API without policies is traced too, and what fails stands in on-error`() async throws {
    try await serving(nil, answer: nil) { gateway, traces, _ in
      let answer = try ask(gateway, "Apim-Debug-Authorization: \(credential())\r\n")
      #expect(answer.status == 500)
      await gateway.server.drain(milliseconds: 0)
      let trace = try traces.last(try #require(answer.header("Apim-Trace-Id")))
      #expect(trace.sources("backend") == ["forward-request", "request-forwarder"])
      #expect(trace.sources("on-error") == ["forward-request"])
      #expect(trace.entries("forward-request").last?.reason == "BackendConnectionFailure")
    }
  }

  @Test func `who is refused for the lack of a key sees that in the trace`() async throws {
    try await serving(nil, requiresKey: true) { gateway, traces, _ in
      let answer = try ask(gateway, "Apim-Debug-Authorization: \(credential())\r\n")
      #expect(answer.status == 401)
      await gateway.server.drain(milliseconds: 0)
      let trace = try traces.last(try #require(answer.header("Apim-Trace-Id")))
      #expect(trace.entries("authorization").map(\.reason) == ["SubscriptionKeyNotFound"])
    }
  }

  @Test func `a token that is over, for another API or not of this gateway is answered, and traces nothing`()
    async throws
  {
    try await serving(nil) { gateway, traces, backend in
      func ask(_ token: String, path: String = "/time/now") throws -> RawClient.Answer {
        try self.ask(gateway, "Apim-Debug-Authorization: \(token)\r\n", path: path)
      }
      let late = try ask(credential(seconds: -60))
      #expect(late.status == 200 && late.header("Apim-Debug-Authorization-Expired")?.hasSuffix("Z") == true)
      let other = try ask(credential("other"))
      #expect(other.status == 200)
      #expect(other.header("Apim-Debug-Authorization-WrongAPI")?.contains("for API 'other'") == true)
      let nobody = try ask(credential(), path: "/time/never")
      #expect(nobody.status == 404 && nobody.header("Apim-Debug-Authorization-WrongAPI") != nil)
      let forged = credential(key: Data(repeating: 8, count: 32))
      for token in [
        forged, "", "aid=time&p=tracing&ex=99999999999&sn=AAAA", credential().replacing("aid=time", with: "aid=other"),
      ] {
        let answer = try ask(token)
        #expect(answer.status == 200 && answer.header("Postern-Debug-Authorization-Invalid") != nil)
        #expect(answer.header("Apim-Trace-Id") == nil)
      }
      await gateway.server.drain(milliseconds: 0)
      #expect(traces.count == 0 && !backend.received.contains { $0.contains("Apim-Debug") })
      #expect(gateway.records.all.map(\.tracing) == [.expired] + Array(repeating: .refused, count: 6))
    }
  }

  @Test func `Ocp-Apim-Trace works with the key of a subscription that may trace, and with no other`() async throws {
    for allows in [true, false] {
      try await serving(nil, allowsTracing: allows, requiresKey: true) { gateway, traces, _ in
        let answer = try ask(gateway, "Ocp-Apim-Trace: true\r\nOcp-Apim-Subscription-Key: first\r\n")
        #expect(answer.status == 200)
        let none = try ask(gateway, "Ocp-Apim-Trace: false\r\nOcp-Apim-Subscription-Key: first\r\n")
        let keyless = try ask(gateway, "Ocp-Apim-Trace: true\r\n")
        #expect(none.header("Ocp-Apim-Trace-Location") == nil && keyless.header("Ocp-Apim-Trace-Location") == nil)
        await gateway.server.drain(milliseconds: 0)
        #expect(traces.count == (allows ? 1 : 0))
        #expect(gateway.records.all.map(\.tracing) == [allows ? .allowed : .refused, nil, .refused])
        guard allows else { return }
        let location = try #require(answer.header("Ocp-Apim-Trace-Location").flatMap { URLComponents(string: $0) })
        let id = try #require(gateway.records.all.first?.correlationId)
        #expect(location.host == "service" && location.path == "/gateways/plant/traces/\(id)")
        let query = Dictionary(uniqueKeysWithValues: (location.queryItems ?? []).map { ($0.name, $0.value ?? "") })
        let expiry = try #require(query["ex"].flatMap { Int64($0) })
        let signed = TraceLocation(traceID: id, expirySeconds: expiry, signature: query["sn"] ?? "")
        #expect(signed?.isSigned(with: Self.key) == true)
        #expect(try traces.last(id).sources("backend").contains("request-forwarder"))
      }
    }
  }

  @Test func `conditions tell what they came to, and resolvers what they did`() async throws {
    let backend = try await ScriptedBackend { _ in
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"name\":\"Ada\"}"
    }
    let resolver = """
      <http-data-source><http-request><set-method>GET</set-method>
      <set-url>http://127.0.0.1:\(backend.port)/person</set-url></http-request></http-data-source>
      """
    let policy = """
      <policies><inbound><choose><when condition="@(false)"><set-variable name="a" value="1"/></when>
      <when condition="@(true)"><set-variable name="b" value="1"/></when></choose></inbound>
      <backend><base/></backend></policies>
      """
    let api = API(
      id: "time", displayName: "People", path: "people", protocols: [.http], subscriptionRequired: false,
      graphQL: GraphQLService(
        schema: "type Query { person: Person } type Person { name: String }",
        resolvers: [.init(id: "r", path: "Query/person", policy: PolicyText(rawXML: resolver))]),
      policy: PolicyText(rawXML: policy))
    let traces = Traces()
    try await RunningGateway.serving([api], traces: TraceDelivery(base: "") { traces.add($0) }) { snapshot in
      snapshot.gateway.debugKey = Self.key
    } _: { gateway in
      let answer = try ask(
        gateway, "Apim-Debug-Authorization: \(credential())\r\n", path: "/people?query=%7Bperson%7Bname%7D%7D")
      #expect(answer.body == #"{"data":{"person":{"name":"Ada"}}}"#)
      await gateway.server.drain(milliseconds: 0)
      let trace = try traces.last(try #require(answer.header("Apim-Trace-Id")))
      #expect(trace.entries("when").map(\.condition) == [false, true])
      #expect(trace.entries("set-variable").map(\.output) == [["variables.b": "1"]])
      let steps = try #require(trace.traceEntries["backend"]).filter { $0.data.resolver != nil }
      #expect(!steps.isEmpty && steps.allSatisfy { $0.data.resolver == "Query.person" })
      #expect(steps.contains { $0.source == "http-request" && $0.data.output?["response.body"] == #"{"name":"Ada"}"# })
    }
    await backend.stop()
  }

  @Test func `a connection's next request is traced for itself alone`() async throws {
    try await serving(nil) { gateway, traces, _ in
      let client = try RawClient(port: gateway.httpPort)
      for token in [credential(), nil, credential()] {
        let line = token.map { "Apim-Debug-Authorization: \($0)\r\n" } ?? ""
        client.send("GET /time/now HTTP/1.1\r\nHost: gateway\r\n\(line)\r\n")
        let answer = try #require(client.answer())
        #expect(answer.status == 200 && (answer.header("Apim-Trace-Id") != nil) == (token != nil))
      }
      await gateway.server.drain(milliseconds: 0)
      #expect(traces.count == 2 && gateway.records.all.map(\.tracing) == [.allowed, nil, .allowed])
    }
  }

  @Test func `a trace is bounded, and says so`() async throws {
    let steps = String(repeating: #"<set-variable name="n" value="@(1)"/>"#, count: 25)
    let policy = """
      <policies><inbound><retry condition="@(true)" count="50" interval="0">\(steps)</retry></inbound></policies>
      """
    try await serving(policy) { gateway, traces, _ in
      let answer = try ask(gateway, "Apim-Debug-Authorization: \(credential())\r\n")
      let id = try #require(answer.header("Apim-Trace-Id"))
      await gateway.server.drain(milliseconds: 0)
      let trace = try traces.last(id)
      let inbound = try #require(trace.traceEntries["inbound"])
      #expect(inbound.count == 1_001 && inbound.last?.data.message?.hasPrefix("The trace is full") == true)
    }
  }
}
