/// A question that a gateway asks a backend from time to time; an addition to the product's backends.
public struct HealthCheck: Codable, Sendable, Equatable {
  /// From the root of the backend's host; begins with a slash.
  public var path: String
  public var intervalMilliseconds: Int64
  public var timeoutMilliseconds: Int64
  /// Good answers in a row that make a backend healthy again.
  public var healthyThreshold: Int
  /// Bad or missing answers in a row that make it unhealthy.
  public var unhealthyThreshold: Int
  /// Good answers.
  public var statusCodeRanges: [StatusCodeRange]

  public init(
    path: String, intervalMilliseconds: Int64 = 10_000, timeoutMilliseconds: Int64 = 2_000, healthyThreshold: Int = 2,
    unhealthyThreshold: Int = 3, statusCodeRanges: [StatusCodeRange] = [StatusCodeRange(min: 200, max: 399)]
  ) {
    self.path = path
    self.intervalMilliseconds = intervalMilliseconds
    self.timeoutMilliseconds = timeoutMilliseconds
    self.healthyThreshold = healthyThreshold
    self.unhealthyThreshold = unhealthyThreshold
    self.statusCodeRanges = statusCodeRanges
  }
}
