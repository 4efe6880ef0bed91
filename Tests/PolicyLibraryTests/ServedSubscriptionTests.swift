import GatewayConfiguration
import PolicyLibrary
import Testing

/// Subscriptions as they are kept, against those they are made of.
struct ServedSubscriptionTests {
  private static let subscriptions = [
    Subscription(id: "plain", displayName: "Plain", scope: .allAPIs, primaryKey: "first", secondaryKey: "second"),
    Subscription(
      id: "an identifier that is long", displayName: "Tür der Größe 2 – Ω", scope: .product("a product of many"),
      state: .suspended, primaryKey: "", secondaryKey: "schlüssel", ownerID: "ada", createdDate: 5, startDate: 7,
      endDate: 9, workspaceID: "the workspace of sales"),
    Subscription(id: "", displayName: "", scope: .api("a"), primaryKey: "", secondaryKey: ""),
    Subscription(
      id: "last", displayName: "Last", scope: .product("a product of many"), primaryKey: "k", secondaryKey: "k",
      ownerID: "nobody", createdDate: -1, endDate: 0),
  ]

  private static let snapshot = Snapshot(
    version: 1, service: ServiceIdentity(name: "postern", resourceID: "/service"),
    gateway: GatewayIdentity(id: "plant", location: "Hall 7"), subscriptions: subscriptions,
    users: [User(id: "ada", firstName: "Ada", lastName: "Ng", email: "ada@contoso.com")])

  @Test func `every one of a snapshot reads as it was`() {
    let all = ServedSubscription.all(of: Self.snapshot)
    #expect(all.count == Self.subscriptions.count)
    for (served, subscription) in zip(
      all + Self.subscriptions.map { ServedSubscription($0) }, Self.subscriptions + Self.subscriptions)
    {
      #expect(served.id == subscription.id && served.displayName == subscription.displayName)
      #expect(served.scope == subscription.scope && served.workspaceID == subscription.workspaceID)
      #expect(served.primaryKey == subscription.primaryKey && served.secondaryKey == subscription.secondaryKey)
      #expect(served.createdDate == subscription.createdDate && served.state == subscription.state)
      #expect(served.startDate == subscription.startDate && served.endDate == subscription.endDate)
    }
    #expect(all.map { $0.owner?.value.firstName } == [nil, "Ada", nil, nil])
  }

  @Test func `a key is that one and no other, in whole`() {
    let all = ServedSubscription.all(of: Self.snapshot)
    func has(_ index: Int, _ key: ServedSubscription.Key, _ text: String) -> Bool {
      all[index].has(key, Array(text.utf8).span)
    }
    #expect(has(0, .primary, "first") && has(0, .secondary, "second") && has(1, .secondary, "schlüssel"))
    #expect(!has(0, .primary, "second") && !has(0, .secondary, "first") && !has(1, .primary, "schlüssel"))
    #expect(!has(0, .primary, "firs") && !has(0, .primary, "firsts") && !has(0, .secondary, "secondan"))
  }

  @Test func `one is active between its dates alone`() {
    func isActive(_ state: Subscription.State, _ start: Int64?, _ end: Int64?, _ now: Int64) -> Bool {
      ServedSubscription(
        Subscription(
          id: "a", displayName: "A", scope: .allAPIs, state: state, primaryKey: "k", secondaryKey: "s",
          startDate: start,
          endDate: end)
      ).isActive(now)
    }
    #expect(isActive(.active, nil, nil, 5) && isActive(.active, 5, 6, 5) && isActive(.active, nil, 6, .min))
    #expect(!isActive(.active, 6, nil, 5) && !isActive(.active, nil, 5, 5) && !isActive(.suspended, nil, nil, 5))
  }
}
