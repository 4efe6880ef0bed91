public import GatewayConfiguration
import Logging
import NIOCore
import PolicyLibrary
import Synchronization

/// Tells the management service how the counters of `quota` and `quota-by-key` stand, and carries out what it sets.
///
/// Nothing of it is on the way of requests: what has changed is found by comparing with what was told, on a thread of its
/// own, when there is somebody to tell.
public actor QuotaReporter {
  /// Counters that are told; what a process counts beyond is not.
  static let bound = 100_000

  private struct Told {
    var index: Int64
    var used: Int64
    var end: Int64
  }

  private let limits: LimitTable
  private let keeper: QuotaKeeper?
  /// The event loops' way to the counters in Redis; empty where the process counts.
  private let redis: [NIOLoopBound<RedisCounters>]
  private let instanceID: String
  private let logger: Logger
  private var told: [String: Told] = [:]
  /// Changed, and not yet told.
  private var pending: [String: QuotaReport.Counter] = [:]
  private var isFull = false

  init(
    _ limits: LimitTable, keeper: QuotaKeeper?, redis: [NIOLoopBound<RedisCounters>], instanceID: String, logger: Logger
  ) {
    self.limits = limits
    self.keeper = keeper
    self.redis = redis
    self.instanceID = instanceID
    self.logger = logger
  }

  /// The number of the last update that was carried out; 0 before the first.
  public nonisolated var applied: UInt64 { limits.applied.withLock { $0 } }

  private static func now() -> Int64 { Clock.ticks() / 10_000_000 }

  /// What has changed since it was last told, at most ``QuotaReport/bound`` counters of it.
  public func report() async -> QuotaReport {
    let applied = applied
    let now = Self.now()
    if pending.count < QuotaReport.bound {
      if redis.isEmpty {
        for quotas in limits.takeUnreported() {
          for (name, window) in quotas where window.end > now {
            note(name, window.index, window.end, Int64(clamping: window.used + window.others), now)
          }
        }
      } else {
        for loop in redis {
          for counter in await RedisCounters.takeChanges(loop) {
            note(counter.name, counter.index, counter.end, counter.used, now)
          }
        }
      }
    }
    return QuotaReport(
      instanceId: instanceID, applied: applied, isAuthoritative: !redis.isEmpty,
      counters: Array(pending.values.prefix(QuotaReport.bound)))
  }

  private func note(_ name: String, _ index: Int64, _ end: Int64, _ used: Int64, _ now: Int64) {
    if let known = told[name] {
      if known.index == index, known.used == used {
        pending[name] = nil
        return
      }
    } else {
      guard name.utf8.count <= QuotaReport.nameBound, QuotaCounterName(name) != nil else { return }
      // A counter that only asked so far is no news.
      guard used > 0 else { return }
      if told.count + pending.count >= Self.bound { told = told.filter { $0.value.end > now } }
      guard pending[name] != nil || told.count + pending.count < Self.bound else {
        if !isFull { logger.warning("The management service is told of \(Self.bound) quota counters, and not of more") }
        isFull = true
        return
      }
    }
    pending[name] = QuotaReport.Counter(name: name, index: index, end: end, used: used)
  }

  /// The service has taken a report.
  public func confirm(_ report: QuotaReport) {
    for counter in report.counters {
      told[counter.name] = Told(index: counter.index, used: counter.used, end: counter.end)
      if pending[counter.name] == counter { pending[counter.name] = nil }
    }
  }

  /// Carries out updates, the oldest first, each once.
  /// - Returns: whether all of them are; what is not is to be asked for again later.
  public func apply(_ updates: [QuotaUpdate]) async -> Bool {
    var done: [QuotaUpdate] = []
    var isAll = true
    for update in updates.sorted(by: { $0.number < $1.number }) where update.number > applied {
      if let loop = redis.first, update.end > Self.now(), await !RedisCounters.set(update, on: loop) {
        isAll = false
        break
      }
      done.append(update)
    }
    guard let last = done.last?.number else { return isAll }
    return note(done, last) && isAll
  }

  /// Sets counters in the process, and notes that it is done: all at once, since that is kept on disk. False where another
  /// process has taken over, which does it then.
  private func note(_ updates: [QuotaUpdate], _ last: UInt64) -> Bool {
    let (limits, isKept, now) = (limits, redis.isEmpty, Self.now())
    func change() {
      for update in updates { limits.set(update, isKept: isKept, now: now) }
      limits.applied.withLock { $0 = max($0, last) }
    }
    if let keeper { return keeper.change { change() } }
    change()
    return true
  }
}
