/// `System.DateTime`: 100-nanosecond ticks since 0001-01-01, and what the zone is. The local zone is UTC.
public struct DateTimeValue: Sendable {
  public enum Kind: Int32, Sendable {
    case unspecified
    case utc
    case local
  }

  public let ticks: Int64
  public let kind: Kind

  public static let ticksPerSecond: Int64 = 10_000_000
  public static let ticksPerDay: Int64 = 864_000_000_000
  /// Ticks of 1970-01-01.
  public static let unixEpochTicks: Int64 = 621_355_968_000_000_000
  /// Ticks of 9999-12-31T23:59:59.9999999.
  public static let maximumTicks: Int64 = 3_155_378_975_999_999_999

  /// ArgumentOutOfRangeException outside the years 1…9999.
  public init(ticks: Int64, kind: Kind = .unspecified) throws {
    guard (0...Self.maximumTicks).contains(ticks) else {
      throw DotNetException.outOfRange(
        "value", "The added or subtracted value results in an un-representable DateTime.")
    }
    self.ticks = ticks
    self.kind = kind
  }

  /// A date of the calendar with a time of day. ArgumentOutOfRangeException for one that does not exist.
  public init(
    year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0,
    kind: Kind = .unspecified
  ) throws {
    guard (1...9999).contains(year), (1...12).contains(month), (1...Self.days(year, month)).contains(day) else {
      throw DotNetException.outOfRange(
        nil, "Year, Month, and Day parameters describe an un-representable DateTime.")
    }
    guard (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second), (0...999).contains(millisecond)
    else {
      throw DotNetException.outOfRange(
        nil, "Hour, Minute, and Second parameters describe an un-representable DateTime.")
    }
    let seconds = Int64(Self.dayNumber(year, month, day)) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    try self.init(ticks: seconds * Self.ticksPerSecond + Int64(millisecond) * 10_000, kind: kind)
  }

  public func with(_ kind: Kind) -> DateTimeValue { (try? DateTimeValue(ticks: ticks, kind: kind)) ?? self }

  // MARK: - Calendar

  public static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  /// Days of a month.
  public static func days(_ year: Int, _ month: Int) -> Int {
    [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  /// Days since 0001-01-01.
  static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let before = year - 1
    let ofYears = before * 365 + before / 4 - before / 100 + before / 400
    return ofYears + (1..<month).reduce(0) { $0 + days(year, $1) } + day - 1
  }

  public var date: (year: Int, month: Int, day: Int) {
    var rest = Int(ticks / Self.ticksPerDay)
    let cycles = rest / 146_097
    rest %= 146_097
    let centuries = min(rest / 36_524, 3)
    rest -= centuries * 36_524
    let fours = rest / 1461
    rest %= 1461
    let years = min(rest / 365, 3)
    rest -= years * 365
    let year = cycles * 400 + centuries * 100 + fours * 4 + years + 1
    var month = 1
    while rest >= Self.days(year, month) {
      rest -= Self.days(year, month)
      month += 1
    }
    return (year, month, rest + 1)
  }

  public var timeOfDay: Int64 { ticks % Self.ticksPerDay }
  public var hour: Int { Int(timeOfDay / 36_000_000_000) }
  public var minute: Int { Int(timeOfDay / 600_000_000) % 60 }
  public var second: Int { Int(timeOfDay / Self.ticksPerSecond) % 60 }
  public var millisecond: Int { Int(timeOfDay / 10_000) % 1000 }
  /// 0 is Sunday.
  public var dayOfWeek: Int { Int((ticks / Self.ticksPerDay + 1) % 7) }
  public var dayOfYear: Int {
    let (year, _, _) = date
    return Int(ticks / Self.ticksPerDay) - Self.dayNumber(year, 1, 1) + 1
  }

  public func adding(ticks more: Int64) throws -> DateTimeValue {
    let (sum, overflow) = ticks.addingReportingOverflow(more)
    return try DateTimeValue(ticks: overflow ? -1 : sum, kind: kind)
  }

  /// A number of units of `ticks`, rounded to the millisecond as .NET does.
  public func adding(_ value: Double, unit: Int64) throws -> DateTimeValue {
    let milliseconds = (value * Double(unit / 10_000)).rounded(.toNearestOrAwayFromZero)
    guard abs(milliseconds) < 3.2e14 else { return try DateTimeValue(ticks: -1) }
    return try adding(ticks: Int64(milliseconds) * 10_000)
  }

  /// The same day of another month, or its last one.
  public func adding(months: Int) throws -> DateTimeValue {
    let (year, month, day) = date
    let total = year * 12 + month - 1 + months
    let (newYear, newMonth) = (total / 12, total % 12 + 1)
    guard total >= 12, (1...9999).contains(newYear) else { return try DateTimeValue(ticks: -1) }
    let start = try DateTimeValue(
      year: newYear, month: newMonth, day: min(day, Self.days(newYear, newMonth)), kind: kind)
    return try start.adding(ticks: timeOfDay)
  }
}

extension DateTimeValue: Hashable, Comparable {
  public static func == (a: DateTimeValue, b: DateTimeValue) -> Bool { a.ticks == b.ticks }
  public static func < (a: DateTimeValue, b: DateTimeValue) -> Bool { a.ticks < b.ticks }
  public func hash(into hasher: inout Hasher) { hasher.combine(ticks) }
}
