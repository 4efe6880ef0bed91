/// Counts that are said again some times when they do not change any more: datagrams get lost.
struct Repeats<Name: Hashable, Count> {
  /// After how many milliseconds.
  static var delays: [Int64] { [60, 250, 1_000] }
  /// Counts that are said again; further ones are said once.
  static var bound: Int { 50_000 }

  private struct Item {
    var count: Count
    var due: Int64
    var step: Int
  }

  private var items: [Name: Item] = [:]
  private var nextLook = Int64.min

  /// A count has changed, and is said now.
  mutating func note(_ count: Count, of name: Name, now: Int64) {
    guard items[name] != nil || items.count < Self.bound else { return }
    items[name] = Item(count: count, due: now + Self.delays[0], step: 0)
  }

  /// What is to be said again now.
  mutating func due(_ now: Int64) -> [Count] {
    guard now >= nextLook else { return [] }
    nextLook = now + Self.delays[0]
    var due: [Count] = []
    for (name, item) in items where item.due <= now {
      due.append(item.count)
      let step = item.step + 1
      items[name] =
        step < Self.delays.count ? Item(count: item.count, due: now + Self.delays[step], step: step) : nil
    }
    return due
  }

  /// Nobody is there to hear it.
  mutating func clear() { if !items.isEmpty { items = [:] } }
}
