import GatewayConfiguration
import HTTPWire
import PolicyLibrary

/// Who calls, and in which product's context: gateway-facts.md, section 10.1.
enum Authorization {
  struct Grant {
    var product: Shared<Product>?
    var subscription: ServedSubscription?
    var user: Shared<User>?
  }

  /// What the request's key opens; throws the 401 of a missing or invalid key.
  /// - Parameter now: seconds since 1970.
  static func check(
    _ request: borrowing MessageHead, _ routed: RoutedAPI, _ configuration: ServingConfiguration, isTLS: Bool,
    now: Int64
  ) throws(PolicyError) -> Grant {
    switch find(request, routed, configuration) {
    case .absent:
      guard routed.requiresSubscription else { return Grant(product: routed.openProduct) }
      throw refusal(
        "SubscriptionKeyNotFound",
        "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.",
        request, routed, isTLS: isTLS)
    case .known(let subscription):
      guard subscription.isActive(now), opens(subscription, routed.api) else { break }
      switch subscription.scope {
      case .service, .allAPIs: return Grant(subscription: subscription, user: subscription.owner)
      case .api(let id):
        if id == routed.api.value.id { return Grant(subscription: subscription, user: subscription.owner) }
      case .product(let id):
        if let product = routed.product(id) {
          return Grant(product: product, subscription: subscription, user: subscription.owner)
        }
      }
    case .unknown: break
    }
    // A key that opens nothing is refused, also where none would have been asked for.
    throw refusal(
      "SubscriptionKeyInvalid",
      "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
      request, routed, isTLS: isTLS)
  }

  private enum Key {
    case absent, unknown
    case known(ServedSubscription)
  }

  /// The header wins over the query parameter.
  private static func find(
    _ request: borrowing MessageHead, _ routed: RoutedAPI, _ configuration: ServingConfiguration
  ) -> Key {
    if routed.hasKeyHeader {
      let found = request.withFirstValue(of: routed.keyHeader) { key -> Key in
        key.isEmpty ? .absent : configuration.subscriptions.find(key).map { .known($0) } ?? .unknown
      }
      switch found {
      case .known, .unknown: return found ?? .absent
      case .absent, nil: break
      }
    }
    guard let query = request.query,
      let text = QueryScan.value(of: routed.keyParameter, in: Array(query.utf8)), !text.isEmpty
    else { return .absent }
    let key = Array(text.utf8)
    return configuration.subscriptions.find(key.span).map { .known($0) } ?? .unknown
  }

  /// A workspace's keys open nothing outside of it; of the service's own, only those for every API open one of a
  /// workspace.
  private static func opens(_ subscription: ServedSubscription, _ api: Shared<API>) -> Bool {
    if subscription.workspaceID == api.value.workspace?.id { return true }
    guard subscription.workspaceID == nil else { return false }
    switch subscription.scope {
    case .service, .allAPIs: return true
    case .api, .product: return false
    }
  }

  private static func refusal(
    _ reason: String, _ message: String, _ request: borrowing MessageHead, _ routed: RoutedAPI, isTLS: Bool
  ) -> PolicyError {
    let api = routed.api.value
    let path = api.path.isEmpty ? "" : "/" + api.path
    // The host comes from the caller: what could end the quoted text is left out.
    let host = String(request.authority.filter { $0 != "\"" && $0 != "\\" })
    let name = api.subscriptionKeyNames.header
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
