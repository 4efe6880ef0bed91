import DotNet

/// An object that equals and compares by one value of its own.
protocol OrderedObject: FormattableObject {
  associatedtype Key: Comparable & Hashable
  var key: Key { get }
}

extension OrderedObject {
  func isEqual(to other: Value) -> Bool {
    if case .object(let object) = other, let object = object as? Self { return object.key == key }
    return false
  }
  func hash(into hasher: inout Hasher) { hasher.combine(key) }
  func compare(to other: Value) throws -> Int? {
    guard case .object(let object) = other, let other = (object as? Self)?.key else { return nil }
    return key == other ? 0 : key < other ? -1 : 1
  }
}

/// A `DateTime`.
final class DateTimeObject: OrderedObject, Sendable {
  let value: DateTimeValue
  var key: DateTimeValue { value }

  init(_ value: DateTimeValue) { self.value = value }

  var runtimeType: TypeSymbol { .dateTime }
  func text(_ machine: Machine) throws -> String { try value.format(nil) }
  func text(format: String) throws -> String { try value.format(format) }
}

/// A `DateTimeOffset`: what the clock shows, and by how many ticks it is ahead of UTC.
final class DateTimeOffsetObject: OrderedObject, Sendable {
  let clock: DateTimeValue
  let offset: Int64
  /// The same moment in UTC: by it they compare.
  let utc: DateTimeValue
  var key: DateTimeValue { utc }

  /// ArgumentOutOfRangeException beyond 14 hours or outside the years 1…9999; ArgumentException for parts of a minute.
  init(clock: DateTimeValue, offset: Int64) throws {
    if offset % 600_000_000 != 0 {
      throw DotNetException.argument("Offset must be specified in whole minutes.", "offset")
    }
    guard offset.magnitude <= 504_000_000_000 else {
      throw DotNetException.outOfRange("offset", "Offset must be within plus or minus 14 hours.")
    }
    self.clock = clock.with(.unspecified)
    self.offset = offset
    utc = try clock.adding(ticks: -offset).with(.utc)
  }

  /// A moment in UTC.
  init(_ utc: DateTimeValue) {
    clock = utc.with(.unspecified)
    offset = 0
    self.utc = utc.with(.utc)
  }

  var runtimeType: TypeSymbol { .dateTimeOffset }
  func text(_ machine: Machine) throws -> String { try clock.format(nil, offset: offset) }
  func text(format: String) throws -> String { try clock.format(format, offset: offset) }

  /// `EqualsExact` and the like see both parts; `Equals` the moment alone.
  func isExactly(_ other: DateTimeOffsetObject) -> Bool { utc == other.utc && offset == other.offset }
}

/// A `TimeSpan`: 100-nanosecond ticks.
final class TimeSpanObject: OrderedObject, Sendable {
  let ticks: Int64
  var key: Int64 { ticks }

  init(_ ticks: Int64) { self.ticks = ticks }

  var runtimeType: TypeSymbol { .timeSpan }
  func text(_ machine: Machine) throws -> String { try TimeSpanText.format(ticks, nil) }
  func text(format: String) throws -> String { try TimeSpanText.format(ticks, format) }
}

/// Times as arguments, receivers and results.
extension LibraryCatalog {
  static func date(_ value: Value) throws -> DateTimeValue {
    guard case .object(let object) = value, let date = object as? DateTimeObject else { throw Thrown.nullReference() }
    return date.value
  }

  static func dateOffset(_ value: Value) throws -> DateTimeOffsetObject {
    guard case .object(let object) = value, let date = object as? DateTimeOffsetObject else {
      throw Thrown.nullReference()
    }
    return date
  }

  static func span(_ value: Value) throws -> Int64 {
    guard case .object(let object) = value, let span = object as? TimeSpanObject else { throw Thrown.nullReference() }
    return span.ticks
  }

  static func value(_ date: DateTimeValue) -> Value { .object(DateTimeObject(date)) }
  static func value(span ticks: Int64) -> Value { .object(TimeSpanObject(ticks)) }

  /// UTC ticks of the context as a `DateTime`.
  static func utc(_ ticks: Int64) throws -> Value { value(try DateTimeValue(ticks: ticks, kind: .utc)) }

  /// Units of time that members are named after, in ticks.
  static let timeUnits: [(String, Int64)] = [
    ("Days", 864_000_000_000), ("Hours", 36_000_000_000), ("Minutes", 600_000_000), ("Seconds", 10_000_000),
    ("Milliseconds", 10_000),
  ]

  /// Comparison operators, and what they ask of the order of two values.
  static let comparisons: [(String, @Sendable (Int64, Int64) -> Bool)] = [
    ("==", { $0 == $1 }), ("!=", { $0 != $1 }), ("<", { $0 < $1 }), (">", { $0 > $1 }), ("<=", { $0 <= $1 }),
    (">=", { $0 >= $1 }),
  ]
}
