/// A period of a quota's counter: what replicas count together ends with it.
struct QuotaPeriod: Hashable, Sendable {
  var name: CounterName
  /// The period's number, as in ``FixedWindow``.
  var index: Int64
}

/// What one replica has counted in a period. Each message carries the whole of it, and of two that say something of the same
/// replica the larger one holds, so that losing, doubling and reordering messages changes nothing but the moment.
struct QuotaCount: Hashable, Sendable {
  /// Numbers beyond are no counts: sums of as many replicas as there may be stay far from the largest number.
  static let bound: UInt64 = 1 << 56

  var period: QuotaPeriod
  /// When the period ends, in seconds since 0001-01-01; never for the largest number.
  var end: Int64
  /// Who has counted: a replica's life. One that is begun anew counts beside its former lives.
  var origin: ReplicaDatagram.Instance
  /// 1 to ``bound``.
  var total: UInt64
}
