public import Expressions

/// Everything a policy may do beyond its exchange: the only way from a policy to clocks, counters and the network.
///
/// One object serves one event loop; every method returns at once.
public protocol PolicyEffects: AnyObject {
  /// What the loop's expressions are evaluated on.
  var machine: Machine { get }

  /// 100-nanosecond ticks since 0001-01-01T00:00:00Z.
  func now() -> Int64
  func random() -> UInt64

  /// Counts against a sliding window, exactly across the loops of the process.
  ///
  /// - Parameter increment: 0 asks without counting.
  func admit(_ key: String, limit: Int, windowSeconds: Int, increment: Int) -> Admission
  /// Counts against a fixed window that began at a multiple of the period after `start` (ticks); a period of 0 never
  /// ends.
  func consume(_ key: String, limit: Int, periodSeconds: Int, start: Int64, increment: Int) -> Admission

  /// A message of the `trace` policy or of `context.Trace`, for the log.
  func log(_ severity: TraceSeverity, source: String, message: String, metadata: [(name: String, value: String)])
}

/// How urgent a trace message is.
public enum TraceSeverity: String, Sendable, CaseIterable {
  case verbose, information, error
}

/// The answer of a limit.
public struct Admission: Sendable, Equatable {
  public var isAllowed: Bool
  /// Calls left in the window.
  public var remaining: Int
  /// Seconds until the next call can succeed, at least 1 when refused.
  public var retryAfterSeconds: Int

  public init(isAllowed: Bool, remaining: Int, retryAfterSeconds: Int) {
    self.isAllowed = isAllowed
    self.remaining = remaining
    self.retryAfterSeconds = retryAfterSeconds
  }
}
