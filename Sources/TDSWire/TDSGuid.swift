/// Identifiers as they stand on the wire.
enum TDSGuid {
  /// Which byte of the wire each pair of digits is.
  static let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]

  /// Reads an identifier with or without braces; nil for anything else.
  static func bytes(_ text: String) -> [UInt8]? {
    var digits = Array(text.utf8)
    if digits.first == UInt8(ascii: "{"), digits.last == UInt8(ascii: "}") {
      digits = Array(digits.dropFirst().dropLast())
    }
    if digits.count == 36 {
      for place in [23, 18, 13, 8] {
        guard digits[place] == UInt8(ascii: "-") else { return nil }
        digits.remove(at: place)
      }
    }
    guard digits.count == 32, let values = TDSHex.bytes(digits[...]) else { return nil }
    var bytes = [UInt8](repeating: 0, count: 16)
    for (place, index) in order.enumerated() { bytes[index] = values[place] }
    return bytes
  }
}

enum TDSHex {
  /// The bytes that pairs of digits stand for; nil for anything else.
  static func bytes(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    var index = digits.startIndex
    while index < digits.endIndex {
      guard let high = Character(Unicode.Scalar(digits[index])).hexDigitValue,
        let low = Character(Unicode.Scalar(digits[index + 1])).hexDigitValue
      else { return nil }
      bytes.append(UInt8(high << 4 | low))
      index += 2
    }
    return bytes
  }
}
