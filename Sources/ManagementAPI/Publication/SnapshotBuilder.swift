import ControlPlaneStore
import Crypto
import Foundation
import GatewayConfiguration
import PolicyLibrary
import PolicySyntax

/// Makes the snapshot of one gateway out of all resources: only the APIs and workspaces put on it, and what they need.
struct SnapshotBuilder {
  /// The service, or a workspace of it: everything else that is asked for is looked up there alone.
  let root: ResourcePath
  private let byType: [String: [StoredResource]]
  /// Those that every service has; empty for the service itself.
  private let builtInGroups: [StoredResource]
  /// The service's workspaces.
  let workspaces: [SnapshotBuilder]

  init(resources: [StoredResource]) {
    let byRoot = Dictionary(grouping: resources) { $0.path.root }
    root = .service
    byType = Dictionary(grouping: byRoot[.service] ?? []) { $0.path.localType }
    builtInGroups = []
    let groups = (byType["groups"] ?? []).filter { $0.bool("builtIn") == true }
    workspaces = (byType[ResourcePath.workspaces] ?? []).map { workspace in
      SnapshotBuilder(root: workspace.path, resources: byRoot[workspace.path] ?? [], builtInGroups: groups)
    }
  }

  private init(root: ResourcePath, resources: [StoredResource], builtInGroups: [StoredResource]) {
    self.root = root
    byType = Dictionary(grouping: resources) { $0.path.localType }
    self.builtInGroups = builtInGroups
    workspaces = []
  }

  /// The same for a workspace, or for the service.
  func within(_ root: ResourcePath) -> SnapshotBuilder {
    workspaces.first { $0.root == root } ?? self
  }

  func all(_ type: String) -> [StoredResource] { byType[type] ?? [] }

  private func children(_ type: String, of parent: ResourcePath) -> [StoredResource] {
    all(type).filter { $0.path.parent == parent }
  }

  private func policy(_ type: String, of parent: ResourcePath) -> PolicyText? {
    children(type, of: parent).first?.string("value").map { PolicyText(rawXML: $0) }
  }

  static func seconds(_ text: String?) -> Int64? {
    guard let text else { return nil }
    let date =
      (try? Date(text, strategy: .iso8601))
      ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    return date.map { Int64($0.timeIntervalSince1970) }
  }

  /// What every policy of the service may name.
  var policyEnvironment: PolicyEnvironment {
    let values = namedValues
    let backends = backends
    return PolicyEnvironment(
      namedValues: NamedValues(
        Dictionary(values.map { ($0.displayName, $0.value) }) { first, _ in first },
        secrets: Set(values.filter(\.isSecret).map(\.displayName))),
      fragments: Dictionary(fragments.map { ($0.id, $0.rawXML) }) { first, _ in first },
      backends: Dictionary(backends.map { ($0.id, $0) }) { first, _ in first },
      certificates: certificates, schemas: schemas("schemas", of: root),
      eventHubs: Dictionary(eventHubs.map { ($0.id, $0) }) { first, _ in first })
  }

  func snapshot(
    gatewayID: String, location: String, version: UInt64, service: ServiceIdentity, debugKey: Data? = nil
  ) -> Snapshot {
    let links = all("gateways/apis").filter { $0.path.parent?.name.lowercased() == gatewayID.lowercased() }
    let served = Set(links.map { $0.name.lowercased() })
    let apis = apis { served.contains(ResourceRules.baseName($0)) }
    let products = products(of: apis)
    let inner = connectedWorkspaces(gatewayID)
    let subscriptions =
      (subscriptions(apis, products)
      + inner.flatMap { workspace, builder in
        builder.subscriptions(workspace.apis, workspace.products)
      }).sorted { $0.id < $1.id }
    let owners = Set(subscriptions.compactMap(\.ownerID))
    let backends = backends
    let global = policy("policies", of: root)
    let authorities = certificateAuthorities(of: gatewayID)
    let hostnames = hostnameConfigurations(of: gatewayID)
    return Snapshot(
      version: version, service: service,
      gateway: GatewayIdentity(
        id: gatewayID, location: location, certificateAuthorities: authorities, hostnameConfigurations: hostnames,
        replicaKey: replicaKey(gatewayID), debugKey: debugKey),
      apis: apis, products: products, subscriptions: subscriptions,
      users: all("users").filter { owners.contains($0.name) }.map(user).sorted { $0.id < $1.id },
      namedValues: namedValues, policyFragments: fragments, backends: backends,
      certificates: certificates(of: backends, authorities, hostnames, namedIn: texts(apis, products, global)),
      schemas: schemas("schemas", of: root), eventHubs: eventHubs, externalCache: externalCache(location: location),
      globalPolicy: global, workspaces: inner.map(\.workspace))
  }

  /// The workspaces that a gateway is connected to.
  private func connectedWorkspaces(_ gatewayID: String) -> [(workspace: Workspace, builder: SnapshotBuilder)] {
    let sources = all("gateways/configConnections").filter {
      $0.path.parent?.name.lowercased() == gatewayID.lowercased()
    }.compactMap { ResourceReference($0.string("sourceId") ?? "")?.path }
    return all(ResourcePath.workspaces).filter { sources.contains($0.path) }.compactMap { resource in
      let builder = within(resource.path)
      let identity = WorkspaceIdentity(
        id: resource.name, displayName: resource.string("displayName") ?? resource.name)
      return (builder.workspace(identity), builder)
    }.sorted { $0.workspace.identity.id < $1.workspace.identity.id }
  }

  private func workspace(_ identity: WorkspaceIdentity) -> Workspace {
    var apis = apis { _ in true }
    for index in apis.indices { apis[index].workspace = identity }
    let products = products(of: apis)
    let backends = backends
    let policy = policy("policies", of: root)
    return Workspace(
      identity: identity, apis: apis, products: products, namedValues: namedValues, policyFragments: fragments,
      backends: backends, certificates: certificates(of: backends, namedIn: texts(apis, products, policy)),
      schemas: schemas("schemas", of: root), eventHubs: eventHubs, policy: policy)
  }

  // MARK: - APIs and who may call them

  private func apis(_ isServed: (String) -> Bool) -> [API] {
    all("apis").filter { isServed($0.name) && $0.bool("isOnline") != false }
      .map(api).sorted { ($0.id, $0.revision) < ($1.id, $1.revision) }
  }

  private func products(of apis: [API]) -> [Product] {
    let ids = Set(apis.map { $0.id.lowercased() })
    return all("products").map { product($0, ids) }.filter { !$0.apiIDs.isEmpty }.sorted { $0.id < $1.id }
  }

  /// Those that open one of the APIs.
  private func subscriptions(_ apis: [API], _ products: [Product]) -> [Subscription] {
    let ids = Set(apis.map { $0.id.lowercased() })
    let productIDs = Set(products.map { $0.id.lowercased() })
    return all("subscriptions").compactMap(subscription).filter { subscription in
      switch subscription.scope {
      case .service, .allAPIs: true
      case .api(let id): ids.contains(id.lowercased())
      case .product(let id): productIDs.contains(id.lowercased())
      }
    }
  }

  /// Every text that may name something.
  private func texts(_ apis: [API], _ products: [Product], _ outermost: PolicyText?) -> [String] {
    let ofAPIs = apis.flatMap { api in
      [api.policy] + api.operations.map(\.policy) + (api.graphQL?.resolvers.map(\.policy) ?? [])
    }
    let policies = [outermost] + ofAPIs + products.map(\.policy)
    return policies.compactMap { $0?.rawXML } + fragments.map(\.rawXML) + namedValues.map(\.value)
  }

  /// From the gateway's keys, so that who may no longer ask for the configuration may no longer take part among replicas.
  private func replicaKey(_ gatewayID: String) -> Data? {
    guard let gateway = all("gateways").first(where: { $0.name.lowercased() == gatewayID.lowercased() }),
      let primary = gateway.secrets["primaryKey"], let secondary = gateway.secrets["secondaryKey"]
    else { return nil }
    let key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: Data("\(primary)\n\(secondary)".utf8)),
      info: Data("postern replicas \(gateway.name.lowercased())".utf8), outputByteCount: 32)
    return key.withUnsafeBytes { Data($0) }
  }

  private func api(_ resource: StoredResource) -> API {
    let names = resource["subscriptionKeyParameterNames"]
    let separator = resource.name.range(of: ";rev=", options: .caseInsensitive)
    return API(
      id: separator.map { String(resource.name[..<$0.lowerBound]) } ?? resource.name,
      displayName: resource.string("displayName") ?? resource.name, path: resource.string("path") ?? "",
      revision: separator.map { String(resource.name[$0.upperBound...]) } ?? resource.string("apiRevision") ?? "1",
      isCurrentRevision: separator == nil,
      protocols: Set((resource["protocols"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(API.Scheme.init) }),
      kind: resource.string("type").flatMap(API.Kind.init),
      serviceURL: resource.string("serviceUrl").flatMap { $0.isEmpty ? nil : $0 },
      subscriptionRequired: resource.bool("subscriptionRequired") ?? true,
      subscriptionKeyNames: SubscriptionKeyNames(
        header: names?["header"]?.stringValue ?? "Ocp-Apim-Subscription-Key",
        query: names?["query"]?.stringValue ?? "subscription-key"),
      operations: children("apis/operations", of: resource.path).map { operation in
        GatewayConfiguration.Operation(
          id: operation.name, displayName: operation.string("displayName") ?? operation.name,
          method: operation.string("method") ?? "GET", urlTemplate: operation.string("urlTemplate") ?? "/",
          policy: policy("apis/operations/policies", of: operation.path),
          contract: OperationContract(operation.properties))
      }.sorted { $0.id < $1.id }, schemas: schemas("apis/schemas", of: resource.path),
      graphQL: resource.string("type") == "graphql" ? graphQL(of: resource.path) : nil, odata: odata(of: resource),
      policy: policy("apis/policies", of: resource.path))
  }

  private func graphQL(of api: ResourcePath) -> GraphQLService {
    GraphQLService(
      schema: children("apis/schemas", of: api).sorted { $0.name < $1.name }
        .lazy.compactMap { GraphQLService.schema($0.properties) }.first ?? "",
      resolvers: children("apis/resolvers", of: api).map { resolver in
        GraphQLResolver(
          id: resolver.name, path: resolver.string("path") ?? "",
          policy: policy("apis/resolvers/policies", of: resolver.path))
      }.sorted { $0.id < $1.id })
  }

  /// What clients can subscribe to at an API.
  func subscriptionFields(of api: ResourcePath) -> SubscriptionFields {
    SubscriptionFields(schema: graphQL(of: api).schema, api: api.name)
  }

  /// An API is one of OData by its type, or by a schema.
  private func odata(of api: StoredResource) -> ODataService? {
    let metadata = children("apis/schemas", of: api.path).sorted { $0.name < $1.name }
      .lazy.compactMap { ODataService.metadata($0.properties) }.first
    guard metadata != nil || api.string("type") == "odata" else { return nil }
    return ODataService(metadata: metadata)
  }

  private func schemas(_ type: String, of parent: ResourcePath) -> [SchemaDocument] {
    children(type, of: parent).compactMap { SchemaDocument($0.properties, id: $0.name) }.sorted { $0.id < $1.id }
  }

  /// Of loggers whose credentials are complete.
  private var eventHubs: [EventHub] {
    let values = Dictionary(namedValues.map { ($0.displayName, $0.value) }) { first, _ in first }
    return all("loggers").compactMap { logger in
      var text = logger.secrets["connectionString"]
      for (name, value) in values { text = text?.replacing("{{\(name)}}", with: value) }
      return try? EventHub(
        id: logger.name, logger["credentials"]?.objectValue ?? [:], connectionString: text)
    }.sorted { $0.id < $1.id }
  }

  private func product(_ resource: StoredResource, _ served: Set<String>) -> Product {
    Product(
      id: resource.name, displayName: resource.string("displayName") ?? resource.name,
      isPublished: resource.string("state") == "published",
      subscriptionRequired: resource.bool("subscriptionRequired") ?? true,
      approvalRequired: resource.bool("approvalRequired") ?? false,
      subscriptionsLimit: resource["subscriptionsLimit"]?.integerValue.map(Int.init),
      apiIDs: linked("apis", "apiLinks", "apiId", to: resource).filter { served.contains($0.lowercased()) },
      groups: linked("groups", "groupLinks", "groupId", to: resource).map(group),
      policy: policy("products/policies", of: resource.path))
  }

  /// The names of what belongs to a product, sorted: memberships in the service, links in a workspace.
  private func linked(_ memberships: String, _ links: String, _ member: String, to product: StoredResource) -> [String]
  {
    let ids = children("products/\(links)", of: product.path).compactMap { $0.string(member) }
    return
      (children("products/\(memberships)", of: product.path).map(\.name)
      + ids.compactMap { ResourceReference($0)?.path?.name }).sorted()
  }

  private func group(_ name: String) -> GatewayConfiguration.Group {
    let resource = (all("groups") + builtInGroups).first { $0.name.lowercased() == name.lowercased() }
    return GatewayConfiguration.Group(id: name, displayName: resource?.string("displayName") ?? name)
  }

  private func subscription(_ resource: StoredResource) -> Subscription? {
    guard let reference = ResourceReference(resource.string("scope") ?? "") else { return nil }
    let scope: Subscription.Scope
    if let path = reference.path {
      scope = path.localType == "products" ? .product(path.name) : .api(path.name)
    } else {
      scope = reference.fullID.hasSuffix("/apis") ? .allAPIs : .service
    }
    return Subscription(
      id: resource.name, displayName: resource.string("displayName") ?? resource.name, scope: scope,
      state: Subscription.State(rawValue: resource.string("state") ?? "") ?? .suspended,
      primaryKey: resource.secrets["primaryKey"] ?? "", secondaryKey: resource.secrets["secondaryKey"] ?? "",
      ownerID: resource.string("ownerId").flatMap { ResourceReference($0)?.path?.name },
      createdDate: Self.seconds(resource.string("createdDate")) ?? 0,
      startDate: Self.seconds(resource.string("startDate")),
      endDate: Self.seconds(resource.string("endDate") ?? resource.string("expirationDate")),
      allowTracing: resource.bool("allowTracing") ?? false,
      workspaceID: root == .service ? nil : root.name)
  }

  private func user(_ resource: StoredResource) -> User {
    User(
      id: resource.name, firstName: resource.string("firstName") ?? "", lastName: resource.string("lastName") ?? "",
      email: resource.string("email") ?? "", note: resource.string("note"),
      registrationDate: Self.seconds(resource.string("registrationDate")) ?? 0,
      groups: all("groups/users").filter { $0.name.lowercased() == resource.name.lowercased() }
        .compactMap { $0.path.parent.map { group($0.name) } })
  }

  var namedValues: [NamedValue] {
    all("namedValues").map { resource in
      NamedValue(
        displayName: resource.string("displayName") ?? resource.name,
        value: resource.secrets["value"] ?? resource.string("value") ?? "", isSecret: resource.bool("secret") ?? false)
    }.sorted { $0.displayName < $1.displayName }
  }

  private var fragments: [PolicyFragment] {
    all("policyFragments").map { PolicyFragment(id: $0.name, rawXML: $0.string("value") ?? "") }.sorted {
      $0.id < $1.id
    }
  }
}
