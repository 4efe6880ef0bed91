/// Percent encoding as the URI classes of .NET do it.
public enum PercentEncoding {
  private static let hex = Array("0123456789ABCDEF".utf8)
  /// Marks that `Uri.EscapeDataString` leaves.
  public static let unreservedMarks = "-_.~"
  /// Marks that `Uri.EscapeUriString` leaves besides.
  public static let reservedMarks = ":/?#[]@!$&'()*+,;="

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
    bytes += [0x25, hex[Int(byte >> 4)], hex[Int(byte & 15)]]
  }

  /// Everything escaped but letters, digits and the given marks.
  ///
  /// - Parameter blankIsPlus: a blank becomes `+`, as in forms.
  public static func escaped(_ text: String, marks: String, blankIsPlus: Bool = false) -> String {
    String(decoding: escaped(text.utf8, marks: marks, blankIsPlus: blankIsPlus), as: UTF8.self)
  }

  public static func escaped(_ bytes: some Sequence<UInt8>, marks: String, blankIsPlus: Bool) -> [UInt8] {
    let kept = Set(marks.utf8)
    var result: [UInt8] = []
    for byte in bytes {
      if isLetterOrDigit(byte) || kept.contains(byte) {
        result.append(byte)
      } else if blankIsPlus, byte == 0x20 {
        result.append(0x2B)
      } else {
        append(byte, to: &result)
      }
    }
    return result
  }

  /// Escapes decoded byte by byte, and `+` as a blank where forms are meant.
  public static func decoded(_ text: String, plusIsBlank: Bool) -> String {
    String(decoding: decoded(Array(text.utf8), plusIsBlank: plusIsBlank), as: UTF8.self)
  }

  public static func decoded(_ bytes: [UInt8], plusIsBlank: Bool) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if let byte = escape(in: bytes, at: index) {
        result.append(byte)
        index += 3
      } else {
        result.append(plusIsBlank && bytes[index] == 0x2B ? 0x20 : bytes[index])
        index += 1
      }
    }
    return result
  }

  /// The form a part of an address has in `AbsoluteUri`: escapes stay as they are but those of letters, digits and the
  /// marks that need none; what may not stand there is escaped.
  static func canonical(_ text: Substring, allowing marks: String) -> String {
    let bytes = Array(text.utf8)
    let allowed = Set((unreservedMarks + marks).utf8)
    var result: [UInt8] = []
    let unreserved = Set(unreservedMarks.utf8)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if let escaped = escape(in: bytes, at: index) {
        if isLetterOrDigit(escaped) || unreserved.contains(escaped) {
          result.append(escaped)
        } else {
          result += bytes[index..<(index + 3)]
        }
        index += 3
        continue
      }
      if isLetterOrDigit(byte) || allowed.contains(byte) {
        result.append(byte)
      } else {
        append(byte, to: &result)
      }
      index += 1
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The byte of an escape that begins at a place.
  private static func escape(in bytes: [UInt8], at index: Int) -> UInt8? {
    guard bytes[index] == 0x25, index + 2 < bytes.count, let high = digit(bytes[index + 1]),
      let low = digit(bytes[index + 2])
    else { return nil }
    return high << 4 | low
  }

  public static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  /// Escapes decoded, except those of the characters in `keeping` and those that make no UTF-8.
  public static func unescaped(_ text: String, keeping marks: String = "") -> String {
    let bytes = Array(text.utf8)
    let kept = Set(marks.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      guard let byte = escape(in: bytes, at: index) else {
        result.append(bytes[index])
        index += 1
        continue
      }
      if byte < 0x80 {
        if kept.contains(byte) || (!marks.isEmpty && byte < 0x20) {
          result += bytes[index..<(index + 3)]
        } else {
          result.append(byte)
        }
        index += 3
        continue
      }
      // A whole character, or its escapes as they stand.
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
      var character: [UInt8] = []
      var next = index
      while character.count < length, next < bytes.count, let part = escape(in: bytes, at: next) {
        character.append(part)
        next += 3
      }
      if let decoded = String(validating: character, as: UTF8.self) {
        result += Array(decoded.utf8)
        index = next
      } else {
        result += bytes[index..<(index + 3)]
        index += 3
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
