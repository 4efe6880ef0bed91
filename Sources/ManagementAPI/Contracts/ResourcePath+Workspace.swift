import ControlPlaneStore

/// The service and each of its workspaces are roots: the same kinds of resources stand below all of them, and names are
/// looked up within one.
extension ResourcePath {
  static let workspaces = "workspaces"

  /// Whether a workspace is the resource itself or above it.
  private var isOfWorkspace: Bool { segments.first?.collection.lowercased() == Self.workspaces }

  /// Whether it stands below a workspace; a workspace itself is a resource of the service.
  var isInWorkspace: Bool { isOfWorkspace && segments.count > 1 }

  /// The workspace it stands in, else the service.
  var root: ResourcePath { isInWorkspace ? ResourcePath([segments[0]]) : .service }

  /// The collections below its root, such as `apis/operations`.
  var localType: String {
    segments.dropFirst(isInWorkspace ? 1 : 0).map(\.collection).joined(separator: "/")
  }

  /// The type of what stands below this resource, which is a root or within one, by the collections below the root.
  func type(below localType: String) -> String {
    isOfWorkspace ? "\(Self.workspaces)/\(localType)" : localType
  }
}
