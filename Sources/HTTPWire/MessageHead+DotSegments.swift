extension MessageHead {
  /// Whether the path has something that servers read in different ways: a segment that is `.` or `..`, with dots encoded
  /// or not (RFC 3986 §3.3), a `#`, a percent sign that encodes nothing or a NUL, or one that encodes what needs no encoding.
  /// Paths without a dot, a percent sign and a `#` cost eight bytes at a time.
  public var hasOddPath: Bool {
    let path = pathSpan()
    var i = 0
    while i &+ 8 <= path.count {
      let word = path.bytes.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self)
      if Swar.holds(word, 0x2e) || Swar.holds(word, 0x25) || Swar.holds(word, 0x23) { return Self.isOdd(path, from: i) }
      i &+= 8
    }
    return Self.isOdd(path, from: i)
  }

  /// - Parameter start: nothing of the kind is before it.
  private static func isOdd(_ path: Span<UInt8>, from start: Int) -> Bool {
    // A segment that begins here may have its slash just before.
    var i = max(0, start &- 1)
    while i < path.count {
      if path[i] == 0x23 { return true }
      if path[i] == 0x25, !encodes(path, i) || unreserved(path, i) != nil { return true }
      if path[i] == Octet.slash, dots(path, i &+ 1) > 0 { return true }
      i &+= 1
    }
    return false
  }

  /// Whether the percent sign at `i` has two hexadecimal digits behind it (RFC 3986 §2.1), and not those of a NUL, which ends
  /// a text for whoever counts on that.
  private static func encodes(_ path: Span<UInt8>, _ i: Int) -> Bool {
    guard i &+ 2 < path.count, path[i &+ 1] != 0x30 || path[i &+ 2] != 0x30 else { return false }
    return isHexadecimal(path[i &+ 1]) && isHexadecimal(path[i &+ 2])
  }

  /// The letter, digit, `-`, `.`, `_` or `~` that the percent sign at `i` encodes; nil for anything else. Encoded or not, it
  /// is the same to whoever takes the path apart (RFC 3986 §2.3).
  private static func unreserved(_ path: Span<UInt8>, _ i: Int) -> UInt8? {
    guard let high = Octet.hexadecimal(path[i &+ 1]), let low = Octet.hexadecimal(path[i &+ 2]) else { return nil }
    let byte = UInt8(high &* 16 &+ low)
    switch byte {
    case 0x2d, 0x2e, 0x5f, 0x7e, 0x30...0x39, 0x41...0x5a, 0x61...0x7a: return byte
    default: return nil
    }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6 }

  /// How many dots the segment that begins at `start` consists of, 1 or 2; 0 where it is any other.
  private static func dots(_ path: Span<UInt8>, _ start: Int) -> Int {
    var i = start
    var count = 0
    while i < path.count, path[i] != Octet.slash {
      if path[i] == 0x2e {
        i &+= 1
      } else if i &+ 2 < path.count, path[i] == 0x25, path[i &+ 1] == 0x32, path[i &+ 2] | 0x20 == 0x65 {
        i &+= 3
      } else {
        return 0
      }
      count &+= 1
      if count > 2 { return 0 }
    }
    return count
  }

  /// Takes dot segments out of a request's path and decodes what needs no encoding, as RFC 3986 §5.2.4 and §6.2.2.2 have it,
  /// before anybody routes by it: nothing sees the path as it came any more, so that no policy is passed by because a
  /// backend reads `/%61dmin` as `/admin`. Throws where the path has a `#`, which no request has, or a percent sign that encodes nothing
  /// or a NUL.
  public mutating func straightenPath() throws(WireError) {
    var straight: [UInt8] = []
    do {
      let path = pathSpan()
      for i in path.indices where path[i] == 0x23 || path[i] == 0x25 && !Self.encodes(path, i) {
        throw WireError(.target, offset: i)
      }
      var i = 0
      while i < path.count {
        // At a slash: what is up to the next one is a segment.
        let count = Self.dots(path, i &+ 1)
        var end = i &+ 1
        while end < path.count, path[end] != Octet.slash { end &+= 1 }
        if count == 0 {
          var k = i
          while k < end {
            if path[k] == 0x25, let byte = Self.unreserved(path, k) {
              straight.append(byte)
              k &+= 3
            } else {
              straight.append(path[k])
              k &+= 1
            }
          }
        } else {
          if count == 2 {
            while let last = straight.popLast(), last != Octet.slash {}
          }
          // The last segment leaves its slash behind.
          if end == path.count { straight.append(Octet.slash) }
        }
        i = end
      }
    }
    if straight.isEmpty { straight = [Octet.slash] }
    if querySlice == nil {
      try setTarget(path: straight.span, query: nil)
    } else {
      let query = Array(storage[(querySlice?.start ?? 0)..<(querySlice?.end ?? 0)])
      try setTarget(path: straight.span, query: query.span)
    }
    receivedTarget = targetSlice
  }
}
