import DotNet
import Expressions
import GatewayConfiguration
import HTTPWire
import PolicyLibrary
import Telemetry

/// The exchange that expressions and policies are measured on: the context of the recorded C# measurements.
enum SampleExchange {
  static let token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL3N0cy5jb250b3NvLmNvbS8iLCJzdWIiOiJ1c2VyLTEiLCJhdWQi"
    + "OiJhcGk6Ly9vcmRlcnMiLCJleHAiOjE4OTM0NTYwMDAsImlhdCI6MTcwNTMxNDYwMCwianRpIjoiand0LWlkLTEiLCJlbWFpbCI6ImFubkBj"
    + "b250b3NvLmNvbSIsInJvbGVzIjpbImFkbWluIiwicmVhZGVyIl0sInNjcCI6Im9yZGVycy5yZWFkIG9yZGVycy5saXN0IiwibGV2ZWwiOjMs"
    + "Im9rIjp0cnVlfQ.jynnBf-RnFj9LghFFDP4oHeZeLnZUVBjVIAQPE98lT0"

  private static let head = Array(
    """
    POST /shop/v1/orders/42?id=42&tag=a&tag=b&lang=fr HTTP/1.1\r
    Host: api.contoso.com\r
    Authorization: Bearer \(token)\r
    X-Multi: one\r
    X-Multi: two\r
    Accept: text/html;q=0.8, application/json\r
    User-Agent: curl/8.0\r
    Ocp-Apim-Subscription-Key: sub-key-1\r
    Content-Type: application/json; charset=utf-8\r
    Content-Length: 203\r
    \r

    """.utf8)

  private static let body =
    #"{"name":"Order 42","customer":{"id":7,"email":"ann@contoso.com"},"items":[{"sku":"A1","qty":2,"price":10.5},"#
    + #"{"sku":"B2","qty":1,"price":3.25}],"note":null,"created":"2024-01-15T10:30:00Z","express":true}"#

  private static let backends =
    #"[{"name":"openai1","url":"https://o1.contoso.com/","priority":1,"isThrottling":true,"#
    + #""retryAfter":"2024-01-01T00:00:00Z"},{"name":"openai2","url":"https://o2.contoso.com/","priority":2,"#
    + #""isThrottling":false,"retryAfter":"0001-01-01T00:00:00"},{"name":"openai3","url":"https://o3.contoso.com/","#
    + #""priority":3,"isThrottling":true,"retryAfter":"9999-12-31T00:00:00"},{"name":"openai4","#
    + #""url":"https://o4.contoso.com/","priority":3,"isThrottling":false,"retryAfter":"0001-01-01T00:00:00"}]"#

  static func make() -> Exchange {
    let exchange = Exchange(effects: SampleEffects())
    exchange.begin()
    exchange.facts = facts
    exchange.backend = exchange.facts.backend
    exchange.apiPathLength = 8
    guard case .complete = exchange.request.parseRequest(head.span, limits: HeadLimits()) else {
      HotPath.fail("the sample request is broken")
    }
    exchange.requestBody = .bytes(Array(body.utf8))
    exchange.variables = [
      "str": .string("text"), "num": .int32(41), "flag": .bool(true),
      "jwt": .described("Jwt", token, in: exchange) ?? .null,
      "listBackends": .described("JArray", backends, in: exchange) ?? .null,
    ]
    return exchange
  }
}

extension SampleExchange {
  private static var facts: ExchangeFacts {
    var facts = ExchangeFacts()
    facts.deployment = Deployment(
      service: ServiceIdentity(name: "contoso-apim", resourceID: "contoso-apim"),
      gateway: GatewayIdentity(id: "managed", location: "West Europe"), instanceID: "instance")
    facts.api = Shared(
      API(
        id: "orders-api", displayName: "Orders", path: "shop", version: "v1",
        serviceURL: "https://backend.contoso.com/v1"))
    facts.operation = Shared(
      Operation(id: "get-order", displayName: "Get order", method: "GET", urlTemplate: "/orders/{orderId}"))
    facts.product = Shared(Product(id: "gold", displayName: "Gold", subscriptionsLimit: 5))
    facts.subscription = ServedSubscription(
      Subscription(
        id: "sub-1", displayName: "Ann's subscription", scope: .product("gold"), primaryKey: "sub-key-1",
        secondaryKey: "sub-key-2"))
    facts.user = Shared(User(id: "ann", firstName: "Ann", lastName: "Lee", email: "ann@contoso.com", note: "vip"))
    facts.clientAddress = "203.0.113.7"
    facts.isTLS = true
    facts.localPort = 443
    facts.receivedTicks = 638_409_114_000_000_000
    facts.requestID = RequestID(high: 0x0f8f_ad5b_d9cb_469f, low: 0xa165_7086_7728_950e)
    facts.backend = try? BackendTarget(url: "https://backend.contoso.com/v1")
    facts.apiPathLength = 8
    return facts
  }
}

/// A clock that stands, random numbers that count, limits that never end, an empty cache, and services out of reach.
final class SampleEffects: PolicyEffects {
  let tokens = TokenMemory()
  let revocation = RevocationMemory()
  var trust: CertificateTrust { .system }
  let machine = Machine()
  private var count: UInt64 = 0

  func now() -> Int64 { 638_409_114_000_000_000 }

  func random() -> UInt64 {
    count &+= 0x9e37_79b9_7f4a_7c15
    return count
  }

  func admit(_ key: String, limit: Int, windowSeconds: Int, increment: Int) -> Admission {
    Admission(isAllowed: true, remaining: limit, retryAfterSeconds: 0)
  }

  func consume(_ key: String, limit: Int, periodSeconds: Int, start: Int64, increment: Int) -> Admission {
    Admission(isAllowed: true, remaining: limit, retryAfterSeconds: 0)
  }

  var sharedCounters: (any SharedCounters)? { nil }

  func enter(_ key: String, limit: Int) -> Bool { true }
  func leave(_ key: String) {}

  func send(_ request: OutgoingRequest, _ completion: @escaping (OutgoingResult) -> Void) -> any PendingEffect {
    completion(.failure(OutgoingFailure(reason: .connection, message: "Nobody listens.")))
    return FinishedEffect.instance
  }

  func query(_ request: SQLRequest, _ completion: @escaping (SQLOutcome) -> Void) -> any PendingEffect {
    completion(.failure(SQLFailure(reason: .connection, message: "Nobody listens.")))
    return FinishedEffect.instance
  }

  func after(milliseconds: Int, _ completion: @escaping () -> Void) -> any PendingEffect {
    completion()
    return FinishedEffect.instance
  }

  func cached(
    _ key: String, in choice: CacheChoice, _ completion: @escaping (CachedEntry?) -> Void
  ) -> any PendingEffect {
    completion(nil)
    return FinishedEffect.instance
  }

  func cache(_ entry: CachedEntry, as key: String, in choice: CacheChoice, seconds: Int) {}
  func uncache(_ key: String, in choice: CacheChoice) {}
  func append(_ record: [UInt8], toCached key: String, in choice: CacheChoice, seconds: Int, limit: Int) {}
  func emit(_ metric: EmittedMetric) {}
  func publish(_ event: GraphQLEvent) {}

  func log(_ severity: TraceSeverity, source: String, message: String, metadata: [(name: String, value: String)]) {}
}
