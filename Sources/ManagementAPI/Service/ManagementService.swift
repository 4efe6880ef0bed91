public import ControlPlaneStore
public import Crypto
public import Foundation
import GatewayConfiguration
import PolicyLibrary
import PolicySyntax

/// The management service: everything the REST API and the portal do, over one store.
public final class ManagementService: Sendable {
  /// The ARM id of the one service an installation has.
  public static let resourceID =
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/postern/providers/Microsoft.ApiManagement/service/postern"

  public let store: any ResourceStore
  public let activity: any ActivityStore
  /// Signs snapshots.
  public let signingKey: Curve25519.Signing.PrivateKey
  public let publisher: SnapshotPublisher
  public let quotas: QuotaCounters
  public let traces = GatewayTraces()
  /// What gateways are told to connect to.
  public let gatewayEndpoint: String
  /// DER of the authority that signed the service's certificate, for `env.conf`; nil where systems trust it anyway.
  public let certificateAuthority: Data?
  private let credentialHash: Data

  /// A service that is ready, and the credential if this was its first start.
  public struct Opened: Sendable {
    public var service: ManagementService
    /// Shown once, never stored.
    public var administratorCredential: String?
  }

  private init(
    store: any ResourceStore, activity: any ActivityStore, signingKey: Curve25519.Signing.PrivateKey,
    credentialHash: Data, gatewayEndpoint: String, certificateAuthority: Data?, quotas: QuotaCounters
  ) {
    self.store = store
    self.activity = activity
    self.quotas = quotas
    self.signingKey = signingKey
    self.credentialHash = credentialHash
    self.gatewayEndpoint = gatewayEndpoint
    self.certificateAuthority = certificateAuthority
    publisher = SnapshotPublisher(
      store: store, key: signingKey, service: ServiceIdentity(name: "postern", resourceID: Self.resourceID))
  }

  /// Opens the data of a service, or creates them: keys, credential, the built-in resources.
  public static func open(
    directory: URL, gatewayEndpoint: String, certificateAuthority: Data?
  ) async throws -> Opened {
    let store = try SQLiteResourceStore(directory: directory)
    let activity = try SQLiteActivityStore(directory: directory)
    var key = Curve25519.Signing.PrivateKey()
    if let stored = try await store.setting("signing-key") {
      key = try Curve25519.Signing.PrivateKey(rawRepresentation: stored)
    } else {
      try await store.setSetting("signing-key", to: key.rawRepresentation)
    }
    var credential: String?
    var hash = try await store.setting("administrator-credential")
    if hash == nil {
      let made = Secret.text()
      credential = made
      hash = Data(SHA256.hash(data: Data(made.utf8)))
      try await FirstStart.create(in: store)
      // Last: a first start that is interrupted begins again, and shows a credential that holds.
      try await store.setSetting("administrator-credential", to: hash)
    }
    let service = ManagementService(
      store: store, activity: activity, signingKey: key, credentialHash: hash ?? Data(),
      gatewayEndpoint: gatewayEndpoint, certificateAuthority: certificateAuthority,
      quotas: try await QuotaCounters(activity: activity, store: store))
    return Opened(service: service, administratorCredential: credential)
  }

  /// Whether a text is the administrator credential; compared in constant time.
  public func isAdministrator(_ credential: String) -> Bool {
    guard credential.utf8.count <= 256 else { return false }
    return Secret.areEqual(Data(SHA256.hash(data: Data(credential.utf8))), credentialHash)
  }

  // MARK: - Resources

  /// The resource at a path.
  public func get(_ path: ResourcePath, withSecrets: Bool = false) async throws(ManagementError) -> StoredResource {
    do throws(StoreError) {
      if let resource = try await store.resource(at: path, withSecrets: withSecrets) { return resource }
    } catch {
      throw ManagementError(error)
    }
    throw .notFound(ResourceKind.of(path)?.title ?? "Resource")
  }

  /// The resources of a type below a parent, or of the service; the type is that below the parent's root.
  public func list(_ type: String, under parent: ResourcePath? = nil) async throws(ManagementError) -> [StoredResource]
  {
    do throws(StoreError) {
      return try await store.resources(ofType: parent?.type(below: type) ?? type, under: parent)
    } catch {
      throw ManagementError(error)
    }
  }

  /// The resources of a type anywhere in the service, but for its workspaces, or in one of these.
  func list(_ type: String, in root: ResourcePath) async throws(ManagementError) -> [StoredResource] {
    do throws(StoreError) {
      return try await store.resources(ofType: root.type(below: type)).filter { $0.path.root == root }
    } catch {
      throw ManagementError(error)
    }
  }

  /// The resources of a type in the service and in all of its workspaces.
  func listEverywhere(_ type: String) async throws(ManagementError) -> [StoredResource] {
    do throws(StoreError) {
      return try await store.resources(ofType: type)
        + store.resources(ofType: "\(ResourcePath.workspaces)/\(type)")
    } catch {
      throw ManagementError(error)
    }
  }

  /// Creates or replaces a resource.
  @discardableResult
  public func put(
    _ path: ResourcePath, _ sent: JSONObject, if precondition: Precondition = .none
  ) async throws(ManagementError) -> (resource: StoredResource, created: Bool) {
    guard let kind = ResourceKind.of(path) else { throw .notFound("Resource") }
    guard path.segments.allSatisfy({ ResourceKind.isName($0.name) }), kind.onlyName == nil || kind.onlyName == path.name
    else { throw .validation("name", "'\(path.name)' cannot be the name of a \(kind.title).") }
    if let parent = path.parent, !parent.segments.isEmpty, parent.text.lowercased() != "/gateways/managed" {
      _ = try await get(parent)
    }
    if let target = kind.linked(path) { return try await link(path, to: target) }
    let existing = try await find(path)
    if existing == nil { try await refuseTakenName(path, kind) }
    var properties = try kind.check(sent)
    for (name, value) in kind.defaults where properties[name] == nil { properties[name] = value }
    let imported = kind.type == "apis" ? try await importing(&properties, into: path) : []
    var secrets: [String: String] = [:]
    try await ResourceRules(service: self, path: path, kind: kind, existing: existing)
      .apply(&properties, &secrets)
    var mutations = [Mutation.put(path, properties, secrets: secrets.isEmpty ? nil : secrets, if: precondition)]
    if existing == nil, let managed = managedByDefault(path, kind) { mutations.append(managed) }
    let commit = try await commit(mutations + imported)
    guard let first = commit.written.first else { throw .notFound(kind.title) }
    return first
  }

  /// As in the product, a new API or workspace is served by the managed gateway until somebody takes it off.
  private func managedByDefault(_ path: ResourcePath, _ kind: ResourceKind) -> Mutation? {
    let managed = ResourcePath.service.child("gateways", "managed")
    switch kind.type {
    case "apis" where path.root == .service: return .put(managed.child("apis", path.name), [:])
    case "workspaces":
      return .put(
        managed.child("configConnections", path.name), ["sourceId": .string(Self.resourceID + path.text)])
    default: return nil
    }
  }

  /// Names are taken once in the service with all of its workspaces, as in the product: an identifier in a record or in a
  /// counter's name means one thing.
  private func refuseTakenName(_ path: ResourcePath, _ kind: ResourceKind) async throws(ManagementError) {
    guard kind.roots == .both, kind.onlyName == nil, !kind.type.contains("/") else { return }
    guard let other = try await namesake(of: path, kind) else { return }
    let place = other.path.isInWorkspace ? "the workspace '\(other.path.root.name)'" : "the service"
    throw .validation(
      "name", "\(kind.title) '\(other.name)' is in \(place) already; names are unique over all workspaces.")
  }

  /// What has the same name in the service or in a workspace, but for where the path leads. Asked for by name: there may be
  /// ten thousand subscriptions. Revisions of an API have names of their own, and APIs are few.
  private func namesake(of path: ResourcePath, _ kind: ResourceKind) async throws(ManagementError) -> StoredResource? {
    if kind.type == "apis" {
      let name = ResourceRules.baseName(path.name)
      return try await listEverywhere("apis").first {
        $0.path.root != path.root && ResourceRules.baseName($0.name) == name
      }
    }
    for root in [.service] + (try await list(ResourcePath.workspaces)).map(\.path) where root != path.root {
      if let other = try await find(root.child(kind.type, path.name)) { return other }
    }
    return nil
  }

  /// What an API is made from, `format` and `value`, as changes: its operations, or its metadata document of OData, take the
  /// place of those there are.
  private func importing(
    _ properties: inout JSONObject, into path: ResourcePath
  ) async throws(ManagementError) -> [Mutation] {
    let (format, text) = (properties.string("format"), properties.string("value"))
    properties["format"] = nil
    properties["value"] = nil
    guard let format else {
      if text != nil { throw .validation("format", "'value' needs a 'format' that says what it is.") }
      return []
    }
    if format == "odata" { return try await importing(metadata: text ?? "", &properties, into: path) }
    let definition: ServiceDefinition
    do { definition = try ServiceDefinition(text ?? "") } catch {
      throw .validation("value", "Line \(error.line): \(error.message)")
    }
    properties["type"] = .string(format)
    var mutations: [Mutation] = []
    let kept = Set(definition.methods.map { $0.id.lowercased() })
    for operation in try await list("apis/operations", under: path) where !kept.contains(operation.name.lowercased()) {
      mutations.append(.delete(operation.path))
    }
    for method in definition.methods {
      let operation: JSONObject = [
        "displayName": .string(method.name), "method": "POST", "urlTemplate": .string(method.path),
        "description": .string(method.kind.rawValue), "templateParameters": [], "responses": [],
      ]
      mutations.append(.put(path.child("operations", method.id), operation))
    }
    return mutations
  }

  private func importing(
    metadata: String, _ properties: inout JSONObject, into path: ResourcePath
  ) async throws(ManagementError) -> [Mutation] {
    if let complaint = ContractCheck.complaint(aboutOData: metadata) { throw .validation("value", complaint) }
    properties["type"] = "odata"
    let schema = path.child("schemas", "metadata")
    var mutations: [Mutation] = []
    for other in try await list("apis/schemas", under: path)
    where ODataService.metadata(other.properties) != nil && other.name.lowercased() != schema.name {
      mutations.append(.delete(other.path))
    }
    mutations.append(
      .put(
        schema, ["contentType": .string(ODataService.contentType), "document": .object(["value": .string(metadata)])]))
    return mutations
  }

  private func link(_ path: ResourcePath, to target: ResourcePath) async throws(ManagementError) -> (
    resource: StoredResource, created: Bool
  ) {
    _ = try await get(target)
    let commit = try await commit([.put(path, [:])])
    guard let first = commit.written.first else { throw .notFound("Resource") }
    return first
  }

  /// Changes some members of a resource.
  public func patch(
    _ path: ResourcePath, _ changes: JSONObject, if precondition: Precondition
  ) async throws(ManagementError) -> StoredResource {
    let existing = try await get(path)
    let merged = JSON.object(existing.properties).merged(with: .object(changes)).objectValue ?? existing.properties
    return try await put(path, merged, if: precondition == .none ? .unchanged(existing.etag) : precondition).resource
  }

  /// Deletes a resource with everything below it, and the memberships that name it; false when there was none.
  @discardableResult
  public func delete(_ path: ResourcePath, if precondition: Precondition = .none) async throws(ManagementError) -> Bool
  {
    guard let kind = ResourceKind.of(path) else { throw .notFound("Resource") }
    guard let existing = try await find(path) else { return false }
    if ["policyFragments", "namedValues", "backends", "certificates", "schemas", "apis/schemas", "loggers"].contains(
      kind.type)
    {
      try await Dependents(service: self, root: path.root).refuseDeletion(of: existing, kind)
    }
    var mutations = [Mutation.delete(path, if: precondition)]
    for other in ResourceKind.all {
      if other.linkTo == kind.type {
        for link in try await listEverywhere(other.type) where other.linked(link.path) == path {
          mutations.append(.delete(link.path))
        }
      } else if let reference = other.reference, reference.collection == kind.type {
        for link in try await listEverywhere(other.type)
        where ResourceReference(link.string(reference.member) ?? "")?.path == path {
          mutations.append(.delete(link.path))
        }
      }
    }
    _ = try await commit(mutations)
    if kind.type == "gateways" {
      do throws(StoreError) { try await activity.forgetNodes(ofGateway: path.name) } catch {
        throw ManagementError(error)
      }
    }
    return true
  }

  func find(_ path: ResourcePath) async throws(ManagementError) -> StoredResource? {
    do throws(StoreError) {
      return try await store.resource(at: path)
    } catch {
      throw ManagementError(error)
    }
  }

  func commit(_ mutations: [Mutation]) async throws(ManagementError) -> Commit {
    do throws(StoreError) {
      return try await store.commit(mutations)
    } catch {
      throw ManagementError(error)
    }
  }
}
