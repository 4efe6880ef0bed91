import DotNet

/// `DateTime`, `TimeSpan` and what belongs to them. The local time zone is UTC.
extension LibraryCatalog {
  static let timeTypes: [LibraryType] = [
    LibraryType(enumeration: "System.DateTimeKind", [("Unspecified", 0), ("Utc", 1), ("Local", 2)]),
    LibraryType(
      enumeration: "System.DayOfWeek", listed: false,
      ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"].enumerated().map {
        ($1, Int64($0))
      }),
    LibraryType("struct System.DateTime") { type in
      dateTimeMaking(&type)
      dateTimeParts(&type)
      dateTimeArithmetic(&type)
    },
    LibraryType("struct System.DateTimeOffset") { type in dateTimeOffset(&type) },
    LibraryType("struct System.TimeSpan") { type in
      timeSpanMaking(&type)
      timeSpanParts(&type)
    },
  ]

  private static func dateTimeOffset(_ type: inout LibraryRegistration) {
    @Sendable func made(_ date: DateTimeValue) -> Value { .object(DateTimeOffsetObject(date.with(.utc))) }
    @Sendable func own(_ value: Value) throws -> DateTimeValue {
      guard case .object(let object) = value, let offset = object as? DateTimeOffsetObject else {
        throw Thrown.nullReference()
      }
      return offset.value
    }
    type.member("DateTimeOffset(DateTime dateTime)") { call in made(try date(call[0])) }
    for name in ["UtcNow", "Now"] {
      type.member("static DateTimeOffset \(name) { get; }", usage: .hiddenState) { call in
        made(try DateTimeValue(ticks: call.machine.context.now()))
      }
    }
    type.member("static implicit operator DateTimeOffset(DateTime dateTime)") { call in made(try date(call[0])) }
    type.member("static DateTimeOffset Parse(string input)") { call in
      made(try DateTimeValue.parse(try call.string(0)))
    }
    let epoch: Int64 = 621_355_968_000_000_000
    for (name, unit) in [("Seconds", DateTimeValue.ticksPerSecond), ("Milliseconds", 10_000)] {
      type.member("static DateTimeOffset FromUnixTime\(name)(long value)") { call in
        guard abs(call.long(0)) < 300_000_000_000_000 else { throw Thrown.outOfRange("value") }
        return made(try DateTimeValue(ticks: call.long(0) * unit + epoch))
      }
      type.member("long ToUnixTime\(name)()") { call in
        let ticks = try own(call.this).ticks - epoch
        return .int64(ticks >= 0 ? ticks / unit : -((unit - 1 - ticks) / unit))
      }
    }
    type.member("DateTime DateTime { get; }") { call in value(try own(call.this).with(.unspecified)) }
    type.member("DateTime UtcDateTime { get; }") { call in value(try own(call.this)) }
    type.member("TimeSpan Offset { get; }") { _ in value(span: 0) }
    type.member("long Ticks { get; }") { call in .int64(try own(call.this).ticks) }
    for (name, part) in [("Year", 0), ("Month", 1), ("Day", 2), ("Hour", 3), ("Minute", 4), ("Second", 5)] {
      type.member("int \(name) { get; }") { call in
        let value = try own(call.this)
        let all = [value.date.year, value.date.month, value.date.day, value.hour, value.minute, value.second]
        return .int32(Int32(all[part]))
      }
    }
    for (name, unit) in units {
      type.member("DateTimeOffset Add\(name)(double value)") { call in
        made(try own(call.this).adding(call.double(0), unit: unit))
      }
    }
    type.member("string ToString(string format)") { call in
      .string(try CompositeFormat.text(call.this, call.stringOrNull(0), call.machine))
    }
    type.member("static TimeSpan operator -(DateTimeOffset a, DateTimeOffset b)") { call in
      value(span: try own(call[0]).ticks - own(call[1]).ticks)
    }
    for (sign, test) in comparisons {
      type.member("static bool operator \(sign)(DateTimeOffset a, DateTimeOffset b)") { call in
        .bool(test(try own(call[0]).ticks, try own(call[1]).ticks))
      }
    }
  }

  static func date(_ value: Value) throws -> DateTimeValue {
    guard case .object(let object) = value, let date = object as? DateTimeObject else { throw Thrown.nullReference() }
    return date.value
  }

  static func span(_ value: Value) throws -> Int64 {
    guard case .object(let object) = value, let span = object as? TimeSpanObject else { throw Thrown.nullReference() }
    return span.ticks
  }

  static func value(_ date: DateTimeValue) -> Value { .object(DateTimeObject(date)) }
  static func value(span ticks: Int64) -> Value { .object(TimeSpanObject(ticks)) }

  /// UTC ticks of the context as a `DateTime`.
  static func utc(_ ticks: Int64) throws -> Value { value(try DateTimeValue(ticks: ticks, kind: .utc)) }

  private static func dateTimeMaking(_ type: inout LibraryRegistration) {
    type.member("DateTime(int year, int month, int day)") { call in
      value(try DateTimeValue(year: call.int(0), month: call.int(1), day: call.int(2)))
    }
    for (more, count) in [("", 6), (", DateTimeKind kind", 7)] {
      type.member("DateTime(int year, int month, int day, int hour, int minute, int second\(more))") { call in
        value(
          try DateTimeValue(
            year: call.int(0), month: call.int(1), day: call.int(2), hour: call.int(3), minute: call.int(4),
            second: call.int(5),
            kind: count == 7 ? DateTimeValue.Kind(rawValue: Int32(call.int(6))) ?? .unspecified : .unspecified))
      }
    }
    type.member("DateTime(int year, int month, int day, int hour, int minute, int second, int millisecond)") { call in
      value(
        try DateTimeValue(
          year: call.int(0), month: call.int(1), day: call.int(2), hour: call.int(3), minute: call.int(4),
          second: call.int(5), millisecond: call.int(6)))
    }
    type.member("DateTime(long ticks)") { call in value(try DateTimeValue(ticks: call.long(0))) }
    type.member("DateTime(long ticks, DateTimeKind kind)") { call in
      value(
        try DateTimeValue(ticks: call.long(0), kind: DateTimeValue.Kind(rawValue: Int32(call.int(1))) ?? .unspecified))
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
    type.member("static DateTime Parse(string s)") { call in value(try DateTimeValue.parse(try call.string(0))) }
    type.member("static bool TryParse(string s, out DateTime result)", listed: false) { call in
      let date = call.stringOrNull(0).flatMap { try? DateTimeValue.parse($0) }
      call.set(1, try date.map { value($0) } ?? value(DateTimeValue(ticks: 0)))
      return .bool(date != nil)
    }
    type.member("static bool IsLeapYear(int year)") { call in .bool(DateTimeValue.isLeap(call.int(0))) }
    type.member("static int DaysInMonth(int year, int month)") { call in
      guard (1...12).contains(call.int(1)) else {
        throw Thrown.outOfRange("month", "Month must be between one and twelve.")
      }
      return .int32(Int32(DateTimeValue.days(call.int(0), call.int(1))))
    }
  }

  private static func dateTimeParts(_ type: inout LibraryRegistration) {
    let parts: [(String, @Sendable (DateTimeValue) -> Int)] = [
      ("Year", { $0.date.year }), ("Month", { $0.date.month }), ("Day", { $0.date.day }), ("Hour", { $0.hour }),
      ("Minute", { $0.minute }), ("Second", { $0.second }), ("Millisecond", { $0.millisecond }),
      ("DayOfYear", { $0.dayOfYear }),
    ]
    for (name, part) in parts {
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
    type.member("string ToString(string format)") { call in .string(try date(call.this).format(call.stringOrNull(0))) }
    type.member("DateTime ToUniversalTime()", listed: false) { call in value(try date(call.this).with(.utc)) }
    type.member("bool IsDaylightSavingTime()") { _ in .bool(false) }
    type.member("int CompareTo(DateTime value)") { call in .int32(Int32(try Operation.compare(call.this, call[0]))) }
    type.member("bool Equals(DateTime value)") { call in .bool(Operation.areEqual(call.this, call[0])) }
  }

  private static func dateTimeArithmetic(_ type: inout LibraryRegistration) {
    for (name, unit) in [
      ("AddDays", 864_000_000_000), ("AddHours", 36_000_000_000), ("AddMinutes", 600_000_000),
      ("AddSeconds", 10_000_000), ("AddMilliseconds", 10_000),
    ] as [(String, Int64)] {
      type.member("DateTime \(name)(double value)") { call in
        value(try date(call.this).adding(call.double(0), unit: unit))
      }
    }
    type.member("DateTime AddTicks(long value)") { call in value(try date(call.this).adding(ticks: call.long(0))) }
    type.member("DateTime AddMonths(int months)") { call in value(try date(call.this).adding(months: call.int(0))) }
    type.member("DateTime AddYears(int value)") { call in
      guard abs(call.int(0)) < 10_000 else { throw Thrown.outOfRange("years") }
      return value(try date(call.this).adding(months: call.int(0) * 12))
    }
    type.member("DateTime Add(TimeSpan value)") { call in value(try date(call.this).adding(ticks: try span(call[0]))) }
    type.member("DateTime Subtract(TimeSpan value)") { call in
      value(try date(call.this).adding(ticks: -(try span(call[0]))))
    }
    type.member("TimeSpan Subtract(DateTime value)") { call in
      value(span: try date(call.this).ticks - date(call[0]).ticks)
    }
    type.member("static DateTime operator +(DateTime d, TimeSpan t)") { call in
      value(try date(call[0]).adding(ticks: try span(call[1])))
    }
    type.member("static DateTime operator -(DateTime d, TimeSpan t)") { call in
      value(try date(call[0]).adding(ticks: -(try span(call[1]))))
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

  private static let comparisons: [(String, @Sendable (Int64, Int64) -> Bool)] = [
    ("==", { $0 == $1 }), ("!=", { $0 != $1 }), ("<", { $0 < $1 }), (">", { $0 > $1 }), ("<=", { $0 <= $1 }),
    (">=", { $0 >= $1 }),
  ]

  // MARK: - TimeSpan

  private static func timeSpanMaking(_ type: inout LibraryRegistration) {
    type.member("TimeSpan(long ticks)") { call in value(span: call.long(0)) }
    type.member("TimeSpan(int hours, int minutes, int seconds)") { call in
      value(span: Int64(call.int(0) * 3600 + call.int(1) * 60 + call.int(2)) * DateTimeValue.ticksPerSecond)
    }
    type.member("TimeSpan(int days, int hours, int minutes, int seconds)") { call in
      let seconds = call.int(0) * 86_400 + call.int(1) * 3600 + call.int(2) * 60 + call.int(3)
      return value(span: Int64(seconds) * DateTimeValue.ticksPerSecond)
    }
    for (name, unit) in units {
      type.member("static TimeSpan From\(name)(double value)") { call in
        let milliseconds = (call.double(0) * Double(unit / 10_000)).rounded(.toNearestOrAwayFromZero)
        guard abs(milliseconds) < 9.2e14 else {
          throw Thrown.overflow("TimeSpan overflowed because the duration is too long.")
        }
        return value(span: Int64(milliseconds) * 10_000)
      }
      type.member("double Total\(name) { get; }") { call in .double(Double(try span(call.this)) / Double(unit)) }
    }
    type.member("static TimeSpan FromTicks(long value)") { call in value(span: call.long(0)) }
    type.member("static TimeSpan Zero { get; }") { _ in value(span: 0) }
    type.member("static TimeSpan Parse(string s)") { call in value(span: try TimeSpanObject.parse(try call.string(0))) }
    type.member("static bool TryParse(string s, out TimeSpan result)") { call in
      let ticks = call.stringOrNull(0).flatMap { try? TimeSpanObject.parse($0) }
      call.set(1, value(span: ticks ?? 0))
      return .bool(ticks != nil)
    }
  }

  private static let units: [(String, Int64)] = [
    ("Days", 864_000_000_000), ("Hours", 36_000_000_000), ("Minutes", 600_000_000), ("Seconds", 10_000_000),
    ("Milliseconds", 10_000),
  ]

  private static func timeSpanParts(_ type: inout LibraryRegistration) {
    for ((name, unit), limit) in zip(units, [Int64.max, 24, 60, 60, 1000]) {
      type.member("int \(name) { get; }") { call in
        .int32(Int32(truncatingIfNeeded: try span(call.this) / unit % limit))
      }
    }
    type.member("long Ticks { get; }") { call in .int64(try span(call.this)) }
    type.member("TimeSpan Add(TimeSpan ts)") { call in value(span: try sum(try span(call.this), try span(call[0]))) }
    type.member("TimeSpan Subtract(TimeSpan ts)") { call in
      value(span: try sum(try span(call.this), -(try span(call[0]))))
    }
    type.member("string ToString(string format)") { call in
      .string(try CompositeFormat.text(call.this, call.stringOrNull(0), call.machine))
    }
    type.member("TimeSpan Negate()") { call in value(span: -(try span(call.this))) }
    type.member("TimeSpan Duration()") { call in value(span: abs(try span(call.this))) }
    type.member("int CompareTo(TimeSpan value)") { call in .int32(Int32(try Operation.compare(call.this, call[0]))) }
    type.member("static TimeSpan operator +(TimeSpan t1, TimeSpan t2)") { call in
      value(span: try sum(try span(call[0]), try span(call[1])))
    }
    type.member("static TimeSpan operator -(TimeSpan t1, TimeSpan t2)") { call in
      value(span: try sum(try span(call[0]), -(try span(call[1]))))
    }
    type.member("static TimeSpan operator -(TimeSpan t)") { call in value(span: -(try span(call[0]))) }
    for (sign, test) in comparisons {
      type.member("static bool operator \(sign)(TimeSpan t1, TimeSpan t2)") { call in
        .bool(test(try span(call[0]), try span(call[1])))
      }
    }
  }

  private static func sum(_ a: Int64, _ b: Int64) throws -> Int64 {
    let (result, overflow) = a.addingReportingOverflow(b)
    if overflow { throw Thrown.overflow("TimeSpan overflowed because the duration is too long.") }
    return result
  }
}

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

/// A `DateTimeOffset`; the offset is always zero, as the local time zone is UTC and parsing converts to it.
final class DateTimeOffsetObject: OrderedObject, Sendable {
  let value: DateTimeValue
  var key: DateTimeValue { value }

  init(_ value: DateTimeValue) { self.value = value }

  var runtimeType: TypeSymbol { .dateTimeOffset }
  func text(_ machine: Machine) throws -> String { try value.format("MM/dd/yyyy HH:mm:ss") + " +00:00" }
  /// `K` shows the offset: the value formats as a local time.
  func text(format: String) throws -> String { try value.with(.local).format(format) }
}

/// A `TimeSpan`: 100-nanosecond ticks.
final class TimeSpanObject: OrderedObject, Sendable {
  let ticks: Int64
  var key: Int64 { ticks }

  init(_ ticks: Int64) { self.ticks = ticks }

  var runtimeType: TypeSymbol { .timeSpan }

  func text(_ machine: Machine) throws -> String { constant }

  /// Format `c`: `[-][d.]hh:mm:ss[.fffffff]`.
  private var constant: String {
    func padded(_ value: UInt64, _ width: Int) -> String {
      let digits = String(value)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let all = ticks.magnitude
    let (days, fraction) = (all / 864_000_000_000, all % 10_000_000)
    return (ticks < 0 ? "-" : "") + (days > 0 ? "\(days)." : "") + padded(all / 36_000_000_000 % 24, 2) + ":"
      + padded(all / 600_000_000 % 60, 2) + ":" + padded(all / 10_000_000 % 60, 2)
      + (fraction > 0 ? "." + padded(fraction, 7) : "")
  }

  func text(format: String) throws -> String {
    if ["c", "t", "T"].contains(format) { return constant }
    guard format.count > 1 else { throw Thrown.format() }
    var result = ""
    let text = Array(format)
    var index = 0
    let parts: [Character: UInt64] = [
      "d": ticks.magnitude / 864_000_000_000, "h": ticks.magnitude / 36_000_000_000 % 24,
      "m": ticks.magnitude / 600_000_000 % 60, "s": ticks.magnitude / 10_000_000 % 60,
    ]
    while index < text.count {
      let letter = text[index]
      var count = 1
      while index + count < text.count, text[index + count] == letter { count += 1 }
      if let value = parts[letter] {
        let digits = String(value)
        result += String(repeating: "0", count: max(0, count - digits.count)) + digits
      } else if letter == "f" {
        let digits = String(ticks.magnitude % 10_000_000)
        result += (String(repeating: "0", count: 7 - digits.count) + digits).prefix(count)
      } else if letter == "\\", index + 1 < text.count {
        result.append(text[index + 1])
        count = 2
      } else if letter == "'" {
        count = 1
        while index + count < text.count, text[index + count] != "'" {
          result.append(text[index + count])
          count += 1
        }
        count += 1
      } else {
        throw Thrown.format()
      }
      index += count
    }
    return result
  }

  /// `[-][d.]hh:mm[:ss[.fffffff]]`, or days alone.
  static func parse(_ source: String) throws -> Int64 {
    var text = Substring(source.trimmingWhiteSpace())
    let isNegative = text.hasPrefix("-")
    if isNegative { text.removeFirst() }
    let failure = Thrown.format("String '\(source)' was not recognized as a valid TimeSpan.")
    let pieces = text.split(separator: ":", omittingEmptySubsequences: false)
    func number(_ text: Substring) throws -> Int64 {
      guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int64(text),
        value < 10_675_200
      else { throw failure }
      return value
    }
    var (days, hours, minutes, seconds, fraction): (Int64, Int64, Int64, Int64, Int64) = (0, 0, 0, 0, 0)
    if pieces.count == 1 {
      days = try number(pieces[0])
    } else {
      guard pieces.count <= 3 else { throw failure }
      let head = pieces[0].split(separator: ".", omittingEmptySubsequences: false)
      if head.count == 2 { days = try number(head[0]) }
      hours = try number(head[head.count - 1])
      minutes = try number(pieces[1])
      if pieces.count == 3 {
        let tail = pieces[2].split(separator: ".", omittingEmptySubsequences: false)
        seconds = try number(tail[0])
        if tail.count == 2 {
          guard tail[1].count <= 7 else { throw failure }
          fraction = try number(Substring((tail[1] + "0000000").prefix(7)))
        }
      }
      // Too many hours for a day make the first part days, as .NET reads "25:00:00".
      if head.count == 1, hours > 23 { (days, hours, minutes, seconds) = (hours, minutes, seconds, 0) }
    }
    guard hours < 24, minutes < 60, seconds < 60 else {
      throw Thrown.overflow(
        "The TimeSpan string '\(source)' could not be parsed because at least one of its parts is out of range.")
    }
    let ticks = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return (isNegative ? -1 : 1) * (ticks * DateTimeValue.ticksPerSecond + fraction)
  }
}
