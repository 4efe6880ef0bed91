extension DateTimeValue {
  static let dayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  static let monthNames = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
  ]

  private static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// The custom pattern a standard format of one letter stands for; nil for other letters.
  static func pattern(_ letter: Character) -> String? {
    switch letter {
    case "d": "MM/dd/yyyy"
    case "D": "dddd, dd MMMM yyyy"
    case "t": "HH:mm"
    case "T": "HH:mm:ss"
    case "f": "dddd, dd MMMM yyyy HH:mm"
    case "F", "U": "dddd, dd MMMM yyyy HH:mm:ss"
    case "g": "MM/dd/yyyy HH:mm"
    case "G": "MM/dd/yyyy HH:mm:ss"
    case "m", "M": "MMMM dd"
    case "y", "Y": "yyyy MMMM"
    case "o", "O": "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK"
    case "s": "yyyy'-'MM'-'dd'T'HH':'mm':'ss"
    case "u": "yyyy'-'MM'-'dd HH':'mm':'ss'Z'"
    case "r", "R": "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'"
    default: nil
    }
  }

  /// `ToString(format)` in the invariant culture; nil is `G`. FormatException for an unknown format.
  ///
  /// - Parameter offset: ticks by which this clock time is ahead of UTC, when it is that of a `DateTimeOffset`.
  public func format(_ format: String?, offset: Int64? = nil) throws -> String {
    guard let format, let first = format.first else {
      return try custom(offset == nil ? "MM/dd/yyyy HH:mm:ss" : "MM/dd/yyyy HH:mm:ss zzz", offset)
    }
    guard format.count == 1 else { return try custom(format, offset) }
    guard let pattern = Self.pattern(first), offset == nil || first != "U" else { throw DotNetException.format() }
    // Formats that promise UTC show it.
    if let offset, "rRu".contains(first) { return try adding(ticks: -offset).custom(pattern, 0) }
    return try custom(pattern, offset)
  }

  private func custom(_ format: String, _ offset: Int64?) throws -> String {
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
      case "M": result += Self.name(Self.monthNames[month - 1], month, count)
      case "d": result += Self.name(Self.dayNames[dayOfWeek], day, count)
      case "H": result += Self.padded(hour, min(count, 2))
      case "h": result += Self.padded(hour % 12 == 0 ? 12 : hour % 12, min(count, 2))
      case "m": result += Self.padded(minute, min(count, 2))
      case "s": result += Self.padded(second, min(count, 2))
      case "t": result += count == 1 ? (hour < 12 ? "A" : "P") : (hour < 12 ? "AM" : "PM")
      case "g": result += "A.D."
      case "f", "F":
        guard count <= 7 else { throw DotNetException.format() }
        var digits = String(Self.padded(Int(ticks % Self.ticksPerSecond), 7).prefix(count))
        if letter == "F" {
          while digits.hasSuffix("0") { digits.removeLast() }
          if digits.isEmpty, result.hasSuffix(".") { result.removeLast() }
        }
        result += digits
      case "K":
        let zone = offset.map { Self.zone($0, 3) } ?? (kind == .utc ? "Z" : kind == .local ? "+00:00" : "")
        result += String(repeating: zone, count: count)
      case "z": result += Self.zone(offset ?? 0, count)
      case "'", "\"":
        guard let end = text[(index + 1)...].firstIndex(of: letter) else { throw DotNetException.format() }
        result += String(text[(index + 1)..<end])
        count = end + 1 - index
      case "\\":
        guard index + 1 < text.count else { throw DotNetException.format() }
        result.append(text[index + 1])
        count = 2
      case "%":
        guard index + 1 < text.count, text[index + 1] != "%" else { throw DotNetException.format() }
      default: result += String(repeating: letter, count: count)
      }
      index += count
    }
    return result
  }

  private static func name(_ name: String, _ number: Int, _ count: Int) -> String {
    count == 3 ? String(name.prefix(3)) : count > 3 ? name : padded(number, count)
  }

  /// `z`, `zz` and `zzz`.
  private static func zone(_ offset: Int64, _ count: Int) -> String {
    let minutes = Int(offset.magnitude / 600_000_000)
    let sign = offset < 0 ? "-" : "+"
    if count < 3 { return sign + padded(minutes / 60, count) }
    return sign + padded(minutes / 60, 2) + ":" + padded(minutes % 60, 2)
  }
}
