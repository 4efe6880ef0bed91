import Testing

@testable import HTTPWire

/// Where names and values end, sixteen bytes at a time and one by one.
struct ByteScanningTests {
  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }

  private static func isValue(_ byte: UInt8) -> Bool { byte == 9 || (byte >= 32 && byte != 127) }

  // A span cannot be handed to #expect.
  private static func tokenEnd(_ bytes: [UInt8], _ start: Int) -> Int { bytes.span.tokenEnd(from: start) }
  private static func valueEnd(_ bytes: [UInt8], _ start: Int) -> Int { bytes.span.valueEnd(from: start) }
  private static func equals(_ bytes: [UInt8], _ name: HeaderName) -> Bool {
    bytes.span.equalsIgnoringCase(at: 1, name.lowercase.span)
  }
  private static func equalsAnyCase(_ bytes: [UInt8], _ name: HeaderName) -> Bool {
    bytes.span.equalsIgnoringCase(at: 1, anyCase: name.bytes.span)
  }

  @Test func `every byte at every place ends names and values as RFC 9110 says`() {
    for count in 0..<50 {
      for place in 0..<count {
        for byte in UInt8.min...UInt8.max {
          var bytes = [UInt8](repeating: UInt8(ascii: "n"), count: count)
          bytes[place] = byte
          let start = min(place, count % 7)
          let tokenEnd = Self.isToken(byte) ? count : place
          let valueEnd = Self.isValue(byte) ? count : place
          if bytes.span.tokenEnd(from: start) != tokenEnd || bytes.span.valueEnd(from: start) != valueEnd {
            Issue.record("byte \(byte) at \(place) of \(count)")
          }
        }
      }
    }
  }

  @Test func `the first of several ends counts`() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0..<80, using: &generator)).map { _ in
        Bool.random(using: &generator)
          ? UInt8.random(in: 97...122, using: &generator) : .random(in: 0...255, using: &generator)
      }
      let start = Int.random(in: 0...bytes.count, using: &generator)
      let tokenEnd = bytes[start...].firstIndex { !Self.isToken($0) } ?? bytes.count
      let valueEnd = bytes[start...].firstIndex { !Self.isValue($0) } ?? bytes.count
      #expect(Self.tokenEnd(bytes, start) == tokenEnd && Self.valueEnd(bytes, start) == valueEnd)
    }
  }

  @Test func `names are equal without regard to case, whatever their length, and nothing else is`() throws {
    for length in 1...40 {
      let name = String("Abcdefgh-Ijklmnop-Qrstuvwx-Yz0123456789-".prefix(length))
      let wanted = try #require(HeaderName(name))
      let padded = Array(("x" + name.uppercased() + "x").utf8)
      #expect(Self.equals(padded, wanted))
      #expect(Self.equalsAnyCase(padded, wanted))
      for place in 0..<length {
        for other in [padded[place + 1] ^ 1, padded[place + 1] ^ 0x40, padded[place + 1] | 0x80] {
          var bytes = padded
          bytes[place + 1] = other
          let same = String(decoding: bytes[1...length], as: UTF8.self).lowercased() == name.lowercased()
          #expect(Self.equals(bytes, wanted) == same)
          #expect(Self.equalsAnyCase(bytes, wanted) == same)
        }
      }
    }
  }
}
