/// Hashes of paths without regard to letter case, one byte at a time, so that prefixes cost nothing extra.
struct PathHash {
  private(set) var value: UInt64

  /// - Parameter seed: what hashes of equal texts are to differ by.
  @inline(__always)
  init(seed: UInt64 = 0) { value = 0xcbf2_9ce4_8422_2325 ^ (seed &* 0x9e37_79b9_7f4a_7c15) }

  @inline(__always)
  mutating func add(_ byte: UInt8) { add(lower: PathHash.lower(byte)) }

  /// The same for a byte in lower case already.
  @inline(__always)
  mutating func add(lower byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }

  @inline(__always)
  static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  static func of(_ text: some Sequence<UInt8>) -> UInt64 {
    var hash = PathHash()
    for byte in text { hash.add(byte) }
    return hash.value
  }
}
