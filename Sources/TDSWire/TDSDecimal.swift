/// A number with a fixed place of its point: a whole number of up to 38 digits, in four limbs of 32 bits.
struct TDSDecimal: Equatable {
  /// The lowest first.
  private var limbs: [UInt32] = [0, 0, 0, 0]
  var isNegative = false
  var scale = 0

  static let digitBound = 38

  /// Reads the bytes of a decimal: a sign, and a whole number of 4, 8, 12 or 16 bytes.
  init(_ bytes: ArraySlice<UInt8>, scale: Int) {
    isNegative = bytes.first == 0
    self.scale = scale
    for (place, byte) in bytes.dropFirst().prefix(16).enumerated() {
      limbs[place / 4] |= UInt32(byte) << UInt32(place % 4 * 8)
    }
  }

  /// A whole number of ten-thousandths, as money is.
  init(money: Int64) {
    isNegative = money < 0
    scale = 4
    limbs[0] = UInt32(truncatingIfNeeded: money.magnitude)
    limbs[1] = UInt32(truncatingIfNeeded: money.magnitude >> 32)
  }

  /// The digits of the number, in decimal; at least one.
  private var digits: String {
    var limbs = limbs
    var text = ""
    while limbs.contains(where: { $0 != 0 }) {
      var rest: UInt64 = 0
      for index in (0..<4).reversed() {
        let value = rest << 32 | UInt64(limbs[index])
        limbs[index] = UInt32(value / 1_000_000_000)
        rest = value % 1_000_000_000
      }
      let group = String(rest)
      text = (limbs.allSatisfy { $0 == 0 } ? "" : String(repeating: "0", count: 9 - group.count)) + group + text
    }
    return text.isEmpty ? "0" : text
  }

  /// As JSON writes a number, with all digits behind the point: `-12.3400`.
  var text: String {
    var digits = digits
    if digits.count <= scale { digits = String(repeating: "0", count: scale - digits.count + 1) + digits }
    let sign = isNegative && digits.contains { $0 != "0" } ? "-" : ""
    guard scale > 0 else { return sign + digits }
    return "\(sign)\(digits.dropLast(scale)).\(digits.suffix(scale))"
  }

  /// Reads a number as JSON has it, `-1.5e3`; nil for anything else, and for more than 38 digits before or behind the
  /// point.
  init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") {
      isNegative = rest.removeFirst() == UInt8(ascii: "-")
    }
    var exponent = 0
    if let mark = rest.firstIndex(where: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }) {
      guard let number = Int(String(decoding: rest[(mark + 1)...], as: UTF8.self)), abs(number) <= 400 else {
        return nil
      }
      exponent = number
      rest = rest[..<mark]
    }
    let point = rest.firstIndex(of: UInt8(ascii: ".")) ?? rest.endIndex
    let whole = rest[..<point]
    let fraction = rest[point...].dropFirst()
    guard !whole.isEmpty || !fraction.isEmpty, whole.count + fraction.count <= 1_000,
      (whole + fraction).allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    var digits = Array(whole + fraction)
    scale = fraction.count - exponent
    while scale < 0 {
      digits.append(0x30)
      scale += 1
    }
    while scale > 0, digits.last == 0x30, exponent != 0 || scale > Self.digitBound {
      digits.removeLast()
      scale -= 1
    }
    guard scale <= Self.digitBound, set(digits) else { return nil }
  }

  private mutating func set(_ digits: [UInt8]) -> Bool {
    let digits = digits.drop { $0 == 0x30 }
    guard digits.count <= Self.digitBound else { return false }
    limbs = [0, 0, 0, 0]
    for digit in digits { multiply(by: 10, adding: UInt32(digit - 0x30)) }
    return true
  }

  private mutating func multiply(by factor: UInt32, adding addend: UInt32) {
    var carry = UInt64(addend)
    for index in 0..<4 {
      let value = UInt64(limbs[index]) * UInt64(factor) + carry
      limbs[index] = UInt32(truncatingIfNeeded: value)
      carry = value >> 32
    }
  }

  /// How many digits it has, those behind the point included.
  var precision: Int { max(digits.count, scale, 1) }

  /// The same number with so many digits behind the point, rounded half away from zero; nil where they are more than
  /// `precision`.
  func rescaled(to newScale: Int, precision: Int) -> TDSDecimal? {
    var digits = Array(digits.utf8)
    var result = self
    result.scale = newScale
    if newScale >= scale {
      digits += Array(repeating: 0x30, count: newScale - scale)
    } else {
      let drop = scale - newScale
      let rounds: Bool
      if digits.count < drop {
        (digits, rounds) = ([0x30], false)
      } else {
        rounds = digits[digits.count - drop] >= 0x35
        digits.removeLast(drop)
        if digits.isEmpty { digits = [0x30] }
      }
      if rounds {
        var index = digits.count - 1
        while index >= 0, digits[index] == 0x39 {
          digits[index] = 0x30
          index -= 1
        }
        if index >= 0 { digits[index] += 1 } else { digits.insert(0x31, at: 0) }
      }
    }
    guard digits.drop(while: { $0 == 0x30 }).count <= precision, result.set(digits) else { return nil }
    return result
  }

  /// Sign and number in 16 bytes.
  var bytes: [UInt8] {
    var bytes: [UInt8] = [isNegative ? 0 : 1]
    for limb in limbs { bytes.append(UInt64(limb), bytes: 4) }
    return bytes
  }

  /// As a whole number of so many bits; nil where it has a fraction or is too large.
  var integer: Int64? {
    guard let whole = rescaled(to: 0, precision: Self.digitBound),
      whole.rescaled(to: scale, precision: Self.digitBound) == self,
      whole.limbs[2] == 0, whole.limbs[3] == 0
    else { return nil }
    let magnitude = UInt64(whole.limbs[1]) << 32 | UInt64(whole.limbs[0])
    if isNegative, magnitude == UInt64(Int64.max) + 1 { return .min }
    guard magnitude <= UInt64(Int64.max) else { return nil }
    return isNegative ? -Int64(magnitude) : Int64(magnitude)
  }
}
