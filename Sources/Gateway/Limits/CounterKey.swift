/// The name of a counter with its hash, so that a table and the choice of its shard work out one hash between them.
struct CounterKey: Hashable, Sendable {
  let text: String
  let hash: UInt64

  init(_ text: String) {
    self.text = text
    hash = Self.hash(text.utf8Span.span)
  }

  static func == (a: CounterKey, b: CounterKey) -> Bool { a.hash == b.hash && a.text == b.text }
  func hash(into hasher: inout Hasher) { hasher.combine(hash) }

  /// Words folded by multiplications whose other factor nobody outside knows: callers choose many keys of counters.
  static func hash(_ bytes: Span<UInt8>) -> UInt64 {
    var state = seed ^ UInt64(bytes.count)
    var i = 0
    while i &+ 8 <= bytes.count {
      state = fold(state ^ bytes.bytes.unsafeLoadUnaligned(fromByteOffset: i, as: UInt64.self))
      i &+= 8
    }
    var rest: UInt64 = 0
    while i < bytes.count {
      rest = rest &<< 8 | UInt64(bytes[i])
      i &+= 1
    }
    return fold(state ^ rest)
  }

  @inline(__always)
  private static func fold(_ word: UInt64) -> UInt64 {
    let product = word.multipliedFullWidth(by: factor)
    return product.high ^ product.low
  }

  private static let seed = UInt64.random(in: .min ... .max)
  private static let factor = UInt64.random(in: .min ... .max) | 1
}
