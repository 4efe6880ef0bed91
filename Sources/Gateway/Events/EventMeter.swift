import Atomics
import Telemetry

/// What became of events of GraphQL subscriptions on their way between the replicas of a gateway.
final class EventMeter: Sendable {
  enum Outcome: Int, CaseIterable, Sendable {
    /// Handed to Redis, or to the network for every replica that was there.
    case sent
    /// Of another replica, for the subscribers here.
    case received
    /// Larger than the way between replicas takes.
    case oversized
    /// Too much waits already.
    case full
    /// Redis does not answer, or replicas have no key yet.
    case unavailable
    /// A part of it never came.
    case incomplete
    /// Of another version, or by somebody else.
    case malformed
  }

  private let counts = Outcome.allCases.map { _ in ManagedAtomic<Int>(0) }

  /// Whether it is the first of its kind.
  @discardableResult
  func count(_ outcome: Outcome) -> Bool {
    counts[outcome.rawValue].loadThenWrappingIncrement(ordering: .relaxed) == 0
  }

  func number(_ outcome: Outcome) -> Int { counts[outcome.rawValue].load(ordering: .relaxed) }

  func metrics() -> [Metric] {
    let points: [Metric.Point] = Outcome.allCases.compactMap { outcome in
      let number = number(outcome)
      return number == 0 ? nil : .init([.init("Outcome", "\(outcome)")], .number(Double(number)))
    }
    if points.isEmpty { return [] }
    return [
      Metric(
        "ReplicaEvents", "Events of GraphQL subscriptions between replicas by what came of them.", .counter,
        points: points)
    ]
  }
}
