import ChildProcesses
import Foundation
import Testing

/// A workspace from the management API to a request through a self-hosted gateway, with real processes.
@Suite(.timeLimit(.minutes(4))) struct WorkspaceStoryTests {
  private static func policy(_ inbound: String, _ backend: String = "<base />") -> [String: Any] {
    [
      "format": "rawxml",
      "value":
        "<policies><inbound><base />\(inbound)</inbound><backend>\(backend)</backend><outbound><base /></outbound>"
        + "<on-error><base /></on-error></policies>",
    ]
  }

  private static func mark(_ scope: String) -> String {
    "<set-header name=\"Order\" exists-action=\"append\"><value>\(scope)</value></set-header>"
  }

  private static func ask(_ plant: Plant, _ path: String, _ key: String? = nil) throws -> PlainConnection.Answer {
    try PlainConnection(port: plant.port, seconds: 20).ask(
      "GET", path, headers: key.map { ["Ocp-Apim-Subscription-Key: \($0)"] } ?? [])
  }

  @Test func `an API of a workspace is called with the workspace's key, in the order of scopes, and is recorded so`()
    async throws
  {
    let backend = try EchoBackend()
    let plant = try await Plant(backendPort: backend.port)
    try plant.put("/policies/policy", Self.policy(Self.mark("G"), "<forward-request />"))
    try plant.put("/workspaces/team", ["displayName": "Team"])
    try plant.put("/workspaces/team/namedValues/team-mark", ["displayName": "mark", "value": "W"])
    try plant.put(
      "/workspaces/team/apis/orders",
      [
        "displayName": "Orders", "path": "orders", "serviceUrl": "http://127.0.0.1:\(backend.port)",
        "protocols": ["http"],
      ])
    try plant.put(
      "/workspaces/team/apis/orders/operations/list",
      ["displayName": "List", "method": "GET", "urlTemplate": "/now"])
    try plant.put("/workspaces/team/policies/policy", Self.policy(Self.mark("{{mark}}")))
    let answer =
      "<return-response><set-header name=\"Order\"><value>@(context.Request.Headers.GetValueOrDefault(\"Order\"))</value>"
      + "</set-header><set-header name=\"Workspace\"><value>@(context.Workspace.Name)</value></set-header></return-response>"
    try plant.put("/workspaces/team/apis/orders/policies/policy", Self.policy(Self.mark("A") + answer))
    try plant.put("/workspaces/team/products/staff", ["displayName": "Staff", "state": "published"])
    try plant.put("/workspaces/team/products/staff/apiLinks/orders", ["apiId": "/apis/orders"])
    try plant.put("/workspaces/team/products/staff/policies/policy", Self.policy(Self.mark("P")))
    try plant.put(
      "/workspaces/team/subscriptions/canteen",
      ["displayName": "Canteen", "scope": "/products/staff", "primaryKey": "key-of-the-canteen"])
    try plant.put("/gateways/plant/configConnections/team", ["sourceId": "/workspaces/team"])
    let gateway = try await plant.startGateway()

    let called = try Self.ask(plant, "/orders/now", "key-of-the-canteen")
    #expect(called.status == 200, "\(called.text)")
    #expect(called.headers["order"] == "G,W,P,A")
    #expect(called.headers["workspace"] == "Team")
    #expect(try Self.ask(plant, "/orders/now").status == 401)
    #expect(try Self.ask(plant, "/time/now").status == 200)
    try await Plant.wait("the record is in the gateway's log") {
      gateway.log.contains(#"apimSubscriptionId: "canteen", workspaceId: "team""#)
    }

    try plant.call("DELETE", "/workspaces/team")
    try await Plant.wait("the gateway no longer serves what was in the workspace") {
      try Self.ask(plant, "/orders/now", "key-of-the-canteen").status == 404
    }
    #expect(try Self.ask(plant, "/time/now").status == 200)
    gateway.terminate()
    _ = await gateway.end(withinSeconds: 10)
    try await plant.stop()
    backend.die()
  }
}
