import PolicyLibrary
import Synchronization

/// The cache of policies in this process: bounded in bytes, the least recently used goes first.
///
/// Sharded by key, so that loops rarely wait for each other; an operation holds its shard for well under a microsecond.
final class ValueCache: Sendable {
  /// Bytes of one entry with its key, as the product bounds cached responses.
  static let entryBound = 2 << 20
  private static let shardCount = 8

  private final class Guarded: Sendable {
    let state: Mutex<CacheShard>
    init(bytes: Int) { state = Mutex(CacheShard(bound: bytes)) }
  }

  private let shards: [Guarded]

  /// - Parameter bytes: of all entries together.
  init(bytes: Int = 128 << 20) {
    shards = (0..<Self.shardCount).map { _ in Guarded(bytes: bytes / Self.shardCount) }
  }

  private func shard(of key: String) -> Guarded {
    shards[Int(truncatingIfNeeded: UInt(bitPattern: key.hashValue)) & (Self.shardCount - 1)]
  }

  /// - Parameter now: milliseconds that never go back.
  func find(_ key: String, now: Int64) -> CachedEntry? { shard(of: key).state.withLock { $0.find(key, now: now) } }

  func put(_ entry: CachedEntry, as key: String, seconds: Int, now: Int64) {
    guard seconds > 0, entry.bytes.count + key.utf8.count <= Self.entryBound else { return remove(key) }
    shard(of: key).state.withLock { $0.put(entry, as: key, until: now + Int64(min(seconds, 1 << 40)) * 1_000) }
  }

  /// Puts a record behind those under a key; the lifetime of all of them is the longest.
  /// - Parameters:
  ///   - framed: the record with its length.
  ///   - limit: bytes of all records; an entry's bound holds besides.
  func append(_ framed: [UInt8], to key: String, seconds: Int, limit: Int, storedTicks: Int64, now: Int64) {
    let limit = min(limit, Self.entryBound - key.utf8.count)
    guard seconds > 0, framed.count <= limit else { return }
    shard(of: key).state.withLock {
      $0.append(
        framed, to: key, limit: limit, storedTicks: storedTicks, until: now + Int64(min(seconds, 1 << 40)) * 1_000,
        now: now)
    }
  }

  func remove(_ key: String) { shard(of: key).state.withLock { $0.remove(key) } }
}

/// Entries in the order of their last use, as a ring of indices through one array.
struct CacheShard {
  private struct Node {
    var key: String
    var entry: CachedEntry
    var end: Int64
    var older: Int
    var newer: Int

    /// What it takes of the bound: its bytes, and what it costs to keep them.
    var size: Int { entry.bytes.count + key.utf8.count + 128 }
  }

  private let bound: Int
  private var used = 0
  private var index: [String: Int] = [:]
  private var nodes: [Node] = []
  private var newest = -1
  private var oldest = -1

  init(bound: Int) { self.bound = bound }

  mutating func find(_ key: String, now: Int64) -> CachedEntry? {
    guard let at = index[key] else { return nil }
    guard nodes[at].end > now else {
      remove(key)
      return nil
    }
    if newest != at {
      unlink(at)
      link(at)
    }
    return nodes[at].entry
  }

  mutating func put(_ entry: CachedEntry, as key: String, until end: Int64) {
    remove(key)
    let node = Node(key: key, entry: entry, end: end, older: -1, newer: -1)
    guard node.size <= bound else { return }
    while used + node.size > bound, oldest >= 0 { remove(nodes[oldest].key) }
    used += node.size
    nodes.append(node)
    index[key] = nodes.count - 1
    link(nodes.count - 1)
  }

  mutating func append(
    _ framed: [UInt8], to key: String, limit: Int, storedTicks: Int64, until end: Int64, now: Int64
  ) {
    var (entry, end) = (CachedEntry(bytes: [], storedTicks: storedTicks), end)
    if let at = index[key], nodes[at].end > now { (entry, end) = (nodes[at].entry, max(end, nodes[at].end)) }
    // The bytes have one owner then, and grow where they are.
    remove(key)
    CachedRecords.append(framed, to: &entry.bytes, limit: limit)
    put(entry, as: key, until: end)
  }

  mutating func remove(_ key: String) {
    guard let at = index.removeValue(forKey: key) else { return }
    used -= nodes[at].size
    unlink(at)
    // The last node moves into the gap.
    let last = nodes.removeLast()
    guard at < nodes.count else { return }
    nodes[at] = last
    index[last.key] = at
    if last.older >= 0 { nodes[last.older].newer = at } else { oldest = at }
    if last.newer >= 0 { nodes[last.newer].older = at } else { newest = at }
  }

  private mutating func link(_ at: Int) {
    nodes[at].older = newest
    nodes[at].newer = -1
    if newest >= 0 { nodes[newest].newer = at } else { oldest = at }
    newest = at
  }

  private mutating func unlink(_ at: Int) {
    let (older, newer) = (nodes[at].older, nodes[at].newer)
    if older >= 0 { nodes[older].newer = newer } else { oldest = newer }
    if newer >= 0 { nodes[newer].older = older } else { newest = older }
  }
}
