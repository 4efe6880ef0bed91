import Telemetry

/// What the event loops of a gateway process count and keep together.
struct ProcessMemory: Sendable {
  let metrics: CustomMetrics
  let meters: GatewayMeters
  let limits: LimitTable
  /// Rate limits that replicas count together; nil where each counts alone.
  let replicated: ReplicatedLimits?
  /// Whether anybody is asked if a client's certificate is revoked.
  var checksRevocation = true
  let concurrency = ConcurrencyTable()
  let cache = ValueCache()
  let subscriptions = SubscriptionHub()
}
