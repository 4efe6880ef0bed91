/// `System.Decimal`: a 96-bit integer divided by a power of ten up to 10²⁸. The scale is kept: 1.10 is not 1.1 as text.
public struct DecimalNumber: Sendable {
  private let low: UInt64
  private let high: UInt32
  /// Digits after the point, 0…28.
  public let scale: UInt8
  public let isNegative: Bool

  static let largest: UInt128 = (1 << 96) - 1
  private static let powers: [UInt128] = (0...38).map { exponent in
    (0..<exponent).reduce(UInt128(1)) { value, _ in value * 10 }
  }

  /// - Parameters:
  ///   - coefficient: below 2⁹⁶.
  ///   - scale: 0…28.
  public init(_ coefficient: UInt128, scale: Int, isNegative: Bool) {
    low = UInt64(truncatingIfNeeded: coefficient)
    high = UInt32(truncatingIfNeeded: coefficient >> 64)
    self.scale = UInt8(scale)
    self.isNegative = isNegative
  }

  public init(_ value: Int64) { self.init(UInt128(value.magnitude), scale: 0, isNegative: value < 0) }
  public init(_ value: UInt64) { self.init(UInt128(value), scale: 0, isNegative: false) }

  /// The nearest decimal with at most 15 (double) or 7 (single) digits. OverflowException outside ±7.9e28 and for NaN.
  public init(_ value: Double, digits: Int = 15) throws {
    guard value.isFinite, abs(value) < 7.922816251426434e28 else {
      throw DotNetException.overflow("Value was either too large or too small for a Decimal.")
    }
    let parts = NumberText.exponential(abs(value), digits: digits)
    var coefficient: UInt128 = 0
    var exponent = parts.exponent + 1
    for digit in parts.digits {
      coefficient = coefficient * 10 + UInt128(digit)
      exponent -= 1
    }
    var scale = -exponent
    if scale < 0 {
      coefficient *= Self.powers[-scale]
      scale = 0
    }
    // .NET takes at most fourteen zeros away: 0.9999999999999999 is 1.0.
    var removable = digits - 1
    while scale > 0, removable > 0, coefficient % 10 == 0 {
      coefficient /= 10
      scale -= 1
      removable -= 1
    }
    while scale > 28 {
      coefficient = Self.rounded(coefficient, by: 1)
      scale -= 1
    }
    self.init(coefficient, scale: scale, isNegative: value < 0 && coefficient != 0)
  }

  /// Digits with an optional point, as in a literal; nil when the text is something else or too large.
  public init?(literal text: String) {
    var coefficient: UInt128 = 0
    var scale = 0
    var seenPoint = false
    var seenDigit = false
    var dropped: UInt8?
    var isSticky = false
    var bytes = Substring(text)
    var exponent = 0
    if let e = bytes.firstIndex(where: { $0 == "e" || $0 == "E" }) {
      guard let value = Int(bytes[bytes.index(after: e)...]) else { return nil }
      // Beyond this nothing but zero is left, or everything is too large.
      exponent = max(-1000, min(value, 1000))
      bytes = bytes[..<e]
    }
    for byte in bytes.utf8 {
      if byte == 0x2E, !seenPoint {
        seenPoint = true
        continue
      }
      guard (0x30...0x39).contains(byte) else { return nil }
      seenDigit = true
      let digit = byte - 0x30
      let next = coefficient * 10 + UInt128(digit)
      if dropped == nil, next <= Self.largest, !seenPoint || scale < 28 {
        coefficient = next
        if seenPoint { scale += 1 }
      } else {
        guard seenPoint else { return nil }
        if dropped == nil { dropped = digit } else if digit != 0 { isSticky = true }
      }
    }
    guard seenDigit else { return nil }
    if let dropped, dropped > 5 || (dropped == 5 && (isSticky || coefficient & 1 == 1)) { coefficient += 1 }
    scale -= exponent
    while scale < 0 {
      coefficient *= 10
      scale += 1
      if coefficient > Self.largest { return nil }
    }
    while scale > 28 {
      coefficient = Self.rounded(coefficient, by: 1)
      scale -= 1
    }
    guard coefficient <= Self.largest else { return nil }
    self.init(coefficient, scale: scale, isNegative: false)
  }

  public var coefficient: UInt128 { UInt128(high) << 64 | UInt128(low) }
  public var isZero: Bool { low == 0 && high == 0 }
  public static let zero = DecimalNumber(Int64(0))
  public static let one = DecimalNumber(Int64(1))
  public static let maximum = DecimalNumber(largest, scale: 0, isNegative: false)
  public static let minimum = DecimalNumber(largest, scale: 0, isNegative: true)

  public var negated: DecimalNumber {
    DecimalNumber(coefficient, scale: Int(scale), isNegative: !isNegative && !isZero)
  }
  public var magnitude: DecimalNumber { DecimalNumber(coefficient, scale: Int(scale), isNegative: false) }

  public var doubleValue: Double {
    let value = Double(NumberText.decimalDigits(coefficient) + "e-\(scale)") ?? 0
    return isNegative ? -value : value
  }

  /// The integer part; nil when it does not fit.
  public var integerValue: Int128? {
    let whole = Int128(coefficient / Self.powers[Int(scale)])
    return isNegative ? -whole : whole
  }

  /// Division by 10ⁿ, half to even.
  private static func rounded(_ value: UInt128, by digits: Int) -> UInt128 {
    let power = powers[min(digits, 38)]
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: power)
    let half = power / 2
    return remainder > half || (remainder == half && quotient & 1 == 1) ? quotient + 1 : quotient
  }

  /// Brings an exact value of any size into range, dropping digits behind the point.
  private static func fitting(
    _ value: (high: UInt128, low: UInt128), scale: Int, isNegative: Bool
  ) throws -> DecimalNumber {
    var digits = scale
    var (high, low) = value
    var isSticky = false
    var last: UInt128 = 0
    while high != 0 || low > largest || digits > 28 {
      guard digits > 0 else {
        throw DotNetException.overflow("Value was either too large or too small for a Decimal.")
      }
      isSticky = isSticky || last != 0
      // 256 bits by 10, in two steps of 128 by 64.
      let a = high / 10
      let (b, r) = UInt128(10).dividingFullWidth((high % 10, low))
      (high, low, last) = (a, b, r)
      digits -= 1
    }
    if last > 5 || (last == 5 && (isSticky || low & 1 == 1)) { low += 1 }
    if low > largest { return try fitting((0, low), scale: digits, isNegative: isNegative) }
    return DecimalNumber(low, scale: digits, isNegative: isNegative)
  }

  private static func aligned(_ a: DecimalNumber, _ b: DecimalNumber) -> (
    a: (high: UInt128, low: UInt128), b: (high: UInt128, low: UInt128), scale: Int
  ) {
    let scale = max(a.scale, b.scale)
    let x = a.coefficient.multipliedFullWidth(by: powers[Int(scale - a.scale)])
    let y = b.coefficient.multipliedFullWidth(by: powers[Int(scale - b.scale)])
    return ((x.high, x.low), (y.high, y.low), Int(scale))
  }

  private static func isLess(_ a: (high: UInt128, low: UInt128), _ b: (high: UInt128, low: UInt128)) -> Bool {
    a.high == b.high ? a.low < b.low : a.high < b.high
  }

  public static func + (a: DecimalNumber, b: DecimalNumber) throws -> DecimalNumber {
    let (x, y, scale) = aligned(a, b)
    if a.isNegative == b.isNegative {
      let (low, carry) = x.low.addingReportingOverflow(y.low)
      return try fitting((x.high + y.high + (carry ? 1 : 0), low), scale: scale, isNegative: a.isNegative)
    }
    let isSwapped = isLess(x, y)
    let (big, small) = isSwapped ? (y, x) : (x, y)
    let (low, borrow) = big.low.subtractingReportingOverflow(small.low)
    let high = big.high - small.high - (borrow ? 1 : 0)
    return try fitting((high, low), scale: scale, isNegative: (high != 0 || low != 0) && a.isNegative != isSwapped)
  }

  public static func - (a: DecimalNumber, b: DecimalNumber) throws -> DecimalNumber {
    try a + DecimalNumber(b.coefficient, scale: Int(b.scale), isNegative: !b.isNegative)
  }

  public static func * (a: DecimalNumber, b: DecimalNumber) throws -> DecimalNumber {
    let product = a.coefficient.multipliedFullWidth(by: b.coefficient)
    return try fitting(
      (product.high, product.low), scale: Int(a.scale) + Int(b.scale),
      isNegative: a.isNegative != b.isNegative && !a.isZero && !b.isZero)
  }

  public static func / (a: DecimalNumber, b: DecimalNumber) throws -> DecimalNumber {
    if b.isZero { throw DotNetException.divideByZero() }
    var scale = Int(a.scale) - Int(b.scale)
    var (quotient, remainder) = a.coefficient.quotientAndRemainder(dividingBy: b.coefficient)
    while scale < 0 || (remainder != 0 && scale < 28) {
      let next = quotient * 10 + (remainder * 10) / b.coefficient
      if next > largest {
        if scale < 0 { throw DotNetException.overflow("Value was either too large or too small for a Decimal.") }
        break
      }
      remainder = (remainder * 10) % b.coefficient
      quotient = next
      scale += 1
    }
    if remainder != 0 {
      let twice = remainder * 2
      if twice > b.coefficient || (twice == b.coefficient && quotient & 1 == 1) { quotient += 1 }
    }
    // An exact quotient keeps the scale C# gives it: no zeros that the division added.
    let wanted = max(0, Int(a.scale) - Int(b.scale))
    while scale > wanted, quotient % 10 == 0 {
      quotient /= 10
      scale -= 1
    }
    return try fitting((0, quotient), scale: scale, isNegative: a.isNegative != b.isNegative && quotient != 0)
  }

  public static func % (a: DecimalNumber, b: DecimalNumber) throws -> DecimalNumber {
    if b.isZero { throw DotNetException.divideByZero() }
    // What is smaller than the divisor stays as it is, its scale too.
    if a.magnitude.compare(b.magnitude) < 0 { return a }
    let (x, y, scale) = aligned(a, b)
    guard x.high == 0, y.high == 0 else {
      return try a - (a / b).truncated * b
    }
    return DecimalNumber(x.low % y.low, scale: scale, isNegative: a.isNegative && x.low % y.low != 0)
  }

  public var truncated: DecimalNumber {
    DecimalNumber(coefficient / Self.powers[Int(scale)], scale: 0, isNegative: isNegative)
  }

  /// The largest integer not above the value.
  public var floor: DecimalNumber {
    let whole = truncated
    if !isNegative || coefficient % Self.powers[Int(scale)] == 0 { return whole }
    return DecimalNumber(whole.coefficient + 1, scale: 0, isNegative: true)
  }

  /// The smallest integer not below the value.
  public var ceiling: DecimalNumber { negated.floor.negated }

  /// `Math.Round`; half to even unless `awayFromZero`.
  public func rounded(_ digits: Int, awayFromZero: Bool = false) -> DecimalNumber {
    guard digits < Int(scale) else { return self }
    let power = Self.powers[Int(scale) - digits]
    var (quotient, remainder) = coefficient.quotientAndRemainder(dividingBy: power)
    let half = power / 2
    if remainder > half || (remainder == half && (awayFromZero || quotient & 1 == 1)) { quotient += 1 }
    remainder = 0
    return DecimalNumber(quotient, scale: digits, isNegative: isNegative && quotient != 0)
  }

  /// `-1`, `0` or `1`.
  public func compare(_ other: DecimalNumber) -> Int {
    if isZero, other.isZero { return 0 }
    if isNegative != other.isNegative { return isNegative ? -1 : 1 }
    let (x, y, _) = Self.aligned(self, other)
    if x == y { return 0 }
    return Self.isLess(x, y) != isNegative ? -1 : 1
  }

  /// Without zeros at the end, for hashing.
  public var normalized: DecimalNumber {
    var value = coefficient
    var digits = Int(scale)
    while digits > 0, value % 10 == 0 {
      value /= 10
      digits -= 1
    }
    return DecimalNumber(value, scale: digits, isNegative: isNegative)
  }
}

extension DecimalNumber: Hashable, Comparable {
  public static func == (a: DecimalNumber, b: DecimalNumber) -> Bool { a.compare(b) == 0 }
  public static func < (a: DecimalNumber, b: DecimalNumber) -> Bool { a.compare(b) < 0 }
  public func hash(into hasher: inout Hasher) {
    let plain = normalized
    hasher.combine(plain.low)
    hasher.combine(plain.high)
    hasher.combine(plain.scale)
    hasher.combine(plain.isNegative)
  }
}

extension DecimalNumber: CustomStringConvertible {
  /// `ToString()`: all digits of the scale.
  public var description: String {
    var digits = NumberText.decimalDigits(coefficient)
    let scale = Int(scale)
    if scale > 0 {
      if digits.count <= scale { digits = String(repeating: "0", count: scale - digits.count + 1) + digits }
      digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -scale))
    }
    return isNegative && !isZero ? "-" + digits : digits
  }
}
