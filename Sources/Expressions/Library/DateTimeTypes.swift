import DotNet

/// `DateTime` and its enumerations. The local time zone is UTC.
extension LibraryCatalog {
  static let timeTypes: [LibraryType] = [
    LibraryType(enumeration: "System.DateTimeKind", [("Unspecified", 0), ("Utc", 1), ("Local", 2)]),
    LibraryType(
      enumeration: "System.DayOfWeek", listed: false,
      ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"].enumerated().map {
        ($1, Int64($0))
      }),
    LibraryType("struct System.DateTime : IComparable, IFormattable") { type in
      dateTimeMaking(&type)
      dateTimeParts(&type)
      dateTimeArithmetic(&type)
      dateTimeText(&type)
    },
    dateTimeOffsetType,
    timeSpanType,
  ]

  private static func kind(_ value: Int) -> DateTimeValue.Kind {
    DateTimeValue.Kind(rawValue: Int32(truncatingIfNeeded: value)) ?? .unspecified
  }

  private static func dateTimeMaking(_ type: inout LibraryRegistration) {
    let clock = "int year, int month, int day"
    for (parameters, parts, hasKind) in [
      (clock, 3, false), (clock + ", int hour, int minute, int second", 6, false),
      (clock + ", int hour, int minute, int second, DateTimeKind kind", 6, true),
      (clock + ", int hour, int minute, int second, int millisecond", 7, false),
      (clock + ", int hour, int minute, int second, int millisecond, DateTimeKind kind", 7, true),
    ] {
      type.member("DateTime(\(parameters))") { call in
        func part(_ index: Int) -> Int { index < parts ? call.int(index) : 0 }
        return value(
          try DateTimeValue(
            year: part(0), month: part(1), day: part(2), hour: part(3), minute: part(4), second: part(5),
            millisecond: part(6), kind: hasKind ? kind(call.int(parts)) : .unspecified))
      }
    }
    type.member("DateTime(long ticks)") { call in value(try DateTimeValue(ticks: call.long(0))) }
    type.member("DateTime(long ticks, DateTimeKind kind)") { call in
      value(try DateTimeValue(ticks: call.long(0), kind: kind(call.int(1))))
    }
    for (name, kind) in [("UtcNow", DateTimeValue.Kind.utc), ("Now", .local)] {
      type.member("static DateTime \(name) { get; }", usage: .hiddenState) { call in
        value(try DateTimeValue(ticks: call.machine.context.now(), kind: kind))
      }
    }
    type.member("static DateTime Today { get; }", usage: .hiddenState) { call in
      let now = call.machine.context.now()
      return value(try DateTimeValue(ticks: now - now % DateTimeValue.ticksPerDay, kind: .local))
    }
    type.member("static DateTime MinValue { get; }") { _ in value(try DateTimeValue(ticks: 0)) }
    type.member("static DateTime MaxValue { get; }") { _ in value(try DateTimeValue(ticks: DateTimeValue.maximumTicks))
    }
    type.member("static bool IsLeapYear(int year)") { call in
      guard (1...9999).contains(call.int(0)) else {
        throw Thrown.outOfRange("year", "Year must be between 1 and 9999.")
      }
      return .bool(DateTimeValue.isLeap(call.int(0)))
    }
    type.member("static int DaysInMonth(int year, int month)") { call in
      guard (1...12).contains(call.int(1)) else {
        throw Thrown.outOfRange("month", "Month must be between one and twelve.")
      }
      guard (1...9999).contains(call.int(0)) else {
        throw Thrown.outOfRange("year", "Year must be between 1 and 9999.")
      }
      return .int32(Int32(DateTimeValue.days(call.int(0), call.int(1))))
    }
    type.member("static DateTime SpecifyKind(DateTime value, DateTimeKind kind)", listed: false) { call in
      value(try date(call[0]).with(kind(call.int(1))))
    }
  }

  /// Parts of a date that are numbers, for `DateTime` and `DateTimeOffset`.
  static let dateParts: [(String, @Sendable (DateTimeValue) -> Int)] = [
    ("Year", { $0.date.year }), ("Month", { $0.date.month }), ("Day", { $0.date.day }), ("Hour", { $0.hour }),
    ("Minute", { $0.minute }), ("Second", { $0.second }), ("Millisecond", { $0.millisecond }),
    ("DayOfYear", { $0.dayOfYear }),
  ]

  private static func dateTimeParts(_ type: inout LibraryRegistration) {
    for (name, part) in dateParts {
      type.member("int \(name) { get; }") { call in .int32(Int32(part(try date(call.this)))) }
    }
    type.member("long Ticks { get; }") { call in .int64(try date(call.this).ticks) }
    type.member("DayOfWeek DayOfWeek { get; }") { call in
      .enumeration(Int32(try date(call.this).dayOfWeek), .named("System.DayOfWeek"))
    }
    type.member("DateTimeKind Kind { get; }", listed: false) { call in
      .enumeration(try date(call.this).kind.rawValue, .named("System.DateTimeKind"))
    }
    type.member("DateTime Date { get; }") { call in
      let own = try date(call.this)
      return value(try DateTimeValue(ticks: own.ticks - own.timeOfDay, kind: own.kind))
    }
    type.member("TimeSpan TimeOfDay { get; }") { call in value(span: try date(call.this).timeOfDay) }
    for (name, kind) in [("ToUniversalTime", DateTimeValue.Kind.utc), ("ToLocalTime", .local)] {
      type.member("DateTime \(name)()", listed: false) { call in value(try date(call.this).with(kind)) }
    }
    type.member("bool IsDaylightSavingTime()") { _ in .bool(false) }
    type.member("int CompareTo(DateTime value)") { call in .int32(Int32(try Operation.compare(call.this, call[0]))) }
    type.member("bool Equals(DateTime value)") { call in .bool(Operation.areEqual(call.this, call[0])) }
    type.member("static int Compare(DateTime t1, DateTime t2)", listed: false) { call in
      .int32(Int32(try Operation.compare(call[0], call[1])))
    }
    type.member("static bool Equals(DateTime t1, DateTime t2)", listed: false) { call in
      .bool(Operation.areEqual(call[0], call[1]))
    }
  }

  private static func dateTimeArithmetic(_ type: inout LibraryRegistration) {
    for (name, unit) in timeUnits {
      type.member("DateTime Add\(name)(double value)") { call in
        value(try date(call.this).adding(call.double(0), unit: unit))
      }
    }
    type.member("DateTime AddTicks(long value)") { call in value(try date(call.this).adding(ticks: call.long(0))) }
    type.member("DateTime AddMonths(int months)") { call in
      guard abs(call.int(0)) <= 120_000 else {
        throw Thrown.outOfRange("months", "Months value must be between +/-120000.")
      }
      return value(try date(call.this).adding(months: call.int(0)))
    }
    type.member("DateTime AddYears(int value)") { call in
      guard abs(call.int(0)) <= 10_000 else {
        throw Thrown.outOfRange("years", "Years value must be between +/-10000.")
      }
      return value(try date(call.this).adding(months: call.int(0) * 12))
    }
    type.member("DateTime Add(TimeSpan value)") { call in value(try date(call.this).adding(ticks: try span(call[0]))) }
    type.member("DateTime Subtract(TimeSpan value)") { call in
      value(try date(call.this).adding(ticks: 0 &- (try span(call[0]))))
    }
    type.member("TimeSpan Subtract(DateTime value)") { call in
      value(span: try date(call.this).ticks - date(call[0]).ticks)
    }
    type.member("static DateTime operator +(DateTime d, TimeSpan t)") { call in
      value(try date(call[0]).adding(ticks: try span(call[1])))
    }
    type.member("static DateTime operator -(DateTime d, TimeSpan t)") { call in
      value(try date(call[0]).adding(ticks: 0 &- (try span(call[1]))))
    }
    type.member("static TimeSpan operator -(DateTime d1, DateTime d2)") { call in
      value(span: try date(call[0]).ticks - date(call[1]).ticks)
    }
    for (sign, test) in comparisons {
      type.member("static bool operator \(sign)(DateTime d1, DateTime d2)") { call in
        .bool(test(try date(call[0]).ticks, try date(call[1]).ticks))
      }
    }
  }

  /// What completes a text that names a time alone.
  static func today(_ machine: Machine) throws -> DateTimeValue { try DateTimeValue(ticks: machine.context.now()) }

  private static func dateTimeText(_ type: inout LibraryRegistration) {
    @Sendable func styles(_ value: Int) -> ParsedDateTime.Styles { ParsedDateTime.Styles(rawValue: value) }
    for (more, hasStyles) in [
      ("", false), (", IFormatProvider provider", false), (", IFormatProvider provider, DateTimeStyles styles", true),
    ] {
      type.member("static DateTime Parse(string s\(more))", usage: .hiddenState) { call in
        value(
          try DateTimeValue.parse(
            try call.string(0), styles(hasStyles ? call.int(2) : 0), today: try today(call.machine)))
      }
    }
    for (more, hasStyles) in [("", false), (", DateTimeStyles style", true)] {
      type.member("static DateTime ParseExact(string s, string format, IFormatProvider provider\(more))", listed: false)
      { call in
        let read = try DateTimeValue.read(try call.string(0), exactly: try call.string(1))
        return value(try read.dateTime(styles(hasStyles ? call.int(3) : 0)))
      }
    }
    type.member("static bool TryParse(string s, out DateTime result)", listed: false) { call in
      let date = call.stringOrNull(0).flatMap { try? DateTimeValue.parse($0, today: today(call.machine)) }
      call.set(1, try value(date ?? DateTimeValue(ticks: 0)))
      return .bool(date != nil)
    }
    type.member(
      "static bool TryParse(string s, IFormatProvider provider, DateTimeStyles styles, out DateTime result)",
      listed: false
    ) { call in
      let date = call.stringOrNull(0).flatMap {
        try? DateTimeValue.parse($0, styles(call.int(2)), today: today(call.machine))
      }
      call.set(3, try value(date ?? DateTimeValue(ticks: 0)))
      return .bool(date != nil)
    }
    type.member(
      "static bool TryParseExact(string s, string format, IFormatProvider provider, DateTimeStyles style, out DateTime result)",
      listed: false
    ) { call in
      let read = try? DateTimeValue.read(try call.string(0), exactly: try call.string(1))
      let date = try? read?.dateTime(styles(call.int(3)))
      call.set(4, try value(date ?? DateTimeValue(ticks: 0)))
      return .bool(date != nil)
    }
    for more in ["string format", "IFormatProvider provider", "string format, IFormatProvider provider"] {
      type.member("string ToString(\(more))") { call in .string(try date(call.this).format(call.stringOrNull(0))) }
    }
    for (name, format) in [
      ("ToShortDateString", "d"), ("ToLongDateString", "D"), ("ToShortTimeString", "t"), ("ToLongTimeString", "T"),
    ] {
      type.member("string \(name)()", listed: false) { call in .string(try date(call.this).format(format)) }
    }
  }
}
