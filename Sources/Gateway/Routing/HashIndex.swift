/// From hashes to positions in some table, several for one hash allowed. Open addressing in one array: a look-up costs a
/// few instructions and no second hashing.
struct HashIndex: Sendable {
  private struct Slot: Sendable {
    var hash: UInt64 = 0
    /// -1 when free.
    var position: Int32 = -1
  }

  private var slots: [Slot] = []
  private var count = 0

  /// Positions are found in the order in which they were added.
  mutating func insert(_ hash: UInt64, _ position: Int) {
    if (count + 1) * 2 > slots.count { grow() }
    place(Slot(hash: hash, position: Int32(position)))
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
  private func home(_ hash: UInt64) -> Int {
    // The upper half decides as well: weak hashes differ there.
    Int(truncatingIfNeeded: hash ^ (hash &>> 32)) & (slots.count &- 1)
  }

  /// The first result that is not nil, over the positions of this hash in order.
  @inline(__always)
  func first<Result>(_ hash: UInt64, _ look: (Int) -> Result?) -> Result? {
    if slots.isEmpty { return nil }
    var i = home(hash)
    while slots[i].position >= 0 {
      if slots[i].hash == hash, let found = look(Int(slots[i].position)) { return found }
      i = (i &+ 1) & (slots.count &- 1)
    }
    return nil
  }
}
