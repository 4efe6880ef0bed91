import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import ManagementAPI
import Testing

/// Workspaces as ARM clients write them, and what gateways get of them.
struct WorkspaceResourceTests {
  private static let team = "/workspaces/team"

  private static func policy(_ inbound: String) -> String {
    let text =
      "<policies><inbound><base />\(inbound)</inbound><backend><base /></backend><outbound><base /></outbound>"
      + "<on-error><base /></on-error></policies>"
    return JSON.object(["properties": ["format": "rawxml", "value": .string(text)]]).text
  }

  private static func header(_ value: String) -> String {
    policy("<set-header name=\"X\"><value>\(value)</value></set-header>")
  }

  private static func api(_ path: String) -> String {
    #"{"properties":{"displayName":"API","path":"\#(path)","serviceUrl":"http://10.0.0.1"}}"#
  }

  /// Puts something that must be new.
  private static func make(_ client: Client, _ path: String, _ body: String) async throws {
    let answer = try await client.call(.put, path, body)
    #expect(answer.status == 201, "\(path): \(answer.body.text)")
  }

  private static func makeTeam(_ client: Client) async throws {
    try await make(client, team, #"{"properties":{"displayName":"Team","description":"of hall 7"}}"#)
    try await make(client, team + "/apis/orders", api("orders"))
    try await make(
      client, team + "/apis/orders/operations/list",
      #"{"properties":{"displayName":"List","method":"GET","urlTemplate":"/list"}}"#)
  }

  @Test func `a workspace is created, read, listed, changed and deleted with what is in it`() async throws {
    try await withService { client, service in
      try await Self.makeTeam(client)
      let read = try await client.call(.get, "/workspaces/TEAM")
      #expect(read.body["type"]?.stringValue == "Microsoft.ApiManagement/service/workspaces")
      #expect(read.body["properties"]?["description"] == "of hall 7")
      #expect(try await client.call(.head, Self.team).status == 200)
      #expect(try await client.call(.get, "/workspaces").body["count"] == 1)
      let changed = try await client.call(.patch, Self.team, #"{"properties":{"displayName":"Hall"}}"#)
      #expect(changed.body["properties"]?["displayName"] == "Hall")
      #expect(changed.body["properties"]?["description"] == "of hall 7")
      #expect(try await client.call(.put, "/workspaces/x", #"{"properties":{"displayName":""}}"#).status == 400)
      let api = try await client.call(.get, "/Workspaces/team/APIs/orders")
      #expect(api.body["type"]?.stringValue == "Microsoft.ApiManagement/service/workspaces/apis")
      #expect(api.body["id"]?.stringValue == ManagementService.resourceID + "/workspaces/team/apis/orders")
      #expect(try await client.call(.get, "/apis").body["count"] == 0)
      #expect(try await client.call(.get, Self.team + "/apis").body["count"] == 1)
      #expect(try await client.call(.get, Self.team + "/apis/orders/operations").body["count"] == 1)
      #expect(try await client.call(.get, "/gateways/managed/configConnections").body["count"] == 1)
      #expect(
        try await client.call(.delete, Self.team, headers: [.ifMatch: read.etag ?? ""]).status == 412, "an old ETag")
      #expect(try await client.call(.delete, Self.team, headers: [.ifMatch: changed.etag ?? ""]).status == 204)
      #expect(try await client.call(.get, Self.team + "/apis/orders").status == 404)
      #expect(try await client.call(.get, Self.team + "/apis").status == 404)
      #expect(try await client.call(.get, "/gateways/managed/configConnections").body["count"] == 0)
      #expect(try #require(try await service.publisher.current("managed")).snapshot.workspaces.isEmpty)
    }
  }

  @Test func `what a workspace has not, and what there is nowhere, is not found`() async throws {
    try await withService { client, _ in
      try await Self.makeTeam(client)
      for path in [
        "/workspaces/nobody/apis/a", Self.team + "/gateways/g", Self.team + "/users/u", Self.team + "/caches/c",
        Self.team + "/workspaces/inner", Self.team + "/products/p/apis/orders", "/products/p/apiLinks/l",
      ] {
        let answer = try await client.call(.put, path, Self.api("a"))
        #expect(answer.status == 404, "\(path): \(answer.body.text)")
      }
    }
  }

  @Test func `everything a workspace may have reaches its gateway, apart from the service's own`() async throws {
    try await withService { client, service in
      try await Self.makeTeam(client)
      let team = Self.team
      try await Self.make(
        client, team + "/namedValues/team-pin", #"{"properties":{"displayName":"pin","value":"1","secret":true}}"#)
      try await Self.make(client, "/namedValues/pin", #"{"properties":{"displayName":"pin","value":"2"}}"#)
      try await Self.make(
        client, team + "/backends/line",
        #"{"properties":{"url":"http://10.0.0.2","credentials":{"header":{"X-Pin":["{{pin}}"]}}}}"#)
      try await Self.make(
        client, team + "/policyFragments/greet",
        #"{"properties":{"format":"rawxml","value":"<fragment><set-header name=\"A\"><value>{{pin}}</value></set-header></fragment>"}}"#
      )
      try await Self.make(
        client, team + "/schemas/order", #"{"properties":{"schemaType":"json","document":{"type":"object"}}}"#)
      try await Self.make(
        client, team + "/policies/policy",
        Self.policy(#"<include-fragment fragment-id="greet" /><set-backend-service backend-id="line" />"#))
      try await Self.make(client, team + "/apis/orders/policies/policy", Self.header("{{pin}}"))
      try await Self.make(client, team + "/apis/orders/operations/list/policies/policy", Self.header("o"))
      try await Self.make(
        client, team + "/products/staff", #"{"properties":{"displayName":"Staff","state":"published"}}"#)
      try await Self.make(client, team + "/products/staff/policies/policy", Self.header("p"))
      try await Self.make(client, team + "/groups/readers", #"{"properties":{"displayName":"Readers"}}"#)
      try await Self.make(
        client, team + "/products/staff/apiLinks/one",
        #"{"properties":{"apiId":"\#(ManagementService.resourceID)\#(team)/apis/orders"}}"#)
      try await Self.make(
        client, team + "/products/staff/groupLinks/one", #"{"properties":{"groupId":"/groups/readers"}}"#)
      try await Self.make(
        client, team + "/products/staff/groupLinks/two", #"{"properties":{"groupId":"/groups/developers"}}"#)
      try await Self.make(
        client, team + "/subscriptions/canteen",
        #"{"properties":{"displayName":"Canteen","scope":"/products/staff","primaryKey":"primary-key"}}"#)
      let secrets = try await client.call(.post, team + "/subscriptions/canteen/listSecrets")
      #expect(secrets.body["primaryKey"] == "primary-key")
      #expect(try await client.call(.post, team + "/namedValues/team-pin/listValue").body["value"] == "1")

      let snapshot = try #require(try await service.publisher.current("managed")).snapshot
      #expect(snapshot.apis.isEmpty && snapshot.products.isEmpty && snapshot.backends.isEmpty)
      #expect(snapshot.namedValues.map(\.value) == ["2"])
      let workspace = try #require(snapshot.workspaces.first)
      #expect(workspace.identity == WorkspaceIdentity(id: "team", displayName: "Team"))
      #expect(workspace.namedValues == [NamedValue(displayName: "pin", value: "1", isSecret: true)])
      #expect(workspace.backends.first?.credentials.headers == ["X-Pin": ["1"]])
      #expect(workspace.policyFragments.map(\.id) == ["greet"] && workspace.schemas.map(\.id) == ["order"])
      #expect(workspace.policy?.rawXML.contains("include-fragment") == true)
      let api = try #require(workspace.apis.first)
      #expect(api.workspace == workspace.identity && api.operations.map(\.id) == ["list"])
      #expect(api.policy != nil && api.operations.first?.policy != nil)
      let product = try #require(workspace.products.first)
      #expect(product.apiIDs == ["orders"] && product.policy != nil)
      #expect(product.groups.map(\.displayName) == ["Developers", "Readers"])
      let subscription = try #require(snapshot.subscriptions.first { $0.id == "canteen" })
      #expect(subscription.scope == .product("staff") && subscription.workspaceID == "team")
      let shown = try await client.call(.get, team + "/subscriptions/canteen")
      #expect(
        shown.body["properties"]?["scope"]?.stringValue == ManagementService.resourceID + team + "/products/staff")
    }
  }

  @Test func `a policy of a workspace names what is the workspace's, and one of the service what is the service's`()
    async throws
  {
    try await withService { client, _ in
      try await Self.makeTeam(client)
      try await Self.make(client, "/namedValues/central", #"{"properties":{"displayName":"central","value":"1"}}"#)
      try await Self.make(client, Self.team + "/namedValues/own", #"{"properties":{"displayName":"own","value":"1"}}"#)
      func message(_ path: String, _ body: String) async throws -> String {
        let answer = try await client.call(.put, path, body)
        return answer.status == 400
          ? answer.body["error"]?["details"]?.arrayValue?.first?["message"]?.stringValue ?? "" : ""
      }
      let inWorkspace = try await message(Self.team + "/apis/orders/policies/policy", Self.header("{{central}}"))
      #expect(inWorkspace.contains("There is no named value 'central'"), "\(inWorkspace)")
      let inService = try await message("/policies/policy", Self.header("{{own}}"))
      #expect(inService.contains("There is no named value 'own'"), "\(inService)")
      let scope = try await message(
        Self.team + "/policies/policy", Self.policy(#"<rate-limit calls="1" renewal-period="60" />"#))
      #expect(scope.contains("Line 1, column") && scope.contains("not allowed at workspace scope"), "\(scope)")
      try await Self.make(client, Self.team + "/apis/orders/policies/policy", Self.header("{{own}}"))
      let used = try await client.call(.delete, Self.team + "/namedValues/own")
      #expect(used.body["error"]?["message"]?.stringValue?.contains("is used by the policy") == true)
      #expect(try await client.call(.delete, "/namedValues/central").status == 204)
    }
  }

  @Test func `names and paths are unique over the service and all workspaces`() async throws {
    try await withService { client, _ in
      try await Self.makeTeam(client)
      try await Self.make(client, "/workspaces/other", #"{"properties":{"displayName":"Other"}}"#)
      for path in ["/apis/orders", "/workspaces/other/apis/ORDERS"] {
        let answer = try await client.call(.put, path, Self.api("elsewhere"))
        #expect(answer.status == 400)
        #expect(
          answer.body["error"]?["details"]?.arrayValue?.first?["message"]?.stringValue?.contains("workspace 'team'")
            == true)
      }
      for path in ["/apis/other", "/workspaces/other/apis/other"] {
        let answer = try await client.call(.put, path, Self.api("Orders/"))
        #expect(answer.status == 400)
        #expect(answer.body["error"]?["details"]?.arrayValue?.first?["target"] == "path")
      }
      // The same API once more, and a revision of it, take their own path.
      #expect(try await client.call(.put, Self.team + "/apis/orders", Self.api("orders")).status == 200)
      try await Self.make(client, Self.team + "/apis/orders;rev=2", Self.api("orders"))
    }
  }

  @Test func `subscriptions and links stay within their workspace`() async throws {
    try await withService { client, _ in
      try await Self.makeTeam(client)
      try await Self.make(client, "/apis/time", Self.api("time"))
      try await Self.make(client, "/groups/readers", #"{"properties":{"displayName":"Readers"}}"#)
      try await Self.make(client, Self.team + "/products/staff", #"{"properties":{"displayName":"Staff"}}"#)
      func status(_ path: String, _ member: String, _ value: String) async throws -> Int {
        let body = #"{"properties":{"displayName":"S","\#(member)":"\#(value)"}}"#
        let link = #"{"properties":{"\#(member)":"\#(value)"}}"#
        return try await client.call(.put, path, member == "scope" ? body : link).status
      }
      let id = ManagementService.resourceID
      let scopes: [(String, String, Int)] = [
        (Self.team + "/subscriptions/a", "/apis", 201), (Self.team + "/subscriptions/b", "/apis/orders", 201),
        (Self.team + "/subscriptions/c", "\(id)/workspaces/team/apis/orders", 201),
        (Self.team + "/subscriptions/d", "\(id)/apis/time", 400), (Self.team + "/subscriptions/d", "/apis/time", 404),
        (Self.team + "/subscriptions/d", "\(id)/apis", 400), (Self.team + "/subscriptions/d", "\(id)/", 400),
        (Self.team + "/subscriptions/d", "/", 400), ("/subscriptions/e", "/workspaces/team/apis/orders", 400),
        ("/subscriptions/e", "/workspaces/team/apis", 400), ("/subscriptions/e", "/apis", 201),
      ]
      for (path, scope, expected) in scopes {
        let found = try await status(path, "scope", scope)
        #expect(found == expected, "\(path) \(scope)")
      }
      let links = Self.team + "/products/staff"
      for (path, member, value, expected) in [
        (links + "/apiLinks/a", "apiId", "\(id)/apis/time", 400), (links + "/apiLinks/a", "apiId", "/apis/orders", 201),
        (links + "/apiLinks/a", "apiId", "/apis/orders", 200), (links + "/apiLinks/b", "apiId", "/apis/orders", 400),
        (links + "/apiLinks/b", "apiId", "/products/staff", 400),
        (links + "/groupLinks/a", "groupId", "\(id)/groups/readers", 400),
      ] {
        let found = try await status(path, member, value)
        #expect(found == expected, "\(path) \(value)")
      }
      #expect(try await client.call(.delete, Self.team + "/apis/orders").status == 204)
      #expect(try await client.call(.get, links + "/apiLinks").body["count"] == 0)
    }
  }

  @Test func `a workspace is served by the gateways that are connected to it`() async throws {
    try await withService { client, service in
      try await Self.makeTeam(client)
      try await Self.make(client, "/gateways/plant", #"{"properties":{"locationData":{"name":"Hall 7"}}}"#)
      func served(_ gateway: String) async throws -> [String] {
        try #require(try await service.publisher.current(gateway)).snapshot.workspaces.flatMap(\.apis).map(\.id)
      }
      let before = try await served("plant")
      #expect(before == [])
      let connection = #"{"properties":{"sourceId":"\#(ManagementService.resourceID)/workspaces/team"}}"#
      try await Self.make(client, "/gateways/plant/configConnections/team", connection)
      #expect(try await client.call(.put, "/gateways/plant/configConnections/again", connection).status == 400)
      let none = #"{"properties":{"sourceId":"/workspaces/nobody"}}"#
      #expect(try await client.call(.put, "/gateways/plant/configConnections/none", none).status == 400)
      let (plant, managed) = (try await served("plant"), try await served("managed"))
      #expect(plant == ["orders"] && managed == ["orders"])
      #expect(try await client.call(.delete, "/gateways/managed/configConnections/team").status == 204)
      let after = try await served("managed")
      #expect(after == [])
    }
  }
}
