import Synchronization
import Telemetry

/// Carries finished records from the event loops to the log and the spool, in order, without a loop ever waiting.
final class RecordQueue: Sendable {
  /// Records waiting at most; beyond, the newest are dropped and counted.
  static let bound = 200_000

  private struct State {
    /// As they came: to put them into one list would copy each.
    var waiting: [[RequestRecord]] = []
    var count = 0
    var isWorking = false
    var dropped = 0
  }

  private let state = Mutex(State())
  private let handle: @Sendable ([RequestRecord]) async -> Void

  init(_ handle: @escaping @Sendable ([RequestRecord]) async -> Void) { self.handle = handle }

  /// Records dropped since the last question.
  func takeDropped() -> Int {
    state.withLock { state in
      defer { state.dropped = 0 }
      return state.dropped
    }
  }

  func add(_ records: [RequestRecord]) {
    let mustStart = state.withLock { state in
      guard state.count + records.count <= Self.bound else {
        state.dropped += records.count
        return false
      }
      state.waiting.append(records)
      state.count += records.count
      defer { state.isWorking = true }
      return !state.isWorking
    }
    if mustStart { Task { await work() } }
  }

  /// Waits until everything added so far has been handled.
  func finish() async {
    while state.withLock({ $0.isWorking }) { try? await Task.sleep(for: .milliseconds(5)) }
  }

  private func work() async {
    while true {
      let batches = state.withLock { state in
        let batches = state.waiting
        (state.waiting, state.count) = ([], 0)
        if batches.isEmpty { state.isWorking = false }
        return batches
      }
      if batches.isEmpty { return }
      for records in batches { await handle(records) }
    }
  }
}
