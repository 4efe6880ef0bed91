import ControlPlaneStore
import Crypto
import Foundation
import GatewayConfiguration
import PolicyLibrary
import PolicySyntax

/// Makes the snapshot of one gateway out of all resources: only the APIs put on it, and what they need.
struct SnapshotBuilder {
  private let byType: [String: [StoredResource]]

  init(resources: [StoredResource]) {
    byType = Dictionary(grouping: resources) { $0.path.type }
  }

  func all(_ type: String) -> [StoredResource] { byType[type] ?? [] }

  private func children(_ type: String, of parent: ResourcePath) -> [StoredResource] {
    all(type).filter { $0.path.parent == parent }
  }

  private func policy(_ type: String, of parent: ResourcePath) -> PolicyText? {
    children(type, of: parent).first?.string("value").map { PolicyText(rawXML: $0) }
  }

  private static func seconds(_ text: String?) -> Int64? {
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
      certificates: certificates, schemas: schemas("schemas"),
      eventHubs: Dictionary(eventHubs.map { ($0.id, $0) }) { first, _ in first })
  }

  func snapshot(gatewayID: String, location: String, version: UInt64, service: ServiceIdentity) -> Snapshot {
    let links = all("gateways/apis").filter { $0.path.parent?.name.lowercased() == gatewayID.lowercased() }
    let served = Set(links.map { $0.name.lowercased() })
    let apis = all("apis").filter { served.contains(ResourceRules.baseName($0.name)) && $0.bool("isOnline") != false }
      .map(api).sorted { ($0.id, $0.revision) < ($1.id, $1.revision) }
    let ids = Set(apis.map { $0.id.lowercased() })
    let products = all("products").map { product($0, ids) }.filter { !$0.apiIDs.isEmpty }.sorted { $0.id < $1.id }
    let productIDs = Set(products.map { $0.id.lowercased() })
    let subscriptions = all("subscriptions").compactMap(subscription).filter { subscription in
      switch subscription.scope {
      case .service, .allAPIs: true
      case .api(let id): ids.contains(id.lowercased())
      case .product(let id): productIDs.contains(id.lowercased())
      }
    }.sorted { $0.id < $1.id }
    let owners = Set(subscriptions.compactMap(\.ownerID))
    let backends = backends
    let global = policy("policies", of: .service)
    let authorities = certificateAuthorities(of: gatewayID)
    let ofAPIs = apis.flatMap { api in
      [api.policy] + api.operations.map(\.policy) + (api.graphQL?.resolvers.map(\.policy) ?? [])
    }
    let policies = [global] + ofAPIs + products.map(\.policy)
    let texts = policies.compactMap { $0?.rawXML } + fragments.map(\.rawXML) + namedValues.map(\.value)
    return Snapshot(
      version: version, service: service,
      gateway: GatewayIdentity(
        id: gatewayID, location: location, certificateAuthorities: authorities, replicaKey: replicaKey(gatewayID)),
      apis: apis,
      products: products, subscriptions: subscriptions,
      users: all("users").filter { owners.contains($0.name) }.map(user).sorted { $0.id < $1.id },
      namedValues: namedValues, policyFragments: fragments, backends: backends,
      certificates: certificates(of: backends, authorities, namedIn: texts), schemas: schemas("schemas"),
      eventHubs: eventHubs, externalCache: externalCache(location: location), globalPolicy: global)
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
      graphQL: resource.string("type") == "graphql" ? graphQL(of: resource.path) : nil,
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

  private func schemas(_ type: String, of parent: ResourcePath = .service) -> [SchemaDocument] {
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
      apiIDs: children("products/apis", of: resource.path).map(\.name).filter { served.contains($0.lowercased()) }
        .sorted(),
      groups: children("products/groups", of: resource.path).map { group($0.name) },
      policy: policy("products/policies", of: resource.path))
  }

  private func group(_ name: String) -> GatewayConfiguration.Group {
    let resource = all("groups").first { $0.name.lowercased() == name.lowercased() }
    return GatewayConfiguration.Group(id: name, displayName: resource?.string("displayName") ?? name)
  }

  private func subscription(_ resource: StoredResource) -> Subscription? {
    guard let reference = ResourceReference(resource.string("scope") ?? "") else { return nil }
    let scope: Subscription.Scope
    if let path = reference.path {
      scope = path.type == "products" ? .product(path.name) : .api(path.name)
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
      allowTracing: resource.bool("allowTracing") ?? false)
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
