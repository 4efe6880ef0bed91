import GatewayConfiguration
import HTTPWire
import PolicyLibrary

/// Who calls, and in which product's context: gateway-facts.md, section 10.1.
enum Authorization {
  struct Grant {
    var product: Product?
    var subscription: Subscription?
    var user: User?
  }

  /// What the request's key opens; throws the 401 of a missing or invalid key.
  /// - Parameter now: seconds since 1970.
  static func check(
    _ request: borrowing MessageHead, _ routed: RoutedAPI, _ configuration: ServingConfiguration, isTLS: Bool,
    now: Int64
  ) throws(PolicyError) -> Grant {
    let names = routed.api.subscriptionKeyNames
    let isRequired = routed.api.subscriptionRequired && routed.openProduct == nil
    guard let key = key(request, names) else {
      guard isRequired else { return Grant(product: routed.openProduct) }
      throw refusal(
        "SubscriptionKeyNotFound",
        "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
        request, routed, isTLS: isTLS)
    }
    if let subscription = configuration.subscriptions.find(key), isActive(subscription, now) {
      let user = subscription.ownerID.flatMap { configuration.users[$0] }
      switch subscription.scope {
      case .service, .allAPIs: return Grant(subscription: subscription, user: user)
      case .api(let id):
        if id == routed.api.id { return Grant(subscription: subscription, user: user) }
      case .product(let id):
        if let product = routed.products[id] { return Grant(product: product, subscription: subscription, user: user) }
      }
    }
    guard isRequired else { return Grant(product: routed.openProduct) }
    throw refusal(
      "SubscriptionKeyInvalid",
      "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
      request, routed, isTLS: isTLS)
  }

  /// The header wins over the query parameter.
  private static func key(_ request: borrowing MessageHead, _ names: SubscriptionKeyNames) -> [UInt8]? {
    if let text = request.firstValue(ofName: names.header), !text.isEmpty { return Array(text.utf8) }
    guard let query = request.query, let text = QueryScan.value(of: names.query, in: Array(query.utf8)), !text.isEmpty
    else { return nil }
    return Array(text.utf8)
  }

  private static func isActive(_ subscription: Subscription, _ now: Int64) -> Bool {
    subscription.state == .active && subscription.startDate ?? .min <= now && now < subscription.endDate ?? .max
  }

  private static func refusal(
    _ reason: String, _ message: String, _ request: borrowing MessageHead, _ routed: RoutedAPI, isTLS: Bool
  ) -> PolicyError {
    let path = routed.api.path.isEmpty ? "" : "/" + routed.api.path
    // The host comes from the caller: what could end the quoted text is left out.
    let host = String(request.authority.filter { $0 != "\"" && $0 != "\\" })
    let name = routed.api.subscriptionKeyNames.header
    return PolicyError(
      source: "authorization", reason: reason, message: message, status: 401,
      headers: [
        .init(
          "WWW-Authenticate",
          "AzureApiManagementKey realm=\"\(isTLS ? "https" : "http")://\(host)\(path)\",name=\"\(name)\",type=\"header\""
        )
      ])
  }
}

extension MessageHead {
  /// The first value of a header whose name is only known as text.
  borrowing func firstValue(ofName name: String) -> String? {
    HeaderName(name).flatMap { firstValue(of: $0) }
  }
}
