/// A length of time as XML Schema writes it: `P1DT2H3M4.5S`. A year counts 365 days and a month 30.
public enum XmlDuration {
  private static let units: [(letter: Character, isTime: Bool, ticks: Int64)] = [
    ("Y", false, 365 * DateTimeValue.ticksPerDay), ("M", false, 30 * DateTimeValue.ticksPerDay),
    ("D", false, DateTimeValue.ticksPerDay), ("H", true, 3600 * DateTimeValue.ticksPerSecond),
    ("M", true, 60 * DateTimeValue.ticksPerSecond), ("S", true, DateTimeValue.ticksPerSecond),
  ]

  /// - Parameter ticks: units of 100 ns.
  public static func text(ticks: Int64) -> String {
    if ticks == 0 { return "PT0S" }
    let all = ticks.magnitude
    let (day, second) = (UInt64(DateTimeValue.ticksPerDay), UInt64(DateTimeValue.ticksPerSecond))
    var result = (ticks < 0 ? "-P" : "P") + (all >= day ? "\(all / day)D" : "")
    if all % day != 0 {
      let (hours, minutes, seconds) = (all / second / 3600 % 24, all / second / 60 % 60, all / second % 60)
      result += "T" + (hours > 0 ? "\(hours)H" : "") + (minutes > 0 ? "\(minutes)M" : "")
      if all % (60 * second) != 0 {
        var fraction = all % second
        var digits = 7
        while fraction > 0, fraction % 10 == 0 {
          fraction /= 10
          digits -= 1
        }
        let text = String(fraction)
        let padded = String(repeating: "0", count: max(0, digits - text.count)) + text
        result += "\(seconds)" + (fraction > 0 ? "." + padded : "") + "S"
      }
    }
    return result
  }

  /// - Returns: units of 100 ns.
  /// - Throws: FormatException for what is no duration, OverflowException for one that does not fit.
  public static func parse(_ source: String) throws -> Int64 {
    let failure = DotNetException.format("The string '\(source)' is not a valid TimeSpan value.")
    var rest = Substring(XmlCharacter.trimmed(source))
    let isNegative = rest.hasPrefix("-")
    if isNegative { rest.removeFirst() }
    guard rest.popFirst() == "P", !rest.isEmpty else { throw failure }
    var (isTime, next, total) = (false, 0, Int128(0))
    while !rest.isEmpty {
      if rest.first == "T", !isTime {
        rest.removeFirst()
        isTime = true
        guard !rest.isEmpty else { throw failure }
        continue
      }
      let whole = digits(&rest)
      var fraction = Substring()
      if rest.first == "." {
        rest.removeFirst()
        fraction = digits(&rest)
      }
      guard let letter = rest.popFirst(), !whole.isEmpty,
        let unit = units[next...].firstIndex(where: { $0.letter == letter && $0.isTime == isTime }),
        fraction.isEmpty || letter == "S"
      else { throw failure }
      next = unit + 1
      guard whole.count <= 18, let count = Int64(whole) else { throw overflow(source) }
      total += Int128(count) * Int128(units[unit].ticks) + Int128(Int64((fraction + "0000000").prefix(7)) ?? 0)
    }
    guard next > 0, let result = Int64(exactly: isNegative ? -total : total) else { throw overflow(source) }
    return result
  }

  private static func digits(_ rest: inout Substring) -> Substring {
    let found = rest.prefix { $0.isASCII && $0.isNumber }
    rest = rest[found.endIndex...]
    return found
  }

  private static func overflow(_ source: String) -> DotNetException {
    .overflow("Value '\(source)' was either too large or too small for TimeSpan.")
  }
}
