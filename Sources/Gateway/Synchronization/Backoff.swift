/// How long to wait after failures in a row: doubling from a quarter of a second to at most ten seconds.
struct Backoff: Sendable {
  static let longestMilliseconds = 10_000
  private(set) var failures = 0

  mutating func succeeded() { failures = 0 }

  /// - Parameter spread: from 0 to 1; keeps many gateways from asking at one moment.
  mutating func failed(spread: Double) -> Int {
    let step = min(Self.longestMilliseconds, 250 << min(failures, 6))
    failures += 1
    return step / 2 + Int(Double(step) / 2 * min(max(spread, 0), 1))
  }
}
