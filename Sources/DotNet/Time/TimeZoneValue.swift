/// A time zone: `System.TimeZoneInfo`. Offsets and times are ticks of 100 ns; local times have no zone of their own.
public struct TimeZoneValue: Sendable {
  public let id: String
  public let displayName: String
  public let standardName: String
  public let daylightName: String
  /// East of Greenwich, without daylight time.
  public let baseOffset: Int64
  private let source: Source

  private enum Source: Sendable {
    case file(TimeZoneFile)
    case rules([DaylightRule])
  }

  public static let utc = TimeZoneValue(
    "UTC", offset: 0, displayName: "(UTC) Coordinated Universal Time", standardName: "Coordinated Universal Time",
    daylightName: "Coordinated Universal Time", source: .rules([]))

  private init(
    _ id: String, offset: Int64, displayName: String, standardName: String, daylightName: String, source: Source
  ) {
    self.id = id
    self.displayName = displayName
    self.standardName = standardName
    self.daylightName = daylightName
    baseOffset = offset
    self.source = source
  }

  /// A zone of a program's own (`CreateCustomTimeZone`). ArgumentException for an empty name or an offset that is no
  /// whole number of minutes within 14 hours.
  public init(
    id: String, offset: Int64, displayName: String, standardName: String, daylightName: String = "",
    rules: [DaylightRule] = []
  ) throws {
    guard !id.isEmpty else {
      throw DotNetException.argument("The specified ID parameter '' is not supported.", "id")
    }
    guard offset.isMultiple(of: 600_000_000) else {
      throw DotNetException.argument(
        "The TimeSpan parameter cannot be specified more precisely than whole minutes.", "baseUtcOffset")
    }
    guard abs(offset) <= 14 * 36_000_000_000 else {
      throw DotNetException.outOfRange(
        "baseUtcOffset", "The TimeSpan parameter must be within plus or minus 14.0 hours.")
    }
    self.init(
      id, offset: offset, displayName: displayName, standardName: standardName, daylightName: daylightName,
      source: .rules(rules))
  }

  /// A zone of the TZ database.
  init(_ id: String, _ file: TimeZoneFile, standardName: String?) {
    let now = file.rule?.standard ?? file.transitions.last { !$0.observance.isDaylight }?.observance ?? file.first
    let minutes = abs(now.offset) / 60
    func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let sign = now.offset < 0 ? "-" : "+"
    let place = id.split(separator: "/").last.map { String($0).replacing("_", with: " ") } ?? id
    let daylight = file.rule?.daylight?.abbreviation ?? now.abbreviation
    self.init(
      id, offset: Int64(now.offset) * DateTimeValue.ticksPerSecond,
      displayName: "(UTC\(sign)\(padded(minutes / 60)):\(padded(minutes % 60))) \(place)",
      standardName: standardName ?? now.abbreviation,
      daylightName: standardName?.replacing("Standard Time", with: "Daylight Time") ?? daylight, source: .file(file))
  }

  /// The offset and whether daylight time is kept, at a time given in UTC.
  public func observance(utc ticks: Int64) -> (offset: Int64, isDaylight: Bool) {
    switch source {
    case .file(let file):
      let seconds = (Double(ticks - DateTimeValue.unixEpochTicks) / Double(DateTimeValue.ticksPerSecond)).rounded(.down)
      let found = file.observance(at: Int64(seconds))
      return (Int64(found.offset) * DateTimeValue.ticksPerSecond, found.isDaylight)
    case .rules(let rules):
      let standard = ticks + baseOffset
      guard let rule = rules.first(where: { $0.covers(standard) }), rule.isDaylight(standard: standard) else {
        return (baseOffset, false)
      }
      return (baseOffset + rule.delta, true)
    }
  }

  /// The offsets a local time may have had: none when clocks skipped it, two when they showed it twice, larger first.
  public func offsets(local ticks: Int64) -> [Int64] {
    let around = [-DateTimeValue.ticksPerDay, DateTimeValue.ticksPerDay].map {
      observance(utc: ticks - baseOffset + $0).offset
    }
    return Set(around).filter { observance(utc: ticks - $0).offset == $0 }.sorted(by: >)
  }

  /// The offset .NET takes for a local time: of two the smaller, for one that was skipped the one before.
  public func offset(local ticks: Int64) -> Int64 {
    offsets(local: ticks).last ?? observance(utc: ticks - baseOffset - DateTimeValue.ticksPerDay).offset
  }

  public var hasDaylight: Bool { !rules.isEmpty }

  /// `GetAdjustmentRules`: those of a file are its periods of daylight time, then the rule of all later years.
  public var rules: [DaylightRule] {
    switch source {
    case .rules(let rules): return rules
    case .file(let file): return file.daylightRules
    }
  }
}

extension TimeZoneValue: Hashable {
  public static func == (a: TimeZoneValue, b: TimeZoneValue) -> Bool {
    a.id == b.id && a.hasSameRules(as: b)
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(id) }

  /// `HasSameRules`.
  public func hasSameRules(as other: TimeZoneValue) -> Bool {
    baseOffset == other.baseOffset && rules == other.rules
  }
}

extension TimeZoneFile {
  fileprivate var daylightRules: [DaylightRule] {
    let epoch = DateTimeValue.unixEpochTicks
    var result: [DaylightRule] = []
    var last: Int64 = 0
    for (index, change) in transitions.enumerated() where change.observance.isDaylight && index + 1 < transitions.count
    {
      let before = index == 0 ? first : transitions[index - 1].observance
      let from = (change.start + Int64(before.offset)) * DateTimeValue.ticksPerSecond + epoch
      let to = (transitions[index + 1].start + Int64(change.observance.offset)) * DateTimeValue.ticksPerSecond + epoch
      let standard = before.isDaylight ? transitions[index + 1].observance.offset : before.offset
      let delta = Int64(change.observance.offset - standard) * DateTimeValue.ticksPerSecond
      guard let start = try? DateTimeValue(ticks: from), let end = try? DateTimeValue(ticks: to),
        let begins = try? DaylightTransition(fixed: start.timeOfDay, month: start.date.month, day: start.date.day),
        let ends = try? DaylightTransition(fixed: end.timeOfDay, month: end.date.month, day: end.date.day),
        let rule = try? DaylightRule(
          from: from - start.timeOfDay, to: to - end.timeOfDay, delta: delta, daylightStart: begins, daylightEnd: ends)
      else { continue }
      result.append(rule)
      last = rule.end + DateTimeValue.ticksPerDay
    }
    let final = DateTimeValue.maximumTicks - DateTimeValue.maximumTicks % DateTimeValue.ticksPerDay
    if let rule, let daylight = rule.daylight, let start = rule.start?.transition, let end = rule.end?.transition,
      let later = try? DaylightRule(
        from: last, to: final,
        delta: Int64(daylight.offset - rule.standard.offset) * DateTimeValue.ticksPerSecond, daylightStart: start,
        daylightEnd: end)
    {
      result.append(later)
    }
    return result
  }
}

extension PosixZone.Change {
  /// The change as .NET describes one; nil for a time of day that is not of that day.
  fileprivate var transition: DaylightTransition? {
    guard (0..<86_400).contains(second) else { return nil }
    let time = Int64(second) * DateTimeValue.ticksPerSecond
    switch day {
    case .weekday(let month, let week, let weekday):
      return try? DaylightTransition(floating: time, month: month, week: week, dayOfWeek: weekday)
    case .ofYear(let number), .fromZero(let number):
      // A year without 29 February gives the date.
      let zeroBased = if case .ofYear = day { number - 1 } else { number }
      let start = DateTimeValue.dayNumber(2001, 1, 1)
      guard let date = try? DateTimeValue(ticks: Int64(start + zeroBased) * DateTimeValue.ticksPerDay).date else {
        return nil
      }
      return try? DaylightTransition(fixed: time, month: date.month, day: date.day)
    }
  }
}
