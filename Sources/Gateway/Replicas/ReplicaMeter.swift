import Atomics
import Telemetry

/// What replicas have said to each other.
final class ReplicaMeter: Sendable {
  private let isUsed = ManagedAtomic<Bool>(false)
  private let peers = ManagedAtomic<Int>(0)
  private let sent = ManagedAtomic<Int>(0)
  private let received = ManagedAtomic<Int>(0)
  private let unsent = ManagedAtomic<Int>(0)
  private let refusals = ReplicaDatagram.Refusal.allCases.map { _ in ManagedAtomic<Int>(0) }

  /// Replicas that are heard of now.
  var present: Int {
    get { peers.load(ordering: .relaxed) }
    set {
      isUsed.store(true, ordering: .relaxed)
      peers.store(newValue, ordering: .relaxed)
    }
  }

  func countSent(_ isSent: Bool) { (isSent ? sent : unsent).wrappingIncrement(ordering: .relaxed) }
  func countReceived() { received.wrappingIncrement(ordering: .relaxed) }

  func count(_ refusal: ReplicaDatagram.Refusal) {
    let index = ReplicaDatagram.Refusal.allCases.firstIndex(of: refusal) ?? 0
    refusals[index].wrappingIncrement(ordering: .relaxed)
  }

  func number(_ refusal: ReplicaDatagram.Refusal) -> Int {
    refusals[ReplicaDatagram.Refusal.allCases.firstIndex(of: refusal) ?? 0].load(ordering: .relaxed)
  }

  func metrics() -> [Metric] {
    guard isUsed.load(ordering: .relaxed) else { return [] }
    func points(_ numbers: [(String, Int)], _ name: String) -> [Metric.Point] {
      numbers.map { .init([.init(name, $0.0)], .number(Double($0.1))) }
    }
    var metrics = [
      Metric(
        "ReplicaPeers", "Other replicas of this gateway that are heard of.", .gauge,
        points: [.init([], .number(Double(present)))]),
      Metric(
        "ReplicaDatagrams", "Datagrams between replicas.", .counter,
        points: points(
          [
            ("sent", sent.load(ordering: .relaxed)), ("unsent", unsent.load(ordering: .relaxed)),
            ("received", received.load(ordering: .relaxed)),
          ], "Outcome")),
    ]
    let refused = ReplicaDatagram.Refusal.allCases.map { ($0.rawValue, number($0)) }.filter { $0.1 > 0 }
    if !refused.isEmpty {
      metrics.append(
        Metric(
          "ReplicaDatagramsRefused", "Datagrams that were not believed.", .counter, points: points(refused, "Reason")))
    }
    return metrics
  }
}
