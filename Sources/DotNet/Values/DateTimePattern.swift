extension DateTimeValue {
  /// `ParseExact` in the invariant culture: the text must have exactly the form of the pattern.
  public static func read(_ source: String, exactly pattern: String) throws -> ParsedDateTime {
    guard !pattern.isEmpty else { throw DotNetException.format() }
    let full = pattern.count == 1 ? pattern.first.flatMap { DateTimeValue.pattern($0) } : pattern
    guard let full else { throw DotNetException.format() }
    var reader = PatternReader(source, isPromisedUTC: pattern.count == 1 && "rRu".contains(pattern))
    guard let result = reader.read(Array(full)) else {
      throw DotNetException.format("String '\(source)' was not recognized as a valid DateTime.")
    }
    return result
  }
}

private struct PatternReader {
  private let text: [Character]
  private var index = 0
  private var (year, month, day) = (1, 1, 1)
  private var (hour, minute, second) = (0, 0, 0)
  private var fraction: Int64 = 0
  private var isAfternoon: Bool?
  private var weekday: Int?
  private var offset: Int64?
  private var isUTC: Bool

  init(_ source: String, isPromisedUTC: Bool) {
    text = Array(source)
    isUTC = isPromisedUTC
    if isPromisedUTC { offset = 0 }
  }

  mutating func read(_ pattern: [Character]) -> ParsedDateTime? {
    var at = 0
    while at < pattern.count {
      let letter = pattern[at]
      var count = 1
      while at + count < pattern.count, pattern[at + count] == letter { count += 1 }
      switch letter {
      case "'", "\"":
        guard let end = pattern[(at + 1)...].firstIndex(of: letter) else { return nil }
        for character in pattern[(at + 1)..<end] { guard accept(character) else { return nil } }
        count = end + 1 - at
      case "\\":
        guard at + 1 < pattern.count, accept(pattern[at + 1]) else { return nil }
        count = 2
      case "%": count = 1
      default: guard field(letter, count) else { return nil }
      }
      at += count
    }
    guard index == text.count else { return nil }
    if let isAfternoon { hour = hour % 12 + (isAfternoon ? 12 : 0) }
    guard
      let clock = try? DateTimeValue(
        year: year, month: month, day: day, hour: hour, minute: minute, second: second
      ).adding(ticks: fraction),
      weekday == nil || weekday == clock.dayOfWeek
    else { return nil }
    return ParsedDateTime(clock: clock, offset: offset, isUTC: isUTC)
  }

  private mutating func accept(_ character: Character) -> Bool {
    guard index < text.count, text[index] == character else { return false }
    index += 1
    return true
  }

  /// A number of at least and at most so many digits.
  private mutating func number(_ least: Int, _ most: Int) -> Int? {
    let start = index
    while index < text.count, index - start < most, text[index].isASCII, text[index].isNumber { index += 1 }
    return index - start >= least ? Int(String(text[start..<index])) : nil
  }

  private mutating func name(_ names: [String], _ count: Int) -> Int? {
    for (place, full) in names.enumerated() {
      let name = count == 3 ? String(full.prefix(3)) : full
      if String(text[index...].prefix(name.count)).lowercased() == name.lowercased() {
        index += name.count
        return place
      }
    }
    return nil
  }

  private mutating func take(_ number: Int?, _ store: (inout PatternReader, Int) -> Void) -> Bool {
    guard let number else { return false }
    store(&self, number)
    return true
  }

  private mutating func field(_ letter: Character, _ count: Int) -> Bool {
    switch letter {
    case "y" where count <= 2:
      return take(number(count, 2)) { $0.year = $1 + ($1 < 30 ? 2000 : 1900) }
    case "y": return take(number(count, max(count, 4))) { $0.year = $1 }
    case "M" where count > 2: return take(name(DateTimeValue.monthNames, count)) { $0.month = $1 + 1 }
    case "M": return take(number(count, 2)) { $0.month = $1 }
    case "d" where count > 2: return take(name(DateTimeValue.dayNames, count)) { $0.weekday = $1 }
    case "d": return take(number(count, 2)) { $0.day = $1 }
    case "H", "h": return take(number(min(count, 2), 2)) { $0.hour = $1 }
    case "m": return take(number(min(count, 2), 2)) { $0.minute = $1 }
    case "s": return take(number(min(count, 2), 2)) { $0.second = $1 }
    case "f", "F":
      let start = index
      guard count <= 7, number(letter == "f" ? count : 0, count) != nil || letter == "F" else { return false }
      fraction = Int64((String(text[start..<index]) + "0000000").prefix(7)) ?? 0
      return true
    case "t":
      guard index < text.count, "aApP".contains(text[index]) else { return false }
      isAfternoon = "pP".contains(text[index])
      index += 1
      return count == 1 || accept("M") || accept("m")
    case "K":
      if accept("Z") {
        (offset, isUTC) = (0, true)
        return true
      }
      return index == text.count || !"+-".contains(text[index]) ? true : zone(3)
    case "z": return zone(count)
    default:
      for _ in 0..<count { guard accept(letter) else { return false } }
      return true
    }
  }

  private mutating func zone(_ count: Int) -> Bool {
    guard index < text.count, "+-".contains(text[index]) else { return false }
    let isNegative = text[index] == "-"
    index += 1
    guard let hours = number(count == 1 ? 1 : 2, 2) else { return false }
    var minutes = 0
    if count > 2 {
      _ = accept(":")
      guard let read = number(2, 2) else { return false }
      minutes = read
    }
    guard hours * 60 + minutes <= 14 * 60, minutes < 60 else { return false }
    offset = Int64((isNegative ? -1 : 1) * (hours * 60 + minutes)) * 600_000_000
    return true
  }
}
