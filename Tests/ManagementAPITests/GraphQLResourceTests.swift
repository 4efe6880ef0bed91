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

  // MARK: - What resolvers publish to

  private static func publishing(_ field: String, _ inside: String? = nil) -> String {
    #"{"properties":{"format":"rawxml","value":"\#(resolver(field, inside))"}}"#
  }

  private static func resolver(_ field: String, _ inside: String? = nil) -> String {
    let event = "<publish-event><targets><graphql-subscription id='\(field)'/></targets></publish-event>"
    return """
      <http-data-source><http-request><set-method>POST</set-method><set-url>http://10.0.0.1/people</set-url>\
      </http-request><http-response>\(inside ?? event)</http-response></http-data-source>
      """
  }

  private static func fragment(_ field: String) -> String {
    let text =
      "<fragment><publish-event><targets><graphql-subscription id='\(field)'/></targets></publish-event></fragment>"
    return #"{"properties":{"format":"rawxml","value":"\#(text)"}}"#
  }

  private static let subscriptions =
    "type Query { a: Int } type Mutation { add: Int } type Subscription { onAdd: Int onAll: Int }"

  /// Puts something; the messages of its refusal, none when it is taken.
  private static func messages(
    _ client: Client, _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil
  ) async throws -> [String] {
    let answer = try await client.call(method, path, body)
    if (200...299).contains(answer.status) { return [] }
    #expect(answer.status == 400 && answer.body["error"]?["code"] == "ValidationError")
    let details = answer.body["error"]?["details"]?.arrayValue?.compactMap { $0["message"]?.stringValue }
    return details ?? [answer.body["error"]?["message"]?.stringValue ?? ""]
  }

  @Test func `a resolver publishes to subscriptions that there are, and a schema keeps those that are published to`()
    async throws
  {
    try await withService { client, _ in
      func put(_ path: String, _ body: String) async throws -> [String] {
        try await Self.messages(client, .put, "/apis/people" + path, body)
      }
      #expect(try await put("", Self.api) == [])
      #expect(try await put("/resolvers/add", #"{"properties":{"path":"Mutation/add"}}"#) == [])
      let policy = "/resolvers/add/policies/policy"
      let missing = try await put(policy, Self.publishing("onAdd"))
      let text = Self.resolver("onAdd")
      let column = text.distance(from: text.startIndex, to: try #require(text.range(of: "onAdd")).lowerBound) + 1
      #expect(missing.count == 1)
      #expect(missing[0].hasPrefix("Line 1, column \(column): PL0156: There is no subscription 'onAdd'"))
      #expect(missing[0].hasSuffix("API 'people' has no GraphQL schema yet, so there is nothing to publish to."))
      #expect(try await put("/schemas/graphql", Self.schema(Self.subscriptions)) == [])
      let unknown = try await put(policy, Self.publishing("onAddd"))
      #expect(unknown[0].contains("the schema of API 'people' has 'onAdd', 'onAll'. Did you mean 'onAdd'?"))
      #expect(try await put(policy, Self.publishing("onAdd")) == [])
      // The schema may change, and lose what nobody publishes to.
      let less = "type Query { a: Int } type Mutation { add: Int } type Subscription { onAdd: Int }"
      #expect(try await put("/schemas/graphql", Self.schema(less)) == [])
      let without = "type Query { a: Int } type Mutation { add: Int }"
      let refused = try await put("/schemas/graphql", Self.schema(without))
      #expect(refused.count == 1 && refused[0].contains("/apis/people/resolvers/add/policies/policy"))
      #expect(refused[0].contains("line 1, column \(column): PL0156") && refused[0].contains("has no subscriptions"))
      let deleted = try await Self.messages(client, .delete, "/apis/people/schemas/graphql")
      #expect(deleted.count == 1 && deleted[0].contains("is used by publish-event of the policy at /apis/people"))
      // Another API's schema is its own.
      let other = Self.api.replacing("people", with: "pets")
      #expect(try await Self.messages(client, .put, "/apis/pets", other) == [])
      #expect(try await Self.messages(client, .put, "/apis/pets/schemas/graphql", Self.schema(without)) == [])
      #expect(try await Self.messages(client, .delete, "/apis/pets/schemas/graphql") == [])
      #expect(try await Self.messages(client, .delete, "/apis/people/resolvers/add") == [])
      #expect(try await Self.messages(client, .delete, "/apis/people/schemas/graphql") == [])
    }
  }

  @Test func `what a fragment publishes to is looked at with the resolvers that include it`() async throws {
    try await withService { client, _ in
      func put(_ path: String, _ body: String) async throws -> [String] {
        try await Self.messages(client, .put, path, body)
      }
      _ = try await put("/apis/people", Self.api)
      _ = try await put("/apis/people/schemas/graphql", Self.schema(Self.subscriptions))
      _ = try await put("/apis/people/resolvers/add", #"{"properties":{"path":"Mutation/add"}}"#)
      #expect(try await put("/policyFragments/tell", Self.fragment("onNothing")) == [])
      let policy = Self.publishing("", "<include-fragment fragment-id='tell'/>")
      #expect(try await put("/apis/people/resolvers/add/policies/policy", policy)[0].contains("'onNothing'"))
      #expect(try await put("/policyFragments/tell", Self.fragment("onAll")) == [])
      #expect(try await put("/apis/people/resolvers/add/policies/policy", policy) == [])
      let refused = try await put("/policyFragments/tell", Self.fragment("onNothing"))
      #expect(refused.count == 1 && refused[0].contains("'onAdd', 'onAll'"))
      let without = "type Query { a: Int } type Mutation { add: Int } type Subscription { onAdd: Int }"
      #expect(try await put("/apis/people/schemas/graphql", Self.schema(without))[0].contains("'onAll'"))
    }
  }
}
