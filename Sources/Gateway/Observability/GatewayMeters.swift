public import Telemetry

/// What a gateway counts of its own work beside requests, backends and what policies emit; shared by its event loops.
public final class GatewayMeters: Sendable {
  let redis = RedisMeter()

  public init() {}

  /// Only what was used: a gateway without Redis has nothing to say of it.
  public func metrics() -> [Metric] { redis.metrics() }
}
