/// Moments as text, without a calendar library.
public enum Timestamp {
  /// ISO 8601 in UTC with milliseconds: `2026-11-24T07:16:04.050`, and `Z` if asked for.
  /// - Parameter microseconds: since 1970-01-01 UTC.
  public static func text(microseconds: Int64, zone: Bool = true) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(24)
    append(microseconds: microseconds, zone: zone, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends what ``text(microseconds:zone:)`` returns.
  public static func append(microseconds: Int64, zone: Bool, to bytes: inout [UInt8]) {
    let millisecond = floorDivide(microseconds, 1_000)
    let second = floorDivide(millisecond, 1_000)
    let day = floorDivide(second, 86_400)
    let date = civil(dayNumber: day)
    let secondOfDay = Int(second - day * 86_400)
    digits(date.year, 4, &bytes)
    bytes.append(0x2d)
    digits(date.month, 2, &bytes)
    bytes.append(0x2d)
    digits(date.day, 2, &bytes)
    bytes.append(0x54)
    digits(secondOfDay / 3_600, 2, &bytes)
    bytes.append(0x3a)
    digits(secondOfDay % 3_600 / 60, 2, &bytes)
    bytes.append(0x3a)
    digits(secondOfDay % 60, 2, &bytes)
    bytes.append(0x2e)
    digits(Int(millisecond - second * 1_000), 3, &bytes)
    if zone { bytes.append(0x5a) }
  }

  private static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
    let quotient = value / by
    return value % by < 0 ? quotient - 1 : quotient
  }

  private static func digits(_ value: Int, _ width: Int, _ bytes: inout [UInt8]) {
    var divisor = 1
    for _ in 1..<width { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(truncatingIfNeeded: 48 + value / divisor % 10))
      divisor /= 10
    }
  }

  /// The civil date of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
  static func civil(dayNumber: Int64) -> (year: Int, month: Int, day: Int) {
    let shifted = Int(dayNumber) + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }
}
