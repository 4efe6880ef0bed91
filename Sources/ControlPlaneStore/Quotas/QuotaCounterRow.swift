public import Foundation

/// A quota's counter in a period, as a gateway last told of it or as it was set since.
public struct QuotaCounterRow: Sendable, Hashable {
  public var gatewayID: String
  /// As the gateway calls it.
  public var name: String
  /// What it is asked for by: a part of the name.
  public var key: String
  /// The period's number.
  public var index: Int64
  /// When the period ends, in seconds since 0001-01-01; never for the largest number.
  public var end: Int64
  /// Calls or bytes.
  public var used: Int64

  /// Counters that are kept of one gateway, and updates that wait for it, at most.
  public static let bound = 100_000
  public static let updateBound = 10_000

  public init(gatewayID: String, name: String, key: String, index: Int64, end: Int64, used: Int64) {
    self.gatewayID = gatewayID
    self.name = name
    self.key = key
    self.index = index
    self.end = end
    self.used = used
  }

  /// Seconds since 0001-01-01 of a moment, in which periods are counted.
  public static func seconds(_ date: Date) -> Int64 { Int64(date.timeIntervalSince1970) + 62_135_596_800 }
}
