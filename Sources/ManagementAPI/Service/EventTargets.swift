import ControlPlaneStore
import Expressions
import Foundation
import PolicyLibrary

/// The subscriptions that `publish-event` names: a schema, or a fragment, is not changed so that a saved policy of a resolver
/// would publish to a field that is not there.
struct EventTargets {
  let service: ManagementService
  /// What is written or deleted: a schema of an API, or a fragment.
  let path: ResourcePath

  /// What saved policies of resolvers would have to complain about.
  /// - Parameter properties: of what is written; nil when it is deleted.
  func complaints(
    with properties: JSONObject?
  ) async throws(ManagementError) -> [(policy: ResourcePath, complaint: PolicyDiagnostic)] {
    var resources: [StoredResource]
    do throws(StoreError) { resources = try await service.store.everything().resources } catch {
      throw ManagementError(error)
    }
    resources.removeAll { $0.path == path }
    if let properties {
      resources.append(
        StoredResource(path: path, properties: properties, revision: 0, createdAt: .now, updatedAt: .now))
    }
    let builder = SnapshotBuilder(resources: resources).within(path.root)
    var complaints: [(ResourcePath, PolicyDiagnostic)] = []
    for policy in builder.all("apis/resolvers/policies") {
      let text = policy.string("value") ?? ""
      guard let api = policy.path.parent?.parent, path.localType == "policyFragments" || api == path.parent,
        text.contains("publish-event") || text.contains("include-fragment")
      else { continue }
      var environment = builder.policyEnvironment
      environment.subscriptions = builder.subscriptionFields(of: api)
      complaints += PolicyCheck.diagnostics(resolver: text, in: environment)
        .filter { $0.code == PolicyDiagnostic.unknownSubscription }.map { (policy.path, $0) }
    }
    return complaints.sorted { $0.0.text < $1.0.text }
  }

  /// Refuses what is to be written, with every policy that it does not suit.
  func refuse(_ properties: JSONObject, target: String) async throws(ManagementError) {
    let complaints = try await complaints(with: properties)
    guard !complaints.isEmpty else { return }
    throw .validation(
      complaints.map { policy, complaint in
        .init(
          target: target,
          message:
            "The policy at \(policy.text) would no longer do what it says: line \(complaint.position.line), column "
            + "\(complaint.position.column): \(complaint.code): \(complaint.message)")
      })
  }
}
