import GatewayConfiguration
import PolicyLibrary
import Synchronization

/// The quotas of this process as its replicas count them together: calls count in the table, and what they have counted
/// goes to the others now and then, as what others have counted comes to the table.
struct SharedQuotas: Sendable {
  let table: LimitTable
  let replicated: ReplicatedQuotas

  /// What this process has counted in the periods that changed since the last question.
  /// - Parameter now: seconds since 0001-01-01.
  func takeChanges(now: Int64) -> [QuotaCount] {
    table.publish(to: replicated, now: now)
    return replicated.takeChanges()
  }

  /// All that is known, whoever counted it.
  func everything(now: Int64) -> [QuotaCount] {
    table.publish(to: replicated, now: now)
    return (0..<ReplicatedQuotas.partCount).flatMap { replicated.part($0, now: now) }
  }

  /// Takes what replicas have counted.
  func hear(_ counts: [QuotaCount], now: Int64) {
    for count in counts {
      if let key = replicated.hear(count, now: now) { table.refresh(key, count.period, from: replicated) }
    }
  }
}

extension LimitTable {
  /// Counts against a fixed window whose counter others count, too.
  static func consume(
    _ key: String, _ wanted: FixedWindow.Period, limit: Int, increment: Int, now: Int64,
    _ shard: inout Shard, _ replicated: ReplicatedQuotas
  ) -> Admission {
    enter(key, wanted, now, &shard, replicated)
    guard let known = shard.quotas.index(forKey: key) else {
      return Admission(isAllowed: false, remaining: 0, retryAfterSeconds: 1)
    }
    let admission = shard.quotas.values[known].use(limit: limit, wanted, increment: increment, now: now)
    if admission.isAllowed, increment > 0 { markUnpublished(key, known, &shard) }
    return admission
  }

  /// Makes a counter's period the one that is wanted, with what is known of it.
  private static func enter(
    _ key: String, _ wanted: FixedWindow.Period, _ now: Int64, _ shard: inout Shard, _ replicated: ReplicatedQuotas
  ) {
    let former = shard.quotas[key]
    if former?.index == wanted.index { return }
    if let former, former.isUnpublished {
      replicated.put(
        former.used, replicated.generations.current(key, former.index).period, key: key, end: former.end, now: now)
    }
    reenter(key, wanted, now, &shard, replicated)
  }

  /// Makes a counter what is known of it in a period.
  private static func reenter(
    _ key: String, _ wanted: FixedWindow.Period, _ now: Int64, _ shard: inout Shard, _ replicated: ReplicatedQuotas
  ) {
    let former = shard.quotas[key]
    let (period, base, _) = replicated.generations.current(key, wanted.index)
    let (own, others) = replicated.enter(period, key: key, end: wanted.end, now: now)
    var window = FixedWindow(index: wanted.index, used: own, end: wanted.end)
    window.others = base + others
    window.isUnpublished = former?.isUnpublished ?? false
    shard.quotas[key] = window
  }

  /// What others and this process have counted before an update is over; counts go on from what it says.
  func begin(_ update: QuotaUpdate, now: Int64, _ replicated: ReplicatedQuotas) {
    shard(of: update.name).state.withLock { shard in
      let known = shard.quotas[update.name].flatMap { $0.index == update.index ? $0 : nil }
      if let known, known.isUnpublished {
        // Those who do not know of the update yet count with it.
        let period = replicated.generations.current(update.name, update.index).period
        replicated.put(known.used, period, key: update.name, end: known.end, now: now)
      }
      guard replicated.generations.begin(update) else { return }
      shard.unseen = .all
      replicated.markChanged()
      guard let known else { return }
      Self.reenter(
        update.name, FixedWindow.Period(index: known.index, end: known.end), now, &shard, replicated)
    }
  }

  private static func markUnpublished(
    _ key: String, _ index: Dictionary<String, FixedWindow>.Index, _ shard: inout Shard
  ) {
    if shard.quotas.values[index].isUnpublished { return }
    shard.quotas.values[index].isUnpublished = true
    shard.unpublished.append(key)
  }

  /// Counts in addition what a process has counted that told nobody.
  static func add(
    _ window: FixedWindow, to key: String, _ now: Int64, _ shard: inout Shard, _ replicated: ReplicatedQuotas
  ) {
    if let known = shard.quotas[key], known.index > window.index { return }
    enter(key, FixedWindow.Period(index: window.index, end: window.end), now, &shard, replicated)
    guard let known = shard.quotas.index(forKey: key) else { return }
    shard.quotas.values[known].add(window)
    markUnpublished(key, known, &shard)
  }

  /// Tells what was counted since the last time.
  func publish(to replicated: ReplicatedQuotas, now: Int64) {
    for guarded in shards {
      let (changed, begun) = guarded.state.withLock { shard in
        if shard.unpublished.isEmpty { return ([(String, FixedWindow)](), 0) }
        var changed: [(String, FixedWindow)] = []
        for key in shard.unpublished {
          guard let index = shard.quotas.index(forKey: key) else { continue }
          shard.quotas.values[index].isUnpublished = false
          changed.append((key, shard.quotas.values[index]))
        }
        shard.unpublished.removeAll(keepingCapacity: true)
        return (changed, replicated.generations.begun)
      }
      for (key, window) in changed {
        let current = replicated.generations.current(key, window.index)
        guard current.begun == begun else {
          // Somebody has set a counter meanwhile, this one perhaps: what was counted before is not counted behind it.
          markUnpublished(key)
          continue
        }
        replicated.put(window.used, current.period, key: key, end: window.end, now: now)
        refresh(key, current.period, from: replicated)
      }
    }
  }

  private func markUnpublished(_ key: String) {
    shard(of: key).state.withLock { shard in
      if let index = shard.quotas.index(forKey: key) { Self.markUnpublished(key, index, &shard) }
    }
  }

  /// Takes over what others have counted in a period, if the counter is in it.
  fileprivate func refresh(_ key: String, _ period: QuotaPeriod, from replicated: ReplicatedQuotas) {
    shard(of: key).state.withLock { shard in
      guard let index = shard.quotas.index(forKey: key), shard.quotas.values[index].index == period.index else {
        return
      }
      let (current, base, _) = replicated.generations.current(key, period.index)
      guard current == period else { return }
      // Asked while the counter stands still: whoever hears something later says so later.
      let others = base + replicated.others(period)
      guard shard.quotas.values[index].others != others else { return }
      shard.quotas.values[index].others = others
      shard.unseen.insert(.reporter)
    }
  }
}
