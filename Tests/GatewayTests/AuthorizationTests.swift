import Expressions
import GatewayConfiguration
import HTTPWire
import Logging
import PolicyLibrary
import Testing

@testable import Gateway

/// What keys open, without sockets (semantics-cases A8, A9, J27).
struct AuthorizationTests {
  private let configuration: ServingConfiguration

  init() throws {
    let operation = Operation(id: "get", displayName: "Get", method: "GET", urlTemplate: "/get")
    let apis = ["closed", "open"].map { id in
      API(
        id: id, displayName: id, path: id, protocols: [.http], serviceURL: "http://be",
        subscriptionRequired: id == "closed", operations: [operation])
    }
    let products = [
      Product(id: "staff", displayName: "Staff", apiIDs: ["closed", "open"]),
      Product(id: "guests", displayName: "Guests", subscriptionRequired: false, apiIDs: ["open"]),
    ]
    func subscription(_ id: String, _ scope: Subscription.Scope) -> Subscription {
      Subscription(id: id, displayName: id, scope: scope, primaryKey: "key-\(id)", secondaryKey: "second-\(id)")
    }
    let snapshot = Snapshot(
      version: 1, service: ServiceIdentity(name: "postern", resourceID: "/service"),
      gateway: GatewayIdentity(id: "plant", location: "Hall 7"), apis: apis, products: products,
      subscriptions: [
        subscription("all", .allAPIs), subscription("one", .api("closed")), subscription("staff", .product("staff")),
      ])
    configuration = try ServingConfiguration(
      snapshot, instanceID: "one", limits: EvaluationLimits(),
      backends: BackendRegistry(logger: Logger(label: "test")))
  }

  private func grant(_ path: String, key: String? = nil) throws -> Authorization.Grant {
    var head = MessageHead()
    let field = key.map { "Ocp-Apim-Subscription-Key: \($0)\r\n" } ?? ""
    let bytes = Array("GET \(path) HTTP/1.1\r\nHost: gw\r\n\(field)\r\n".utf8)
    guard case .complete = head.parseRequest(bytes.span, limits: HeadLimits()),
      let match = configuration.routes.find(head, isTLS: false)
    else { throw WireError(.startLine) }
    return try Authorization.check(head, match.api, configuration, isTLS: false, now: 0)
  }

  @Test func `a key for a product gives its context, a key for APIs gives none`() throws {
    #expect(try grant("/closed/get", key: "key-staff").product?.id == "staff")
    for key in ["key-all", "key-one"] {
      let grant = try grant("/closed/get", key: key)
      #expect(grant.subscription != nil && grant.product == nil)
    }
  }

  @Test func `without a key an open product gives its context`() throws {
    let grant = try grant("/open/get")
    #expect(grant.product?.id == "guests" && grant.subscription == nil)
  }

  @Test func `a key that opens nothing here is refused, also where none is asked for`() throws {
    for key in ["wrong", "key-one"] {
      let error = #expect(throws: PolicyError.self) { try grant("/open/get", key: key) }
      #expect(error?.reason == "SubscriptionKeyInvalid" && error?.status == 401)
    }
    #expect(try grant("/open/get", key: "key-staff").product?.id == "staff")
  }

  @Test func `the key in the header wins over the one in the query, which counts when it is alone`() throws {
    #expect(try grant("/closed/get?subscription-key=key-all", key: "key-one").subscription?.id == "one")
    #expect(try grant("/closed/get?subscription-key=key-all").subscription?.id == "all")
    let error = #expect(throws: PolicyError.self) { try grant("/closed/get?subscription-key=key-all", key: "wrong") }
    #expect(error?.reason == "SubscriptionKeyInvalid")
  }
}
