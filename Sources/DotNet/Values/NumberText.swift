import Foundation

/// Numbers as .NET writes them in the invariant culture, and reads them.
public enum NumberText {
  static func decimalDigits(_ value: UInt128) -> String { String(value, radix: 10) }

  // MARK: - Digits

  /// Significant decimal digits and the exponent of the first one: 1234.5 is ([1,2,3,4,5], 3).
  struct Digits {
    var digits: [UInt8]
    var exponent: Int
    var isNegative: Bool

    var isZero: Bool { digits.allSatisfy { $0 == 0 } }

    /// Rounded, half away from zero, to `count` significant digits; a count of 0 or less gives zero or one unit.
    func rounded(significant count: Int) -> Digits {
      guard count < digits.count else { return self }
      var result = self
      if count < 0 { return Digits(digits: [0], exponent: 0, isNegative: isNegative) }
      let roundsUp = digits[count] >= 5
      result.digits = Array(digits[..<count])
      if roundsUp {
        var at = count - 1
        while at >= 0, result.digits[at] == 9 {
          result.digits[at] = 0
          at -= 1
        }
        if at >= 0 {
          result.digits[at] += 1
        } else {
          result.digits.insert(1, at: 0)
          if count > 0 { result.digits.removeLast() }
          result.exponent += 1
        }
      }
      if result.digits.isEmpty { return Digits(digits: [0], exponent: 0, isNegative: isNegative) }
      return result
    }

    /// Rounded to digits behind the point.
    func rounded(fraction count: Int) -> Digits { isZero ? self : rounded(significant: exponent + 1 + count) }

    /// The digit for 10^`power`.
    func digit(at power: Int) -> UInt8 {
      let index = exponent - power
      return digits.indices.contains(index) ? digits[index] : 0
    }
  }

  /// A non-negative finite number with exactly `digits` significant digits, correctly rounded.
  static func exponential(_ value: Double, digits: Int) -> Digits {
    if value == 0 { return Digits(digits: [0], exponent: 0, isNegative: false) }
    let text = String(format: "%.*e", digits - 1, value)
    let parts = text.split(separator: "e")
    return Digits(
      digits: parts[0].utf8.filter { $0 != 0x2E && $0 != 0x2D }.map { $0 - 0x30 }, exponent: Int(parts[1]) ?? 0,
      isNegative: false)
  }

  /// All digits of a double, exactly, as needed for fixed formats (.NET Core 3.0 and later).
  static func exact(_ value: Double, fraction: Int) -> Digits {
    if value == 0 { return Digits(digits: [0], exponent: 0, isNegative: value.sign == .minus) }
    let text = String(format: "%.*f", min(fraction + 2, 340), abs(value))
    var digits: [UInt8] = []
    var exponent = -1
    var seenPoint = false
    for byte in text.utf8 {
      if byte == 0x2E {
        seenPoint = true
      } else {
        digits.append(byte - 0x30)
        if !seenPoint { exponent += 1 }
      }
    }
    while digits.count > 1, digits[0] == 0 {
      digits.removeFirst()
      exponent -= 1
    }
    return Digits(digits: digits, exponent: exponent, isNegative: value < 0)
  }

  static func of(_ coefficient: UInt128, scale: Int, isNegative: Bool) -> Digits {
    let text = Array(decimalDigits(coefficient).utf8)
    return Digits(digits: text.map { $0 - 0x30 }, exponent: text.count - 1 - scale, isNegative: isNegative)
  }

  // MARK: - Shortest texts

  /// `ToString()` of a double: the shortest text that reads back the same.
  public static func shortest(_ value: Double) -> String { shortest("\(value)", value.isNaN, limit: 15) }
  /// `ToString()` of a single.
  public static func shortest(_ value: Float) -> String { shortest("\(value)", value.isNaN, limit: 7) }

  private static func shortest(_ swift: String, _ isNaN: Bool, limit: Int) -> String {
    if isNaN { return "NaN" }
    if swift == "inf" { return "Infinity" }
    if swift == "-inf" { return "-Infinity" }
    var text = Substring(swift)
    let sign = text.first == "-" ? "-" : ""
    if !sign.isEmpty { text.removeFirst() }
    var exponent = 0
    if let e = text.firstIndex(of: "e") {
      exponent = Int(text[text.index(after: e)...]) ?? 0
      text = text[..<e]
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let fraction = parts.count > 1 && parts[1] != "0" ? String(parts[1]) : ""
    var digits = String(parts[0]) + fraction
    var point = parts[0].count + exponent
    while digits.hasPrefix("0"), digits.count > 1 {
      digits.removeFirst()
      point -= 1
    }
    if digits == "0" { return sign + "0" }
    while digits.hasSuffix("0") { digits.removeLast() }
    // Scientific form from 1E+15 (single 1E+7 in the classic form is kept in the shortest one, too) and below 1E-5.
    if point > limit || point < -4 {
      let head = String(digits.removeFirst())
      let power = point - 1
      let magnitude = abs(power) < 10 ? "0\(abs(power))" : "\(abs(power))"
      return sign + head + (digits.isEmpty ? "" : "." + digits) + "E" + (power < 0 ? "-" : "+") + magnitude
    }
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if digits.count <= point { return sign + digits + String(repeating: "0", count: point - digits.count) }
    let at = digits.index(digits.startIndex, offsetBy: point)
    return sign + digits[..<at] + "." + digits[at...]
  }
}
