/// The Huffman code of header strings (RFC 7541, appendix B). It is canonical: codes of one length follow one another in
/// the order of their symbols, so that the lengths say everything.
struct HuffmanCode: Sendable {
  static let standard = HuffmanCode()

  /// Bits of each byte's code; the last is the end of a string, which never stands in one.
  static let lengths: [UInt8] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12,
    10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6,
    5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22,
    22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20,
    22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28,
    27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28,
    27, 27, 27, 27, 27, 26, 30,
  ]
  private static let longest = 30
  private static let endOfString = 256

  /// Symbols by code.
  private var symbols: [UInt16] = []
  /// By length: the first code, and where its symbol stands in `symbols`.
  private var firstCode: [UInt32] = []
  private var firstIndex: [Int] = []
  /// By the next eight bits: the symbol of a code that is no longer than that, and the code's length; 0 for none.
  private var short = [UInt16](repeating: 0, count: 256)
  /// By byte: its code, and the code's length in the low bits.
  private var codes = [UInt64](repeating: 0, count: 257)

  private init() {
    var code: UInt32 = 0
    for length in 0...Self.longest {
      firstCode.append(code)
      firstIndex.append(symbols.count)
      for (symbol, bits) in Self.lengths.enumerated() where Int(bits) == length && length > 0 {
        if length <= 8 {
          let start = Int(code) << (8 - length)
          for i in start..<(start + 1 << (8 - length)) { short[i] = UInt16(symbol) << 4 | UInt16(length) }
        }
        symbols.append(UInt16(symbol))
        codes[symbol] = UInt64(code) << 8 | UInt64(bits)
        code += 1
      }
      code <<= 1
    }
  }

  /// Appends the decoded bytes; false when the bits are no string of this code.
  func decode(_ input: Span<UInt8>, into bytes: inout [UInt8]) -> Bool {
    var bits: UInt64 = 0
    var count = 0
    var i = 0
    while true {
      while count <= 48, i < input.count {
        bits = bits << 8 | UInt64(input[i])
        count &+= 8
        i &+= 1
      }
      if count == 0 { return true }
      // Behind the last bits stand ones, as the padding is.
      let top = count >= 8 ? bits >> UInt64(count - 8) : bits << UInt64(8 - count) | (0xff >> UInt64(count))
      let entry = short[Int(top & 0xff)]
      let length = Int(entry & 15)
      if length > 0, length <= count {
        bytes.append(UInt8(truncatingIfNeeded: entry >> 4))
        count &-= length
      } else if let (symbol, length) = long(bits, count) {
        guard symbol != Self.endOfString else { return false }
        bytes.append(UInt8(truncatingIfNeeded: symbol))
        count &-= length
      } else {
        // Only the beginning of the end of a string may be left, shorter than a byte.
        let rest = UInt64(1) << UInt64(count) &- 1
        return i == input.count && count < 8 && bits & rest == rest
      }
      bits &= UInt64(1) << UInt64(count) &- 1
    }
  }

  /// Bytes that the coded text takes.
  func codedCount(_ text: Span<UInt8>) -> Int {
    let codes = codes.span
    var bits = 0
    for i in text.indices { bits &+= Int(truncatingIfNeeded: codes[Int(text[i])] & 0xff) }
    return (bits &+ 7) / 8
  }

  /// Appends the coded text, padded with ones.
  func encode(_ text: Span<UInt8>, to output: inout [UInt8]) {
    let codes = codes.span
    var bits: UInt64 = 0
    var count: UInt64 = 0
    for i in text.indices {
      let code = codes[Int(text[i])]
      bits = bits << (code & 0xff) | code >> 8
      count &+= code & 0xff
      while count >= 8 {
        count &-= 8
        output.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    if count > 0 { output.append(UInt8(truncatingIfNeeded: bits << (8 - count) | 0xff >> count)) }
  }

  private func long(_ bits: UInt64, _ count: Int) -> (symbol: Int, length: Int)? {
    var length = 9
    while length <= min(count, Self.longest) {
      let code = UInt32(truncatingIfNeeded: bits >> UInt64(count - length))
      let next = length == Self.longest ? symbols.count : firstIndex[length + 1]
      if code >= firstCode[length], Int(code - firstCode[length]) < next - firstIndex[length] {
        return (Int(symbols[firstIndex[length] + Int(code - firstCode[length])]), length)
      }
      length += 1
    }
    return nil
  }
}
