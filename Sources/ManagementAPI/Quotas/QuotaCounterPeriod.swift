import ControlPlaneStore
import Foundation
import PolicyLibrary

/// A quota's counter in one of its periods: what ARM calls a quota counter.
struct QuotaCounterPeriod: Sendable {
  /// What tells two of them apart.
  struct Identity: Hashable {
    var periods: QuotaCounterName.Periods
    var scope: String
    var index: Int64
  }

  let counterKey: String
  let identity: Identity
  /// Seconds since 0001-01-01.
  let start: Int64
  private(set) var end: Int64
  /// Seconds; 0 for a period that never ends.
  let length: Int64
  /// At the gateway where most was used.
  private(set) var calls: Int64 = 0
  private(set) var bytes: Int64 = 0
  private(set) var rows: [(row: QuotaCounterRow, measure: QuotaCounterName.Measure)] = []

  /// Nil for one of a subscription that is gone, or begins at another time than when it was counted.
  init?(_ row: QuotaCounterRow, _ name: QuotaCounterName, subscriptionBegin: Int64?) {
    switch name.periods {
    case .fixed(let seconds, let first):
      length = seconds
      start = seconds == 0 ? first : row.end &- seconds
    case .ofSubscription:
      guard let begin = subscriptionBegin else { return nil }
      if row.end == .max {
        (start, length) = (begin, 0)
      } else {
        let (whole, rest) = (row.end - begin).quotientAndRemainder(dividingBy: max(1, row.index + 1))
        guard rest == 0, whole > 0, row.index >= 0 else { return nil }
        (start, length) = (row.end - whole, whole)
      }
    }
    counterKey = name.key
    identity = Identity(periods: name.periods, scope: name.scope, index: row.index)
    end = row.end
  }

  mutating func add(_ row: QuotaCounterRow, _ measure: QuotaCounterName.Measure) {
    switch measure {
    case .calls: calls = max(calls, row.used)
    case .bandwidth: bytes = max(bytes, row.used)
    }
    end = max(end, row.end)
    rows.append((row, measure))
  }

  /// The period's number and its length (ISO 8601); for `quota` also what of the subscription is counted.
  var periodKey: String {
    let key = "\(identity.index)_\(Self.duration(length))"
    return identity.scope.isEmpty ? key : "\(key)_\(identity.scope)"
  }

  /// A length as ISO 8601 has it, with days as the largest unit.
  static func duration(_ seconds: Int64) -> String {
    guard seconds > 0 else { return "PT0S" }
    let days = seconds / 86_400
    let parts = [(seconds / 3_600 % 24, "H"), (seconds / 60 % 60, "M"), (seconds % 60, "S")].filter { $0.0 > 0 }
    return "P" + (days > 0 ? "\(days)D" : "") + (parts.isEmpty ? "" : "T")
      + parts.map { "\($0.0)\($0.1)" }.joined()
  }

  /// The last second of .NET's calendar, and so that of a period that never ends.
  private static let forever: Int64 = 315_537_897_599

  private static func time(_ seconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(min(max(seconds, 0), forever) - 62_135_596_800)).formatted(.iso8601)
  }

  /// `QuotaCounterContract`.
  var json: JSON {
    [
      "counterKey": .string(counterKey), "periodKey": .string(periodKey), "periodStartTime": .string(Self.time(start)),
      "periodEndTime": .string(Self.time(end)),
      "value": ["callsCount": .integer(calls), "kbTransferred": .number(Double(bytes) / 1_024)],
    ]
  }
}
