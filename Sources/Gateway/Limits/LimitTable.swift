import PolicyLibrary
import Synchronization

/// The counters of every limit in this process, exact across its event loops.
///
/// Sharded by key, so that loops rarely wait for each other; an operation holds its shard for well under a microsecond.
final class LimitTable: Sendable {
  /// Counters kept at most; beyond, those whose window is over are dropped, then new keys are refused a counter of their
  /// own and share one, so that inventing keys neither exhausts memory nor lifts a limit.
  static let bound = 1_000_000
  /// As many as six bits tell apart.
  static let shardCount = 64

  struct Shard {
    var windows: [CounterKey: SlidingWindow] = [:]
    var quotas: [String: FixedWindow] = [:]
    /// Who has not looked since a quota was counted.
    var unseen: Observers = []
    /// Quotas that this process has counted since the last time that it told others; empty where there are none.
    var unpublished: [String] = []
  }

  /// Those who look at quotas now and then.
  struct Observers: OptionSet {
    let rawValue: UInt8

    /// Who keeps them over restarts.
    static let keeper = Observers(rawValue: 1)
    /// Who tells the management service.
    static let reporter = Observers(rawValue: 2)
    static let all: Observers = [.keeper, .reporter]
  }

  final class Guarded: Sendable {
    let state = Mutex(Shard())
  }

  /// The number of the last update of the management service that was carried out; 0 before the first.
  let applied = Mutex<UInt64>(0)

  /// Quotas as replicas count them together; nil where this process counts alone.
  let replicated: ReplicatedQuotas?

  init(replicated: ReplicatedQuotas? = nil) { self.replicated = replicated }

  let shards = (0..<LimitTable.shardCount).map { _ in Guarded() }

  func shard(of key: String) -> Guarded { shard(of: CounterKey(key)) }

  private func shard(of key: CounterKey) -> Guarded { shards[Int(key.hash &>> 58)] }

  /// Counts against a sliding window.
  /// - Parameter now: milliseconds that never go back.
  func admit(_ key: String, limit: Int, windowSeconds: Int, increment: Int, now: Int64) -> Admission {
    let key = CounterKey(key)
    return shard(of: key).state.withLock { shard in
      if let known = shard.windows.index(forKey: key) {
        return shard.windows.values[known]
          .admit(limit: limit, seconds: windowSeconds, increment: increment, now: now)
      }
      var key = key
      if shard.windows.count >= Self.bound / Self.shardCount {
        shard.windows = shard.windows.filter { !$0.value.isOver(now) }
        if shard.windows.count >= Self.bound / Self.shardCount { key = CounterKey("") }
      }
      return shard.windows[key, default: SlidingWindow(seconds: windowSeconds)]
        .admit(limit: limit, seconds: windowSeconds, increment: increment, now: now)
    }
  }

  /// Counts against a fixed window.
  /// - Parameter now: seconds since 0001-01-01.
  func consume(_ key: String, limit: Int, periodSeconds: Int, start: Int64, increment: Int, now: Int64) -> Admission {
    shard(of: key).state.withLock { shard in
      var key = key
      if shard.quotas[key] == nil, shard.quotas.count >= Self.bound / Self.shardCount {
        shard.quotas = shard.quotas.filter { $0.value.end > now }
        // Where nobody could be told, as without a port or a key, the list would grow for ever.
        if !shard.unpublished.isEmpty { shard.unpublished = shard.unpublished.filter { shard.quotas[$0] != nil } }
        if shard.quotas.count >= Self.bound / Self.shardCount { key = "" }
      }
      if increment > 0 { shard.unseen = .all }
      let period = FixedWindow.Period(seconds: Int64(periodSeconds), start: start, now: now)
      if let replicated, !key.isEmpty {
        return Self.consume(key, period, limit: limit, increment: increment, now: now, &shard, replicated)
      }
      return shard.quotas[key, default: FixedWindow()].consume(limit: limit, period, increment: increment, now: now)
    }
  }
}

/// The counters of quotas, which outlive the process.
extension LimitTable {
  /// Those whose period is not over, if any was counted since the last question; nil if not.
  /// - Parameter now: seconds since 0001-01-01.
  func takeChangedQuotas(now: Int64) -> [String: FixedWindow]? {
    var all: [String: FixedWindow] = [:]
    var hasChanged = false
    for shard in shards {
      let (quotas, changed) = shard.state.withLock { shard in
        defer { shard.unseen.remove(.keeper) }
        return (shard.quotas, shard.unseen.contains(.keeper))
      }
      hasChanged = hasChanged || changed
      all.merge(quotas.lazy.filter { $0.value.end > now }.map { ($0.key, $0.value) }) { first, _ in first }
    }
    return hasChanged ? all : nil
  }

  /// What was taken is not safe after all: it counts as changed.
  func markQuotasChanged() { shards[0].state.withLock { _ = $0.unseen.insert(.keeper) } }

  /// Puts counters back where nothing was counted yet.
  func restore(_ quotas: [String: FixedWindow]) {
    for (key, window) in quotas {
      shard(of: key).state.withLock { shard in
        guard shard.quotas.count < Self.bound / Self.shardCount else { return }
        if shard.quotas[key] == nil { shard.quotas[key] = window }
        shard.unseen.insert(.reporter)
      }
    }
  }
}

/// Calls within the last so many seconds. Time is kept in slots of 1/128 of the window and a slot leaves only as a whole,
/// so that no stretch as long as the window ever sees more calls than the limit.
struct SlidingWindow: Equatable {
  static let slots: Int64 = 128

  private(set) var seconds: Int
  /// The oldest slot first.
  private(set) var counts: [(slot: Int64, count: Int)] = []
  private var total = 0

  init(seconds: Int) { self.seconds = seconds }

  init(seconds: Int, counts: [(slot: Int64, count: Int)]) {
    self.seconds = seconds
    self.counts = counts
    total = counts.reduce(0) { $0 + $1.count }
  }

  static func == (a: SlidingWindow, b: SlidingWindow) -> Bool {
    a.seconds == b.seconds && a.counts.elementsEqual(b.counts, by: ==)
  }

  private var slotMilliseconds: Int64 { max(1, Int64(seconds) * 1_000 / Self.slots) }

  func isOver(_ now: Int64) -> Bool {
    guard let last = counts.last else { return true }
    return (last.slot + 1) * slotMilliseconds + Int64(seconds) * 1_000 <= now
  }

  /// What lies in the window.
  mutating func sum(at now: Int64) -> Int {
    dropSlots(slotMilliseconds, Int64(seconds) * 1_000, now)
    return total
  }

  private mutating func dropSlots(_ width: Int64, _ window: Int64, _ now: Int64) {
    var gone = 0
    while gone < counts.count, (counts[gone].slot + 1) * width + window <= now {
      total -= counts[gone].count
      gone += 1
    }
    if gone > 0 { counts.removeFirst(gone) }
  }

  mutating func admit(limit: Int, seconds: Int, increment: Int, now: Int64) -> Admission {
    if seconds != self.seconds { self = SlidingWindow(seconds: seconds) }
    let width = slotMilliseconds
    let window = Int64(seconds) * 1_000
    dropSlots(width, window, now)
    // With an increment of 0 the question is whether a call could pass now.
    let wanted = max(1, increment)
    guard total <= limit - wanted else {
      var free = limit - total
      var ready = window
      for entry in counts {
        free += entry.count
        ready = (entry.slot + 1) * width + window - now
        if free >= wanted { break }
      }
      return Admission(
        isAllowed: false, remaining: max(0, limit - total), retryAfterSeconds: max(1, Int((ready + 999) / 1_000)))
    }
    if increment > 0 {
      let slot = now / width
      if counts.last?.slot == slot {
        counts[counts.count - 1].count += increment
      } else {
        counts.append((slot, increment))
      }
      total += increment
    }
    return Admission(isAllowed: true, remaining: max(0, limit - total), retryAfterSeconds: 0)
  }
}

/// What was used in the period that holds now.
struct FixedWindow: Equatable {
  /// A period: its number, and when it ends, in seconds; never for one that has no length.
  struct Period: Equatable {
    var index: Int64
    var end: Int64

    init(index: Int64, end: Int64) {
      self.index = index
      self.end = end
    }

    /// The period that holds a moment.
    init(seconds: Int64, start: Int64, now: Int64) {
      index = seconds == 0 ? 0 : (now - start >= 0 ? (now - start) / seconds : (now - start + 1) / seconds - 1)
      end = seconds == 0 ? .max : start + (index + 1) * seconds
    }
  }

  /// The period's number.
  private(set) var index = Int64.min
  /// By this process.
  private(set) var used = 0
  /// By other replicas, as far as they have told.
  var others = 0
  /// When the period ends, in seconds; never for a period of 0.
  private(set) var end = Int64.max
  /// Whether something was used since others were told.
  var isUnpublished = false

  init() {}

  init(index: Int64, used: Int, end: Int64) {
    self.index = index
    self.used = used
    self.end = end
  }

  mutating func consume(limit: Int, _ period: Period, increment: Int, now: Int64) -> Admission {
    if period.index != index { self = FixedWindow(index: period.index, used: 0, end: period.end) }
    return use(limit: limit, period, increment: increment, now: now)
  }

  /// Counts in the period that it is in.
  mutating func use(limit: Int, _ period: Period, increment: Int, now: Int64) -> Admission {
    let all = used + others
    guard all < limit, all <= limit - increment else {
      let wait = period.end == .max ? Int(Int32.max) : Int(max(1, period.end - now))
      return Admission(isAllowed: false, remaining: max(0, limit - all), retryAfterSeconds: wait)
    }
    used += increment
    return Admission(isAllowed: true, remaining: limit - all - increment, retryAfterSeconds: 0)
  }
}
