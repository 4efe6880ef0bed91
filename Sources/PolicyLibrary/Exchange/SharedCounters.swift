/// Counters of limits that are kept outside of the process, for every replica of a gateway together.
public protocol SharedCounters: AnyObject {
  /// Counts all asks, or none when one of them has no room. Reports an admission for each; or nil when the counters do not
  /// answer in time, and then nothing may be relied on: whoever asked counts in the process.
  func count(_ asks: [CounterAsk], _ completion: @escaping ([Admission]?) -> Void) -> any PendingEffect
}

/// One count against a limit.
public struct CounterAsk: Sendable, Equatable {
  public enum Window: Sendable, Equatable {
    /// The last so many seconds.
    case sliding(seconds: Int)
    /// A period that began at a multiple of its length after `start` (ticks); one of 0 seconds never ends.
    case fixed(seconds: Int, start: Int64)
  }

  public var key: String
  /// What counters have in common that are asked together; nil for one that is always asked alone. A key has the same group
  /// whenever it is asked.
  public var group: String?
  public var limit: Int
  public var window: Window
  /// 0 asks without counting.
  public var increment: Int

  public init(_ key: String, group: String? = nil, limit: Int, window: Window, increment: Int) {
    self.key = key
    self.group = group
    self.limit = limit
    self.window = window
    self.increment = increment
  }
}

extension PolicyEffects {
  /// Counts in the process: all asks, or none when one of them has no room.
  public func count(_ asks: [CounterAsk]) -> [Admission] {
    if asks.count > 1 {
      let answers = asks.map { count($0, increment: 0) }
      if answers.contains(where: { !$0.isAllowed }) { return answers }
    }
    return asks.map { count($0, increment: $0.increment) }
  }

  private func count(_ ask: CounterAsk, increment: Int) -> Admission {
    switch ask.window {
    case .sliding(let seconds):
      admit(ask.key, limit: ask.limit, windowSeconds: seconds, increment: increment)
    case .fixed(let seconds, let start):
      consume(ask.key, limit: ask.limit, periodSeconds: seconds, start: start, increment: increment)
    }
  }

  /// Counts what nobody waits for.
  func note(_ ask: CounterAsk) {
    guard let sharedCounters else {
      _ = count([ask])
      return
    }
    _ = sharedCounters.count([ask]) { [weak self] admissions in
      if admissions == nil { _ = self?.count([ask]) }
    }
  }
}

extension SharedCounters {
  /// Suspends a step until the counters have answered; where they do not, the process counts.
  func suspend(
    _ asks: [CounterAsk],
    then: @escaping (Exchange, [Admission]) throws(PolicyError) -> StepResult
  ) -> StepResult {
    let wait = PolicyWait()
    wait.holds(
      count(asks) { admissions in
        wait.complete { (exchange) throws(PolicyError) in
          try then(exchange, admissions ?? exchange.effects.count(asks))
        }
      })
    return .suspend(wait)
  }
}
