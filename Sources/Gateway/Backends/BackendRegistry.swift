import GatewayConfiguration
public import Logging
import PolicyLibrary
import Synchronization
public import Telemetry

/// How the backends of this process are doing, over all configurations: a backend that a new configuration leaves as it
/// was keeps its circuit breaker, its turn and its counts.
public final class BackendRegistry: Sendable {
  private let current = Mutex(BackendSet.empty)
  private let logger: Logger

  public init(logger: Logger) { self.logger = logger }

  /// The entities of a configuration, each at its place, with their standing; nothing is changed before ``adopt(_:)``.
  func set(for entities: [BackendEntity]) -> BackendSet {
    let known = current.withLock { $0 }.entries
    let byID = Dictionary(known.map { ($0.entity.id, $0) }) { first, _ in first }
    let logger = logger
    return BackendSet(
      entries: entities.map { entity in
        let former = byID[entity.id]
        let isSame = former?.entity.backend == entity.backend
        if entity.isPool {
          // The members may have changed without the pool.
          let isSamePool = isSame && former?.entity.members.map(\.entity.id) == entity.members.map(\.entity.id)
          return .init(
            entity: entity, health: nil, rotation: (isSamePool ? former?.rotation : nil) ?? PoolRotation(entity))
        }
        let health = BackendHealth(entity.backend) { id, change in Self.report(id, change, logger) }
        return .init(entity: entity, health: (isSame ? former?.health : nil) ?? health, rotation: nil)
      })
  }

  /// The configuration with this set is in force.
  func adopt(_ set: BackendSet) { current.withLock { $0 = set } }

  private static func report(_ id: String, _ change: BackendHealth.Change, _ logger: Logger) {
    let fields: Logger.Metadata = ["backendId": "\(id)"]
    switch change {
    case .opened: logger.warning("CircuitBreaker.Opened: no calls for now", metadata: fields)
    case .closed: logger.info("CircuitBreaker.Closed: the backend answers again", metadata: fields)
    case .unhealthy: logger.warning("The backend fails its health checks: no calls for now", metadata: fields)
    case .healthy: logger.info("The backend passes its health checks again", metadata: fields)
    }
  }

  /// Calls, refusals, circuits and health by backend, and the calls of every pool by member.
  public func metrics() -> [Metric] {
    let set = current.withLock { $0 }
    var calls = Metric("BackendCalls", "Calls of backend entities by what came of them.", .counter, points: [])
    var refusals = Metric(
      "BackendRefusals", "Calls that were not made: an open circuit, or bad health.", .counter, points: [])
    var circuits = Metric("BackendCircuitOpen", "1 while the circuit breaker is open or half open.", .gauge, points: [])
    var healths = Metric("BackendHealthy", "1 while the health checks are passed.", .gauge, points: [])
    var pools = Metric("BackendPoolCalls", "Calls of a pool by the member that took them.", .counter, points: [])
    func add(_ metric: inout Metric, _ value: Double, _ attributes: Metric.Attribute...) {
      metric.points.append(.init(attributes, .number(value)))
    }
    for entry in set.entries {
      let id = Metric.Attribute("BackendId", entry.entity.id)
      if let health = entry.health {
        let counts = health.counts
        add(&calls, Double(counts.successes), id, .init("Outcome", "success"))
        add(&calls, Double(counts.failures), id, .init("Outcome", "failure"))
        add(&refusals, Double(counts.refusals), id)
        if let isClosed = health.isCircuitClosed { add(&circuits, isClosed ? 0 : 1, id) }
        if health.backend.healthCheck != nil { add(&healths, health.isHealthy ? 1 : 0, id) }
      }
      for (member, picks) in zip(entry.entity.members, entry.rotation?.picks ?? []) {
        add(&pools, Double(picks), .init("PoolId", entry.entity.id), .init("BackendId", member.entity.id))
      }
    }
    return [calls, refusals, circuits, healths, pools].filter { !$0.points.isEmpty }
  }
}
