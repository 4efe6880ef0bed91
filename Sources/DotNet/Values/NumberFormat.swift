import Foundation

/// What a format string is applied to.
public enum FormattedNumber: Sendable {
  /// An integer with the size of its type in bits (for `X`).
  case integer(Int128, bits: Int)
  case decimal(DecimalNumber)
  case double(Double)
  case single(Float)
}

extension NumberText {
  /// `ToString(format)` in the invariant culture. FormatException for unknown formats.
  public static func format(_ number: FormattedNumber, _ format: String?) throws -> String {
    guard let format, !format.isEmpty else { return plain(number) }
    switch number {
    case .double(let value) where !value.isFinite: return shortest(value)
    case .single(let value) where !value.isFinite: return shortest(value)
    default: break
    }
    let bytes = Array(format.utf8)
    let isLetter = (0x41...0x5A).contains(bytes[0]) || (0x61...0x7A).contains(bytes[0])
    if isLetter, bytes.count <= 3, bytes.dropFirst().allSatisfy({ (0x30...0x39).contains($0) }) {
      return try standard(number, UnicodeScalar(bytes[0]), precision: Int(format.dropFirst()))
    }
    return try custom(number, format)
  }

  static func plain(_ number: FormattedNumber) -> String {
    switch number {
    case .integer(let value, _): String(value)
    case .decimal(let value): value.description
    case .double(let value): shortest(value)
    case .single(let value): shortest(value)
    }
  }

  private static func digits(_ number: FormattedNumber, fraction: Int) -> Digits {
    switch number {
    case .integer(let value, _): return of(value.magnitude, scale: 0, isNegative: value < 0)
    case .decimal(let value): return of(value.coefficient, scale: Int(value.scale), isNegative: value.isNegative)
    case .double(let value): return exact(value, fraction: fraction + 20)
    case .single(let value): return exact(Double(value), fraction: fraction + 20)
    }
  }

  private static func standard(
    _ number: FormattedNumber, _ letter: UnicodeScalar, precision: Int?
  ) throws -> String {
    let bad = DotNetException.format("Format specifier was invalid.")
    switch letter {
    case "D", "d":
      guard case .integer(let value, _) = number else { throw bad }
      let digits = String(value.magnitude)
      return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, (precision ?? 0) - digits.count)) + digits
    case "X", "x":
      guard case .integer(let value, let bits) = number else { throw bad }
      let mask = bits >= 128 ? UInt128.max : (UInt128(1) << UInt128(bits)) - 1
      let text = String(UInt128(truncatingIfNeeded: value) & mask, radix: 16, uppercase: letter == "X")
      return String(repeating: "0", count: max(0, (precision ?? 0) - text.count)) + text
    case "F", "f": return fixed(digits(number, fraction: precision ?? 2), precision ?? 2, grouped: false)
    case "N", "n": return fixed(digits(number, fraction: precision ?? 2), precision ?? 2, grouped: true)
    case "C", "c":
      let text = fixed(digits(number, fraction: precision ?? 2), precision ?? 2, grouped: true)
      return text.hasPrefix("-") ? "(¤" + text.dropFirst() + ")" : "¤" + text
    case "P", "p":
      var value = digits(number, fraction: (precision ?? 2) + 2)
      if !value.isZero { value.exponent += 2 }
      return fixed(value, precision ?? 2, grouped: true) + " %"
    case "E", "e":
      return exponentialText(number, letter == "E", precision ?? 6)
    case "G", "g":
      return general(number, letter == "G", precision ?? 0)
    case "R", "r":
      switch number {
      case .double(let value): return shortest(value)
      case .single(let value): return shortest(value)
      default: throw bad
      }
    default: throw bad
    }
  }

  /// Digits with a fixed number behind the point.
  private static func fixed(_ value: Digits, _ fraction: Int, grouped: Bool) -> String {
    let rounded = value.rounded(fraction: fraction)
    var text = ""
    let top = max(rounded.exponent, 0)
    for power in stride(from: top, through: 0, by: -1) {
      text.append(Character(UnicodeScalar(rounded.digit(at: power) + 0x30)))
      if grouped, power > 0, power % 3 == 0 { text += "," }
    }
    if fraction > 0 {
      text += "."
      for power in 1...fraction { text.append(Character(UnicodeScalar(rounded.digit(at: -power) + 0x30))) }
    }
    // .NET Core 3.0 keeps the sign of what rounds to zero; integers and decimals do not get there.
    return value.isNegative && !(rounded.isZero && value.isZero && value.digits.count == 1) ? "-" + text : text
  }

  private static func significant(_ number: FormattedNumber, _ count: Int) -> Digits {
    switch number {
    case .double(let value):
      var digits = exponential(abs(value), digits: max(1, count))
      digits.isNegative = value < 0
      return digits
    case .single(let value):
      var digits = exponential(Double(abs(value)), digits: max(1, count))
      digits.isNegative = value < 0
      return digits
    default:
      return digits(number, fraction: 0).rounded(significant: max(1, count))
    }
  }

  private static func exponentialText(_ number: FormattedNumber, _ isUpper: Bool, _ precision: Int) -> String {
    let value = significant(number, precision + 1)
    var text = value.isNegative ? "-" : ""
    text += String(value.digits.first ?? 0)
    if precision > 0 {
      text += "."
      for index in 1...precision { text += String(value.digits.indices.contains(index) ? value.digits[index] : 0) }
    }
    let exponent = value.isZero ? 0 : value.exponent
    let digits = String(abs(exponent))
    return text + (isUpper ? "E" : "e") + (exponent < 0 ? "-" : "+")
      + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
  }

  private static func general(_ number: FormattedNumber, _ isUpper: Bool, _ precision: Int) -> String {
    if precision == 0 {
      let text = plain(number)
      return isUpper ? text : text.replacingOccurrences(of: "E", with: "e")
    }
    var value = significant(number, precision)
    if value.isZero { return "0" }
    while value.digits.count > 1, value.digits.last == 0 { value.digits.removeLast() }
    let sign = value.isNegative ? "-" : ""
    if value.exponent >= precision || value.exponent < -4 {
      let head = String(value.digits[0])
      let tail = value.digits.dropFirst().map { String($0) }.joined()
      let power = String(abs(value.exponent))
      return sign + head + (tail.isEmpty ? "" : "." + tail) + (isUpper ? "E" : "e") + (value.exponent < 0 ? "-" : "+")
        + (power.count < 2 ? "0" + power : power)
    }
    return sign + fixedPlain(value)
  }

  private static func fixedPlain(_ value: Digits) -> String {
    var text = ""
    for power in stride(from: max(value.exponent, 0), through: 0, by: -1) { text += String(value.digit(at: power)) }
    let fraction = value.digits.count - 1 - value.exponent
    if fraction > 0 {
      text += "."
      for power in 1...fraction { text += String(value.digit(at: -power)) }
    }
    return text
  }

  // MARK: - Custom formats

  private static func sections(_ format: String) -> [[Character]] {
    var result: [[Character]] = [[]]
    var quote: Character?
    var isEscaped = false
    for character in format {
      if isEscaped {
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil }
      } else if character == "'" || character == "\"" {
        quote = character
      } else if character == ";" {
        result.append([])
        continue
      }
      result[result.count - 1].append(character)
    }
    return result
  }

  private static func custom(_ number: FormattedNumber, _ format: String) throws -> String {
    let parts = sections(format)
    var value = digits(number, fraction: 20)
    if case .double(let real) = number { value = shortestDigits(shortest(abs(real)), real < 0) }
    if case .single(let real) = number { value = shortestDigits(shortest(abs(real)), real < 0) }
    var part = parts[0]
    var showsSign = value.isNegative
    if value.isZero {
      if parts.count > 2 { part = parts[2] }
      showsSign = false
    } else if value.isNegative, parts.count > 1, !parts[1].isEmpty {
      part = parts[1]
      showsSign = false
    }
    let text = pattern(value, part)
    if text.isZero, parts.count > 2, !value.isZero {
      return pattern(Digits(digits: [0], exponent: 0, isNegative: false), parts[2]).text
    }
    return (showsSign && !text.isZero ? "-" : "") + text.text
  }

  private static func shortestDigits(_ text: String, _ isNegative: Bool) -> Digits {
    let parts = text.split(separator: "E")
    let point = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    var digits = parts[0].utf8.filter { $0 != 0x2E }.map { $0 - 0x30 }
    var exponent = point[0].count - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    while digits.count > 1, digits[0] == 0 {
      digits.removeFirst()
      exponent -= 1
    }
    return Digits(digits: digits, exponent: digits == [0] ? 0 : exponent, isNegative: isNegative)
  }

  private static func pattern(_ number: Digits, _ format: [Character]) -> (text: String, isZero: Bool) {
    var integerPlaces = 0
    var firstZero: Int?
    var fractionPlaces = 0
    var requiredFraction = 0
    var seenPoint = false
    var isGrouped = false
    var scaleDown = 0
    var percent = 0
    var hasExponent = false
    var commas = 0
    scan(format) { item in
      switch item {
      case .digit(let isZero):
        if seenPoint {
          fractionPlaces += 1
          if isZero { requiredFraction = fractionPlaces }
        } else {
          if commas > 0, integerPlaces > 0 { isGrouped = true }
          commas = 0
          if isZero, firstZero == nil { firstZero = integerPlaces }
          integerPlaces += 1
        }
      case .comma: if !seenPoint { commas += 1 }
      case .point:
        if !seenPoint { scaleDown = commas * 3 }
        commas = 0
        seenPoint = true
      case .percent: percent += 2
      case .permille: percent += 3
      case .exponent: hasExponent = true
      case .literal: break
      }
    }
    if !seenPoint { scaleDown = commas * 3 }
    var value = number
    if !value.isZero { value.exponent += percent - scaleDown }
    var exponent = 0
    if hasExponent {
      exponent = value.isZero ? 0 : value.exponent - max(integerPlaces - 1, 0)
      value.exponent -= exponent
      let rounded = value.rounded(fraction: fractionPlaces)
      if rounded.exponent > value.exponent, !value.isZero {
        exponent += 1
        value = rounded
        value.exponent -= 1
      } else {
        value = rounded
      }
    } else {
      value = value.rounded(fraction: fractionPlaces)
    }
    let required = firstZero.map { integerPlaces - $0 } ?? 0
    let available = value.isZero ? 0 : max(value.exponent + 1, 0)
    let shown = max(available, required)
    var text = ""
    var seen = 0
    var fraction = 0
    var isBehind = false
    func emitDigit(_ power: Int) {
      text.append(Character(UnicodeScalar(value.digit(at: power) + 0x30)))
      if isGrouped, power > 0, power % 3 == 0 { text += "," }
    }
    var lastFraction = requiredFraction
    for place in stride(from: fractionPlaces, to: requiredFraction, by: -1) where value.digit(at: -place) != 0 {
      lastFraction = place
      break
    }
    scan(format) { item in
      switch item {
      case .digit:
        if isBehind {
          fraction += 1
          if fraction <= lastFraction { text += String(value.digit(at: -fraction)) }
        } else {
          let place = integerPlaces - 1 - seen
          if seen == 0 {
            for power in stride(from: shown - 1, to: place, by: -1) where power > place { emitDigit(power) }
          }
          if place < shown { emitDigit(place) }
          seen += 1
        }
      case .point:
        if !isBehind {
          if integerPlaces == 0, shown > 0 {
            for power in stride(from: shown - 1, through: 0, by: -1) { emitDigit(power) }
          }
          if lastFraction > 0 { text += "." }
        }
        isBehind = true
      case .comma: break
      case .percent: text += "%"
      case .permille: text += "‰"
      case .exponent(let isUpper, let plus, let digits):
        let power = String(abs(exponent))
        text += isUpper ? "E" : "e"
        text += exponent < 0 ? "-" : plus ? "+" : ""
        text += String(repeating: "0", count: max(0, digits - power.count)) + power
      case .literal(let piece): text += piece
      }
    }
    return (text, value.isZero)
  }

  private enum FormatItem {
    case digit(isZero: Bool)
    case comma
    case point
    case percent
    case permille
    case exponent(isUpper: Bool, plus: Bool, digits: Int)
    case literal(String)
  }

  private static func scan(_ format: [Character], _ body: (FormatItem) -> Void) {
    var index = 0
    while index < format.count {
      let character = format[index]
      index += 1
      switch character {
      case "0": body(.digit(isZero: true))
      case "#": body(.digit(isZero: false))
      case ",": body(.comma)
      case ".": body(.point)
      case "%": body(.percent)
      case "‰": body(.permille)
      case "\\":
        if index < format.count {
          body(.literal(String(format[index])))
          index += 1
        }
      case "'", "\"":
        var piece = ""
        while index < format.count, format[index] != character {
          piece.append(format[index])
          index += 1
        }
        index += 1
        body(.literal(piece))
      case "E", "e":
        var at = index
        var plus = false
        if at < format.count, format[at] == "+" || format[at] == "-" {
          plus = format[at] == "+"
          at += 1
        }
        let start = at
        while at < format.count, format[at] == "0" { at += 1 }
        if at > start {
          body(.exponent(isUpper: character == "E", plus: plus, digits: at - start))
          index = at
        } else {
          body(.literal(String(character)))
        }
      default: body(.literal(String(character)))
      }
    }
  }
}
