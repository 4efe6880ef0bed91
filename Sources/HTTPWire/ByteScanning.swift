import CByteScan

/// Eight bytes at a time in a general register, for what is shorter than a vector or looked at in passing. What finds bytes
/// answers with the top bit of each.
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

  /// The same eight bytes with A–Z turned to a–z; all others as they were. Exact.
  @inline(__always) static func lowercased(_ x: UInt64) -> UInt64 {
    let low = x & lowBits
    let upper = (low &+ 0x3f3f_3f3f_3f3f_3f3f) & ~(low &+ 0x2525_2525_2525_2525) & ~x & topBits
    return x | (upper &>> 2)
  }

  /// Whether `n` bytes are equal without regard to case; those at `b` may be in lower case already, which spares turning them.
  /// The last eight or four reach back, so that no more than three bytes are ever compared by themselves.
  @inline(__always)
  static func equal(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ n: Int, isLower: Bool) -> Bool {
    @inline(__always)
    func eight(_ i: Int) -> Bool {
      let right = b.loadUnaligned(fromByteOffset: i, as: UInt64.self)
      return lowercased(a.loadUnaligned(fromByteOffset: i, as: UInt64.self)) == (isLower ? right : lowercased(right))
    }
    @inline(__always)
    func four(_ i: Int) -> Bool {
      let right = UInt64(b.loadUnaligned(fromByteOffset: i, as: UInt32.self))
      return lowercased(UInt64(a.loadUnaligned(fromByteOffset: i, as: UInt32.self)))
        == (isLower ? right : lowercased(right))
    }
    if n >= 8 {
      var i = 0
      while i &+ 8 <= n {
        if !eight(i) { return false }
        i &+= 8
      }
      return i == n || eight(n &- 8)
    }
    if n >= 4 { return four(0) && four(n &- 4) }
    for i in 0..<n {
      let right = b.load(fromByteOffset: i, as: UInt8.self)
      if Octet.lowercased(a.load(fromByteOffset: i, as: UInt8.self)) != (isLower ? right : Octet.lowercased(right)) {
        return false
      }
    }
    return true
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
  @inline(__always) static func isToken(_ c: UInt8) -> Bool { postern_is_token(c) }

  @inline(__always) static func isBlank(_ c: UInt8) -> Bool { c == space || c == tab }

  @inline(__always) static func lowercased(_ c: UInt8) -> UInt8 { c &- 0x41 < 26 ? c | 0x20 : c }

  /// Whether the byte may stand in a field value: no control character but the tab.
  @inline(__always) static func isValue(_ c: UInt8) -> Bool { postern_is_value(c) }

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
  /// The first place at or behind `start` whose byte may not stand in a token; `count` where there is none.
  @inline(__always)
  func tokenEnd(from start: Int) -> Int {
    withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      return postern_token_end(base, start, bytes.count)
    }
  }

  /// The same for a value.
  @inline(__always)
  func valueEnd(from start: Int) -> Int {
    withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      return postern_value_end(base, start, bytes.count)
    }
  }

  /// Whether `count` bytes from `offset` on equal the lower-case bytes of `lowercase`, letters compared without case.
  @inline(__always)
  public func equalsIgnoringCase(at offset: Int, _ lowercase: Span<UInt8>) -> Bool {
    equals(at: offset, lowercase, isLower: true)
  }

  /// The same for bytes in any case.
  @inline(__always)
  func equalsIgnoringCase(at offset: Int, anyCase other: Span<UInt8>) -> Bool {
    equals(at: offset, other, isLower: false)
  }

  @inline(__always)
  private func equals(at offset: Int, _ other: Span<UInt8>, isLower: Bool) -> Bool {
    extracting(offset..<offset &+ other.count).withUnsafeBytes { a in
      other.withUnsafeBytes { b in
        guard let left = a.baseAddress, let right = b.baseAddress else { return true }
        return Swar.equal(left, right, b.count, isLower: isLower)
      }
    }
  }

  @inline(__always)
  func equalsIgnoringCase(at offset: Int, _ lowercase: StaticString) -> Bool {
    let n = lowercase.utf8CodeUnitCount
    return extracting(offset..<offset &+ n).withUnsafeBytes { a in
      guard let left = a.baseAddress else { return true }
      return Swar.equal(left, UnsafeRawPointer(lowercase.utf8Start), n, isLower: true)
    }
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
