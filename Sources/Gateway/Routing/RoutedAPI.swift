import GatewayConfiguration
import HTTPWire
import PolicyLibrary

/// One revision of an API, ready to be served.
final class RoutedAPI: Sendable {
  let api: Shared<API>
  let operations: OperationTree
  /// By operation.
  private let routed: [RoutedOperation]
  let backend: BackendTarget?
  /// The product that opens the API to callers without a key.
  let openProduct: Shared<Product>?
  let requiresSubscription: Bool
  /// Where callers put their key, if the name can be a header's.
  let keyHeader: HeaderName
  let hasKeyHeader: Bool
  /// In lower case.
  let keyParameter: [UInt8]
  /// Resolvers answer in place of a backend, and may have subscribers.
  let hasResolvers: Bool
  /// Calls of gRPC come in, and go on as such.
  let isGRPC: Bool
  private let products: [OfferedProduct]
  private let protocols: Set<API.Scheme>
  private let isOpenToHTTP: Bool
  private let isOpenToHTTPS: Bool
  private let versionMark: VersionMark
  /// What operations say of their messages, by operation; only those with a plan that asks.
  private let contracts: [ObjectIdentifier: MessageContract]

  private struct RoutedOperation: Sendable {
    let facts: Shared<GatewayConfiguration.Operation>
    /// Without a product.
    let plan: PolicyPlan
  }

  /// A published product that contains the API, with the effective policies in its context.
  private struct OfferedProduct: Sendable {
    let product: Shared<Product>
    let plans: [PolicyPlan]
  }

  /// Where a request says which version of the API it means.
  private enum VersionMark: Sendable {
    /// Nowhere, or in the path.
    case none
    case header(HeaderName, String?)
    case query([UInt8], String?)
    /// In a header that cannot be: only an API without a version is meant.
    case unreadable(String?)
  }

  /// - Parameter targets: by URL, those of other APIs; equal ones are one object.
  init(
    _ listed: API, products: [Product], plans: PlanSet, targets: inout [String: BackendTarget]
  ) throws(PlanError) {
    var api = listed
    // An API of WebSockets has one operation that nobody has to make.
    if api.operations.isEmpty, api.protocols.contains(.ws) || api.protocols.contains(.wss) {
      api.operations = [.init(id: "onHandshake", displayName: "onHandshake", method: "GET", urlTemplate: "/*")]
    }
    // Nor has an API of GraphQL operations of its own: its requests say themselves what they want.
    if api.operations.isEmpty, api.graphQL != nil {
      api.operations = ["GET", "POST"].map {
        .init(id: "graphql-\($0.lowercased())", displayName: "graphql", method: $0, urlTemplate: "/")
      }
    }
    // An API of gRPC without operations takes every method.
    if api.operations.isEmpty, api.kind == .grpc {
      api.operations = [.init(id: "grpc", displayName: "gRPC", method: "POST", urlTemplate: "/*")]
    }
    // What the resources of a service of OData are, its model says.
    if api.operations.isEmpty, api.odata != nil {
      api.operations = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"].map {
        .init(id: "odata-\($0.lowercased())", displayName: "odata", method: $0, urlTemplate: "/*")
      }
    }
    isGRPC = api.kind == .grpc
    hasResolvers = api.graphQL?.resolvers.isEmpty == false
    self.api = Shared(api)
    operations = OperationTree(api.operations.map { (method: $0.method, template: $0.urlTemplate) })
    do throws(BackendTarget.Failure) {
      backend = try api.serviceURL.map { (url) throws(BackendTarget.Failure) in
        if let known = targets[url] { return known }
        let target = try BackendTarget(url: url)
        targets[url] = target
        return target
      }
    } catch {
      throw PlanError(description: "the serviceUrl of API '\(api.id)': \(error.message)")
    }
    var offered: [OfferedProduct] = []
    for product in products where product.isPublished && product.apiIDs.contains(api.id) {
      offered.append(
        OfferedProduct(product: Shared(product), plans: try Self.plans(of: api, product: product, plans)))
    }
    self.products = offered
    routed = zip(api.operations, try Self.plans(of: api, product: nil, plans)).map {
      RoutedOperation(facts: Shared($0), plan: $1)
    }
    var contracts: [ObjectIdentifier: MessageContract] = [:]
    for (index, operation) in routed.enumerated() {
      if operation.plan.needsContract || offered.contains(where: { $0.plans[index].needsContract }) {
        contracts[ObjectIdentifier(operation.facts)] = plans.contract(api: api, operation: operation.facts.value)
      }
    }
    self.contracts = contracts
    openProduct = offered.first { !$0.product.value.subscriptionRequired }?.product
    requiresSubscription = api.subscriptionRequired && openProduct == nil
    let keyHeader = HeaderName(api.subscriptionKeyNames.header)
    hasKeyHeader = keyHeader != nil
    self.keyHeader = keyHeader ?? .subscriptionKey
    keyParameter = api.subscriptionKeyNames.query.utf8.map(PathHash.lower)
    protocols = api.protocols
    isOpenToHTTP = api.protocols.contains(.http)
    isOpenToHTTPS = api.protocols.contains(.https)
    versionMark =
      switch (api.versionSet?.scheme, api.versionSet?.parameterName) {
      case (.header, let name?): HeaderName(name).map { .header($0, api.version) } ?? .unreadable(api.version)
      case (.query, let name?): .query(name.utf8.map(PathHash.lower), api.version)
      default: .none
      }
  }

  private static func plans(of api: API, product: Product?, _ plans: PlanSet) throws(PlanError) -> [PolicyPlan] {
    var list: [PolicyPlan] = []
    for operation in api.operations { list.append(try plans.plan(api: api, operation: operation, product: product)) }
    return list
  }

  /// The product of that identifier, if it contains the API and is published.
  func product(_ id: String) -> Shared<Product>? { products.first { $0.product.value.id == id }?.product }

  /// What the configuration says of an operation.
  func facts(operation index: Int) -> Shared<GatewayConfiguration.Operation> { routed[index].facts }

  /// The effective policy of an operation in a product's context.
  func plan(operation index: Int, product: Shared<Product>?) -> PolicyPlan? {
    guard let product else { return routed[index].plan }
    return products.first { $0.product === product }?.plans[index]
  }

  /// What an operation of this API says of its messages; nil when no plan asks.
  func contract(of operation: Shared<GatewayConfiguration.Operation>) -> MessageContract? {
    contracts[ObjectIdentifier(operation)]
  }

  /// Whether a connection to this API may leave HTTP for another protocol, as WebSocket does.
  func takesUpgrade(isTLS: Bool) -> Bool { protocols.contains(isTLS ? .wss : .ws) }

  /// Whether protocol and version are those the request asks for.
  func fits(_ request: borrowing MessageHead, isTLS: Bool) -> Bool {
    guard (isTLS ? isOpenToHTTPS : isOpenToHTTP) || request.asksUpgrade && takesUpgrade(isTLS: isTLS) else {
      return false
    }
    switch versionMark {
    case .none: return true
    case .header(let name, let version): return request.value(of: name) == version
    case .query(let name, let version):
      return QueryScan.value(of: name, in: Array((request.query ?? "").utf8)) == version
    case .unreadable(let version): return version == nil
    }
  }
}
