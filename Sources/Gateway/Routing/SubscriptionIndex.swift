import GatewayConfiguration

/// Finds the subscription a key belongs to. Keys compare in constant time; their hashes are seeded for each process.
struct SubscriptionIndex: Sendable {
  private struct Entry: Sendable {
    var key: [UInt8]
    var subscription: Int
  }

  private let subscriptions: [Subscription]
  private var entries: [UInt64: [Entry]] = [:]
  private let seed: UInt64

  init(_ subscriptions: [Subscription], seed: UInt64 = .random(in: .min ... .max)) {
    self.subscriptions = subscriptions
    self.seed = seed
    for (index, subscription) in subscriptions.enumerated() {
      for text in Set([subscription.primaryKey, subscription.secondaryKey]) where !text.isEmpty {
        let key = Array(text.utf8)
        entries[hash(key), default: []].append(Entry(key: key, subscription: index))
      }
    }
  }

  /// The subscription with that primary or secondary key, whatever its state.
  func find(_ key: [UInt8]) -> Subscription? {
    var found: Subscription?
    for entry in entries[hash(key)] ?? [] where entry.key.count == key.count {
      var difference: UInt8 = 0
      for i in key.indices { difference |= key[i] ^ entry.key[i] }
      if difference == 0 { found = subscriptions[entry.subscription] }
    }
    return found
  }

  private func hash(_ key: [UInt8]) -> UInt64 {
    var value = seed
    for byte in key { value = (value ^ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15 &+ (value &>> 29) }
    return value
  }
}
