/// `System.TimeSpan` as text: ticks of 100 ns, written and read in the invariant culture.
public enum TimeSpanText {
  private static let ticksPerDay: UInt64 = 864_000_000_000

  private static func padded(_ value: UInt64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// `ToString(format)`; nil is `c`: `[-][d.]hh:mm:ss[.fffffff]`. FormatException for an unknown format.
  public static func format(_ ticks: Int64, _ format: String?) throws -> String {
    let all = ticks.magnitude
    let (days, fraction) = (all / ticksPerDay, all % 10_000_000)
    let (hours, minutes, seconds) = (all / 36_000_000_000 % 24, all / 600_000_000 % 60, all / 10_000_000 % 60)
    let sign = ticks < 0 ? "-" : ""
    let clock = padded(minutes, 2) + ":" + padded(seconds, 2)
    switch format ?? "c" {
    case "c", "t", "T", "":
      return sign + (days > 0 ? "\(days)." : "") + padded(hours, 2) + ":" + clock
        + (fraction > 0 ? "." + padded(fraction, 7) : "")
    case "g":
      var digits = padded(fraction, 7)
      while digits.hasSuffix("0") { digits.removeLast() }
      return sign + (days > 0 ? "\(days):" : "") + "\(hours):" + clock + (digits.isEmpty ? "" : "." + digits)
    case "G": return sign + "\(days):" + padded(hours, 2) + ":" + clock + "." + padded(fraction, 7)
    case let custom:
      guard custom.count > 1 else { throw DotNetException.format() }
      return try Self.custom(custom, ["d": days, "h": hours, "m": minutes, "s": seconds], fraction)
    }
  }

  private static func custom(
    _ format: String, _ parts: [Character: UInt64], _ fraction: UInt64
  ) throws -> String {
    var result = ""
    let text = Array(format)
    var index = 0
    var isSingle = false
    while index < text.count {
      let letter = text[index]
      var count = 1
      while !isSingle, index + count < text.count, text[index + count] == letter { count += 1 }
      switch letter {
      case "d", "h", "m", "s":
        guard count <= (letter == "d" ? 8 : 2) else { throw DotNetException.format() }
        result += padded(parts[letter] ?? 0, count)
      case "f", "F":
        guard count <= 7 else { throw DotNetException.format() }
        var digits = padded(fraction, 7).prefix(count)
        if letter == "F" { while digits.hasSuffix("0") { digits.removeLast() } }
        result += digits
      case "\\":
        guard index + 1 < text.count else { throw DotNetException.format() }
        result.append(text[index + 1])
        count = 2
      case "'", "\"":
        guard let end = text[(index + 1)...].firstIndex(of: letter) else { throw DotNetException.format() }
        result += String(text[(index + 1)..<end])
        count = end + 1 - index
      case "%" where !isSingle && index + 1 < text.count && text[index + 1] != "%":
        // The letter behind it stands for itself, however many follow.
        index += 1
        isSingle = true
        continue
      default: throw DotNetException.format()
      }
      isSingle = false
      index += count
    }
    return result
  }

  /// `TimeSpan.Parse`: days alone, or `[-][d.|d:]hh:mm[:ss[.fffffff]]`. FormatException, or OverflowException for a part
  /// out of its range.
  public static func parse(_ source: String) throws -> Int64 {
    var text = Substring(source)
    while let first = text.unicodeScalars.first, first.properties.isWhitespace { text.unicodeScalars.removeFirst() }
    while let last = text.unicodeScalars.last, last.properties.isWhitespace { text.unicodeScalars.removeLast() }
    let isNegative = text.hasPrefix("-")
    if isNegative { text.removeFirst() }
    let failure = DotNetException.format("String '\(source)' was not recognized as a valid TimeSpan.")
    let excess = DotNetException.overflow(
      "The TimeSpan string '\(source)' could not be parsed because at least one of its parts is out of range.")
    func number(_ text: Substring) throws -> Int64 {
      guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { throw failure }
      guard let value = Int64(text), value < 10_675_200 else { throw excess }
      return value
    }
    var pieces = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (1...4).contains(pieces.count) else { throw failure }
    var days: Int64 = 0
    if pieces.count == 1 { return try signed(try number(pieces[0]) * Int64(ticksPerDay), 0, isNegative, excess) }
    let head = pieces[0].split(separator: ".", omittingEmptySubsequences: false)
    var hasDays = head.count == 2
    if hasDays {
      guard pieces.count < 4 else { throw failure }
      days = try number(head[0])
      pieces[0] = head[1]
    } else if pieces.count == 4 {
      hasDays = true
      days = try number(pieces.removeFirst())
    }
    var fraction: Int64 = 0
    if pieces.count == 3, let point = pieces[2].firstIndex(of: ".") {
      let digits = pieces[2][pieces[2].index(after: point)...]
      guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { throw failure }
      guard digits.count <= 7 else { throw excess }
      fraction = try number(Substring((digits + "0000000").prefix(7)))
      pieces[2] = pieces[2][..<point]
    }
    var parts = try pieces.map { try number($0) }
    // Too many hours for a day make the first part days, as .NET reads "25:00:00".
    if !hasDays, parts.count == 3, parts[0] > 23, fraction == 0 {
      days = parts[0]
      parts = [parts[1], parts[2], 0]
    }
    if parts.count == 2 { parts.append(0) }
    guard parts[0] < 24, parts[1] < 60, parts[2] < 60 else { throw excess }
    let seconds = ((days * 24 + parts[0]) * 60 + parts[1]) * 60 + parts[2]
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 10_000_000)
    if overflow { throw excess }
    return try signed(whole, fraction, isNegative, excess)
  }

  private static func signed(
    _ whole: Int64, _ fraction: Int64, _ isNegative: Bool, _ excess: DotNetException
  ) throws -> Int64 {
    let (ticks, overflow) =
      isNegative
      ? (0 - whole).subtractingReportingOverflow(fraction) : whole.addingReportingOverflow(fraction)
    if overflow { throw excess }
    return ticks
  }
}
