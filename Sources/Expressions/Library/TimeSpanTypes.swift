import DotNet

/// `TimeSpan`.
extension LibraryCatalog {
  static let timeSpanType = LibraryType("struct System.TimeSpan : IComparable, IFormattable") { type in
    timeSpanMaking(&type)
    timeSpanParts(&type)
    timeSpanText(&type)
  }

  private static func checked(_ ticks: Int64?) throws -> Value {
    guard let ticks else { throw Thrown.overflow("TimeSpan overflowed because the duration is too long.") }
    return value(span: ticks)
  }

  private static func sum(_ a: Int64, _ b: Int64) throws -> Value {
    let (result, overflow) = a.addingReportingOverflow(b)
    return try checked(overflow ? nil : result)
  }

  private static func difference(_ a: Int64, _ b: Int64) throws -> Value {
    let (result, overflow) = a.subtractingReportingOverflow(b)
    return try checked(overflow ? nil : result)
  }

  private static func negated(_ ticks: Int64) throws -> Value {
    if ticks == .min { throw Thrown.overflow("Negating the minimum value of a twos complement number is invalid.") }
    return value(span: -ticks)
  }

  private static func timeSpanMaking(_ type: inout LibraryRegistration) {
    type.member("TimeSpan(long ticks)") { call in value(span: call.long(0)) }
    for (parameters, first) in [
      ("int hours, int minutes, int seconds", 1), ("int days, int hours, int minutes, int seconds", 0),
      ("int days, int hours, int minutes, int seconds, int milliseconds", 0),
    ] {
      let count = parameters.split(separator: ",").count
      type.member("TimeSpan(\(parameters))") { call in
        let ticks = (0..<count).reduce(Int128(0)) { $0 + Int128(call.int($1)) * Int128(timeUnits[first + $1].1) }
        guard let fitting = Int64(exactly: ticks) else {
          throw Thrown.outOfRange("", "TimeSpan overflowed because the duration is too long.")
        }
        return value(span: fitting)
      }
    }
    for (name, unit) in timeUnits {
      type.member("static TimeSpan From\(name)(double value)") { call in
        if call.double(0).isNaN {
          throw Thrown.argument("TimeSpan does not accept floating point Not-a-Number values.")
        }
        let milliseconds = (call.double(0) * Double(unit / 10_000)).rounded(.toNearestOrAwayFromZero)
        return try checked(milliseconds.magnitude < 9.2e14 ? Int64(milliseconds) * 10_000 : nil)
      }
      type.member("double Total\(name) { get; }") { call in .double(Double(try span(call.this)) / Double(unit)) }
    }
    for (name, ticks) in [
      ("Day", 864_000_000_000), ("Hour", 36_000_000_000), ("Minute", 600_000_000), ("Second", 10_000_000),
      ("Millisecond", 10_000),
    ] as [(String, Int64)] {
      type.constant("long TicksPer\(name)", .int64(ticks))
    }
    type.member("static TimeSpan FromTicks(long value)") { call in value(span: call.long(0)) }
    for (name, ticks) in [("Zero", 0), ("MinValue", .min), ("MaxValue", .max)] as [(String, Int64)] {
      type.member("static TimeSpan \(name) { get; }") { _ in value(span: ticks) }
    }
  }

  private static func timeSpanParts(_ type: inout LibraryRegistration) {
    for ((name, unit), limit) in zip(timeUnits, [Int64.max, 24, 60, 60, 1000]) {
      type.member("int \(name) { get; }") { call in
        .int32(Int32(truncatingIfNeeded: try span(call.this) / unit % limit))
      }
    }
    type.member("long Ticks { get; }") { call in .int64(try span(call.this)) }
    type.member("TimeSpan Add(TimeSpan ts)") { call in try sum(try span(call.this), try span(call[0])) }
    type.member("TimeSpan Subtract(TimeSpan ts)") { call in try difference(try span(call.this), try span(call[0])) }
    type.member("TimeSpan Negate()") { call in try negated(try span(call.this)) }
    type.member("TimeSpan Duration()") { call in
      let ticks = try span(call.this)
      return ticks < 0 ? try negated(ticks) : call.this
    }
    type.member("int CompareTo(TimeSpan value)") { call in .int32(Int32(try Operation.compare(call.this, call[0]))) }
    type.member("bool Equals(TimeSpan obj)") { call in .bool(Operation.areEqual(call.this, call[0])) }
    type.member("static bool Equals(TimeSpan t1, TimeSpan t2)") { call in .bool(Operation.areEqual(call[0], call[1])) }
    type.member("static int Compare(TimeSpan t1, TimeSpan t2)") { call in
      .int32(Int32(try Operation.compare(call[0], call[1])))
    }
    type.member("static TimeSpan operator +(TimeSpan t1, TimeSpan t2)") { call in
      try sum(try span(call[0]), try span(call[1]))
    }
    type.member("static TimeSpan operator -(TimeSpan t1, TimeSpan t2)") { call in
      try difference(try span(call[0]), try span(call[1]))
    }
    type.member("static TimeSpan operator -(TimeSpan t)") { call in try negated(try span(call[0])) }
    type.member("static TimeSpan operator +(TimeSpan t)") { call in call[0] }
    for (sign, test) in comparisons {
      type.member("static bool operator \(sign)(TimeSpan t1, TimeSpan t2)") { call in
        .bool(test(try span(call[0]), try span(call[1])))
      }
    }
  }

  private static func timeSpanText(_ type: inout LibraryRegistration) {
    type.member("string ToString(string format)") { call in
      .string(try CompositeFormat.text(call.this, call.stringOrNull(0), call.machine))
    }
    type.member("string ToString(string format, IFormatProvider formatProvider)") { call in
      .string(try CompositeFormat.text(call.this, call.stringOrNull(0), call.machine))
    }
    for more in ["", ", IFormatProvider formatProvider"] {
      type.member("static TimeSpan Parse(string s\(more))") { call in
        value(span: try TimeSpanText.parse(try call.string(0)))
      }
    }
    type.member("static bool TryParse(string s, out TimeSpan result)") { call in
      let ticks = call.stringOrNull(0).flatMap { try? TimeSpanText.parse($0) }
      call.set(1, value(span: ticks ?? 0))
      return .bool(ticks != nil)
    }
  }
}
