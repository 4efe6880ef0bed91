/// Records on their way to a collector, oldest first. Bounded: when the collector is away for long, the oldest go.
public struct PendingRecords: Sendable {
  /// Some of the oldest records, and the place of the first in the whole sequence.
  public struct Batch: Sendable {
    public var first: UInt64
    public var records: [RequestRecord]

    public init(first: UInt64, records: [RequestRecord]) {
      self.first = first
      self.records = records
    }
  }

  private let bound: Int
  private var records: [RequestRecord] = []
  /// The place of `records[0]` in the whole sequence.
  private var first: UInt64 = 0
  /// Records that went unsent.
  public private(set) var dropped: UInt64 = 0

  public init(bound: Int = 20_000) { self.bound = bound }

  public mutating func add(_ more: [RequestRecord]) {
    records += more
    let excess = records.count - bound
    guard excess > 0 else { return }
    records.removeFirst(excess)
    first += UInt64(excess)
    dropped += UInt64(excess)
  }

  public func oldest(_ count: Int) -> Batch { Batch(first: first, records: Array(records.prefix(count))) }

  /// Forgets what was sent. Some of it may have been dropped meanwhile.
  public mutating func remove(_ batch: Batch) {
    let end = batch.first + UInt64(batch.records.count)
    guard end > first else { return }
    let count = min(Int(end - first), records.count)
    records.removeFirst(count)
    first += UInt64(count)
  }
}
