public import Telemetry

/// What a gateway counts of its own work beside requests, backends and what policies emit; shared by its event loops.
public final class GatewayMeters: Sendable {
  let redis = RedisMeter()
  let replicas = ReplicaMeter()
  let events = EventMeter()

  public init() {}

  /// Only what was used: a gateway without Redis or replicas has nothing to say of them.
  public func metrics() -> [Metric] { redis.metrics() + replicas.metrics() + events.metrics() }
}
