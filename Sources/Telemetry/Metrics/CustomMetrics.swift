import Synchronization

/// The metrics that policies make themselves (`emit-metric`): for each series how many values there were, and their sum.
///
/// The number of series is bounded whatever policies put into dimensions: what is beyond is dropped and counted.
public final class CustomMetrics: Sendable {
  /// Series kept at most.
  public static let bound = 5_000

  private struct Series: Hashable {
    var namespace: String
    var name: String
    var dimensions: [Metric.Attribute]
  }

  private struct State {
    var values: [Series: (count: UInt64, sum: Double)] = [:]
    var dropped: UInt64 = 0
  }

  private let state = Mutex(State())

  public init() {}

  public func add(_ value: Double, to name: String, namespace: String, dimensions: [Metric.Attribute]) {
    let series = Series(namespace: namespace, name: name, dimensions: dimensions)
    state.withLock { state in
      guard state.values[series] != nil || state.values.count < Self.bound else { return state.dropped += 1 }
      state.values[series, default: (0, 0)].count += 1
      state.values[series, default: (0, 0)].sum += value
    }
  }

  /// Everything so far, by name.
  public func snapshot() -> [Metric] {
    let (values, dropped) = state.withLock { ($0.values, $0.dropped) }
    var metrics: [String: Metric] = [:]
    for (series, value) in values {
      let point = Metric.Point(
        [Metric.Attribute("Namespace", series.namespace)] + series.dimensions,
        .distribution(counts: [value.count], sum: value.sum))
      metrics[
        series.name, default: Metric(series.name, "Values that policies emit.", .histogram(bounds: []), points: [])
      ].points.append(point)
    }
    var result = metrics.values.sorted { $0.name < $1.name }
    if dropped > 0 {
      let point = Metric.Point([], .number(Double(dropped)))
      result.append(
        Metric("CustomMetricsDropped", "Values of series beyond the bound.", .counter, points: [point]))
    }
    return result
  }
}
