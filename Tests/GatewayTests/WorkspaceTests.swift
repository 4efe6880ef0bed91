import Expressions
import GatewayConfiguration
import HTTPWire
import Logging
import PolicyLibrary
import Testing

@testable import Gateway

/// What keys open in workspaces and outside of them, without sockets.
struct WorkspaceTests {
  private let configuration: ServingConfiguration

  init() throws {
    let team = WorkspaceIdentity(id: "team", displayName: "Team")
    func api(_ id: String, _ workspace: WorkspaceIdentity?) -> API {
      let operation = Operation(id: "get", displayName: "Get", method: "GET", urlTemplate: "/get")
      return API(
        id: id, displayName: id, path: id, protocols: [.http], serviceURL: "http://be", operations: [operation],
        workspace: workspace)
    }
    func subscription(_ id: String, _ scope: Subscription.Scope, in workspace: String? = nil) -> Subscription {
      Subscription(
        id: id, displayName: id, scope: scope, primaryKey: "key-\(id)", secondaryKey: "second-\(id)",
        workspaceID: workspace)
    }
    let other = WorkspaceIdentity(id: "other", displayName: "Other")
    let snapshot = Snapshot(
      version: 1, service: ServiceIdentity(name: "postern", resourceID: "/service"),
      gateway: GatewayIdentity(id: "plant", location: "Hall 7"), apis: [api("time", nil)],
      products: [Product(id: "staff", displayName: "Staff", apiIDs: ["time", "orders"])],
      subscriptions: [
        subscription("master", .service), subscription("all", .allAPIs), subscription("staff", .product("staff")),
        subscription("orders", .api("orders")), subscription("team-all", .allAPIs, in: "team"),
        subscription("team-crew", .product("crew"), in: "team"), subscription("team-time", .api("time"), in: "team"),
        subscription("team-orders", .api("orders"), in: "team"), subscription("other-all", .allAPIs, in: "other"),
      ],
      backends: [Backend(id: "a", url: "http://a"), Backend(id: "b", url: "http://b")],
      workspaces: [
        Workspace(
          identity: team, apis: [api("orders", team)],
          products: [Product(id: "crew", displayName: "Crew", apiIDs: ["orders", "time"])],
          backends: [Backend(id: "c", url: "http://c")]),
        Workspace(
          identity: other, apis: [api("bills", other)], backends: [Backend(id: "d", url: "http://d")]),
      ])
    configuration = try ServingConfiguration(
      snapshot, instanceID: "one", limits: EvaluationLimits(),
      backends: BackendRegistry(logger: Logger(label: "test")))
  }

  private func grant(_ path: String, key: String) throws -> Authorization.Grant {
    var head = MessageHead()
    let bytes = Array("GET \(path) HTTP/1.1\r\nHost: gw\r\nOcp-Apim-Subscription-Key: key-\(key)\r\n\r\n".utf8)
    guard case .complete = head.parseRequest(bytes.span, limits: HeadLimits()),
      let match = configuration.routes.find(head, isTLS: false)
    else { throw WireError(.startLine) }
    return try Authorization.check(head, match.api, configuration, isTLS: false, now: 0)
  }

  /// Which of the keys open an API.
  private func opening(_ path: String) -> [String] {
    let keys = [
      "master", "all", "staff", "orders", "team-all", "team-crew", "team-time", "team-orders", "other-all",
    ]
    return keys.filter { (try? grant(path, key: $0))?.subscription != nil }
  }

  @Test func `keys of a workspace open its APIs, and of the service's keys those for every API do`() {
    #expect(opening("/orders/get") == ["master", "all", "team-all", "team-crew", "team-orders"])
    #expect(opening("/bills/get") == ["master", "all", "other-all"])
  }

  @Test func `an API of the service is opened by no key of a workspace`() {
    #expect(opening("/time/get") == ["master", "all", "staff"])
  }

  @Test func `the product of a workspace gives its context`() throws {
    #expect(try grant("/orders/get", key: "team-crew").product?.id == "crew")
    #expect(try grant("/orders/get", key: "master").product == nil)
  }

  @Test func `backends of the service and of workspaces have places of their own`() {
    #expect(configuration.backends.entries.map(\.entity.id) == ["a", "b", "c", "d"])
    #expect(configuration.backends.entries.enumerated().allSatisfy { $0.offset == $0.element.entity.index })
  }
}
