import GatewayConfiguration
import Synchronization

/// What the management service is told of quotas, and what it sets.
extension LimitTable {
  /// Sets a counter in a period to a value; calls count on from there. In a period that is over, or that is followed by
  /// another already, nothing happens.
  /// - Parameters:
  ///   - isKept: whether calls count here; otherwise this is what they fall back to, and only what is there is set.
  ///   - now: seconds since 0001-01-01.
  func set(_ update: QuotaUpdate, isKept: Bool = true, now: Int64) {
    guard update.end > now else { return }
    if let replicated, isKept { return begin(update, now: now, replicated) }
    shard(of: update.name).state.withLock { shard in
      let known = shard.quotas[update.name]
      if let known {
        guard known.index <= update.index else { return }
      } else {
        guard update.value > 0, shard.quotas.count < Self.bound / Self.shardCount else { return }
      }
      guard isKept || known?.index == update.index else { return }
      var window = FixedWindow(index: update.index, used: Int(clamping: update.value), end: update.end)
      window.isUnpublished = known?.isUnpublished ?? false
      shard.quotas[update.name] = window
      shard.unseen = .all
    }
  }

  /// Counters that may have changed since the last question, whoever counted.
  func takeUnreported() -> [[String: FixedWindow]] {
    shards.compactMap { shard in
      shard.state.withLock { shard in
        guard shard.unseen.contains(.reporter) else { return nil }
        shard.unseen.remove(.reporter)
        return shard.quotas
      }
    }
  }
}
