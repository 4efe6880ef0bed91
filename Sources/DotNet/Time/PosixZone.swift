/// A zone whose years are all alike, as `TZ` describes it: `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX, RFC 9636).
struct PosixZone: Sendable, Hashable {
  /// A day of any year and the second of it, in the time before the change.
  struct Change: Sendable, Hashable {
    enum Day: Sendable, Hashable {
      /// Weekday 0 is Sunday; week 5 is the last.
      case weekday(month: Int, week: Int, weekday: Int)
      /// 1…365, never 29 February.
      case ofYear(Int)
      /// 0…365, counting 29 February.
      case fromZero(Int)
    }

    var day: Day
    /// May be below zero or beyond a day.
    var second: Int
  }

  var standard: TimeZoneFile.Observance
  var daylight: TimeZoneFile.Observance?
  /// Daylight time begins and ends; both with `daylight`.
  var start: Change?
  var end: Change?

  /// nil for text of another form.
  init?(_ text: String) {
    var rest = Substring(text)
    guard let name = Self.name(&rest), let west = Self.time(&rest) else { return nil }
    standard = TimeZoneFile.Observance(offset: -west, isDaylight: false, abbreviation: name)
    guard !rest.isEmpty else { return }
    guard let summer = Self.name(&rest) else { return nil }
    var offset = standard.offset + 3600
    if let first = rest.first, first != "," {
      guard let west = Self.time(&rest) else { return nil }
      offset = -west
    }
    let parts = rest.dropFirst().split(separator: ",")
    guard rest.first == ",", parts.count == 2, let start = Change(parts[0]), let end = Change(parts[1]) else {
      return nil
    }
    daylight = TimeZoneFile.Observance(offset: offset, isDaylight: true, abbreviation: summer)
    (self.start, self.end) = (start, end)
  }

  func observance(at time: Int64) -> TimeZoneFile.Observance {
    guard let daylight, let start, let end else { return standard }
    let year = Self.year(of: time + Int64(standard.offset))
    let from = start.seconds(in: year) - Int64(standard.offset)
    let to = end.seconds(in: year) - Int64(daylight.offset)
    let isDaylight = from <= to ? (from..<to).contains(time) : !(to..<from).contains(time)
    return isDaylight ? daylight : standard
  }

  private static func year(of seconds: Int64) -> Int {
    let ticks = seconds.multipliedReportingOverflow(by: DateTimeValue.ticksPerSecond)
    let whole = ticks.partialValue.addingReportingOverflow(DateTimeValue.unixEpochTicks)
    guard !ticks.overflow, !whole.overflow, let date = try? DateTimeValue(ticks: whole.partialValue) else {
      return seconds < 0 ? 1 : 9999
    }
    return date.date.year
  }

  /// Three letters or more, or anything between `<` and `>`.
  private static func name(_ rest: inout Substring) -> String? {
    let isQuoted = rest.first == "<"
    let name = isQuoted ? rest.dropFirst().prefix { $0 != ">" } : rest.prefix { $0.isLetter }
    guard !name.isEmpty else { return nil }
    rest = rest[name.endIndex...].dropFirst(isQuoted ? 1 : 0)
    return String(name)
  }

  /// `[+-]hh[:mm[:ss]]` in seconds.
  fileprivate static func time(_ rest: inout Substring) -> Int? {
    let isNegative = rest.first == "-"
    if isNegative || rest.first == "+" { rest = rest.dropFirst() }
    let text = rest.prefix { $0.isNumber || $0 == ":" }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...3).contains(parts.count) else { return nil }
    var seconds = 0
    for (part, unit) in zip(parts, [3600, 60, 1]) {
      guard let part, part < 1000 else { return nil }
      seconds += part * unit
    }
    rest = rest[text.endIndex...]
    return isNegative ? -seconds : seconds
  }
}

extension PosixZone.Change {
  /// `M3.5.0/2`, `J60` or `59`; at two o'clock when no time is given.
  fileprivate init?(_ text: Substring) {
    let halves = text.split(separator: "/", maxSplits: 1)
    guard let date = halves.first else { return nil }
    second = 7200
    if halves.count == 2 {
      var rest = halves[1]
      guard let time = PosixZone.time(&rest), rest.isEmpty else { return nil }
      second = time
    }
    if date.first == "M" {
      let numbers = date.dropFirst().split(separator: ".").compactMap { Int($0) }
      guard numbers.count == 3, (1...12).contains(numbers[0]), (1...5).contains(numbers[1]),
        (0...6).contains(numbers[2])
      else { return nil }
      day = .weekday(month: numbers[0], week: numbers[1], weekday: numbers[2])
    } else if date.first == "J", let number = Int(date.dropFirst()), (1...365).contains(number) {
      day = .ofYear(number)
    } else if let number = Int(date), (0...365).contains(number) {
      day = .fromZero(number)
    } else {
      return nil
    }
  }

  /// Local seconds since 1970 of the change in a year.
  func seconds(in year: Int) -> Int64 {
    let number: Int
    switch day {
    case .weekday(let month, let week, let weekday):
      let first = DateTimeValue.dayNumber(year, month, 1)
      // Day 0 of the calendar was a Monday.
      var place = first + (weekday - (first + 1) % 7 + 7) % 7 + (week - 1) * 7
      if place >= first + DateTimeValue.days(year, month) { place -= 7 }
      number = place
    case .ofYear(let day):
      let isAfterFebruary = day >= 60 && DateTimeValue.isLeap(year)
      number = DateTimeValue.dayNumber(year, 1, 1) + day - (isAfterFebruary ? 0 : 1)
    case .fromZero(let day): number = DateTimeValue.dayNumber(year, 1, 1) + day
    }
    let epoch = DateTimeValue.unixEpochTicks / DateTimeValue.ticksPerDay
    return (Int64(number) - epoch) * 86_400 + Int64(second)
  }
}
