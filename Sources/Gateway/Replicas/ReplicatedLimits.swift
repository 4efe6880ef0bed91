import PolicyLibrary
import Synchronization

/// Sliding windows that the replicas of a gateway count together: each counts what it admits, and adds what it hears.
///
/// Sharded by name, so that loops rarely wait for each other.
final class ReplicatedLimits: Sendable {
  /// Counters kept at most, as in ``LimitTable``.
  static let bound = LimitTable.bound
  private static let shardCount = 64

  private struct Counter {
    /// Everything, of every replica.
    var all: SlidingWindow
    /// What this replica has counted.
    var own: SlidingWindow
    let generation: UInt64
    var total: UInt64 = 0
    var isChanged = false
  }

  private struct Shard {
    var counters: [CounterName: Counter] = [:]
    var changed: [CounterName] = []
  }

  private final class Guarded: Sendable {
    let state = Mutex(Shard())
  }

  private let shards = (0..<ReplicatedLimits.shardCount).map { _ in Guarded() }

  private func shard(of name: CounterName) -> Guarded { shards[Int(name.low & UInt64(Self.shardCount - 1))] }

  /// The counter of a name; where there is no room for one more, the one that all others share.
  private static func counter<Result>(
    _ name: CounterName, _ seconds: Int, _ now: Int64, in shard: inout Shard,
    _ body: (inout Counter, CounterName) -> Result
  ) -> Result {
    var name = name
    if shard.counters[name] == nil, shard.counters.count >= bound / shardCount {
      shard.counters = shard.counters.filter { !$0.value.all.isOver(now) }
      if shard.counters.count >= bound / shardCount { name = CounterName(high: 0, low: name.low % UInt64(shardCount)) }
    }
    return body(
      &shard.counters[
        name,
        default: Counter(
          all: SlidingWindow(seconds: seconds), own: SlidingWindow(seconds: seconds), generation: UInt64(max(0, now)))],
      name)
  }

  /// Counts against a sliding window, as ``LimitTable`` does.
  func admit(_ name: CounterName, limit: Int, windowSeconds: Int, increment: Int, now: Int64) -> Admission {
    shard(of: name).state.withLock { shard in
      let (admission, changed) = Self.counter(name, windowSeconds, now, in: &shard) { counter, name in
        let admission = counter.all.admit(limit: limit, seconds: windowSeconds, increment: increment, now: now)
        guard admission.isAllowed, increment > 0 else { return (admission, CounterName?.none) }
        _ = counter.own.admit(limit: .max, seconds: windowSeconds, increment: increment, now: now)
        counter.total += UInt64(increment)
        defer { counter.isChanged = true }
        return (admission, counter.isChanged ? nil : name)
      }
      if let changed { shard.changed.append(changed) }
      return admission
    }
  }

  /// Adds what another replica has counted, now.
  func add(_ count: Int, to name: CounterName, seconds: Int, now: Int64) {
    shard(of: name).state.withLock { shard in
      Self.counter(name, seconds, now, in: &shard) { counter, _ in
        // While a new limit spreads, replicas differ about the window: what does not fit says nothing here.
        guard counter.all.seconds == seconds else { return }
        _ = counter.all.admit(limit: .max, seconds: seconds, increment: count, now: now)
      }
    }
  }

  /// What this replica has counted under the names that changed since the last question.
  func takeChanges(now: Int64) -> [ReplicaCount] {
    var changes: [ReplicaCount] = []
    for guarded in shards {
      guarded.state.withLock { shard in
        if shard.changed.isEmpty { return }
        for name in shard.changed {
          guard var counter = shard.counters[name] else { continue }
          counter.isChanged = false
          changes.append(Self.count(name, &counter, now))
          shard.counters[name] = counter
        }
        shard.changed.removeAll(keepingCapacity: true)
      }
    }
    return changes
  }

  /// Everything of this replica that still lies in its window.
  func everything(now: Int64) -> [ReplicaCount] {
    var counts: [ReplicaCount] = []
    for guarded in shards {
      guarded.state.withLock { shard in
        for (name, counter) in shard.counters {
          var counter = counter
          let count = Self.count(name, &counter, now)
          if count.recent > 0 { counts.append(count) }
        }
      }
    }
    return counts
  }

  /// Everything that lies in the windows, whoever counted it.
  func windows(now: Int64) -> [CounterName: SlidingWindow] {
    var windows: [CounterName: SlidingWindow] = [:]
    for guarded in shards {
      guarded.state.withLock { shard in
        for (name, counter) in shard.counters where !counter.all.isOver(now) { windows[name] = counter.all }
      }
    }
    return windows
  }

  /// Adds what another process on this machine has counted and heard. It is not told to other replicas as this one's.
  func add(_ windows: [CounterName: SlidingWindow], now: Int64) {
    for (name, window) in windows {
      shard(of: name).state.withLock { shard in
        Self.counter(name, window.seconds, now, in: &shard) { counter, _ in counter.all.add(window) }
      }
    }
  }

  private static func count(_ name: CounterName, _ counter: inout Counter, _ now: Int64) -> ReplicaCount {
    ReplicaCount(
      name: name, seconds: counter.own.seconds, generation: counter.generation, total: counter.total,
      recent: UInt64(counter.own.sum(at: now)))
  }
}
