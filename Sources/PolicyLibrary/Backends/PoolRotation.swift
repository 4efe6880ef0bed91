import Synchronization

/// Whose turn it is in a pool, over all event loops of the process.
public final class PoolRotation: Sendable {
  private struct State {
    /// How much each member is owed.
    var credit: [Int]
    var picks: [UInt64]
  }

  private let weights: [Int]
  private let state: Mutex<State>
  /// Values of the session cookie, by member: they say nothing about the backends, and are the same in every replica.
  let tokens: [[UInt8]]

  /// - Parameter entity: a pool.
  public init(_ entity: BackendEntity) {
    weights = entity.members.map(\.weight)
    state = Mutex(
      State(
        credit: Array(repeating: 0, count: weights.count), picks: Array(repeating: 0, count: weights.count)))
    tokens = entity.members.map { Self.token($0.entity.id) }
  }

  /// FNV-1a of an identifier as sixteen hexadecimal digits.
  private static func token(_ id: String) -> [UInt8] {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return Array((String(repeating: "0", count: 16 - digits.utf8.count) + digits).utf8)
  }

  /// The next member of those in the set, each in proportion to its weight and evenly spread; nil for an empty set. Where
  /// nobody has a weight, all have the same.
  func next(of set: MemberSet) -> Int? {
    state.withLock { state in
      var total = 0
      for index in set { total += weights[index] }
      let isEven = total == 0
      var best: Int?
      var count = 0
      for index in set where isEven || weights[index] > 0 {
        count += 1
        state.credit[index] += isEven ? 1 : weights[index]
        if best.map({ state.credit[index] > state.credit[$0] }) ?? true { best = index }
      }
      guard let best else { return nil }
      state.credit[best] -= isEven ? count : total
      return best
    }
  }

  /// A member has taken a call.
  func took(_ index: Int) { state.withLock { $0.picks[index] += 1 } }

  /// Calls of each member.
  public var picks: [UInt64] { state.withLock { $0.picks } }
}

/// Places of a pool's members.
struct MemberSet: Sequence {
  private var bits: UInt64 = 0

  var isEmpty: Bool { bits == 0 }

  mutating func insert(_ index: Int) { bits |= 1 << UInt64(index) }
  mutating func remove(_ index: Int) { bits &= ~(1 << UInt64(index)) }
  func contains(_ index: Int) -> Bool { bits & 1 << UInt64(index) != 0 }

  struct Iterator: IteratorProtocol {
    fileprivate var bits: UInt64

    mutating func next() -> Int? {
      guard bits != 0 else { return nil }
      defer { bits &= bits - 1 }
      return bits.trailingZeroBitCount
    }
  }

  func makeIterator() -> Iterator { Iterator(bits: bits) }
}
