/// A date read from a text: what the clock shows, and how far it is ahead of UTC if the text says so.
public struct ParsedDateTime: Sendable {
  public var clock: DateTimeValue
  /// Ticks; nil when the text names no zone.
  public var offset: Int64?
  /// The zone was written as `Z` or `GMT`.
  public var isUTC = false

  /// The flags of `DateTimeStyles` that count.
  public struct Styles: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let adjustToUniversal = Styles(rawValue: 16)
    public static let assumeLocal = Styles(rawValue: 32)
    public static let assumeUniversal = Styles(rawValue: 64)
    public static let roundtripKind = Styles(rawValue: 128)
  }

  /// The `DateTime` it is. The local zone is UTC, and a time with a zone becomes local.
  public func dateTime(_ styles: Styles = []) throws -> DateTimeValue {
    guard let offset else {
      if styles.contains(.assumeUniversal) { return clock.with(styles.contains(.adjustToUniversal) ? .utc : .local) }
      return styles.contains(.assumeLocal)
        ? clock.with(styles.contains(.adjustToUniversal) ? .utc : .local) : clock
    }
    let value = try clock.adding(ticks: -offset)
    let isUTC = styles.contains(.adjustToUniversal) || (styles.contains(.roundtripKind) && isUTC)
    return value.with(isUTC ? .utc : .local)
  }
}

extension DateTimeValue {
  /// `DateTime.Parse` in the invariant culture.
  public static func parse(
    _ source: String, _ styles: ParsedDateTime.Styles = [], today: DateTimeValue? = nil
  ) throws -> DateTimeValue {
    try read(source, today: today).dateTime(styles)
  }

  /// ISO forms, `MM/dd/yyyy`, RFC 1123 and names of months. FormatException for other texts.
  ///
  /// - Parameter today: completes a text that names no year, or nothing but a time; without it such texts are refused.
  public static func read(_ source: String, today: DateTimeValue? = nil) throws -> ParsedDateTime {
    var reader = DateTimeReader(source, today: today)
    guard let result = reader.read() else {
      throw DotNetException.format("String '\(source)' was not recognized as a valid DateTime.")
    }
    return result
  }
}

/// Reads a date without a given pattern, as .NET does: numbers, words and the signs between them.
private struct DateTimeReader {
  private let text: [Character]
  private var index = 0
  private var numbers: [(value: Int, digits: Int)] = []
  private var separators: [Character] = []
  private var fraction: Int64 = 0
  private var hasFraction = false
  private var isAfternoon = false
  private var isMorning = false
  private var isUTC = false
  private var offset: Int64?
  private var month: Int?
  private var weekday: Int?
  /// Numbers read before the first colon's left side: where the time begins.
  private var timeStart: Int?

  private let today: DateTimeValue?

  init(_ source: String, today: DateTimeValue?) {
    text = Array(source)
    self.today = today
  }

  private mutating func digits() -> String {
    let start = index
    while index < text.count, text[index].isASCII, text[index].isNumber { index += 1 }
    return String(text[start..<index])
  }

  mutating func read() -> ParsedDateTime? {
    var lastSign: Character?
    while index < text.count {
      let character = text[index]
      if character.isASCII, character.isNumber {
        let digits = digits()
        if lastSign == ".", let start = timeStart, numbers.count - start == 3, !hasFraction {
          guard let value = Double("0." + digits) else { return nil }
          fraction = Int64((value * 10_000_000).rounded())
          hasFraction = true
        } else {
          guard digits.count <= 7, let value = Int(digits), numbers.count < 6 else { return nil }
          numbers.append((value, digits.count))
        }
        lastSign = nil
      } else if character.isLetter {
        guard word() else { return nil }
        lastSign = nil
      } else if timeStart != nil, character == "+" || character == "-" {
        guard zone() else { return nil }
        lastSign = nil
      } else {
        guard " \t-/:.,".contains(character) else { return nil }
        if !character.isWhitespace {
          // Two signs in a row are no date.
          if let lastSign, lastSign != ",", character != "," { return nil }
          lastSign = character
        }
        if character == ":" {
          guard !numbers.isEmpty else { return nil }
          timeStart = timeStart ?? numbers.count - 1
        }
        index += 1
      }
    }
    guard lastSign == nil || lastSign == "," || lastSign == "." else { return nil }
    return result()
  }

  private mutating func word() -> Bool {
    let start = index
    while index < text.count, text[index].isLetter { index += 1 }
    let word = String(text[start..<index]).lowercased()
    func place(_ names: [String]) -> Int? {
      names.firstIndex { $0.lowercased() == word || $0.prefix(3).lowercased() == word }
    }
    switch word {
    case "t": return !numbers.isEmpty
    case "z", "gmt": isUTC = true
    case "am", "a": isMorning = true
    case "pm", "p": isAfternoon = true
    default:
      if let place = place(DateTimeValue.monthNames), month == nil {
        month = place + 1
      } else if let place = place(DateTimeValue.dayNames), weekday == nil {
        weekday = place
      } else {
        return false
      }
      return true
    }
    if isMorning || isAfternoon, timeStart == nil { timeStart = numbers.count - 1 }
    return !numbers.isEmpty
  }

  private mutating func zone() -> Bool {
    let isNegative = text[index] == "-"
    index += 1
    let hours = digits()
    var minutes = "0"
    if hours.count > 2 {
      guard hours.count == 4 else { return false }
      minutes = String(hours.suffix(2))
    } else if index < text.count, text[index] == ":" {
      index += 1
      minutes = digits()
    }
    guard let h = Int64(hours.prefix(2)), let m = Int64(minutes), h * 60 + m <= 14 * 60, m < 60 else { return false }
    offset = (isNegative ? -1 : 1) * (h * 60 + m) * 600_000_000
    return true
  }

  private func year(_ number: (value: Int, digits: Int)) -> Int {
    number.digits > 2 ? number.value : number.value + (number.value < 30 ? 2000 : 1900)
  }

  /// Year, month and day from the numbers before the time.
  private func day(_ parts: ArraySlice<(value: Int, digits: Int)>) -> (Int, Int, Int)? {
    let list = Array(parts)
    func isYear(_ number: (value: Int, digits: Int)) -> Bool { number.digits > 2 || number.value > 31 }
    switch (month, list.count) {
    case (let month?, 2):
      return isYear(list[0]) ? (list[0].value, month, list[1].value) : (year(list[1]), month, list[0].value)
    case (let month?, 1):
      return isYear(list[0]) ? (list[0].value, month, 1) : today.map { ($0.date.year, month, list[0].value) }
    case (nil, 3):
      return isYear(list[0])
        ? (list[0].value, list[1].value, list[2].value) : (year(list[2]), list[0].value, list[1].value)
    case (nil, 2):
      if isYear(list[0]) { return (list[0].value, list[1].value, 1) }
      return list[1].digits > 2
        ? (list[1].value, list[0].value, 1) : today.map { ($0.date.year, list[0].value, list[1].value) }
    // A time alone is one of today.
    case (nil, 0) where timeStart != nil: return today?.date
    default: return nil
    }
  }

  private func result() -> ParsedDateTime? {
    let start = timeStart ?? numbers.count
    guard start >= 0, let (year, month, day) = day(numbers[..<start]) else { return nil }
    var time = numbers[start...].map(\.value)
    guard time.count <= 3, time.count != 1 || isMorning || isAfternoon, !(isMorning && isAfternoon) else { return nil }
    while time.count < 3 { time.append(0) }
    if isMorning || isAfternoon {
      guard time[0] <= 12 else { return nil }
      time[0] = time[0] % 12 + (isAfternoon ? 12 : 0)
    }
    guard
      let clock = try? DateTimeValue(
        year: year, month: month, day: day, hour: time[0], minute: time[1], second: time[2]
      ).adding(ticks: fraction),
      weekday == nil || weekday == clock.dayOfWeek
    else { return nil }
    return ParsedDateTime(clock: clock, offset: isUTC ? 0 : offset, isUTC: isUTC)
  }
}
