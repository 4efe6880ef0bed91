/// What the name of a counter of `quota` or `quota-by-key` says, as ``QuotaCounter`` puts it together.
public struct QuotaCounterName: Hashable, Sendable {
  public enum Measure: String, Sendable {
    case calls
    /// In bytes.
    case bandwidth
  }

  /// Where the periods of a counter are.
  public enum Periods: Hashable, Sendable {
    /// Seconds, of which 0 is for ever, and where the first begins, in seconds since 0001-01-01: of `quota-by-key`.
    case fixed(seconds: Int64, start: Int64)
    /// Of `quota`: they begin with the subscription.
    case ofSubscription
  }

  /// The value of `counter-key`, or the identifier of the subscription.
  public var key: String
  public var periods: Periods
  /// The policy's scope and the part of it that is counted; empty for `quota-by-key`.
  public var scope: String
  public var measure: Measure

  /// Nil for any other counter.
  public init?(_ name: String) {
    guard let bar = name.utf8.lastIndex(of: UInt8(ascii: "|")),
      let measure = Measure(rawValue: String(name[name.utf8.index(after: bar)...]))
    else { return nil }
    let body = name[..<bar]
    self.measure = measure
    if body.hasPrefix("quota-by-key|") {
      let parts = body.utf8.split(separator: UInt8(ascii: "|"), maxSplits: 3, omittingEmptySubsequences: false)
      guard parts.count == 4, let seconds = Int64(Substring(parts[1])), seconds >= 0,
        let start = Int64(Substring(parts[2]))
      else { return nil }
      (key, periods, scope) = (String(Substring(parts[3])), .fixed(seconds: seconds, start: start), "")
    } else if body.hasPrefix("quota|") {
      let parts = body.utf8.split(separator: UInt8(ascii: "|"), maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return nil }
      (key, periods, scope) = (String(Substring(parts[1])), .ofSubscription, String(Substring(parts[2])))
    } else {
      return nil
    }
  }

  /// What the policy's counters have in common, as ``CounterAsk/group`` has it.
  public var group: String {
    switch periods {
    case .fixed(let seconds, let start): "quota-by-key|\(seconds)|\(start)|\(key)"
    case .ofSubscription: "quota|\(key)"
    }
  }
}
