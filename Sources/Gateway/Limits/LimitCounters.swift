import Synchronization

/// Counters of limits at a moment, as one process tells them to the next.
struct LimitCounters: Equatable, Sendable {
  var quotas: [String: FixedWindow] = [:]
  var windows: [String: SlidingWindow] = [:]
  /// Nil where replicas do not count together.
  var replicas: ReplicaMemory?

  /// What was counted since an earlier moment of the same table.
  func since(_ earlier: LimitCounters) -> LimitCounters {
    LimitCounters(
      quotas: quotas.mapEntries { key, window in window.since(earlier.quotas[key]) },
      windows: windows.mapEntries { key, window in window.since(earlier.windows[key]) })
  }
}

/// What replicas have counted together, as a process of one of them tells it to the next, which is another replica to the
/// others: they do not say again what they have said to the first, or say it as if it were new.
struct ReplicaMemory: Equatable, Sendable {
  /// Everything that lies in the windows, whoever counted it.
  var windows: [CounterName: SlidingWindow] = [:]
  /// How far each replica was heard, the one that tells this among them.
  var heard: [ReplicaDatagram.Instance: [CounterName: ReplicaMark]] = [:]
  /// All that is known of quotas, whoever counted it.
  var quotas: [QuotaCount] = []

  /// What came in addition to an earlier moment; how far others were heard, and quotas, are told anew.
  func since(_ earlier: ReplicaMemory) -> ReplicaMemory {
    ReplicaMemory(
      windows: windows.mapEntries { name, window in window.since(earlier.windows[name]) }, heard: heard,
      quotas: quotas)
  }
}

/// How far one replica's counter was heard.
struct ReplicaMark: Equatable, Sendable {
  var generation: UInt64
  var total: UInt64
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
      for (key, window) in quotas where window.end > seconds {
        // To a process without replicas what others have counted is its predecessor's.
        all.quotas[key] = FixedWindow(index: window.index, used: window.used + window.others, end: window.end)
      }
      for (key, window) in windows where !window.isOver(uptime) { all.windows[key.text] = window }
    }
    return all
  }

  /// Counts in addition what another process has counted.
  func add(_ counters: LimitCounters) {
    let room = Self.bound / Self.shardCount
    // Replicas that count quotas together tell each other more than sums.
    let isShared = replicated != nil && counters.replicas != nil
    for (key, window) in counters.quotas where !isShared {
      shard(of: key).state.withLock { shard in
        guard shard.quotas[key] != nil || shard.quotas.count < room else { return }
        if let replicated, !key.isEmpty {
          Self.add(window, to: key, Clock.ticks() / 10_000_000, &shard, replicated)
        } else {
          shard.quotas[key, default: FixedWindow()].add(window)
        }
        shard.unseen = .all
      }
    }
    for (name, window) in counters.windows {
      let key = CounterKey(name)
      shard(of: name).state.withLock { shard in
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

  mutating func add(_ other: FixedWindow) {
    if other.index == index {
      var sum = FixedWindow(index: index, used: used + other.used, end: end)
      (sum.others, sum.isUnpublished) = (others, isUnpublished)
      self = sum
    } else if other.index > index {
      self = other
    }
  }
}

extension SlidingWindow {
  func since(_ earlier: SlidingWindow?) -> SlidingWindow? {
    guard let earlier, earlier.seconds == seconds else { return self }
    let before = Dictionary(earlier.counts.map { ($0.slot, $0.count) }) { $0 + $1 }
    let new = counts.map { (slot: $0.slot, count: $0.count - (before[$0.slot] ?? 0)) }.filter { $0.count > 0 }
    return new.isEmpty ? nil : SlidingWindow(seconds: seconds, counts: new)
  }

  /// A window of another length was begun for another policy: the newer one stays.
  mutating func add(_ other: SlidingWindow) {
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
    func put(_ window: SlidingWindow) {
      put(Int64(window.seconds))
      put(Int64(window.counts.count))
      for entry in window.counts {
        put(entry.slot)
        put(Int64(entry.count))
      }
    }
    func put(bits number: UInt64) { put(Int64(bitPattern: number)) }
    put(Int64(windows.count))
    for (key, window) in windows {
      put(key)
      put(window)
    }
    guard let replicas else { return bytes }
    put(Int64(replicas.windows.count))
    for (name, window) in replicas.windows {
      put(bits: name.high)
      put(bits: name.low)
      put(window)
    }
    put(Int64(replicas.heard.count))
    for (instance, marks) in replicas.heard {
      put(bits: instance.high)
      put(bits: instance.low)
      put(Int64(marks.count))
      for (name, mark) in marks {
        for number in [name.high, name.low, mark.generation, mark.total] { put(bits: number) }
      }
    }
    put(Int64(replicas.quotas.count))
    for count in replicas.quotas {
      for number in [count.period.name.high, count.period.name.low, count.origin.high, count.origin.low] {
        put(bits: number)
      }
      for number in [count.period.index, count.end] { put(number) }
      put(bits: count.total)
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
    func window() -> SlidingWindow? {
      guard let seconds = number(), seconds > 0, let entries = count(of: 16) else { return nil }
      var counts: [(slot: Int64, count: Int)] = []
      for _ in 0..<entries {
        guard let slot = number(), let uses = number(), uses >= 0 else { return nil }
        counts.append((slot, Int(uses)))
      }
      return SlidingWindow(seconds: Int(seconds), counts: counts)
    }
    func bits() -> UInt64? { number().map { UInt64(bitPattern: $0) } }
    guard let windowCount = count(of: 24) else { return nil }
    for _ in 0..<windowCount {
      guard let key = text(), let window = window() else { return nil }
      windows[key] = window
    }
    // Only where replicas count together is there more.
    if position == bytes.count { return }
    var replicas = ReplicaMemory()
    guard let nameCount = count(of: 32) else { return nil }
    for _ in 0..<nameCount {
      guard let high = bits(), let low = bits(), let window = window() else { return nil }
      replicas.windows[CounterName(high: high, low: low)] = window
    }
    guard let instanceCount = count(of: 24) else { return nil }
    for _ in 0..<instanceCount {
      guard let high = bits(), let low = bits(), let markCount = count(of: 32) else { return nil }
      var marks: [CounterName: ReplicaMark] = [:]
      for _ in 0..<markCount {
        guard let high = bits(), let low = bits(), let generation = bits(), let total = bits() else { return nil }
        marks[CounterName(high: high, low: low)] = ReplicaMark(generation: generation, total: total)
      }
      replicas.heard[ReplicaDatagram.Instance(high: high, low: low)] = marks
    }
    // A predecessor that is older does not share quotas.
    if position < bytes.count {
      guard let quotaCount = count(of: 56) else { return nil }
      for _ in 0..<quotaCount {
        guard let high = bits(), let low = bits(), let originHigh = bits(), let originLow = bits(),
          let index = number(), let end = number(), let total = bits()
        else { return nil }
        replicas.quotas.append(
          QuotaCount(
            period: QuotaPeriod(name: CounterName(high: high, low: low), index: index), end: end,
            origin: ReplicaDatagram.Instance(high: originHigh, low: originLow), total: total))
      }
    }
    guard position == bytes.count else { return nil }
    self.replicas = replicas
  }
}
