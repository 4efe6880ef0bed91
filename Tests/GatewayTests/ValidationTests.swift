import Foundation
import GatewayConfiguration
import Testing

/// Policies that ask what operations say of their messages, over real sockets.
struct ValidationTests {
  private static func api(_ backend: Int) -> API {
    func operation(_ id: String, _ method: String, _ contract: String?) -> GatewayConfiguration.Operation {
      Operation(
        id: id, displayName: id, method: method, urlTemplate: "/orders",
        contract: contract.map { OperationContract(json: $0) })
    }
    let policy = """
      <policies><inbound><validate-parameters specified-parameter-action="prevent" unspecified-parameter-action="prevent">\
      <headers unspecified-parameter-action="ignore" /></validate-parameters>\
      <validate-content unspecified-content-type-action="prevent" max-size="100" size-exceeded-action="prevent">\
      <content validate-as="json" action="prevent" /></validate-content></inbound>\
      <backend><forward-request /></backend><outbound><validate-status-code unspecified-status-code-action="prevent" />\
      </outbound></policies>
      """
    return API(
      id: "orders", displayName: "Orders", path: "shop", protocols: [.http],
      serviceURL: "http://127.0.0.1:\(backend)", subscriptionRequired: false,
      operations: [
        operation(
          "make", "POST",
          #"{"request":{"representations":[{"contentType":"application/json","schemaId":"s","typeName":"Order"}]},"responses":[{"statusCode":200}]}"#
        ),
        operation(
          "list", "GET",
          #"{"request":{"queryParameters":[{"name":"page","type":"integer"}]},"responses":[{"statusCode":204}]}"#),
        operation("drop", "DELETE", nil),
      ],
      schemas: [
        SchemaDocument(id: "s", kind: .json, text: #"{"definitions":{"Order":{"required":["id"]}}}"#)
      ], policy: PolicyText(rawXML: policy))
  }

  @Test func `every operation of an API is held against what it says itself`() async throws {
    let backend = try await ScriptedBackend { _ in "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" }
    try await RunningGateway.serving([Self.api(backend.port)]) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      func status(_ method: String, _ query: String = "", _ body: String = "") -> Int? {
        client.send(
          "\(method) /shop/orders\(query) HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        return client.answer()?.status
      }
      #expect(status("POST", "", #"{"id":1}"#) == 200)
      #expect(status("POST", "", "{}") == 400)
      #expect(status("POST", "", #"{"id":""# + String(repeating: "x", count: 100) + #""}"#) == 400)
      #expect(status("GET", "?page=x") == 400)
      #expect(status("GET", "?other=1") == 400)
      // The operation has no 200.
      #expect(status("GET", "?page=1") == 502)
      #expect(status("DELETE", "?page=1") == 400)
    }
    await backend.stop()
  }

  @Test func `a long body is looked at without keeping the others of its loop, whatever becomes of its client`()
    async throws
  {
    let backend = try await ScriptedBackend { _ in "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" }
    var api = Self.api(backend.port)
    api.policy = PolicyText(
      rawXML: """
        <policies><inbound><validate-content unspecified-content-type-action="prevent" max-size="4194304" \
        size-exceeded-action="prevent"><content validate-as="json" action="prevent" /></validate-content></inbound>\
        <backend><forward-request /></backend></policies>
        """)
    try await RunningGateway.serving([api]) { gateway in
      func request(_ body: String) -> String {
        "POST /shop/orders HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
      }
      let items = "[" + Array(repeating: #"{"a":[1,2,3],"b":"text"}"#, count: 60_000).joined(separator: ",") + "]"
      let (good, bad) = (#"{"id":1,"items":\#(items)}"#, #"{"items":\#(items)}"#)
      #expect(bad.utf8.count > 1 << 20)
      let client = try RawClient(port: gateway.httpPort)
      for (body, expected) in [(good, 200), (bad, 400), (#"{"id":1}"#, 200), (good, 200)] {
        client.send(request(body))
        #expect(client.answer()?.status == expected)
      }
      // Clients that leave while their bodies are looked at.
      for _ in 0..<5 {
        let leaving = try RawClient(port: gateway.httpPort)
        leaving.send(request(good))
      }
      client.send(request(#"{"id":1}"#))
      #expect(client.answer()?.status == 200)
    }
    await backend.stop()
  }
}
