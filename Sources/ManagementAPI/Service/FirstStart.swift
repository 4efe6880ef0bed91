import ControlPlaneStore
import Foundation

/// What every service has from its first moment.
enum FirstStart {
  static func create(in store: any ResourceStore) async throws(StoreError) {
    let root = ResourcePath.service
    var mutations: [Mutation] = []
    for (name, title) in [("administrators", "Administrators"), ("developers", "Developers"), ("guests", "Guests")] {
      mutations.append(
        .put(root.child("groups", name), ["displayName": .string(title), "type": "system", "builtIn": true]))
    }
    mutations.append(
      .put(
        root.child("users", "1"),
        [
          "firstName": "Administrator", "lastName": "", "email": "administrator@localhost", "state": "active",
          "registrationDate": .string(Date.now.formatted(.iso8601)),
        ]))
    mutations.append(.put(root.child("groups", "administrators").child("users", "1"), [:]))
    mutations.append(
      .put(
        root.child("subscriptions", "master"),
        [
          "displayName": "Built-in all-access subscription", "scope": .string(ManagementService.resourceID + "/"),
          "state": "active", "allowTracing": true, "createdDate": .string(Date.now.formatted(.iso8601)),
        ], secrets: ["primaryKey": Secret.subscriptionKey(), "secondaryKey": Secret.subscriptionKey()]))
    try await store.commit(mutations)
  }
}
