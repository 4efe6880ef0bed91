/// Observations counted by bucket.
struct Histogram: Sendable {
  /// Upper ends of the buckets, ascending; one more bucket takes what is above the last.
  let bounds: [Double]
  private(set) var counts: [UInt64]
  private(set) var sum = 0.0

  init(bounds: [Double]) {
    self.bounds = bounds
    counts = Array(repeating: 0, count: bounds.count + 1)
  }

  mutating func observe(_ value: Double) {
    // A dozen bounds: looking at them in turn is faster than a search, and most requests stop at the first ones.
    var bucket = 0
    while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
    counts[bucket] += 1
    sum += value
  }

  var value: Metric.Point.Value { .distribution(counts: counts, sum: sum) }
}
