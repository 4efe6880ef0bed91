import PolicyLibrary

/// Finds the subscription a key belongs to. Keys compare in constant time; their hashes are seeded for each process.
final class SubscriptionIndex: Sendable {
  private let subscriptions: [ServedSubscription]
  /// To twice the place of the subscription, and one more for its secondary key.
  private let index: HashIndex
  private let seed: UInt64

  init(_ subscriptions: [ServedSubscription], seed: UInt64 = .random(in: .min ... .max)) {
    var index = HashIndex()
    for (place, subscription) in subscriptions.enumerated() {
      for (key, number) in [(ServedSubscription.Key.primary, 0), (.secondary, 1)] {
        let bytes = subscription.bytes(of: key)
        if !bytes.isEmpty { index.insert(Self.hash(bytes.span, seed), place * 2 + number) }
      }
    }
    self.subscriptions = subscriptions
    self.index = index
    self.seed = seed
  }

  /// The subscription with that primary or secondary key, whatever its state.
  func find(_ key: Span<UInt8>) -> ServedSubscription? {
    index.first(Self.hash(key, seed)) { position in
      let subscription = subscriptions[position &>> 1]
      return subscription.has(position & 1 == 0 ? .primary : .secondary, key) ? subscription : nil
    }
  }

  private static func hash(_ key: Span<UInt8>, _ seed: UInt64) -> UInt64 {
    var value = seed
    for i in key.indices { value = (value ^ UInt64(key[i])) &* 0x9e37_79b9_7f4a_7c15 &+ (value &>> 29) }
    return value
  }
}
