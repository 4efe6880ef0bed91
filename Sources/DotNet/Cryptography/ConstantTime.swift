/// Comparison of secrets: the time it takes says nothing of where they differ.
public enum ConstantTime {
  /// Whether both are the same bytes. Only that their lengths differ is told at once.
  public static func areEqual(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
    guard a.count == b.count else { return false }
    // Both are as long as `a`, and no place read lies behind that.
    let count = a.count
    let found = a.withUnsafeBytes { left in
      b.withUnsafeBytes { right in
        @inline(__always)
        func difference(at place: Int) -> UInt64 {
          left.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            ^ right.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        }
        var found: UInt64 = 0
        var i = 0
        // Four words in a round: tokens are long.
        while i &+ 32 <= count {
          found |= difference(at: i) | difference(at: i &+ 8) | difference(at: i &+ 16) | difference(at: i &+ 24)
          i &+= 32
        }
        while i &+ 8 <= count {
          found |= difference(at: i)
          i &+= 8
        }
        while i < count {
          found |= UInt64(left[i] ^ right[i])
          i &+= 1
        }
        return found
      }
    }
    return found == 0
  }
}
