public import GatewayConfiguration
import Synchronization

/// How one backend is doing, as all event loops of the process see it: its circuit breaker, its health checks, its counts.
public final class BackendHealth: Sendable {
  /// What others should hear of.
  public enum Change: String, Sendable {
    case opened, closed, unhealthy, healthy
  }

  /// Since the process began.
  public struct Counts: Equatable, Sendable {
    public var successes: UInt64 = 0
    public var failures: UInt64 = 0
    /// Calls that were not made.
    public var refusals: UInt64 = 0
  }

  private struct State {
    var breaker: CircuitBreaker?
    var isHealthy = true
    /// Answers to health checks in a row that say the other thing.
    var opposing = 0
    var counts = Counts()
  }

  public let backend: Backend
  private let state: Mutex<State>
  private let onChange: @Sendable (String, Change) -> Void

  /// Milliseconds until an unhealthy backend is worth another look.
  private var checkInterval: Int64 { backend.healthCheck?.intervalMilliseconds ?? 1_000 }

  /// - Parameter onChange: hears the backend's identifier and what has changed.
  public init(_ backend: Backend, onChange: @escaping @Sendable (String, Change) -> Void = { _, _ in }) {
    self.backend = backend
    self.onChange = onChange
    state = Mutex(State(breaker: backend.circuitBreaker.map { CircuitBreaker($0) }))
  }

  /// Milliseconds until a call may be made; 0 for now.
  func wait(_ now: Int64) -> Int64 {
    state.withLock { state in
      state.isHealthy ? state.breaker?.wait(now) ?? 0 : max(checkInterval, state.breaker?.wait(now) ?? 0)
    }
  }

  func admit(_ now: Int64) -> CircuitBreaker.Permission {
    state.withLock { state in
      var permission = CircuitBreaker.Permission.refused(checkInterval)
      if state.isHealthy { permission = state.breaker?.admit(now) ?? .normal }
      if case .refused = permission { state.counts.refusals += 1 }
      return permission
    }
  }

  // MARK: - What came of a call

  /// The backend has answered.
  public func answered(_ status: Int, isProbe: Bool, retryAfter: Int64?, _ now: Int64) {
    let ranges = backend.circuitBreaker?.statusCodeRanges ?? [StatusCodeRange(min: 500, max: 599)]
    settle(isFailure: ranges.contains { $0.contains(status) }, isProbe: isProbe, retryAfter: retryAfter, now)
  }

  /// The backend has not answered.
  /// - Parameter reason: of `context.LastError`. It counts where the rule names it, or where it counts the 500 that the
  ///   caller gets for it.
  public func failed(_ reason: String, isProbe: Bool, _ now: Int64) {
    let rule = backend.circuitBreaker
    let isNamed = rule?.errorReasons.contains { $0.lowercased() == reason.lowercased() } ?? true
    let isError = rule?.statusCodeRanges.contains { $0.contains(500) } ?? true
    settle(isFailure: isNamed || isError, isProbe: isProbe, retryAfter: nil, now)
  }

  private func settle(isFailure: Bool, isProbe: Bool, retryAfter: Int64?, _ now: Int64) {
    let change: Change? = state.withLock { state in
      if isFailure { state.counts.failures += 1 } else { state.counts.successes += 1 }
      guard state.breaker != nil else { return nil }
      let before = state.breaker?.state
      state.breaker?.settle(isFailure: isFailure, isProbe: isProbe, retryAfter: retryAfter, now)
      let after = state.breaker?.state
      if before == after { return nil }
      return after == .closed ? .closed : .opened
    }
    if let change { onChange(backend.id, change) }
  }

  /// A call ended without telling anything about the backend.
  public func cancelled(isProbe: Bool) { state.withLock { $0.breaker?.cancel(isProbe: isProbe) } }

  /// What came of a health check.
  public func checked(isGood: Bool) {
    guard let check = backend.healthCheck else { return }
    let change: Change? = state.withLock { state in
      guard isGood != state.isHealthy else {
        state.opposing = 0
        return nil
      }
      state.opposing += 1
      guard state.opposing >= (isGood ? check.healthyThreshold : check.unhealthyThreshold) else { return nil }
      state.opposing = 0
      state.isHealthy = isGood
      return isGood ? .healthy : .unhealthy
    }
    if let change { onChange(backend.id, change) }
  }

  // MARK: - For metrics

  public var counts: Counts { state.withLock { $0.counts } }
  public var isHealthy: Bool { state.withLock { $0.isHealthy } }
  /// Nil without a circuit breaker.
  public var isCircuitClosed: Bool? { state.withLock { $0.breaker.map { $0.state == .closed } } }
}
