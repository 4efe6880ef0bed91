import Foundation
import GatewayConfiguration
import Testing

@testable import Gateway

/// APIs of GraphQL through a gateway, over real sockets.
struct GraphQLTests {
  private static func post(_ query: String, _ path: String = "/people") -> String {
    let body = #"{"query":"\#(query)"}"#
    return
      "POST \(path) HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  private static func json(_ body: String) -> String {
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  private static func api(_ graphQL: GraphQLService, serviceURL: String? = nil, _ inbound: String = "") -> API {
    API(
      id: "people", displayName: "People", path: "people", protocols: [.http], serviceURL: serviceURL,
      subscriptionRequired: false, graphQL: graphQL,
      policy: PolicyText(
        rawXML: "<policies><inbound>\(inbound)</inbound><backend><base/></backend><outbound/></policies>"))
  }

  private static let schema =
    "type Query { people: [Person!] person(id: ID!): Person } type Person { id: ID! name: String }"

  @Test func `a query without a backend is answered by resolvers, with and without a slash`() async throws {
    let backend = try await ScriptedBackend { request in
      request.contains("/people ") ? Self.json(#"[{"id":1,"name":"Ada"}]"#) : Self.json(#"{"id":7}"#)
    }
    func resolver(_ path: String, _ url: String) -> GraphQLResolver {
      let text =
        "<http-data-source><http-request><set-method>GET</set-method><set-url>\(url)</set-url></http-request></http-data-source>"
      return GraphQLResolver(id: path, path: path, policy: PolicyText(rawXML: text))
    }
    let resolvers = [
      resolver("Query/people", "http://127.0.0.1:\(backend.port)/people"),
      resolver("Query/person", "@(\"http://127.0.0.1:\(backend.port)/\" + context.GraphQL.Arguments[\"id\"])"),
    ]
    let api = Self.api(GraphQLService(schema: Self.schema, resolvers: resolvers))
    try await RunningGateway.serving([api]) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      for path in ["/people", "/people/"] {
        client.send(Self.post("{ people { name } person(id: 7) { id name } }", path))
        let answer = try #require(client.answer())
        #expect(answer.status == 200)
        #expect(answer.body == #"{"data":{"people":[{"name":"Ada"}],"person":{"id":"7","name":null}}}"#)
      }
      client.send("GET /people?query=%7Bpeople%7Bid%7D%7D HTTP/1.1\r\nHost: gateway\r\n\r\n")
      #expect(client.answer()?.body == #"{"data":{"people":[{"id":"1"}]}}"#)
      client.send("PUT /people HTTP/1.1\r\nHost: gateway\r\nContent-Length: 0\r\n\r\n")
      #expect(client.answer()?.status == 404)
    }
    await backend.stop()
  }

  @Test func `a query for a backend is validated and passed on`() async throws {
    let backend = try await ScriptedBackend { _ in Self.json(#"{"data":{"people":[]}}"#) }
    let api = Self.api(
      GraphQLService(schema: Self.schema), serviceURL: "http://127.0.0.1:\(backend.port)/graphql",
      "<validate-graphql-request max-size=\"1000\"/>")
    try await RunningGateway.serving([api]) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send(Self.post("{ people { name } }"))
      #expect(client.answer()?.body == #"{"data":{"people":[]}}"#)
      client.send(Self.post("{ people { age } }"))
      let refused = try #require(client.answer())
      #expect(refused.status == 400)
      #expect(refused.body.contains("Cannot query field 'age' on type 'Person'."))
      #expect(backend.received.count == 1)
      #expect(backend.received.first?.hasPrefix("POST /graphql") == true)
    }
    await backend.stop()
  }
}
