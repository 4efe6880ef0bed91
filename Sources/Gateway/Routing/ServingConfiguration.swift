import GatewayConfiguration
import PolicyLibrary

/// A snapshot compiled for serving: immutable, shared by every event loop, swapped as a whole. A request keeps the one it
/// began with.
final class ServingConfiguration: Sendable {
  let service: ServiceIdentity
  let gateway: GatewayIdentity
  let version: UInt64
  let routes: RouteTable
  let subscriptions: SubscriptionIndex
  let users: [String: User]
  /// The policies of a request that no operation matches.
  let unmatched: PolicyPlan

  /// Compiles every policy; throws all complaints together when one cannot run.
  init(_ snapshot: Snapshot) throws(PlanError) {
    service = snapshot.service
    gateway = snapshot.gateway
    version = snapshot.version
    let plans = PlanSet(snapshot)
    unmatched = try plans.plan(api: nil, operation: nil, product: nil)
    var apis: [RoutedAPI] = []
    for api in snapshot.apis { apis.append(try RoutedAPI(api, products: snapshot.products, plans: plans)) }
    routes = RouteTable(apis)
    subscriptions = SubscriptionIndex(snapshot.subscriptions)
    users = Dictionary(snapshot.users.map { ($0.id, $0) }) { first, _ in first }
  }
}
