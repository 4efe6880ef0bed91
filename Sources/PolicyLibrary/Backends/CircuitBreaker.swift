import GatewayConfiguration

/// Leaves a failing backend alone for a while, then tries it with one call at a time: a state machine without a clock of
/// its own. All moments are milliseconds that never go back.
struct CircuitBreaker {
  enum State: Equatable {
    case closed
    /// No call until then.
    case open(until: Int64)
    /// One call at a time shows whether the backend is well again; the last one began then, nil when none is under way.
    case halfOpen(since: Int64?)
  }

  /// Whether a call may be made.
  enum Permission: Equatable {
    case normal
    /// The call is the one that shows whether the backend is well again.
    case probe
    /// Milliseconds until the next call can be allowed.
    case refused(Int64)
  }

  let rule: CircuitBreakerRule
  private(set) var state = State.closed
  private var window: OutcomeWindow

  /// Calls that a share of failures needs to say something.
  static let percentageMinimum = 10
  /// A trip after `Retry-After` at most.
  static let retryAfterBound: Int64 = 24 * 3_600_000

  init(_ rule: CircuitBreakerRule) {
    self.rule = rule
    window = OutcomeWindow(milliseconds: rule.intervalMilliseconds)
  }

  /// Milliseconds until a call may be allowed; 0 for now.
  func wait(_ now: Int64) -> Int64 {
    switch state {
    case .closed: 0
    case .open(let until): max(0, until - now)
    case .halfOpen(let since?): max(0, since + probeMilliseconds - now)
    case .halfOpen(nil): 0
    }
  }

  mutating func admit(_ now: Int64) -> Permission {
    let wait = wait(now)
    if wait > 0 { return .refused(wait) }
    if state == .closed { return .normal }
    state = .halfOpen(since: now)
    return .probe
  }

  /// A call that shows nothing for so long does not keep others from being the next to try.
  private var probeMilliseconds: Int64 { max(1_000, rule.tripMilliseconds) }

  /// What came of an admitted call.
  /// - Parameter retryAfter: milliseconds that the answer asks for; nil for none.
  mutating func settle(isFailure: Bool, isProbe: Bool, retryAfter: Int64?, _ now: Int64) {
    switch state {
    case .closed:
      window.add(isFailure: isFailure, now)
      if isFailure, isTooMuch { trip(retryAfter, now) }
    case .halfOpen where isProbe:
      if isFailure {
        trip(retryAfter, now)
      } else {
        state = .closed
        window = OutcomeWindow(milliseconds: rule.intervalMilliseconds)
      }
    // Begun before the circuit opened: it tells nothing new.
    case .open, .halfOpen: break
    }
  }

  /// A call ended without telling anything about the backend.
  mutating func cancel(isProbe: Bool) {
    if isProbe, case .halfOpen = state { state = .halfOpen(since: nil) }
  }

  private var isTooMuch: Bool {
    switch rule.threshold {
    case .count(let count): window.failures >= count
    case .percentage(let share):
      window.calls >= Self.percentageMinimum && window.failures * 100 >= share * window.calls
    }
  }

  private mutating func trip(_ retryAfter: Int64?, _ now: Int64) {
    var time = rule.tripMilliseconds
    if rule.acceptsRetryAfter, let retryAfter { time = min(max(retryAfter, 0), Self.retryAfterBound) }
    state = .open(until: now + time)
    window = OutcomeWindow(milliseconds: rule.intervalMilliseconds)
  }
}

/// Calls and failures of the last so many milliseconds, kept in slots of 1/32 of that time.
struct OutcomeWindow {
  private static let slots: Int64 = 32

  private let width: Int64
  private var counts: [(slot: Int64, calls: Int, failures: Int)] = []
  private(set) var calls = 0
  private(set) var failures = 0

  init(milliseconds: Int64) { width = max(1, milliseconds / Self.slots) }

  mutating func add(isFailure: Bool, _ now: Int64) {
    let slot = now / width
    while let first = counts.first, first.slot + Self.slots < slot {
      calls -= first.calls
      failures -= first.failures
      counts.removeFirst()
    }
    let count = isFailure ? 1 : 0
    if counts.last?.slot == slot {
      counts[counts.count - 1].calls += 1
      counts[counts.count - 1].failures += count
    } else {
      counts.append((slot, 1, count))
    }
    calls += 1
    failures += count
  }
}
