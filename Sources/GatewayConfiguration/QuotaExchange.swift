/// What a gateway process tells the management service of its quota counters: those that changed since it last did.
public struct QuotaReport: Codable, Sendable, Equatable {
  /// A counter in a period.
  public struct Counter: Codable, Sendable, Equatable {
    /// As the gateway calls it; what callers are counted by is a part of it.
    public var name: String
    /// The period's number.
    public var index: Int64
    /// When the period ends, in seconds since 0001-01-01; never for the largest number.
    public var end: Int64
    /// Calls, or bytes, of all replicas as far as they count together.
    public var used: Int64

    public init(name: String, index: Int64, end: Int64, used: Int64) {
      self.name = name
      self.index = index
      self.end = end
      self.used = used
    }
  }

  /// Counters of one report at most.
  public static let bound = 1_000
  /// Bytes of a counter's name; those with longer ones are not told.
  public static let nameBound = 1_024

  public var instanceId: String
  /// The number of the last ``QuotaUpdate`` that the counters are behind.
  public var applied: UInt64
  /// Whether the numbers are those of one place that all replicas count in, and hold whatever was told before.
  public var isAuthoritative: Bool
  public var counters: [Counter]

  public init(instanceId: String, applied: UInt64, isAuthoritative: Bool, counters: [Counter]) {
    self.instanceId = instanceId
    self.applied = applied
    self.isAuthoritative = isAuthoritative
    self.counters = counters
  }
}

/// What an administrator has set a quota's counter to, for the gateways that count it.
public struct QuotaUpdate: Codable, Sendable, Equatable {
  /// Grows with every update of a service, also over the loss of its data.
  public var number: UInt64
  public var name: String
  /// The period's number; in another period the update means nothing.
  public var index: Int64
  /// When the period ends, in seconds since 0001-01-01.
  public var end: Int64
  /// Calls or bytes, at least 0.
  public var value: Int64

  public init(number: UInt64, name: String, index: Int64, end: Int64, value: Int64) {
    self.number = number
    self.name = name
    self.index = index
    self.end = end
    self.value = value
  }
}

/// The service's answer to a ``QuotaReport``: updates behind the last that the gateway has, the oldest first.
public struct QuotaUpdates: Codable, Sendable, Equatable {
  /// Updates of one answer at most; with so many there may be more.
  public static let bound = 500

  public var updates: [QuotaUpdate]

  public init(updates: [QuotaUpdate]) { self.updates = updates }
}
