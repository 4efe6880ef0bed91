/// One of the references a document may hold: the five named entities of XML and numeric ones.
struct EntityReference {
  /// What it stands for, in UTF-8.
  var text: [UInt8]
  /// Bytes of the reference in the source, with ampersand and semicolon.
  var length: Int

  /// Longest reference looked at.
  private static let longest = 12

  /// The reference that begins at the offset; nil when there is none, or none that is allowed.
  static func read(_ bytes: [UInt8], at offset: Int, end: Int) -> EntityReference? {
    guard offset < end, bytes[offset] == Octet.ampersand else { return nil }
    if bytes.has("&amp;", at: offset), offset + 5 <= end { return EntityReference(text: [0x26], length: 5) }
    if bytes.has("&lt;", at: offset), offset + 4 <= end { return EntityReference(text: [0x3C], length: 4) }
    if bytes.has("&gt;", at: offset), offset + 4 <= end { return EntityReference(text: [0x3E], length: 4) }
    if bytes.has("&quot;", at: offset), offset + 6 <= end { return EntityReference(text: [0x22], length: 6) }
    if bytes.has("&apos;", at: offset), offset + 6 <= end { return EntityReference(text: [0x27], length: 6) }
    guard bytes.has("&#", at: offset) else { return nil }
    var i = offset + 2
    var radix: UInt32 = 10
    if i < end, bytes[i] == UInt8(ascii: "x") {
      radix = 16
      i += 1
    }
    let digits = i
    var value: UInt32 = 0
    while i < min(end, offset + longest), bytes[i] != Octet.semicolon {
      let byte = bytes[i]
      let digit: UInt32
      if Octet.isDigit(byte) {
        digit = UInt32(byte - 0x30)
      } else if radix == 16, (byte | 0x20) >= 0x61, (byte | 0x20) <= 0x66 {
        digit = UInt32(byte | 0x20) - 0x61 + 10
      } else {
        return nil
      }
      value = value * radix + digit
      if value > 0x10FFFF { return nil }
      i += 1
    }
    guard i > digits, i < end, bytes[i] == Octet.semicolon, let scalar = Unicode.Scalar(value), isCharacter(value)
    else {
      return nil
    }
    return EntityReference(text: Array(String(Character(scalar)).utf8), length: i + 1 - offset)
  }

  /// Whether the scalar may occur in an XML 1.0 document.
  private static func isCharacter(_ value: UInt32) -> Bool {
    value == 9 || value == 10 || value == 13 || (value >= 0x20 && value != 0xFFFE && value != 0xFFFF)
  }
}
