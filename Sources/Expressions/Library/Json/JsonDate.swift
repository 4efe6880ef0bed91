import DotNet

/// Texts in JSON that Newtonsoft reads as dates.
enum JsonDate {
  /// A `DateTime` for `2024-01-15T10:30:00[.fraction][Z|±hh:mm]` and `/Date(milliseconds)/`; nil for other texts.
  ///
  /// A zone makes it UTC (`Z`) or local; the local zone is UTC.
  static func value(of text: String) -> DateTimeObject? {
    let source = text.utf8
    let count = source.count
    guard count >= 19, count <= 40, let first = source.first else {
      return count >= 9 && source.first == UInt8(ascii: "/") ? microsoft(text) : nil
    }
    if first >= 0x30, first <= 0x39 { return iso(Array(source)) }
    return first == UInt8(ascii: "/") ? microsoft(text) : nil
  }

  private static func iso(_ text: [UInt8]) -> DateTimeObject? {
    guard text[10] == UInt8(ascii: "T"), text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
      text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"), let year = number(text, 0, 4),
      let month = number(text, 5, 2), let day = number(text, 8, 2), let hour = number(text, 11, 2),
      let minute = number(text, 14, 2), let second = number(text, 17, 2)
    else { return nil }
    var index = 19
    var fraction: Int64 = 0
    if index < text.count, text[index] == UInt8(ascii: ".") {
      index += 1
      let start = index
      while index < text.count, text[index] >= 0x30, text[index] <= 0x39 {
        // More than seven digits are more than a tick.
        if index - start < 7 { fraction = fraction * 10 + Int64(text[index] - 0x30) }
        index += 1
      }
      guard index > start else { return nil }
      for _ in min(index - start, 7)..<7 { fraction *= 10 }
    }
    var kind = DateTimeValue.Kind.unspecified
    var offset: Int64 = 0
    if index < text.count {
      switch text[index] {
      case UInt8(ascii: "Z"):
        kind = .utc
        index += 1
      case UInt8(ascii: "+"), UInt8(ascii: "-"):
        let isNegative = text[index] == UInt8(ascii: "-")
        guard let hours = number(text, index + 1, 2), hours <= 14 else { return nil }
        var minutes = 0
        index += 3
        if index < text.count {
          if text[index] == UInt8(ascii: ":") { index += 1 }
          guard let value = number(text, index, 2), value < 60 else { return nil }
          minutes = value
          index += 2
        }
        kind = .local
        offset = Int64(hours * 60 + minutes) * 600_000_000 * (isNegative ? -1 : 1)
      default: return nil
      }
    }
    // 24:00:00 is the next midnight.
    let isMidnight = hour == 24 && minute == 0 && second == 0 && fraction == 0
    guard index == text.count,
      let date = try? DateTimeValue(
        year: year, month: month, day: day, hour: isMidnight ? 0 : hour, minute: minute, second: second, kind: kind),
      let value = try? date.adding(ticks: fraction - offset + (isMidnight ? DateTimeValue.ticksPerDay : 0))
    else { return nil }
    return DateTimeObject(value.with(kind))
  }

  private static func number(_ text: [UInt8], _ start: Int, _ count: Int) -> Int? {
    guard start + count <= text.count else { return nil }
    var result = 0
    for byte in text[start..<(start + count)] {
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      result = result * 10 + Int(byte - 0x30)
    }
    return result
  }

  /// `/Date(1705314600000)/` and, with a zone, `/Date(1705314600000+0100)/`.
  private static func microsoft(_ text: String) -> DateTimeObject? {
    guard text.hasPrefix("/Date("), text.hasSuffix(")/") else { return nil }
    var digits = text.dropFirst(6).dropLast(2)
    var kind = DateTimeValue.Kind.utc
    if let sign = digits.dropFirst().lastIndex(where: { $0 == "+" || $0 == "-" }) {
      guard digits[sign...].utf8.count == 5, Int(digits[digits.index(after: sign)...]) != nil else { return nil }
      kind = .local
      digits = digits[..<sign]
    }
    let epoch: Int64 = 621_355_968_000_000_000
    guard let milliseconds = Int64(digits), milliseconds.magnitude < 1 << 50,
      let value = try? DateTimeValue(ticks: epoch + milliseconds * 10_000, kind: kind)
    else { return nil }
    return DateTimeObject(value)
  }
}
