import DotNet

/// `DateTimeOffset`.
extension LibraryCatalog {
  static let dateTimeOffsetType = LibraryType("struct System.DateTimeOffset : IComparable, IFormattable") { type in
    offsetMaking(&type)
    offsetParts(&type)
    offsetArithmetic(&type)
    offsetText(&type)
  }

  static func value(clock: DateTimeValue, offset: Int64) throws -> Value {
    .object(try DateTimeOffsetObject(clock: clock, offset: offset))
  }

  /// The same moment on a clock of another offset.
  private static func moved(_ date: DateTimeOffsetObject, to offset: Int64) throws -> Value {
    try value(clock: try date.utc.adding(ticks: offset), offset: offset)
  }

  private static func offsetMaking(_ type: inout LibraryRegistration) {
    type.member("DateTimeOffset(DateTime dateTime)") { call in try value(clock: try date(call[0]), offset: 0) }
    type.member("DateTimeOffset(DateTime dateTime, TimeSpan offset)") { call in
      let (clock, offset) = (try date(call[0]), try span(call[1]))
      if clock.kind != .unspecified, offset != 0 {
        throw Thrown.argument("The UTC Offset of the local dateTime parameter does not match the offset argument.")
      }
      return try value(clock: clock, offset: offset)
    }
    type.member("DateTimeOffset(long ticks, TimeSpan offset)") { call in
      try value(clock: try DateTimeValue(ticks: call.long(0)), offset: try span(call[1]))
    }
    for hasMilliseconds in [false, true] {
      type.member(
        "DateTimeOffset(int year, int month, int day, int hour, int minute, int second\(hasMilliseconds ? ", int millisecond" : ""), TimeSpan offset)"
      ) { call in
        let clock = try DateTimeValue(
          year: call.int(0), month: call.int(1), day: call.int(2), hour: call.int(3), minute: call.int(4),
          second: call.int(5), millisecond: hasMilliseconds ? call.int(6) : 0)
        return try value(clock: clock, offset: try span(call[hasMilliseconds ? 7 : 6]))
      }
    }
    for name in ["UtcNow", "Now"] {
      type.member("static DateTimeOffset \(name) { get; }", usage: .hiddenState) { call in
        try value(clock: try DateTimeValue(ticks: call.machine.context.now()), offset: 0)
      }
    }
    type.member("static DateTimeOffset MinValue { get; }") { _ in try value(clock: DateTimeValue(ticks: 0), offset: 0) }
    type.member("static DateTimeOffset MaxValue { get; }") { _ in
      try value(clock: DateTimeValue(ticks: DateTimeValue.maximumTicks), offset: 0)
    }
    type.member("static implicit operator DateTimeOffset(DateTime dateTime)") { call in
      try value(clock: try date(call[0]), offset: 0)
    }
    let epoch: Int64 = 621_355_968_000_000_000
    for (name, unit) in [("Seconds", DateTimeValue.ticksPerSecond), ("Milliseconds", 10_000)] {
      type.member("static DateTimeOffset FromUnixTime\(name)(long value)") { call in
        let (low, high) = (-epoch / unit, (DateTimeValue.maximumTicks - epoch) / unit)
        guard (low...high).contains(call.long(0)) else {
          throw Thrown.outOfRange(name.lowercased(), "Valid values are between \(low) and \(high), inclusive.")
        }
        return try value(clock: try DateTimeValue(ticks: call.long(0) * unit + epoch), offset: 0)
      }
      type.member("long ToUnixTime\(name)()") { call in
        let ticks = try dateOffset(call.this).utc.ticks
        return .int64(ticks / unit - epoch / unit)
      }
    }
  }

  private static func offsetParts(_ type: inout LibraryRegistration) {
    type.member("DateTime DateTime { get; }") { call in value(try dateOffset(call.this).clock) }
    type.member("DateTime UtcDateTime { get; }") { call in value(try dateOffset(call.this).utc) }
    type.member("DateTime LocalDateTime { get; }") { call in value(try dateOffset(call.this).utc.with(.local)) }
    type.member("DateTime Date { get; }") { call in
      let clock = try dateOffset(call.this).clock
      return value(try clock.adding(ticks: -clock.timeOfDay))
    }
    type.member("TimeSpan Offset { get; }") { call in value(span: try dateOffset(call.this).offset) }
    type.member("TimeSpan TimeOfDay { get; }") { call in value(span: try dateOffset(call.this).clock.timeOfDay) }
    type.member("long Ticks { get; }") { call in .int64(try dateOffset(call.this).clock.ticks) }
    type.member("long UtcTicks { get; }") { call in .int64(try dateOffset(call.this).utc.ticks) }
    for (name, part) in dateParts {
      type.member("int \(name) { get; }") { call in .int32(Int32(part(try dateOffset(call.this).clock))) }
    }
    type.member("DayOfWeek DayOfWeek { get; }") { call in
      .enumeration(Int32(try dateOffset(call.this).clock.dayOfWeek), .named("System.DayOfWeek"))
    }
    for name in ["ToUniversalTime", "ToLocalTime"] {
      type.member("DateTimeOffset \(name)()") { call in try moved(try dateOffset(call.this), to: 0) }
    }
    type.member("DateTimeOffset ToOffset(TimeSpan offset)") { call in
      try moved(try dateOffset(call.this), to: try span(call[0]))
    }
  }

  private static func offsetArithmetic(_ type: inout LibraryRegistration) {
    @Sendable func shifted(_ call: Call, _ receiver: Value, _ ticks: Int64) throws -> Value {
      let own = try dateOffset(receiver)
      return try value(clock: try own.clock.adding(ticks: ticks), offset: own.offset)
    }
    for (name, unit) in timeUnits {
      type.member("DateTimeOffset Add\(name)(double value)") { call in
        let own = try dateOffset(call.this)
        return try value(clock: try own.clock.adding(call.double(0), unit: unit), offset: own.offset)
      }
    }
    for (name, factor) in [("Months", 1), ("Years", 12)] {
      type.member("DateTimeOffset Add\(name)(int value)") { call in
        guard abs(call.int(0)) <= 120_000 / factor else { throw Thrown.outOfRange(name.lowercased()) }
        let own = try dateOffset(call.this)
        return try value(clock: try own.clock.adding(months: call.int(0) * factor), offset: own.offset)
      }
    }
    type.member("DateTimeOffset AddTicks(long value)") { call in try shifted(call, call.this, call.long(0)) }
    type.member("DateTimeOffset Add(TimeSpan value)") { call in try shifted(call, call.this, try span(call[0])) }
    type.member("DateTimeOffset Subtract(TimeSpan value)") { call in
      try shifted(call, call.this, 0 &- (try span(call[0])))
    }
    type.member("TimeSpan Subtract(DateTimeOffset value)") { call in
      value(span: try dateOffset(call.this).utc.ticks - dateOffset(call[0]).utc.ticks)
    }
    type.member("static DateTimeOffset operator +(DateTimeOffset d, TimeSpan t)") { call in
      try shifted(call, call[0], try span(call[1]))
    }
    type.member("static DateTimeOffset operator -(DateTimeOffset d, TimeSpan t)") { call in
      try shifted(call, call[0], 0 &- (try span(call[1])))
    }
    type.member("static TimeSpan operator -(DateTimeOffset a, DateTimeOffset b)") { call in
      value(span: try dateOffset(call[0]).utc.ticks - dateOffset(call[1]).utc.ticks)
    }
    for (sign, test) in comparisons {
      type.member("static bool operator \(sign)(DateTimeOffset a, DateTimeOffset b)") { call in
        .bool(test(try dateOffset(call[0]).utc.ticks, try dateOffset(call[1]).utc.ticks))
      }
    }
    type.member("int CompareTo(DateTimeOffset other)") { call in
      .int32(Int32(try Operation.compare(call.this, call[0])))
    }
    type.member("static int Compare(DateTimeOffset first, DateTimeOffset second)") { call in
      .int32(Int32(try Operation.compare(call[0], call[1])))
    }
    type.member("bool Equals(DateTimeOffset other)") { call in .bool(Operation.areEqual(call.this, call[0])) }
    type.member("bool EqualsExact(DateTimeOffset other)") { call in
      .bool(try dateOffset(call.this).isExactly(try dateOffset(call[0])))
    }
  }

  private static func offsetText(_ type: inout LibraryRegistration) {
    @Sendable func made(_ parsed: ParsedDateTime, _ styles: Int = 0) throws -> Value {
      let read = try DateTimeOffsetObject(clock: parsed.clock, offset: parsed.offset ?? 0)
      let isUniversal = ParsedDateTime.Styles(rawValue: styles).contains(.adjustToUniversal)
      return isUniversal ? .object(DateTimeOffsetObject(read.utc)) : .object(read)
    }
    for (more, hasStyles) in [
      ("", false), (", IFormatProvider provider", false), (", IFormatProvider provider, DateTimeStyles styles", true),
    ] {
      type.member("static DateTimeOffset Parse(string input\(more))", usage: .hiddenState) { call in
        try made(try DateTimeValue.read(try call.string(0), today: today(call.machine)), hasStyles ? call.int(2) : 0)
      }
    }
    for (more, hasStyles) in [("", false), (", DateTimeStyles styles", true)] {
      type.member(
        "static DateTimeOffset ParseExact(string input, string format, IFormatProvider formatProvider\(more))"
      ) { call in
        try made(
          try DateTimeValue.read(try call.string(0), exactly: try call.string(1)), hasStyles ? call.int(3) : 0)
      }
    }
    type.member("static bool TryParse(string input, out DateTimeOffset result)") { call in
      let read = call.stringOrNull(0).flatMap { try? made(DateTimeValue.read($0, today: today(call.machine))) }
      call.set(1, try read ?? value(clock: DateTimeValue(ticks: 0), offset: 0))
      return .bool(read != nil)
    }
    for more in ["string format", "IFormatProvider formatProvider", "string format, IFormatProvider formatProvider"] {
      type.member("string ToString(\(more))") { call in
        .string(try CompositeFormat.text(call.this, call.stringOrNull(0), call.machine))
      }
    }
  }
}
