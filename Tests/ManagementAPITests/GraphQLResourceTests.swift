import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import ManagementAPI
import Testing

/// APIs of GraphQL as clients of the management API make them.
struct GraphQLResourceTests {
  private static let api =
    #"{"properties":{"displayName":"People","path":"people","type":"graphql","subscriptionRequired":false}}"#

  private static func schema(_ text: String) -> String {
    #"{"properties":{"contentType":"application/vnd.ms-azure-apim.graphql.schema","document":{"value":"\#(text)"}}}"#
  }

  private static func policy(_ url: String) -> String {
    let text =
      "<http-data-source><http-request><set-method>GET</set-method><set-url>\(url)</set-url></http-request></http-data-source>"
    return #"{"properties":{"format":"rawxml","value":"\#(text)"}}"#
  }

  @Test func `schema and resolvers of an API of GraphQL reach the gateway`() async throws {
    try await withService { client, service in
      #expect(try await client.call(.put, "/apis/people", Self.api).status == 201)
      let schema = "type Query { people: [String] }"
      #expect(try await client.call(.put, "/apis/people/schemas/graphql", Self.schema(schema)).status == 201)
      let resolver = #"{"properties":{"displayName":"All","path":"Query/people"}}"#
      #expect(try await client.call(.put, "/apis/people/resolvers/all", resolver).status == 201)
      let policy = Self.policy("http://10.0.0.1/people")
      #expect(try await client.call(.put, "/apis/people/resolvers/all/policies/policy", policy).status == 201)
      let snapshot = try #require(try await service.publisher.current("managed")).snapshot
      let graphQL = try #require(snapshot.apis.first?.graphQL)
      #expect(graphQL.schema == schema)
      #expect(graphQL.resolvers.map(\.path) == ["Query/people"])
      #expect(graphQL.resolvers.first?.policy?.rawXML.contains("http://10.0.0.1/people") == true)
      #expect(snapshot.apis.first?.schemas.isEmpty == true)
    }
  }

  @Test func `what cannot be used is refused with its reason`() async throws {
    try await withService { client, _ in
      _ = try await client.call(.put, "/apis/people", Self.api)
      func message(_ path: String, _ body: String) async throws -> String? {
        let answer = try await client.call(.put, path, body)
        #expect(answer.status == 400)
        return answer.body["error"]?["details"]?.arrayValue?.first?["message"]?.stringValue
      }
      let schema = try await message("/apis/people/schemas/graphql", Self.schema("type Query { a: B }"))
      #expect(schema == "line 1, column 14: Unknown type B of Query.a.")
      let field = try await message("/apis/people/resolvers/all", #"{"properties":{"path":"people"}}"#)
      #expect(field == "'people' is no field of a schema; expected Type/field.")
      let resolver = #"{"properties":{"path":"Query/people"}}"#
      #expect(try await client.call(.put, "/apis/people/resolvers/all", resolver).status == 201)
      let twice = try await message("/apis/people/resolvers/other", resolver)
      #expect(twice == "Resolver 'all' is for the same field 'Query/people'.")
      let policy = try await message("/apis/people/resolvers/all/policies/policy", Self.policy("ftp://x"))
      #expect(policy?.hasPrefix("Line 1, column ") == true && policy?.contains("PL0125") == true)
    }
  }

  @Test func `an API that is deleted takes its resolvers along`() async throws {
    try await withService { client, _ in
      _ = try await client.call(.put, "/apis/people", Self.api)
      let resolver = #"{"properties":{"path":"Query/people"}}"#
      _ = try await client.call(.put, "/apis/people/resolvers/all", resolver)
      #expect(try await client.call(.delete, "/apis/people").status == 204)
      _ = try await client.call(.put, "/apis/people", Self.api)
      #expect(try await client.call(.get, "/apis/people/resolvers/all").status == 404)
    }
  }
}
