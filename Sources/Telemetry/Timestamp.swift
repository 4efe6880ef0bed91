/// Moments as text, without a calendar library.
public enum Timestamp {
  /// ISO 8601 in UTC with milliseconds: `2026-11-24T07:16:04.050`, and `Z` if asked for.
  /// - Parameter microseconds: since 1970-01-01 UTC.
  public static func text(microseconds: Int64, zone: Bool = true) -> String {
    var bytes: [UInt8] = []
    append(microseconds: microseconds, zone: zone, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends what ``text(microseconds:zone:)`` returns.
  public static func append(microseconds: Int64, zone: Bool, to bytes: inout [UInt8]) {
    ByteRoom.extend(&bytes, by: maximumBytes) { append(microseconds: microseconds, zone: zone, to: &$0) }
  }

  /// Years of Int64 microseconds have six digits and a sign at most.
  static let maximumBytes = 28

  static func append(microseconds: Int64, zone: Bool, to room: inout ByteRoom) {
    let millisecond = floorDivide(microseconds, 1_000)
    let second = floorDivide(millisecond, 1_000)
    let day = floorDivide(second, 86_400)
    let date = civil(dayNumber: day)
    let secondOfDay = UInt(second - day * 86_400)
    if (0...9_999).contains(date.year) {
      room.append(digits: UInt(date.year), width: 4)
    } else {
      room.append(decimal: date.year)
    }
    room.append(0x2d)
    room.append(digits: UInt(date.month), width: 2)
    room.append(0x2d)
    room.append(digits: UInt(date.day), width: 2)
    room.append(0x54)
    room.append(digits: secondOfDay / 3_600, width: 2)
    room.append(0x3a)
    room.append(digits: secondOfDay % 3_600 / 60, width: 2)
    room.append(0x3a)
    room.append(digits: secondOfDay % 60, width: 2)
    room.append(0x2e)
    room.append(digits: UInt(millisecond - second * 1_000), width: 3)
    if zone { room.append(0x5a) }
  }

  private static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
    let quotient = value / by
    return value % by < 0 ? quotient - 1 : quotient
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
