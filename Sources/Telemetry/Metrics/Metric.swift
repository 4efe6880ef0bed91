/// One metric with all its series at one moment: what every exporter writes.
public struct Metric: Sendable {
  /// What a number of this metric is.
  public enum Kind: Sendable, Equatable {
    /// Only ever grows, from the start of the process.
    case counter
    case gauge
    /// Observations counted by bucket; `bounds` are the upper ends, without the last, unbounded one.
    case histogram(bounds: [Double])
  }

  public enum Unit: Sendable, Equatable {
    case none, milliseconds, seconds, bytes
  }

  /// One series: what tells it from the others, and its number.
  public struct Point: Sendable {
    public enum Value: Sendable, Equatable {
      case number(Double)
      /// Observations by bucket, not cumulative, one more than there are bounds; and their sum.
      case distribution(counts: [UInt64], sum: Double)
    }

    public var attributes: [Attribute]
    public var value: Value

    public init(_ attributes: [Attribute] = [], _ value: Value) {
      self.attributes = attributes
      self.value = value
    }
  }

  /// A dimension with its value.
  public struct Attribute: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The name as the official gateway spells it: `Requests`, `BackendDurationInMs`.
  public var name: String
  public var description: String
  public var kind: Kind
  public var unit: Unit
  public var points: [Point]

  public init(_ name: String, _ description: String, _ kind: Kind, unit: Unit = .none, points: [Point]) {
    self.name = name
    self.description = description
    self.kind = kind
    self.unit = unit
    self.points = points
  }
}
