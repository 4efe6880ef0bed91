import Synchronization

/// Counters of limits at a moment, as one process tells them to the next.
struct LimitCounters: Equatable, Sendable {
  var quotas: [String: FixedWindow] = [:]
  var windows: [String: SlidingWindow] = [:]

  /// What was counted since an earlier moment of the same table.
  func since(_ earlier: LimitCounters) -> LimitCounters {
    LimitCounters(
      quotas: quotas.mapEntries { key, window in window.since(earlier.quotas[key]) },
      windows: windows.mapEntries { key, window in window.since(earlier.windows[key]) })
  }
}

extension Dictionary {
  fileprivate func mapEntries<Other>(_ make: (Key, Value) -> Other?) -> [Key: Other] {
    var result: [Key: Other] = [:]
    for (key, value) in self { if let other = make(key, value) { result[key] = other } }
    return result
  }
}

extension LimitTable {
  /// Everything that counts: periods and windows that are not over.
  /// - Parameters:
  ///   - seconds: since 0001-01-01.
  ///   - uptime: milliseconds that never go back; processes of one machine have the same.
  func counters(seconds: Int64, uptime: Int64) -> LimitCounters {
    var all = LimitCounters()
    for shard in shards {
      let (quotas, windows) = shard.state.withLock { ($0.quotas, $0.windows) }
      for (key, window) in quotas where window.end > seconds { all.quotas[key] = window }
      for (key, window) in windows where !window.isOver(uptime) { all.windows[key] = window }
    }
    return all
  }

  /// Counts in addition what another process has counted.
  func add(_ counters: LimitCounters) {
    let room = Self.bound / Self.shardCount
    for (key, window) in counters.quotas {
      shard(of: key).state.withLock { shard in
        guard shard.quotas[key] != nil || shard.quotas.count < room else { return }
        shard.quotas[key, default: FixedWindow()].add(window)
        shard.hasChanged = true
      }
    }
    for (key, window) in counters.windows {
      shard(of: key).state.withLock { shard in
        guard shard.windows[key] != nil || shard.windows.count < room else { return }
        shard.windows[key, default: SlidingWindow(seconds: window.seconds)].add(window)
      }
    }
  }
}

extension FixedWindow {
  fileprivate func since(_ earlier: FixedWindow?) -> FixedWindow? {
    guard let earlier, earlier.index == index else { return self }
    return used > earlier.used ? FixedWindow(index: index, used: used - earlier.used, end: end) : nil
  }

  fileprivate mutating func add(_ other: FixedWindow) {
    if other.index == index {
      self = FixedWindow(index: index, used: used + other.used, end: end)
    } else if other.index > index {
      self = other
    }
  }
}

extension SlidingWindow {
  fileprivate func since(_ earlier: SlidingWindow?) -> SlidingWindow? {
    guard let earlier, earlier.seconds == seconds else { return self }
    let before = Dictionary(earlier.counts.map { ($0.slot, $0.count) }) { $0 + $1 }
    let new = counts.map { (slot: $0.slot, count: $0.count - (before[$0.slot] ?? 0)) }.filter { $0.count > 0 }
    return new.isEmpty ? nil : SlidingWindow(seconds: seconds, counts: new)
  }

  /// A window of another length was begun for another policy: the newer one stays.
  fileprivate mutating func add(_ other: SlidingWindow) {
    guard other.seconds == seconds else { return }
    let all = Dictionary((counts + other.counts).map { ($0.slot, $0.count) }) { $0 + $1 }
    self = SlidingWindow(seconds: seconds, counts: all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }
}

/// Counters as bytes: numbers of eight bytes, the lowest first, and texts with their length before them.
extension LimitCounters {
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    func put(_ number: Int64) {
      for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
    func put(_ text: String) {
      put(Int64(text.utf8.count))
      bytes += text.utf8
    }
    put(Int64(quotas.count))
    for (key, window) in quotas {
      put(key)
      for number in [window.index, Int64(window.used), window.end] { put(number) }
    }
    put(Int64(windows.count))
    for (key, window) in windows {
      put(key)
      put(Int64(window.seconds))
      put(Int64(window.counts.count))
      for entry in window.counts {
        put(entry.slot)
        put(Int64(entry.count))
      }
    }
    return bytes
  }

  /// Nil when the bytes are none of ours.
  init?(bytes: [UInt8]) {
    var position = 0
    func number() -> Int64? {
      guard bytes.count - position >= 8 else { return nil }
      defer { position += 8 }
      return (0..<8).reduce(Int64(0)) { $0 | Int64(bytes[position + $1]) << (8 * $1) }
    }
    /// How many things follow, of at least so many bytes each.
    func count(of size: Int) -> Int? {
      guard let count = number(), count >= 0, count <= Int64((bytes.count - position) / size) else { return nil }
      return Int(count)
    }
    func text() -> String? {
      guard let length = count(of: 1) else { return nil }
      defer { position += length }
      return String(decoding: bytes[position..<position + length], as: UTF8.self)
    }
    guard let quotaCount = count(of: 32) else { return nil }
    for _ in 0..<quotaCount {
      guard let key = text(), let index = number(), let used = number(), used >= 0, let end = number() else {
        return nil
      }
      quotas[key] = FixedWindow(index: index, used: Int(used), end: end)
    }
    guard let windowCount = count(of: 24) else { return nil }
    for _ in 0..<windowCount {
      guard let key = text(), let seconds = number(), seconds > 0, let entries = count(of: 16) else { return nil }
      var counts: [(slot: Int64, count: Int)] = []
      for _ in 0..<entries {
        guard let slot = number(), let uses = number(), uses >= 0 else { return nil }
        counts.append((slot, Int(uses)))
      }
      windows[key] = SlidingWindow(seconds: Int(seconds), counts: counts)
    }
    guard position == bytes.count else { return nil }
  }
}
