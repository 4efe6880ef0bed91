import Synchronization

/// Wakes those who wait for a revision: the newest one is told to it after every commit, waiters name the one they have.
public final class RevisionSignal: Sendable {
  private struct State {
    var revision: Int64
    var nextWaiter = 0
    var waiters: [Int: (after: Int64, continuation: CheckedContinuation<Void, Never>)] = [:]
    var finished: Set<Int> = []
  }

  private let state: Mutex<State>

  /// A signal that begins at `revision`.
  public init(revision: Int64) {
    state = Mutex(State(revision: revision))
  }

  /// The newest revision told.
  public var revision: Int64 { state.withLock(\.revision) }

  /// Tells that `revision` is committed; an older one than already told is ignored.
  public func advance(to revision: Int64) {
    let ready = state.withLock { state in
      guard revision > state.revision else { return [CheckedContinuation<Void, Never>]() }
      state.revision = revision
      let due = state.waiters.filter { $0.value.after < revision }
      for id in due.keys { state.waiters[id] = nil }
      return due.values.map(\.continuation)
    }
    for continuation in ready { continuation.resume() }
  }

  /// Returns when a revision above `revision` is told, after `timeout`, or when the task is cancelled.
  public func wait(after revision: Int64, upTo timeout: Duration) async {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    let timer = Task {
      try? await Task.sleep(for: timeout)
      self.release(id)
    }
    defer { timer.cancel() }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        // The release may come before the wait begins; it is remembered in `finished`, so no wake-up is lost.
        let isOver = state.withLock { state in
          if state.finished.remove(id) != nil || state.revision > revision { return true }
          state.waiters[id] = (revision, continuation)
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      release(id)
    }
    timer.cancel()
    await timer.value
    _ = state.withLock { $0.finished.remove(id) }
  }

  private func release(_ id: Int) {
    let continuation = state.withLock { state in
      guard let waiter = state.waiters.removeValue(forKey: id) else {
        state.finished.insert(id)
        return CheckedContinuation<Void, Never>?.none
      }
      return waiter.continuation
    }
    continuation?.resume()
  }
}
