import GatewayConfiguration
import Synchronization

/// What every replica has counted of quotas in the periods that are not over: the largest number heard of each replica's
/// life, and their sum. What a replica has counted stays until the period is over, whether the replica lives or not.
///
/// Off the way of requests but for a counter's first call in a period: calls count in ``LimitTable``.
final class ReplicatedQuotas: Sendable {
  /// Everything known of a counter in a period.
  struct Record: Equatable, Sendable {
    /// The counter's key, where this process has counted under it; others tell its hash alone.
    var key: String?
    /// When the period ends, in seconds since 0001-01-01.
    var end: Int64
    var totals: [ReplicaDatagram.Instance: UInt64] = [:]
  }

  /// Numbers kept at most: one for each counter and period, and one for each replica's life that counted in it. What has no
  /// room is counted by each replica alone.
  static let bound = 250_000
  static let partCount = 64
  /// How long after its end a period may still be heard of, in seconds: clocks differ.
  static let grace: Int64 = 60

  private struct Kept {
    var record: Record
    /// The sum of what other lives than this have counted.
    var others: UInt64 = 0
    /// A number that others can be added to.
    var othersClamped: Int { Int(min(others, 1 << 60)) }
  }

  private struct Part {
    var kept: [QuotaPeriod: Kept] = [:]
    /// Of ``bound``.
    var count = 0
    /// What this replica has counted and not yet said.
    var unsaid: Set<QuotaPeriod> = []
    var hasChanged = false
    /// When it was last looked for what is over, in seconds.
    var looked = Int64.min
  }

  private final class Guarded: Sendable {
    let state = Mutex(Part())
  }

  /// This process.
  let origin: ReplicaDatagram.Instance
  let generations = QuotaGenerations()
  private let parts = (0..<ReplicatedQuotas.partCount).map { _ in Guarded() }

  init(origin: ReplicaDatagram.Instance = .random()) { self.origin = origin }

  private func part(of period: QuotaPeriod) -> Guarded {
    parts[Int(period.name.low & UInt64(Self.partCount - 1))]
  }

  /// Whether there is room for one more number; what is over makes some.
  private static func makeRoom(_ part: inout Part, _ now: Int64) -> Bool {
    if part.count < bound / partCount { return true }
    forget(&part, now)
    return part.count < bound / partCount
  }

  private static func forget(_ part: inout Part, _ now: Int64) {
    guard part.looked < now else { return }
    part.looked = now
    part.kept = part.kept.filter { $0.value.record.end > now - grace }
    part.unsaid = part.unsaid.filter { part.kept[$0] != nil }
    part.count = part.kept.values.reduce(0) { $0 + 1 + $1.record.totals.count }
  }

  // MARK: - What this process counts

  /// A counter begins a period here, or comes back to it: what this process and what others have counted in it.
  /// - Parameter now: seconds since 0001-01-01.
  func enter(_ period: QuotaPeriod, key: String, end: Int64, now: Int64) -> (own: Int, others: Int) {
    part(of: period).state.withLock { part in
      guard let kept = Self.record(period, end, now, &part, { $0.record.key = key }) else { return (0, 0) }
      return (Int(clamping: kept.record.totals[origin] ?? 0), kept.othersClamped)
    }
  }

  /// Changes what is kept of a period, and gives it; nil where there is no room.
  private static func record(
    _ period: QuotaPeriod, _ end: Int64, _ now: Int64, _ part: inout Part, _ change: (inout Kept) -> Void
  ) -> Kept? {
    if part.kept[period] == nil {
      guard makeRoom(&part, now) else { return nil }
      part.count += 1
    }
    var kept = part.kept[period] ?? Kept(record: Record(end: end))
    // Replicas differ about the end while a new policy spreads.
    kept.record.end = max(kept.record.end, end)
    let former = kept.record.totals.count
    change(&kept)
    part.count += kept.record.totals.count - former
    part.kept[period] = kept
    return kept
  }

  /// What others have counted.
  func others(_ period: QuotaPeriod) -> Int {
    part(of: period).state.withLock { $0.kept[period]?.othersClamped ?? 0 }
  }

  /// This process has counted so much in all.
  /// - Parameter now: seconds since 0001-01-01.
  func put(_ total: Int, _ period: QuotaPeriod, key: String, end: Int64, now: Int64) {
    guard total > 0, end > now - Self.grace else { return }
    part(of: period).state.withLock { part in
      let kept = Self.record(period, end, now, &part) { kept in
        kept.record.key = key
        kept.record.totals[origin] = max(kept.record.totals[origin] ?? 0, min(UInt64(total), QuotaCount.bound))
      }
      guard kept != nil else { return }
      part.unsaid.insert(period)
      part.hasChanged = true
    }
  }

  // MARK: - What is told

  /// What this process has counted in the periods that changed since the last question.
  func takeChanges() -> [QuotaCount] {
    var changes: [QuotaCount] = []
    for guarded in parts {
      guarded.state.withLock { part in
        if part.unsaid.isEmpty { return }
        for period in part.unsaid {
          guard let record = part.kept[period]?.record, let total = record.totals[origin] else { continue }
          changes.append(QuotaCount(period: period, end: record.end, origin: origin, total: total))
        }
        part.unsaid.removeAll(keepingCapacity: true)
      }
    }
    return changes
  }

  /// A part of everything, whoever counted it, that is not over.
  /// - Parameters:
  ///   - index: 0 to ``partCount`` - 1.
  ///   - now: seconds since 0001-01-01.
  func part(_ index: Int, now: Int64) -> [QuotaCount] {
    parts[index].state.withLock { part in
      part.kept.flatMap { period, kept in
        kept.record.end <= now
          ? []
          : kept.record.totals.map { QuotaCount(period: period, end: kept.record.end, origin: $0.key, total: $0.value) }
      }
    }
  }

  // MARK: - What is heard

  /// Takes what a replica's life has counted.
  /// - Parameter now: seconds since 0001-01-01.
  /// - Returns: the key of the counter here whose sum has changed by it; nil when none has.
  func hear(_ count: QuotaCount, now: Int64) -> String? {
    guard count.origin != origin, count.end > now - Self.grace, count.total > 0, count.total <= QuotaCount.bound else {
      return nil
    }
    return part(of: count.period).state.withLock { part in
      let known = part.kept[count.period]?.record.totals[count.origin]
      guard known ?? 0 < count.total, known != nil || Self.makeRoom(&part, now) else { return nil }
      part.hasChanged = true
      return Self.record(count.period, count.end, now, &part) { kept in
        kept.record.totals[count.origin] = count.total
        // Saturates where so much can only be a mistake.
        let (sum, isTooMuch) = kept.others.addingReportingOverflow(count.total - (known ?? 0))
        kept.others = isTooMuch ? .max : sum
      }?.record.key
    }
  }

  /// Drops the periods that are over.
  func forget(now: Int64) {
    for guarded in parts { guarded.state.withLock { Self.forget(&$0, now) } }
    generations.forget(before: now - Self.grace)
  }

  // MARK: - Over restarts

  /// Takes up what a file holds.
  /// - Parameter bytes: the file.
  func restore(_ contents: QuotaFile.Contents, of bytes: [UInt8], now: Int64) {
    if contents.records.isEmpty, !contents.quotas.isEmpty {
      // Of a process that counted alone: one life, which has the same name whenever the file is read.
      let name = CounterName(bytes)
      let origin = ReplicaDatagram.Instance(high: name.high, low: name.low)
      for (key, window) in contents.quotas where window.used > 0 && window.end > now {
        let period = QuotaPeriod(name: CounterName(key), index: window.index)
        _ = hear(QuotaCount(period: period, end: window.end, origin: origin, total: UInt64(window.used)), now: now)
        _ = enter(period, key: key, end: window.end, now: now)
      }
    }
    for update in contents.updates where update.end > now { _ = generations.begin(update) }
    for (period, record) in contents.records where record.end > now {
      for (origin, total) in record.totals {
        _ = hear(QuotaCount(period: period, end: record.end, origin: origin, total: total), now: now)
      }
      if let key = record.key { _ = enter(period, key: key, end: record.end, now: now) }
    }
  }

  /// Everything that is not over, if anything has changed since the last question; nil if not.
  func takeChangedRecords(now: Int64) -> [QuotaPeriod: Record]? {
    var records: [QuotaPeriod: Record] = [:]
    var hasChanged = false
    for guarded in parts {
      guarded.state.withLock { part in
        hasChanged = hasChanged || part.hasChanged
        part.hasChanged = false
        for (period, kept) in part.kept where kept.record.end > now && !kept.record.totals.isEmpty {
          records[period] = kept.record
        }
      }
    }
    return hasChanged ? records : nil
  }

  /// What was taken is not safe after all: it counts as changed.
  func markChanged() { parts[0].state.withLock { $0.hasChanged = true } }
}
