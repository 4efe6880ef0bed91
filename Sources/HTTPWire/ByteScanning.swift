/// Eight bytes at a time in a general register. (Comparisons on `SIMD16` compile to one scalar lane after another on
/// x86-64 and cost a quarter more.) Every function answers with the top bit of each byte it found.
enum Swar {
  /// Whether one of the eight bytes is that one.
  @inline(__always)
  static func holds(_ word: UInt64, _ byte: UInt64) -> Bool {
    let differences = word ^ (byte &* 0x0101_0101_0101_0101)
    return (differences &- 0x0101_0101_0101_0101) & ~differences & 0x8080_8080_8080_8080 != 0
  }

  static let topBits: UInt64 = 0x8080_8080_8080_8080
  static let lowBits: UInt64 = 0x7f7f_7f7f_7f7f_7f7f

  /// Bytes below the limit's byte, or DEL. Exact up to and including the lowest such byte; bytes above 0x7f are never
  /// found.
  @inline(__always) static func controls(_ x: UInt64, below limit: UInt64) -> UInt64 {
    let low = (x &- limit) & ~x
    let y = x ^ lowBits
    let delete = (y &- 0x0101_0101_0101_0101) & ~y
    return (low | delete) & topBits
  }

  /// Bytes that are ASCII letters or a hyphen: nearly all bytes of nearly all header names. Exact in every byte.
  @inline(__always) static func lettersOrHyphens(_ x: UInt64) -> UInt64 {
    let lower = (x | 0x2020_2020_2020_2020) & lowBits
    let letters = (lower &+ 0x1f1f_1f1f_1f1f_1f1f) & ~(lower &+ 0x0505_0505_0505_0505)
    let z = x ^ 0x2d2d_2d2d_2d2d_2d2d
    let hyphens = ~(((z & lowBits) &+ lowBits) | z)
    return ((letters & ~x) | hyphens) & topBits
  }

  /// The same eight bytes with A–Z turned to a–z; all others as they were. Exact.
  @inline(__always) static func lowercased(_ x: UInt64) -> UInt64 {
    let low = x & lowBits
    let upper = (low &+ 0x3f3f_3f3f_3f3f_3f3f) & ~(low &+ 0x2525_2525_2525_2525) & ~x & topBits
    return x | (upper &>> 2)
  }
}

/// Single bytes of the grammar in RFC 9110 §5.6.2.
enum Octet {
  static let tab: UInt8 = 0x09
  static let lineFeed: UInt8 = 0x0a
  static let carriageReturn: UInt8 = 0x0d
  static let space: UInt8 = 0x20
  static let comma: UInt8 = 0x2c
  static let slash: UInt8 = 0x2f
  static let colon: UInt8 = 0x3a
  static let question: UInt8 = 0x3f

  /// Whether the byte may stand in a token (a method or a field name).
  @inline(__always) static func isToken(_ c: UInt8) -> Bool {
    // "!#$%&'*+-." and the digits; then A–Z "^_`" a–z "|~"
    let mask: UInt64 = c < 64 ? 0x03ff_6cfa_0000_0000 : c < 128 ? 0x57ff_ffff_c7ff_fffe : 0
    return (mask &>> UInt64(c & 63)) & 1 != 0
  }

  @inline(__always) static func lowercased(_ c: UInt8) -> UInt8 { c &- 0x41 < 26 ? c | 0x20 : c }

  /// Whether the byte may stand in a field value: no control character but the tab.
  @inline(__always) static func isValue(_ c: UInt8) -> Bool { (c >= 0x20 && c != 0x7f) || c == tab }

  /// The value of a hexadecimal digit, or nil.
  @inline(__always) static func hexadecimal(_ c: UInt8) -> Int? {
    switch c {
    case 0x30...0x39: Int(c) &- 0x30
    case 0x41...0x46: Int(c) &- 0x37
    case 0x61...0x66: Int(c) &- 0x57
    default: nil
    }
  }
}

extension Span where Element == UInt8 {
  /// Whether `count` bytes from `offset` on equal the lower-case bytes of `lowercase`, letters compared without case.
  @inline(__always)
  public func equalsIgnoringCase(at offset: Int, _ lowercase: Span<UInt8>) -> Bool {
    let n = lowercase.count
    var i = 0
    while i &+ 8 <= n {
      let a = bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ i, as: UInt64.self)
      let b = lowercase.bytes.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self)
      if Swar.lowercased(a) != b { return false }
      i &+= 8
    }
    while i < n {
      if Octet.lowercased(self[offset &+ i]) != lowercase[i] { return false }
      i &+= 1
    }
    return true
  }

  /// The same for bytes in any case.
  @inline(__always)
  func equalsIgnoringCase(at offset: Int, anyCase other: Span<UInt8>) -> Bool {
    let n = other.count
    var i = 0
    while i &+ 8 <= n {
      let a = bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ i, as: UInt64.self)
      let b = other.bytes.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self)
      if Swar.lowercased(a) != Swar.lowercased(b) { return false }
      i &+= 8
    }
    while i < n {
      if Octet.lowercased(self[offset &+ i]) != Octet.lowercased(other[i]) { return false }
      i &+= 1
    }
    return true
  }

  @inline(__always)
  func equalsIgnoringCase(at offset: Int, _ lowercase: StaticString) -> Bool {
    let n = lowercase.utf8CodeUnitCount
    let text = lowercase.utf8Start
    precondition(offset &+ n <= count)
    var i = 0
    while i &+ 8 <= n {
      // Both lie within their n bytes.
      let a = bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ i, as: UInt64.self)
      let b = UnsafeRawPointer(text).loadUnaligned(fromByteOffset: i, as: UInt64.self)
      if Swar.lowercased(a) != b { return false }
      i &+= 8
    }
    while i < n {
      if Octet.lowercased(self[offset &+ i]) != text[i] { return false }
      i &+= 1
    }
    return true
  }
}

extension OutputRawSpan {
  /// Appends the bytes; there must be room (`freeCapacity`), which is checked.
  @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(copying source: RawSpan) {
    let count = source.byteCount
    precondition(count <= freeCapacity)
    withUnsafeMutableBytes { room, used in
      source.withUnsafeBytes { bytes in
        if count > 0 { UnsafeMutableRawBufferPointer(rebasing: room[used..<(used &+ count)]).copyMemory(from: bytes) }
      }
      used &+= count
    }
  }

  @inline(__always)
  @_lifetime(self: copy self)
  mutating func append(copying text: StaticString) {
    let count = text.utf8CodeUnitCount
    precondition(count <= freeCapacity)
    withUnsafeMutableBytes { room, used in
      let bytes = UnsafeRawBufferPointer(start: text.utf8Start, count: count)
      UnsafeMutableRawBufferPointer(rebasing: room[used..<(used &+ count)]).copyMemory(from: bytes)
      used &+= count
    }
  }
}
