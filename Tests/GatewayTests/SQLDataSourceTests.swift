import Foundation
import GatewayConfiguration
import PolicyLibrary
import Testing

@testable import Gateway

/// Resolvers that ask SQL Server, over real sockets from the caller to the database.
@Suite(.enabled(if: PeerProcess.areInstalled), .timeLimit(.minutes(3))) struct SQLDataSourceTests {
  private static let schema = """
    type Query { people: [Person!] echo(text: String): String broken: Int slow: Int }
    type Person { id: ID! name: String }
    """

  private static func api(_ connection: String) -> API {
    func resolver(_ path: String, _ request: String, _ response: String = "") -> GraphQLResolver {
      let text = """
        <sql-data-source>
          <connection-info>\(connection)</connection-info>
          \(request)\(response)
        </sql-data-source>
        """
      return GraphQLResolver(id: path.replacing("/", with: "-"), path: path, policy: PolicyText(rawXML: text))
    }
    let resolvers = [
      resolver("Query/people", "<request><sql-statement>INSERT SELECT</sql-statement></request>"),
      resolver(
        "Query/echo",
        """
        <request single-result="true"><sql-statement>echo</sql-statement><parameters>
          <parameter name="@text">@(context.GraphQL.Arguments["text"])</parameter>
        </parameters></request>
        """,
        "<response><set-body>@(context.Response.Body.As<JObject>()[\"text\"].ToString(Newtonsoft.Json.Formatting.None))</set-body></response>"
      ),
      resolver("Query/broken", "<request><sql-statement>error 208</sql-statement></request>"),
      resolver("Query/slow", "<request><sql-statement>sleep</sql-statement></request>"),
    ]
    return API(
      id: "people", displayName: "People", path: "people", protocols: [.http], serviceURL: nil,
      subscriptionRequired: false, graphQL: GraphQLService(schema: schema, resolvers: resolvers),
      policy: PolicyText(rawXML: "<policies><inbound/><backend><base/></backend><outbound/></policies>"))
  }

  private static func post(_ query: String) -> String {
    let body = #"{"query":"\#(query.replacing("\"", with: "\\\""))"}"#
    return
      "POST /people HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  @Test func `statements are run over TLS, and errors tell their number alone`() async throws {
    let server = try await SQLServerPeer(["--encryption", "required"])
    let string = server.string("Encrypt=true;TrustServerCertificate=true")
    try await RunningGateway.serving([Self.api("<connection-string>\(string)</connection-string>")]) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      for (query, expected) in [
        ("{ people { id name } }", #"{"data":{"people":[{"id":"1","name":"Ada"},{"id":"2","name":"Bob"}]}}"#),
        (#"{ echo(text: "it's Ж") }"#, #"{"data":{"echo":"it's Ж"}}"#),
      ] {
        client.send(Self.post(query))
        #expect(client.answer()?.body == expected)
      }
      client.send(Self.post("{ broken }"))
      let body = try #require(client.answer()?.body)
      #expect(body.contains("The data source answered with the SQL error 208."))
      #expect(!body.contains("Secret"))
      #expect(!body.contains("secret"))
    }
    #expect(await server.events("login", count: 1).count == 1)
    let isClosed = await eventually { server.events("closed").count == 1 }
    #expect(isClosed)
  }

  @Test func `the gateway's identity enters with a token of its endpoint`() async throws {
    let server = try await SQLServerPeer(["--encryption", "required", "--token", "t0ken"])
    let endpoint = try await ScriptedBackend { _ in
      let body = #"{"access_token":"t0ken","expires_in":"3600","token_type":"Bearer"}"#
      return
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
    let string = server.string("TrustServerCertificate=true", user: "")
    let api = Self.api("<connection-string use-managed-identity=\"true\">\(string)</connection-string>")
    let identity = IdentityEndpoint(url: "http://127.0.0.1:\(endpoint.port)/token", secret: "s")
    try await RunningGateway.serving([api], identity: identity) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      for _ in 0..<2 {
        client.send(Self.post("{ people { name } }"))
        #expect(client.answer()?.body == #"{"data":{"people":[{"name":"Ada"},{"name":"Bob"}]}}"#)
      }
    }
    #expect(endpoint.received.count == 1)
    #expect(endpoint.received.first?.contains("resource=https%3A%2F%2Fdatabase.windows.net%2F") == true)
    #expect(await server.events("login", count: 1).map { $0.contains(#""features": [2, 10]"#) } == [true])
    await endpoint.stop()
  }

  @Test func `a caller that leaves has its statement stopped`() async throws {
    let server = try await SQLServerPeer()
    let string = server.string("Encrypt=false")
    try await RunningGateway.serving([Self.api("<connection-string>\(string)</connection-string>")]) { gateway in
      var client: RawClient? = try RawClient(port: gateway.httpPort)
      client?.send(Self.post("{ slow }"))
      _ = await server.events("call", count: 1)
      client = nil
      #expect(await server.events("attention", count: 1).count == 1)
    }
  }
}
