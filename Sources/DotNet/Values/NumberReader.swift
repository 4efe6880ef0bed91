/// A number as `Parse` reads it in the invariant culture, by the flags of `NumberStyles`.
public struct NumberReader: Sendable {
  public struct Styles: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let leadingWhite = Styles(rawValue: 1)
    public static let trailingWhite = Styles(rawValue: 2)
    public static let leadingSign = Styles(rawValue: 4)
    public static let trailingSign = Styles(rawValue: 8)
    public static let parentheses = Styles(rawValue: 16)
    public static let decimalPoint = Styles(rawValue: 32)
    public static let thousands = Styles(rawValue: 64)
    public static let exponent = Styles(rawValue: 128)
    public static let currency = Styles(rawValue: 256)
    public static let hexadecimal = Styles(rawValue: 512)

    public static let integer: Styles = [.leadingWhite, .trailingWhite, .leadingSign]
    public static let float: Styles = [.leadingWhite, .trailingWhite, .leadingSign, .decimalPoint, .exponent]
    public static let number: Styles = [.integer, .trailingSign, .decimalPoint, .thousands]
  }

  public private(set) var isNegative = false
  /// Digits before the point.
  public private(set) var whole = ""
  /// Digits behind it.
  public private(set) var fraction = ""
  public private(set) var exponent = 0

  /// nil when the text is no number of that style.
  public init?(_ text: String, _ styles: Styles) {
    var bytes = Array(text.utf8)[...]
    func isWhite(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    while let last = bytes.last, last == 0 { bytes.removeLast() }
    if styles.contains(.leadingWhite) { bytes = bytes.drop(while: isWhite) }
    if styles.contains(.trailingWhite) { while let last = bytes.last, isWhite(last) { bytes.removeLast() } }
    if styles.contains(.parentheses), bytes.first == 0x28, bytes.last == 0x29, bytes.count > 1 {
      isNegative = true
      bytes = bytes.dropFirst().dropLast()
    } else if styles.contains(.leadingSign), let first = bytes.first, first == 0x2B || first == 0x2D {
      isNegative = first == 0x2D
      bytes.removeFirst()
    } else if styles.contains(.trailingSign), let last = bytes.last, last == 0x2B || last == 0x2D {
      isNegative = last == 0x2D
      bytes.removeLast()
    }
    if styles.contains(.currency), bytes.starts(with: "¤".utf8) { bytes = bytes.dropFirst(2) }
    if styles.contains(.hexadecimal) {
      guard !bytes.isEmpty, bytes.allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }) else { return nil }
      whole = String(decoding: bytes, as: UTF8.self)
      return
    }
    guard readDigits(&bytes, styles), readExponent(&bytes, styles), bytes.isEmpty else { return nil }
  }

  private mutating func readDigits(_ bytes: inout ArraySlice<UInt8>, _ styles: Styles) -> Bool {
    var (before, behind): ([UInt8], [UInt8]) = ([], [])
    var isBehind = false
    while let byte = bytes.first {
      if (0x30...0x39).contains(byte) {
        if isBehind { behind.append(byte) } else { before.append(byte) }
      } else if byte == 0x2E, !isBehind, styles.contains(.decimalPoint) {
        isBehind = true
      } else if byte == 0x2C, !isBehind, !before.isEmpty, styles.contains(.thousands) {
        // Groups may be of any size.
      } else {
        break
      }
      bytes.removeFirst()
    }
    whole = String(decoding: before, as: UTF8.self)
    fraction = String(decoding: behind, as: UTF8.self)
    return !before.isEmpty || !behind.isEmpty
  }

  private mutating func readExponent(_ bytes: inout ArraySlice<UInt8>, _ styles: Styles) -> Bool {
    guard styles.contains(.exponent), let letter = bytes.first, letter | 0x20 == 0x65 else { return true }
    var digits = bytes.dropFirst()
    let isMinus = digits.first == 0x2D
    if isMinus || digits.first == 0x2B { digits.removeFirst() }
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
    let size = min(Int(String(decoding: digits, as: UTF8.self)) ?? 100_000, 100_000)
    exponent = isMinus ? -size : size
    bytes = []
    return true
  }

  public var double: Double {
    let value = Double((whole.isEmpty ? "0" : whole) + "." + (fraction.isEmpty ? "0" : fraction) + "E\(exponent)") ?? 0
    return isNegative ? -value : value
  }

  /// A whole number; nil when it has a fraction, or is beyond every integral type.
  public var integer: Int128? {
    guard exponent == 0, fraction.allSatisfy({ $0 == "0" }) else {
      let digits = whole + fraction
      let point = whole.count + exponent
      guard (0...40).contains(point), digits.dropFirst(max(0, point)).allSatisfy({ $0 == "0" }) else { return nil }
      let text = String(digits.prefix(point)) + String(repeating: "0", count: max(0, point - digits.count))
      return Int128(text.isEmpty ? "0" : text).map { isNegative ? -$0 : $0 }
    }
    return Int128(whole.isEmpty ? "0" : whole).map { isNegative ? -$0 : $0 }
  }

  /// The number as a decimal with the scale it is written with; nil when it is out of range.
  public var decimal: DecimalNumber? {
    let text = (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
    let value = DecimalNumber(literal: exponent == 0 ? text : text + "E\(exponent)")
    return value.map { isNegative ? $0.negated : $0 }
  }
}
