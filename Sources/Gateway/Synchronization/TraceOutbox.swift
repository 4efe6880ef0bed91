import PolicyLibrary
import Synchronization

/// Traces on their way to the management service: kept in memory, the latest of them, until it has them.
public final class TraceOutbox: Sendable {
  /// Traces kept at most, and bytes of their texts; the oldest go first.
  static let (bound, byteBound) = (100, 16 << 20)

  private struct State {
    var waiting: [FinishedTrace] = []
    var bytes: Int { waiting.reduce(0) { $0 + $1.document.size } }
    var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
    var nextListener = 0
  }

  private let state = Mutex(State())

  public init() {}

  /// Takes a trace; does not wait.
  public func add(_ trace: FinishedTrace) {
    let listeners = state.withLock { state in
      state.waiting.append(trace)
      while state.waiting.count > Self.bound || state.bytes > Self.byteBound { state.waiting.removeFirst() }
      return Array(state.listeners.values)
    }
    for listener in listeners { listener.yield() }
  }

  /// Tells when something has come, from what is there already on.
  func arrivals() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let (id, hasSome) = state.withLock { state in
      state.nextListener += 1
      state.listeners[state.nextListener] = continuation
      return (state.nextListener, !state.waiting.isEmpty)
    }
    continuation.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) } }
    if hasSome { continuation.yield() }
    return stream
  }

  /// Gives each trace on, and forgets it once that has succeeded.
  func deliver(_ give: @Sendable (FinishedTrace) async throws -> Void) async rethrows {
    while let trace = state.withLock({ $0.waiting.first }) {
      try await give(trace)
      state.withLock { state in state.waiting.removeAll { $0.id == trace.id } }
    }
  }
}
