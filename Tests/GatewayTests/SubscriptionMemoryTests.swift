import CMemory
import Crypto
import Expressions
import GatewayConfiguration
import Logging
import PolicyLibrary
import Testing

@testable import Gateway

/// What a gateway keeps for each subscription: it may have a hundred thousand of them.
struct SubscriptionMemoryTests {
  private static func hexadecimal(_ number: Int, _ digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: digits - text.count) + text
  }

  private static func primaryKey(_ number: Int) -> String { hexadecimal(number, 32) }

  /// A configuration as it comes from the service, in force, with subscriptions of a hundred owners.
  private static func serving(_ count: Int) throws -> ServingConfiguration {
    func owner(_ number: Int) -> String { "owner-of-many-keys-\(number % 100)" }
    let snapshot = Snapshot(
      version: 1, service: ServiceIdentity(name: "postern", resourceID: "/service"),
      gateway: GatewayIdentity(id: "plant", location: "Hall 7"),
      subscriptions: (0..<count).map { number in
        Subscription(
          id: hexadecimal(number, 24), displayName: "Orders of plant \(hexadecimal(number, 6))",
          scope: .product("unlimited-for-partners"), primaryKey: primaryKey(number),
          secondaryKey: "f" + hexadecimal(number, 31), ownerID: owner(number), createdDate: 1_700_000_000)
      },
      users: (0..<100).map {
        User(id: owner($0), firstName: "Ada", lastName: "Ng", email: "ada.ng.\($0)@contoso.com")
      })
    let sealed = try SnapshotCodec.seal(snapshot, key: Curve25519.Signing.PrivateKey())
    return try ServingConfiguration(
      SnapshotCodec.open(sealed, key: nil), instanceID: "one", limits: EvaluationLimits(),
      backends: BackendRegistry(logger: Logger(label: "test")))
  }

  // In a process of its own, where nothing else allocates.
  @Test func `each of 100000 subscriptions takes 400 bytes at most`() async {
    await #expect(processExitsWith: .success) {
      let count = 100_000
      // What is made once, and what the owners take, stays out of the account.
      let few = try Self.serving(1)
      let before = postern_allocated_bytes()
      let many = try Self.serving(count)
      let each = (Double(postern_allocated_bytes()) - Double(before)) / Double(count)
      #expect(each > 100, "\(each) bytes are less than what has to be kept")
      #expect(each <= 400)
      let last = Array(Self.primaryKey(count - 1).utf8)
      #expect(many.subscriptions.find(last.span)?.id == Self.hexadecimal(count - 1, 24))
      #expect(few.subscriptions.find(last.span) == nil)
    }
  }
}
