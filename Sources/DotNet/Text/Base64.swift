/// Bytes as text in base 64 (RFC 4648, section 4), with padding.
public enum Base64 {
  public static func text(_ bytes: [UInt8]) -> String {
    let length = (bytes.count + 2) / 3 * 4
    return String(unsafeUninitializedCapacity: length) { text in
      var (place, index) = (0, 0)
      while index + 3 <= bytes.count {
        put(bytes[index], bytes[index + 1], bytes[index + 2], at: place, text)
        place += 4
        index += 3
      }
      if index < bytes.count {
        let hasSecond = index + 1 < bytes.count
        put(bytes[index], hasSecond ? bytes[index + 1] : 0, 0, at: place, text)
        text[place + 3] = UInt8(ascii: "=")
        if !hasSecond { text[place + 2] = UInt8(ascii: "=") }
      }
      return length
    }
  }

  @inline(__always)
  private static func put(
    _ first: UInt8, _ second: UInt8, _ third: UInt8, at place: Int, _ text: UnsafeMutableBufferPointer<UInt8>
  ) {
    text[place] = digit(first >> 2)
    text[place + 1] = digit(first << 4 | second >> 4)
    text[place + 2] = digit(second << 2 | third >> 6)
    text[place + 3] = digit(third)
  }

  /// The digit of the lowest six bits.
  @inline(__always)
  private static func digit(_ bits: UInt8) -> UInt8 { alphabet.utf8Start[Int(bits & 63)] }

  private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
}
