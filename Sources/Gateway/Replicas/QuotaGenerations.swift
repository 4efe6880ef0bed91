import GatewayConfiguration
import Synchronization

/// Counters of quotas that an administrator has set. What replicas count behind that, they count under another name than
/// before, which is the same for all: so none that hears of it later, or again, and nothing that was counted before and is
/// heard after, changes what was set.
final class QuotaGenerations: Sendable {
  private struct Generation {
    var update: QuotaUpdate
    /// Under which replicas count now.
    var period: QuotaPeriod
  }

  private struct State {
    /// By the period under which replicas count what nobody has set.
    var generations: [QuotaPeriod: Generation] = [:]
    var begun = 0
  }

  private let state = Mutex(State())

  /// How many have begun: as long as it stays, what ``current(_:_:)`` says stays.
  var begun: Int { state.withLock(\.begun) }

  /// Under which period replicas count a counter now, what it was set to, and how many generations had begun then.
  func current(_ key: String, _ index: Int64) -> (period: QuotaPeriod, base: Int, begun: Int) {
    let period = QuotaPeriod(name: CounterName(key), index: index)
    let (generation, begun) = state.withLock { ($0.generations.isEmpty ? nil : $0.generations[period], $0.begun) }
    return (generation?.period ?? period, Int(clamping: generation?.update.value ?? 0), begun)
  }

  /// Counts begin anew; false where they have already, by this update or a later one.
  func begin(_ update: QuotaUpdate) -> Bool {
    let first = QuotaPeriod(name: CounterName(update.name), index: update.index)
    let name = CounterName(Array(update.name.utf8) + [0] + Array("\(update.number)".utf8))
    return state.withLock { state in
      if let known = state.generations[first], known.update.number >= update.number { return false }
      state.generations[first] = Generation(update: update, period: QuotaPeriod(name: name, index: update.index))
      state.begun += 1
      return true
    }
  }

  var updates: [QuotaUpdate] { state.withLock { $0.generations.values.map(\.update) } }

  /// Drops those whose period was over then, in seconds since 0001-01-01.
  func forget(before time: Int64) {
    state.withLock { state in
      if !state.generations.isEmpty { state.generations = state.generations.filter { $0.value.update.end > time } }
    }
  }
}
