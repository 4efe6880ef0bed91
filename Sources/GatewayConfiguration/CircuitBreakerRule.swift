/// When a backend that fails is left alone, and for how long.
public struct CircuitBreakerRule: Codable, Sendable, Equatable {
  /// How many failures within the interval trip it.
  public enum Threshold: Codable, Sendable, Equatable {
    case count(Int)
    /// Of all calls, 1 to 100.
    case percentage(Int)
  }

  public var name: String
  public var threshold: Threshold
  public var intervalMilliseconds: Int64
  /// Answers that are failures.
  public var statusCodeRanges: [StatusCodeRange]
  /// `context.LastError.Reason` of calls without an answer that are failures.
  public var errorReasons: [String]
  /// How long no call is made.
  public var tripMilliseconds: Int64
  /// Whether a `Retry-After` of the failing answer is taken instead.
  public var acceptsRetryAfter: Bool

  public init(
    name: String, threshold: Threshold, intervalMilliseconds: Int64, statusCodeRanges: [StatusCodeRange],
    errorReasons: [String] = [], tripMilliseconds: Int64, acceptsRetryAfter: Bool = false
  ) {
    self.name = name
    self.threshold = threshold
    self.intervalMilliseconds = intervalMilliseconds
    self.statusCodeRanges = statusCodeRanges
    self.errorReasons = errorReasons
    self.tripMilliseconds = tripMilliseconds
    self.acceptsRetryAfter = acceptsRetryAfter
  }
}

/// Status codes from the first to the last.
public struct StatusCodeRange: Codable, Sendable, Equatable {
  public var min: Int
  public var max: Int

  public init(min: Int, max: Int) {
    self.min = min
    self.max = max
  }

  public func contains(_ status: Int) -> Bool { status >= min && status <= max }
}
