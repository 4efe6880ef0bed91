import Expressions
import GatewayConfiguration
import PolicyLibrary

/// A snapshot compiled for serving: immutable, shared by every event loop, swapped as a whole. A request keeps the one it
/// began with.
final class ServingConfiguration: Sendable {
  let deployment: Deployment
  let version: UInt64
  let routes: RouteTable
  let subscriptions: SubscriptionIndex
  let backends: BackendSet
  let externalCache: ExternalCache?
  /// What traces of requests do not show.
  let traceSecrets: TraceSecrets
  /// The policies of a request that no operation matches.
  let unmatched: PolicyPlan

  /// Compiles every policy; throws all complaints together when one cannot run.
  /// - Parameter backends: knows how the backends of the former configuration are doing.
  init(
    _ snapshot: Snapshot, instanceID: String, limits: EvaluationLimits, backends registry: BackendRegistry
  ) throws(PlanError) {
    version = snapshot.version
    externalCache = snapshot.externalCache
    traceSecrets = TraceSecrets(snapshot.namedValues + snapshot.workspaces.flatMap(\.namedValues))
    let plans = PlanSet(snapshot, limits: limits)
    unmatched = try plans.plan(api: nil, operation: nil, product: nil)
    var apis: [RoutedAPI] = []
    var targets: [String: BackendTarget] = [:]
    for api in snapshot.apis {
      apis.append(try RoutedAPI(api, products: snapshot.products, plans: plans, targets: &targets))
    }
    var entities = plans.backends.entities
    var certificates: [String: CertificateDirectory] = [:]
    for workspace in snapshot.workspaces {
      let own = PlanSet(workspace, of: plans, firstBackend: entities.count)
      entities += own.backends.entities
      certificates[workspace.identity.id] = own.certificates
      for api in workspace.apis {
        apis.append(try RoutedAPI(api, products: workspace.products, plans: own, targets: &targets))
      }
    }
    deployment = Deployment(
      service: snapshot.service, gateway: snapshot.gateway, instanceID: instanceID, certificates: plans.certificates,
      workspaceCertificates: certificates)
    backends = registry.set(for: entities)
    routes = RouteTable(apis)
    subscriptions = SubscriptionIndex(ServedSubscription.all(of: snapshot))
  }
}
