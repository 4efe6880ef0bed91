/// From hashes to positions in some table, several for one hash allowed. Open addressing in one array: a look-up costs a
/// few instructions and no second hashing. What it finds for a hash may have another one: whoever looks compares.
struct HashIndex: Sendable {
  private struct Slot: Sendable {
    /// Its upper half folded into the lower one: weak hashes differ above.
    var hash: UInt32 = 0
    /// -1 when free.
    var position: Int32 = -1
  }

  private var slots: [Slot] = []
  private var count = 0

  /// Positions are found in the order in which they were added.
  mutating func insert(_ hash: UInt64, _ position: Int) {
    if (count + 1) * 2 > slots.count { grow() }
    place(Slot(hash: Self.folded(hash), position: Int32(position)))
    count += 1
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(), count: max(4, old.count * 2))
    // Begun behind a free slot, so that positions of one hash keep their order also around the array's end.
    let start = old.firstIndex { $0.position < 0 } ?? 0
    for i in old.indices {
      let slot = old[(start + i) % old.count]
      if slot.position >= 0 { place(slot) }
    }
  }

  private mutating func place(_ slot: Slot) {
    var i = home(slot.hash)
    while slots[i].position >= 0 { i = (i &+ 1) & (slots.count &- 1) }
    slots[i] = slot
  }

  @inline(__always)
  private func home(_ hash: UInt32) -> Int { Int(hash) & (slots.count &- 1) }

  @inline(__always)
  private static func folded(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash ^ (hash &>> 32)) }

  /// The first result that is not nil, over the positions of this hash in order.
  @inline(__always)
  func first<Result>(_ hash: UInt64, _ look: (Int) -> Result?) -> Result? {
    if slots.isEmpty { return nil }
    let hash = Self.folded(hash)
    var i = home(hash)
    while slots[i].position >= 0 {
      if slots[i].hash == hash, let found = look(Int(slots[i].position)) { return found }
      i = (i &+ 1) & (slots.count &- 1)
    }
    return nil
  }
}
