import Atomics
import Logging
import Synchronization
import Telemetry

/// What became of the operations on Redis, over all event loops.
final class RedisMeter: Sendable {
  /// What a connection is for.
  enum Use: Int, CaseIterable, Sendable {
    case cache, counters, events
  }

  enum Operation: Int, CaseIterable, Sendable {
    case get, set, delete, count, publish
  }

  enum Outcome: Int, CaseIterable, Sendable {
    case hit, miss, done
    /// No connection: nothing was asked.
    case unavailable
    /// Too much is under way: nothing was asked.
    case full
    /// No answer in time; or the connection was lost meanwhile.
    case timeout, lost
    /// Redis said no, for want of memory for example.
    case refused
    /// An entry beyond the bound of entries.
    case oversized
  }

  private let counts = (0..<(Operation.allCases.count * Outcome.allCases.count)).map { _ in ManagedAtomic<Int>(0) }
  private let connections = Use.allCases.map { _ in ManagedAtomic<Int>(0) }
  private let wasUsed = Use.allCases.map { _ in ManagedAtomic<Bool>(false) }
  /// What was last complained about, by use.
  private let complaints = Mutex<[Use: String]>([:])

  func count(_ operation: Operation, _ outcome: Outcome) {
    counts[operation.rawValue * Outcome.allCases.count + outcome.rawValue].wrappingIncrement(ordering: .relaxed)
  }

  func number(_ operation: Operation, _ outcome: Outcome) -> Int {
    counts[operation.rawValue * Outcome.allCases.count + outcome.rawValue].load(ordering: .relaxed)
  }

  func connected(_ use: Use) {
    wasUsed[use.rawValue].store(true, ordering: .relaxed)
    connections[use.rawValue].wrappingIncrement(ordering: .relaxed)
  }

  func disconnected(_ use: Use) { connections[use.rawValue].wrappingDecrement(ordering: .relaxed) }

  /// Connections that are ready now.
  func connections(_ use: Use) -> Int { connections[use.rawValue].load(ordering: .relaxed) }

  /// Logs that Redis fails, and that it works again: once each, however many loops find out.
  /// - Parameter isPart: whether other servers of a cluster still do their work.
  func report(_ use: Use, _ problem: String?, isPart: Bool = false, _ logger: Logger) {
    wasUsed[use.rawValue].store(true, ordering: .relaxed)
    let isNews = complaints.withLock { complaints in
      if let problem { return complaints.updateValue(problem, forKey: use) == nil }
      return complaints.removeValue(forKey: use) != nil
    }
    guard isNews else { return }
    let (name, meanwhile) =
      switch use {
      case .cache: ("The external cache", "until then nothing is found there")
      case .counters: ("The Redis of the counters", "until then this gateway counts alone")
      case .events: ("The Redis of events", "until then they do not pass between replicas through it")
      }
    if let problem {
      logger.error("\(isPart ? "A part of it: " : "")\(name) cannot be used, \(meanwhile): \(problem)")
    } else {
      logger.info("\(name) can be used again")
    }
  }

  func metrics() -> [Metric] {
    var points: [Metric.Point] = []
    for operation in Operation.allCases {
      for outcome in Outcome.allCases {
        let number = number(operation, outcome)
        guard number > 0 else { continue }
        points.append(
          .init([.init("Operation", "\(operation)"), .init("Outcome", "\(outcome)")], .number(Double(number))))
      }
    }
    var metrics: [Metric] = []
    if !points.isEmpty {
      metrics.append(Metric("RedisOperations", "Operations on Redis by what came of them.", .counter, points: points))
    }
    let used = Use.allCases.filter { wasUsed[$0.rawValue].load(ordering: .relaxed) }
    if !used.isEmpty {
      metrics.append(
        Metric(
          "RedisConnections",
          "Connections to Redis that are ready: for each event loop and use one, in a cluster one for each server.",
          .gauge,
          points: used.map { .init([.init("Use", "\($0)")], .number(Double(connections($0)))) }))
    }
    return metrics
  }
}
