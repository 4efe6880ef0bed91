/// `TimeZoneInfo.TransitionTime`: when in a year clocks change, in the time before the change.
public struct DaylightTransition: Sendable, Hashable {
  /// Ticks of the day.
  public var timeOfDay: Int64
  public var month: Int
  /// 1…5 of a floating date, 5 being the last.
  public var week: Int
  /// Of a fixed date.
  public var day: Int
  /// 0 is Sunday; of a floating date.
  public var dayOfWeek: Int
  public var isFixedDate: Bool

  /// The same date each year. ArgumentOutOfRangeException for a month or day that is none.
  public init(fixed timeOfDay: Int64, month: Int, day: Int) throws {
    guard (1...12).contains(month) else { throw DotNetException.outOfRange("month", Self.monthMessage) }
    guard (1...31).contains(day) else {
      throw DotNetException.outOfRange("day", "The Day parameter must be in the range 1 through 31.")
    }
    self.timeOfDay = timeOfDay
    self.month = month
    self.day = day
    (week, dayOfWeek, isFixedDate) = (1, 0, true)
  }

  /// The same weekday each year. ArgumentOutOfRangeException for a month, week or weekday that is none.
  public init(floating timeOfDay: Int64, month: Int, week: Int, dayOfWeek: Int) throws {
    guard (1...12).contains(month) else { throw DotNetException.outOfRange("month", Self.monthMessage) }
    guard (1...5).contains(week) else {
      throw DotNetException.outOfRange("week", "The Week parameter must be in the range 1 through 5.")
    }
    guard (0...6).contains(dayOfWeek) else {
      throw DotNetException.outOfRange("dayOfWeek", "The DayOfWeek enumeration must be in the range 0 through 6.")
    }
    self.timeOfDay = timeOfDay
    self.month = month
    self.week = week
    self.dayOfWeek = dayOfWeek
    (day, isFixedDate) = (1, false)
  }

  private static let monthMessage = "The Month parameter must be in the range 1 through 12."

  /// Ticks of the change in a year; a day the month does not have is its last.
  func ticks(in year: Int) -> Int64 {
    let first = DateTimeValue.dayNumber(year, month, 1)
    let length = DateTimeValue.days(year, month)
    var place = first + min(day, length) - 1
    if !isFixedDate {
      place = first + (dayOfWeek - (first + 1) % 7 + 7) % 7 + (week - 1) * 7
      if place >= first + length { place -= 7 }
    }
    return Int64(place) * DateTimeValue.ticksPerDay + timeOfDay
  }
}

/// `TimeZoneInfo.AdjustmentRule`: daylight time as some years have it.
public struct DaylightRule: Sendable, Hashable {
  /// Ticks of the first and the last day.
  public var start: Int64
  public var end: Int64
  /// What daylight time adds, in ticks.
  public var delta: Int64
  public var daylightStart: DaylightTransition
  public var daylightEnd: DaylightTransition

  /// ArgumentException for dates that are not whole days or in the wrong order and for a delta beyond 14 hours.
  public init(
    from start: Int64, to end: Int64, delta: Int64, daylightStart: DaylightTransition, daylightEnd: DaylightTransition
  ) throws {
    guard start.isMultiple(of: DateTimeValue.ticksPerDay) else {
      throw DotNetException.argument(
        "The supplied DateTime includes a TimeOfDay setting. This is not supported.", "dateStart")
    }
    guard end.isMultiple(of: DateTimeValue.ticksPerDay) else {
      throw DotNetException.argument(
        "The supplied DateTime includes a TimeOfDay setting. This is not supported.", "dateEnd")
    }
    guard start <= end else {
      throw DotNetException.argument("The DateStart property must come before the DateEnd property.", "dateStart")
    }
    guard abs(delta) <= 14 * 36_000_000_000 else {
      throw DotNetException.outOfRange(
        "daylightDelta", "The TimeSpan parameter must be within plus or minus 14.0 hours.")
    }
    guard daylightStart != daylightEnd else {
      throw DotNetException.argument(
        "The DaylightTransitionStart property must not equal the DaylightTransitionEnd property.",
        "daylightTransitionStart")
    }
    self.start = start
    self.end = end
    self.delta = delta
    self.daylightStart = daylightStart
    self.daylightEnd = daylightEnd
  }

  /// Whether the rule speaks of a local time.
  func covers(_ ticks: Int64) -> Bool { (start..<(end + DateTimeValue.ticksPerDay)).contains(ticks) }

  /// Whether daylight time is kept at a time given in the zone's standard time.
  func isDaylight(standard ticks: Int64) -> Bool {
    guard let year = try? DateTimeValue(ticks: ticks).date.year else { return false }
    let from = daylightStart.ticks(in: year)
    let to = daylightEnd.ticks(in: year) - delta
    return from <= to ? (from..<to).contains(ticks) : !(to..<from).contains(ticks)
  }
}
