import DotNet
import GatewayConfiguration

/// Finds the subscription a key belongs to. Keys compare in constant time; their hashes are seeded for each process.
final class SubscriptionIndex: Sendable {
  /// A subscription with its owner.
  final class Owned: Sendable {
    let subscription: Shared<Subscription>
    let user: Shared<User>?

    init(_ subscription: Subscription, user: Shared<User>?) {
      self.subscription = Shared(subscription)
      self.user = user
    }
  }

  private struct Entry: Sendable {
    var key: [UInt8]
    var owned: Owned

    func isOpened(by candidate: Span<UInt8>) -> Bool { ConstantTime.areEqual(key.span, candidate) }
  }

  private let entries: [Entry]
  private let index: HashIndex
  private let seed: UInt64

  init(_ subscriptions: [Subscription], users: [User], seed: UInt64 = .random(in: .min ... .max)) {
    var entries: [Entry] = []
    var index = HashIndex()
    let users = Dictionary(users.map { ($0.id, Shared($0)) }) { first, _ in first }
    for subscription in subscriptions {
      let owned = Owned(subscription, user: subscription.ownerID.flatMap { users[$0] })
      for text in Set([subscription.primaryKey, subscription.secondaryKey]) where !text.isEmpty {
        let key = Array(text.utf8)
        index.insert(Self.hash(key.span, seed), entries.count)
        entries.append(Entry(key: key, owned: owned))
      }
    }
    self.entries = entries
    self.index = index
    self.seed = seed
  }

  /// The subscription with that primary or secondary key, whatever its state.
  func find(_ key: Span<UInt8>) -> Owned? {
    index.first(Self.hash(key, seed)) { position in entries[position].isOpened(by: key) ? entries[position].owned : nil
    }
  }

  private static func hash(_ key: Span<UInt8>, _ seed: UInt64) -> UInt64 {
    var value = seed
    for i in key.indices { value = (value ^ UInt64(key[i])) &* 0x9e37_79b9_7f4a_7c15 &+ (value &>> 29) }
    return value
  }
}
