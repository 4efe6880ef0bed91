/// Classes of characters in XML 1.0.
enum XmlCharacter {
  /// What may begin a name; the colon counts as no part of a name.
  static func startsName(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x41...0x5A, 0x61...0x7A, 0x5F, 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2FF, 0x370...0x37D, 0x37F...0x1FFF,
      0x200C...0x200D, 0x2070...0x218F, 0x2C00...0x2FEF, 0x3001...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFFD,
      0x10000...0xEFFFF:
      true
    default: false
    }
  }

  static func continuesName(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x30...0x39, 0x2D, 0x2E, 0xB7, 0x300...0x36F, 0x203F...0x2040: true
    default: startsName(scalar)
    }
  }

  /// What a document may contain at all.
  static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
    default: false
    }
  }

  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D }

  static func isBlank(_ text: String) -> Bool { text.utf8.allSatisfy(isBlank) }

  /// Without the white space of XML around it.
  static func trimmed(_ text: String) -> String {
    var part = Substring(text)
    while let first = part.utf8.first, isBlank(first) { part.removeFirst() }
    while let last = part.utf8.last, isBlank(last) { part.removeLast() }
    return String(part)
  }

  /// At least two digits.
  static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return digits.count < 2 ? "0" + digits : digits
  }

  /// Refuses text that no document may contain.
  static func check(_ text: String) throws {
    for scalar in text.unicodeScalars where !isAllowed(scalar) {
      throw DotNetException.argument(
        "'\(scalar)', hexadecimal value 0x\(hexadecimal(scalar)), is an invalid character.")
    }
  }
}
