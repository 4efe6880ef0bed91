/// `System.DateTime`: 100-nanosecond ticks since 0001-01-01, and what the zone is. The local zone is UTC.
public struct DateTimeValue: Sendable {
  public enum Kind: Int32, Sendable {
    case unspecified
    case utc
    case local
  }

  public let ticks: Int64
  public let kind: Kind

  public static let ticksPerSecond: Int64 = 10_000_000
  public static let ticksPerDay: Int64 = 864_000_000_000
  /// Ticks of 1970-01-01.
  public static let unixEpochTicks: Int64 = 621_355_968_000_000_000
  /// Ticks of 9999-12-31T23:59:59.9999999.
  public static let maximumTicks: Int64 = 3_155_378_975_999_999_999

  /// ArgumentOutOfRangeException outside the years 1…9999.
  public init(ticks: Int64, kind: Kind = .unspecified) throws {
    guard (0...Self.maximumTicks).contains(ticks) else {
      throw DotNetException.outOfRange(
        "value", "The added or subtracted value results in an un-representable DateTime.")
    }
    self.ticks = ticks
    self.kind = kind
  }

  /// A date of the calendar with a time of day. ArgumentOutOfRangeException for one that does not exist.
  public init(
    year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0,
    kind: Kind = .unspecified
  ) throws {
    guard (1...9999).contains(year), (1...12).contains(month), (1...Self.days(year, month)).contains(day) else {
      throw DotNetException.outOfRange(
        nil, "Year, Month, and Day parameters describe an un-representable DateTime.")
    }
    guard (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second), (0...999).contains(millisecond)
    else {
      throw DotNetException.outOfRange(
        nil, "Hour, Minute, and Second parameters describe an un-representable DateTime.")
    }
    let seconds = Int64(Self.dayNumber(year, month, day)) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    try self.init(ticks: seconds * Self.ticksPerSecond + Int64(millisecond) * 10_000, kind: kind)
  }

  public func with(_ kind: Kind) -> DateTimeValue { (try? DateTimeValue(ticks: ticks, kind: kind)) ?? self }

  // MARK: - Calendar

  public static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  /// Days of a month.
  public static func days(_ year: Int, _ month: Int) -> Int {
    [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  /// Days since 0001-01-01.
  static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let before = year - 1
    let ofYears = before * 365 + before / 4 - before / 100 + before / 400
    return ofYears + (1..<month).reduce(0) { $0 + days(year, $1) } + day - 1
  }

  public var date: (year: Int, month: Int, day: Int) {
    var rest = Int(ticks / Self.ticksPerDay)
    let cycles = rest / 146_097
    rest %= 146_097
    let centuries = min(rest / 36_524, 3)
    rest -= centuries * 36_524
    let fours = rest / 1461
    rest %= 1461
    let years = min(rest / 365, 3)
    rest -= years * 365
    let year = cycles * 400 + centuries * 100 + fours * 4 + years + 1
    var month = 1
    while rest >= Self.days(year, month) {
      rest -= Self.days(year, month)
      month += 1
    }
    return (year, month, rest + 1)
  }

  public var timeOfDay: Int64 { ticks % Self.ticksPerDay }
  public var hour: Int { Int(timeOfDay / 36_000_000_000) }
  public var minute: Int { Int(timeOfDay / 600_000_000) % 60 }
  public var second: Int { Int(timeOfDay / Self.ticksPerSecond) % 60 }
  public var millisecond: Int { Int(timeOfDay / 10_000) % 1000 }
  /// 0 is Sunday.
  public var dayOfWeek: Int { Int((ticks / Self.ticksPerDay + 1) % 7) }
  public var dayOfYear: Int {
    let (year, _, _) = date
    return Int(ticks / Self.ticksPerDay) - Self.dayNumber(year, 1, 1) + 1
  }

  public func adding(ticks more: Int64) throws -> DateTimeValue {
    let (sum, overflow) = ticks.addingReportingOverflow(more)
    return try DateTimeValue(ticks: overflow ? -1 : sum, kind: kind)
  }

  /// A number of units of `ticks`, rounded to the millisecond as .NET does.
  public func adding(_ value: Double, unit: Int64) throws -> DateTimeValue {
    let milliseconds = (value * Double(unit / 10_000)).rounded(.toNearestOrAwayFromZero)
    guard abs(milliseconds) < 3.2e14 else { return try DateTimeValue(ticks: -1) }
    return try adding(ticks: Int64(milliseconds) * 10_000)
  }

  /// The same day of another month, or its last one.
  public func adding(months: Int) throws -> DateTimeValue {
    let (year, month, day) = date
    let total = year * 12 + month - 1 + months
    let (newYear, newMonth) = (total / 12, total % 12 + 1)
    guard total >= 12, (1...9999).contains(newYear) else { return try DateTimeValue(ticks: -1) }
    let start = try DateTimeValue(
      year: newYear, month: newMonth, day: min(day, Self.days(newYear, newMonth)), kind: kind)
    return try start.adding(ticks: timeOfDay)
  }
}

extension DateTimeValue: Hashable, Comparable {
  public static func == (a: DateTimeValue, b: DateTimeValue) -> Bool { a.ticks == b.ticks }
  public static func < (a: DateTimeValue, b: DateTimeValue) -> Bool { a.ticks < b.ticks }
  public func hash(into hasher: inout Hasher) { hasher.combine(ticks) }
}

extension DateTimeValue {
  private static let dayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  private static let monthNames = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]

  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// `ToString(format)` in the invariant culture; nil is `G`. FormatException for an unknown format.
  public func format(_ format: String?) throws -> String {
    guard let format, !format.isEmpty else { return try custom("MM/dd/yyyy HH:mm:ss") }
    guard format.count == 1 else { return try custom(format) }
    switch format {
    case "d": return try custom("MM/dd/yyyy")
    case "D": return try custom("dddd, dd MMMM yyyy")
    case "t": return try custom("HH:mm")
    case "T": return try custom("HH:mm:ss")
    case "f": return try custom("dddd, dd MMMM yyyy HH:mm")
    case "F", "U": return try custom("dddd, dd MMMM yyyy HH:mm:ss")
    case "g": return try custom("MM/dd/yyyy HH:mm")
    case "G": return try custom("MM/dd/yyyy HH:mm:ss")
    case "m", "M": return try custom("MMMM dd")
    case "y", "Y": return try custom("yyyy MMMM")
    case "o", "O": return try custom("yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK")
    case "s": return try custom("yyyy'-'MM'-'dd'T'HH':'mm':'ss")
    case "u": return try custom("yyyy'-'MM'-'dd HH':'mm':'ss'Z'")
    case "r", "R": return try custom("ddd, dd MMM yyyy HH':'mm':'ss 'GMT'")
    default: throw DotNetException.format("Input string was not in a correct format.")
    }
  }

  private func custom(_ format: String) throws -> String {
    let text = Array(format)
    let (year, month, day) = date
    var result = ""
    var index = 0
    while index < text.count {
      let letter = text[index]
      var count = 1
      while index + count < text.count, text[index + count] == letter { count += 1 }
      switch letter {
      case "y": result += count <= 2 ? Self.padded(year % 100, count) : Self.padded(year, count)
      case "M":
        result +=
          count == 3
          ? String(Self.monthNames[month - 1].prefix(3))
          : count > 3 ? Self.monthNames[month - 1] : Self.padded(month, count)
      case "d":
        result +=
          count == 3
          ? String(Self.dayNames[dayOfWeek].prefix(3))
          : count > 3 ? Self.dayNames[dayOfWeek] : Self.padded(day, count)
      case "H": result += Self.padded(hour, min(count, 2))
      case "h": result += Self.padded(hour % 12 == 0 ? 12 : hour % 12, min(count, 2))
      case "m": result += Self.padded(minute, min(count, 2))
      case "s": result += Self.padded(second, min(count, 2))
      case "t": result += count == 1 ? (hour < 12 ? "A" : "P") : (hour < 12 ? "AM" : "PM")
      case "f", "F":
        guard count <= 7 else { throw DotNetException.format("Input string was not in a correct format.") }
        var digits = String(Self.padded(Int(ticks % Self.ticksPerSecond), 7).prefix(count))
        if letter == "F" {
          while digits.hasSuffix("0") { digits.removeLast() }
          if digits.isEmpty, result.hasSuffix(".") { result.removeLast() }
        }
        result += digits
      case "K": result += String(repeating: kind == .utc ? "Z" : kind == .local ? "+00:00" : "", count: count)
      case "z": result += count == 1 ? "+0" : count == 2 ? "+00" : "+00:00"
      case "'", "\"":
        count = 1
        while index + count < text.count, text[index + count] != letter {
          result.append(text[index + count])
          count += 1
        }
        guard index + count < text.count else { throw DotNetException.format() }
        count += 1
      case "\\":
        guard index + 1 < text.count else { throw DotNetException.format() }
        result.append(text[index + 1])
        count = 2
      case "%":
        count = 1
      default: result += String(repeating: letter, count: count)
      }
      index += count
    }
    return result
  }

  /// `DateTime.Parse` in the invariant culture: ISO forms, `MM/dd/yyyy`, RFC 1123. FormatException for others.
  public static func parse(_ source: String) throws -> DateTimeValue {
    let failure = DotNetException.format("String '\(source)' was not recognized as a valid DateTime.")
    var numbers: [Int] = []
    var separators: [Character] = []
    var fraction: Int64 = 0
    var (isUtc, isAfternoon, isMorning) = (false, false, false)
    var offset: Int64?
    var named: Int?
    var index = source.startIndex
    func digits() -> String {
      let start = index
      while index < source.endIndex, source[index].isASCII, source[index].isNumber {
        index = source.index(after: index)
      }
      return String(source[start..<index])
    }
    while index < source.endIndex {
      let character = source[index]
      if character.isASCII, character.isNumber {
        let text = digits()
        guard text.count <= 7, let value = Int(text) else { throw failure }
        if separators.last == ".", numbers.count >= 6 {
          fraction = Int64((text + "0000000").prefix(7)) ?? 0
        } else {
          numbers.append(value)
        }
      } else if character.isLetter {
        let start = index
        while index < source.endIndex, source[index].isLetter { index = source.index(after: index) }
        let word = source[start..<index].lowercased()
        if word == "z" || word == "gmt" {
          isUtc = true
        } else if word == "am" {
          isMorning = true
        } else if word == "pm" {
          isAfternoon = true
        } else if let month = monthNames.firstIndex(where: {
          $0.lowercased() == word || $0.prefix(3).lowercased() == word
        }) {
          named = month + 1
        } else if word != "t",
          !dayNames.contains(where: { $0.lowercased() == word || $0.prefix(3).lowercased() == word })
        {
          throw failure
        }
      } else if character == "+" || (character == "-" && numbers.count >= 5) {
        index = source.index(after: index)
        let hours = digits()
        var minutes = "0"
        if index < source.endIndex, source[index] == ":" {
          index = source.index(after: index)
          minutes = digits()
        }
        guard let h = Int64(hours.prefix(2)), let m = Int64(minutes), h <= 14, m < 60 else { throw failure }
        offset = (character == "-" ? -1 : 1) * (h * 60 + m) * 600_000_000
      } else {
        guard " -/:.,".contains(character) else { throw failure }
        separators.append(character)
        index = source.index(after: index)
      }
    }
    var parts: (Int, Int, Int)
    var time: [Int]
    if let named {
      guard numbers.count >= 2 else { throw failure }
      parts = numbers[0] > 31 ? (numbers[0], named, numbers[1]) : (numbers[1], named, numbers[0])
      time = Array(numbers.dropFirst(2))
    } else {
      guard numbers.count >= 3 else { throw failure }
      parts = numbers[0] > 31 ? (numbers[0], numbers[1], numbers[2]) : (numbers[2], numbers[0], numbers[1])
      time = Array(numbers.dropFirst(3))
    }
    guard time.count <= 3, time.count != 1 || isMorning || isAfternoon else { throw failure }
    while time.count < 3 { time.append(0) }
    if isAfternoon, time[0] < 12 { time[0] += 12 }
    if isMorning, time[0] == 12 { time[0] = 0 }
    guard
      let value = try? DateTimeValue(
        year: parts.0, month: parts.1, day: parts.2, hour: time[0], minute: time[1], second: time[2])
    else { throw failure }
    let kind: Kind = isUtc || offset != nil ? .local : .unspecified
    return try value.adding(ticks: fraction - (offset ?? 0)).with(kind)
  }
}
