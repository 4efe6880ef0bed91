/// Dates and times as the protocol has them: days since 0001-01-01, and ticks of 100 nanoseconds since midnight.
struct TDSTime: Equatable {
  static let ticksPerSecond: Int64 = 10_000_000
  static let ticksPerDay: Int64 = 86_400 * ticksPerSecond
  /// 9999-12-31.
  static let lastDay = 3_652_058
  /// Days from 0001-01-01 to 1900-01-01, where the older types begin.
  static let daysTo1900 = 693_595

  var day = 0
  var ticks: Int64 = 0
  /// Minutes east of UTC; nil where a text says nothing of it.
  var offset: Int?

  // MARK: - Texts

  var date: String {
    let (year, month, dayOfMonth) = Self.civil(day)
    return "\(Self.digits(year, 4))-\(Self.digits(month, 2))-\(Self.digits(dayOfMonth, 2))"
  }

  /// `12:34:56.789`, with as many digits as it needs.
  var time: String {
    let seconds = Int(ticks / Self.ticksPerSecond)
    var text =
      "\(Self.digits(seconds / 3_600, 2)):\(Self.digits(seconds / 60 % 60, 2)):\(Self.digits(seconds % 60, 2))"
    let fraction = Int(ticks % Self.ticksPerSecond)
    guard fraction != 0 else { return text }
    text += "." + Self.digits(fraction, 7)
    while text.last == "0" { text.removeLast() }
    return text
  }

  var dateTime: String { "\(date)T\(time)" }

  /// The time as it is in its place; this value has it in UTC.
  var dateTimeOffset: String {
    let minutes = offset ?? 0
    let local = moved(minutes: minutes)
    let sign = minutes < 0 ? "-" : "+"
    return "\(local.dateTime)\(sign)\(Self.digits(abs(minutes) / 60, 2)):\(Self.digits(abs(minutes) % 60, 2))"
  }

  func moved(minutes: Int) -> TDSTime {
    var moved = self
    let ticks = ticks + Int64(minutes) * 60 * Self.ticksPerSecond
    let days = Int((Double(ticks) / Double(Self.ticksPerDay)).rounded(.down))
    moved.day = min(max(0, day + days), Self.lastDay)
    moved.ticks = ticks - Int64(days) * Self.ticksPerDay
    return moved
  }

  private static func digits(_ number: Int, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }

  // MARK: - Calendar

  /// Year, month and day of a number of days, in the calendar of ISO 8601.
  private static func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
    // Years begin in March here, so that a leap day is their last.
    let shifted = day + 306
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0)
    return (year, month < 10 ? month + 3 : month - 9, dayOfYear - (153 * month + 2) / 5 + 1)
  }

  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int? {
    guard (1...9_999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard day <= lengths[month - 1] else { return nil }
    let before = year - 1
    let days = before * 365 + before / 4 - before / 100 + before / 400
    return days + lengths[..<(month - 1)].reduce(0, +) + day - 1
  }

  // MARK: - Reading

  init(day: Int = 0, ticks: Int64 = 0, offset: Int? = nil) {
    (self.day, self.ticks, self.offset) = (day, ticks, offset)
  }

  /// Reads `2026-01-31`, `12:34`, or both with `T` or a space between them; seconds, up to seven digits of them, and an
  /// offset (`Z`, `+02:00`) may follow. Nil for anything else.
  init?(_ text: String) {
    let text = Array(text.utf8)
    var index = 0
    func number(_ count: Int) -> Int? {
      guard index + count <= text.count else { return nil }
      var value = 0
      for byte in text[index..<(index + count)] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      index += count
      return value
    }
    func has(_ character: Character) -> Bool {
      guard index < text.count, text[index] == character.asciiValue else { return false }
      index += 1
      return true
    }
    if text.count >= 5, text[4] == UInt8(ascii: "-") {
      guard let year = number(4), has("-"), let month = number(2), has("-"), let dayOfMonth = number(2),
        let day = Self.days(year, month, dayOfMonth)
      else { return nil }
      self.day = day
      if index == text.count { return }
      guard has("T") || has("t") || has(" ") else { return nil }
    } else {
      day = Self.daysTo1900
    }
    guard let hour = number(2), hour < 24, has(":"), let minute = number(2), minute < 60 else { return nil }
    var (second, fraction) = (0, 0)
    if has(":") {
      guard let found = number(2), found < 60 else { return nil }
      second = found
      if has(".") {
        var digits = 0
        while digits < 7, let digit = number(1) {
          fraction = fraction * 10 + digit
          digits += 1
        }
        guard digits > 0 else { return nil }
        while index < text.count, number(1) != nil {}
        for _ in digits..<7 { fraction *= 10 }
      }
    }
    ticks = Int64(hour * 3_600 + minute * 60 + second) * Self.ticksPerSecond + Int64(fraction)
    if index == text.count { return }
    if has("Z") || has("z") {
      offset = 0
    } else {
      let isWest = has("-")
      guard isWest || has("+"), let hours = number(2), has(":"), let minutes = number(2), minutes < 60,
        hours * 60 + minutes <= 840
      else { return nil }
      offset = (hours * 60 + minutes) * (isWest ? -1 : 1)
    }
    guard index == text.count else { return nil }
  }
}
