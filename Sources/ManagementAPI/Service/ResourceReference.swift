import ControlPlaneStore
import PolicyLibrary

/// A reference to a resource of this service, short (`/products/staff`) or as a full ARM id.
struct ResourceReference {
  /// Nil for the service itself and for all APIs.
  let path: ResourcePath?
  let fullID: String
  /// Whether subscriptions may be for it.
  let isScope: Bool
  /// The service or the workspace where it leads.
  let root: ResourcePath

  /// - Parameter root: where a short reference begins.
  init?(_ text: String, in root: ResourcePath = .service) {
    var rest = text
    while rest.hasSuffix("/") { rest.removeLast() }
    if rest.lowercased().hasPrefix(ManagementService.resourceID.lowercased()) {
      rest = String(rest.dropFirst(ManagementService.resourceID.count))
    } else if !rest.lowercased().hasPrefix("/\(ResourcePath.workspaces)/") {
      rest = root.text + rest
    }
    if rest.isEmpty {
      self.init(path: nil, fullID: ManagementService.resourceID + "/", isScope: true, root: .service)
    } else if rest.lowercased().hasSuffix("/apis"), let above = ResourcePath(text: String(rest.dropLast(5))),
      above.segments.isEmpty || ResourceKind.of(above)?.type == ResourcePath.workspaces
    {
      self.init(
        path: nil, fullID: "\(ManagementService.resourceID)\(above.text)/apis", isScope: true, root: above)
    } else if let found = ResourcePath(text: rest), let kind = ResourceKind.of(found) {
      self.init(
        path: found, fullID: ManagementService.resourceID + found.text,
        isScope: kind.type == "products" || kind.type == "apis", root: found.root)
    } else {
      return nil
    }
  }

  private init(path: ResourcePath?, fullID: String, isScope: Bool, root: ResourcePath) {
    self.path = path
    self.fullID = fullID
    self.isScope = isScope
    self.root = root
  }
}

extension ManagementService {
  /// What policies of the service, or of a workspace, can refer to just now.
  /// - Parameter api: for a resolver of that API.
  func policyEnvironment(
    of root: ResourcePath, publishingTo api: ResourcePath? = nil
  ) async throws(ManagementError) -> PolicyEnvironment {
    do throws(StoreError) {
      let (_, resources) = try await store.everything()
      let builder = SnapshotBuilder(resources: resources).within(root)
      var environment = builder.policyEnvironment
      if let api { environment.subscriptions = builder.subscriptionFields(of: api) }
      return environment
    } catch {
      throw ManagementError(error)
    }
  }
}
