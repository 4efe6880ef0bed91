import HTTPWire

/// Hashes of paths without regard to letter case, one byte at a time, so that prefixes cost nothing extra.
struct PathHash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  @inline(__always)
  mutating func add(_ byte: UInt8) {
    value = (value ^ UInt64(PathHash.lower(byte))) &* 0x100_0000_01b3
  }

  @inline(__always)
  static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  static func of(_ text: some Sequence<UInt8>) -> UInt64 {
    var hash = PathHash()
    for byte in text { hash.add(byte) }
    return hash.value
  }
}

extension Span<UInt8> {
  /// Whether the bytes from `start` are these, without regard to letter case of ASCII; `lower` is in lower case.
  func matches(_ lower: [UInt8], at start: Int) -> Bool {
    guard start &+ lower.count <= count else { return false }
    for i in lower.indices where PathHash.lower(self[start &+ i]) != lower[i] { return false }
    return true
  }
}
