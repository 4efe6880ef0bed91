/// Comparison of secrets: the time it takes says nothing of where they differ.
public enum ConstantTime {
  /// Whether both are the same bytes. Only that their lengths differ is told at once.
  public static func areEqual(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt64 = 0
    var i = 0
    while i + 8 <= a.count {
      difference |=
        a.bytes.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self)
        ^ b.bytes.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self)
      i += 8
    }
    while i < a.count {
      difference |= UInt64(a[i] ^ b[i])
      i += 1
    }
    return difference == 0
  }
}
