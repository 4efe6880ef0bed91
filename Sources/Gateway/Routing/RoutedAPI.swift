import GatewayConfiguration
import PolicyLibrary

/// One revision of an API, ready to be served.
final class RoutedAPI: Sendable {
  let api: API
  let operations: OperationTree
  let backend: BackendTarget?
  /// Products that contain the API, by identifier; only published ones.
  let products: [String: Product]
  /// The product that opens the API to callers without a key.
  let openProduct: Product?
  /// By product, empty for none; one for each operation, mostly the same.
  private let plans: [String: [PolicyPlan]]

  init(_ api: API, products: [Product], plans: PlanSet) throws(PlanError) {
    self.api = api
    var tree = OperationTree()
    for (index, operation) in api.operations.enumerated() {
      tree.insert(method: operation.method, template: operation.urlTemplate, operation: index)
    }
    operations = tree
    do throws(BackendTarget.Failure) {
      backend = try api.serviceURL.map { (url) throws(BackendTarget.Failure) in try BackendTarget(url: url) }
    } catch {
      throw PlanError(description: "the serviceUrl of API '\(api.id)': \(error.message)")
    }
    let offered = products.filter { $0.isPublished && $0.apiIDs.contains(api.id) }
    self.products = Dictionary(offered.map { ($0.id, $0) }) { first, _ in first }
    openProduct = offered.first { !$0.subscriptionRequired }
    var compiled: [String: [PolicyPlan]] = [:]
    for product in [nil] + offered.map(Optional.some) {
      var list: [PolicyPlan] = []
      for operation in api.operations {
        list.append(try plans.plan(api: api, operation: operation, product: product))
      }
      compiled[product?.id ?? ""] = list
    }
    self.plans = compiled
  }

  /// The effective policy of an operation in a product's context.
  func plan(operation index: Int, product: Product?) -> PolicyPlan? { plans[product?.id ?? ""]?[index] }
}
