/// Base64 for URLs (RFC 7515, 2); padding may be there.
enum Base64URL {
  /// nil for text with other characters, or of a length that no bytes have.
  static func bytes(_ text: some StringProtocol) -> [UInt8]? { bytes(Array(text.utf8).span) }

  static func bytes(_ digits: Span<UInt8>) -> [UInt8]? {
    var end = digits.count
    if end % 4 == 0 {
      for _ in 0..<2 where end > 0 && digits[end - 1] == UInt8(ascii: "=") { end -= 1 }
    }
    guard end % 4 != 1 else { return nil }
    let values = values.span
    var isForeign = false
    let result = [UInt8](unsafeUninitializedCapacity: end / 4 * 3 + 2) { room, used in
      var i = 0
      var seen: UInt32 = 0
      // Four digits make three bytes; one that is no digit leaves its mark in the highest bits.
      while i + 4 <= end {
        let (a, b) = (UInt32(values[Int(digits[i])]), UInt32(values[Int(digits[i + 1])]))
        let (c, d) = (UInt32(values[Int(digits[i + 2])]), UInt32(values[Int(digits[i + 3])]))
        seen |= a | b | c | d
        let word = a << 18 | b << 12 | c << 6 | d
        room[used] = UInt8(truncatingIfNeeded: word >> 16)
        room[used + 1] = UInt8(truncatingIfNeeded: word >> 8)
        room[used + 2] = UInt8(truncatingIfNeeded: word)
        used += 3
        i += 4
      }
      if end - i >= 2 {
        let (a, b) = (UInt32(values[Int(digits[i])]), UInt32(values[Int(digits[i + 1])]))
        let c = end - i == 3 ? UInt32(values[Int(digits[i + 2])]) : 0
        seen |= a | b | c
        let word = a << 18 | b << 12 | c << 6
        room[used] = UInt8(truncatingIfNeeded: word >> 16)
        used += 1
        if end - i == 3 {
          room[used] = UInt8(truncatingIfNeeded: word >> 8)
          used += 1
        }
      }
      isForeign = seen > 63
    }
    return isForeign ? nil : result
  }

  /// What each byte counts as a digit; 128 for those that are none.
  private static let values: [UInt8] = (UInt8.min...UInt8.max).map { digit in
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: 128
    }
  }
}
