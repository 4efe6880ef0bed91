import GatewayConfiguration

/// Counters of quotas as a file holds them: a line that says what it is, a line for each counter with the number of its
/// period, what was used, when the period ends (seconds since 0001-01-01) and its name, and a last line with their number,
/// so that a file that was cut off or written by two is not believed.
///
/// Where replicas count together (version 2), a line for each counter has the number and the end of its period, its hash and
/// its name, if that is known, and is followed by a line for each replica's life with what that has counted.
///
/// Where an administrator has set counters a line has the number of the last update (`a`), and for replicas that count
/// together each update has one (`u`): period, end, number, value and name.
enum QuotaFile {
  /// Bytes of a file; counters beyond are left out.
  static let bound = 16 << 20
  private static let title = "postern quotas 1"
  private static let sharedTitle = "postern quotas 2"

  /// What a file holds.
  struct Contents: Equatable {
    /// What was used of counters whose name is known, whoever used it.
    var quotas: [String: FixedWindow] = [:]
    /// The same by replicas; empty where the process counted alone.
    var records: [QuotaPeriod: ReplicatedQuotas.Record] = [:]
    /// Whether the process counted together with others.
    var isShared = false
    /// The number of the last update that the counters are behind.
    var applied: UInt64 = 0
    /// Updates behind which replicas count.
    var updates: [QuotaUpdate] = []
  }

  /// The file, and how many counters had no room in it.
  static func bytes(_ quotas: [String: FixedWindow], applied: UInt64 = 0) -> (bytes: [UInt8], omitted: Int) {
    var bytes = Array((title + "\n").utf8)
    var lines = 0
    append(applied, to: &bytes, &lines)
    var count = 0
    for (key, window) in quotas {
      guard bytes.count + 2 * key.utf8.count + 100 < bound else { continue }
      bytes += Array("\(window.index) \(window.used) \(window.end) ".utf8)
      append(key, to: &bytes)
      count += 1
    }
    bytes += Array("end \(lines + count)\n".utf8)
    return (bytes, quotas.count - count)
  }

  /// A file of a process that knows of no update has no such line, and any former version can read it.
  private static func append(_ applied: UInt64, to bytes: inout [UInt8], _ lines: inout Int) {
    guard applied > 0 else { return }
    bytes += Array("a \(applied)\n".utf8)
    lines += 1
  }

  /// The file of a process that counts together with others, and how many counters had no room in it.
  static func bytes(
    _ records: [QuotaPeriod: ReplicatedQuotas.Record], applied: UInt64 = 0, updates: [QuotaUpdate] = []
  ) -> (bytes: [UInt8], omitted: Int) {
    var bytes = Array((sharedTitle + "\n").utf8)
    var (lines, count) = (0, 0)
    append(applied, to: &bytes, &lines)
    for update in updates where bytes.count + 2 * update.name.utf8.count + 200 < bound {
      bytes += Array("u \(update.index) \(update.end) \(update.number) \(update.value) ".utf8)
      append(update.name, to: &bytes)
      lines += 1
    }
    for (period, record) in records {
      let key = record.key ?? ""
      guard bytes.count + 2 * key.utf8.count + 200 + 60 * record.totals.count < bound else { continue }
      bytes += Array("c \(period.index) \(record.end) \(hex(period.name.high, period.name.low)) ".utf8)
      append(key, to: &bytes)
      for (origin, total) in record.totals { bytes += Array("t \(hex(origin.high, origin.low)) \(total)\n".utf8) }
      lines += 1 + record.totals.count
      count += 1
    }
    bytes += Array("end \(lines)\n".utf8)
    return (bytes, records.count - count)
  }

  private static func hex(_ high: UInt64, _ low: UInt64) -> String {
    String(high, radix: 16) + " " + String(low, radix: 16)
  }

  private static func append(_ key: String, to bytes: inout [UInt8]) {
    for byte in key.utf8 {
      switch byte {
      case 0x0a: bytes += [0x5c, 0x6e]
      case 0x5c: bytes += [0x5c, 0x5c]
      default: bytes.append(byte)
      }
    }
    bytes.append(0x0a)
  }

  /// What a file holds; nil when it is none, or not whole.
  static func read(_ bytes: [UInt8]) -> Contents? {
    guard bytes.last == 0x0a, bytes.count <= bound else { return nil }
    let lines = bytes.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false)
    guard lines.count >= 2, lines[lines.count - 1].elementsEqual("end \(lines.count - 2)".utf8) else { return nil }
    let counters = lines[1..<(lines.count - 1)]
    if lines[0].elementsEqual(title.utf8) { return readAlone(counters) }
    return lines[0].elementsEqual(sharedTitle.utf8) ? readShared(counters) : nil
  }

  private static func readAlone(_ lines: ArraySlice<ArraySlice<UInt8>>) -> Contents? {
    var contents = Contents()
    for line in lines {
      if let applied = applied(line) {
        contents.applied = applied
        continue
      }
      let parts = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
      guard parts.count == 4, let index = number(parts[0]), let used = number(parts[1]), used >= 0,
        let end = number(parts[2])
      else { return nil }
      contents.quotas[name(parts[3])] = FixedWindow(index: index, used: Int(used), end: end)
    }
    return contents
  }

  private static func applied(_ line: ArraySlice<UInt8>) -> UInt64? {
    line.starts(with: "a ".utf8) ? UInt64(String(decoding: line.dropFirst(2), as: UTF8.self)) : nil
  }

  private static func readShared(_ lines: ArraySlice<ArraySlice<UInt8>>) -> Contents? {
    var contents = Contents(isShared: true)
    let generations = QuotaGenerations()
    var last: QuotaPeriod?
    for line in lines {
      if let applied = applied(line) {
        contents.applied = applied
        continue
      }
      let parts = line.split(separator: 0x20, maxSplits: 5, omittingEmptySubsequences: false)
      if parts.count == 6, parts[0].elementsEqual("c".utf8), let index = number(parts[1]), let end = number(parts[2]),
        let high = hex(parts[3]), let low = hex(parts[4])
      {
        let key = name(parts[5])
        let period = QuotaPeriod(name: CounterName(high: high, low: low), index: index)
        contents.records[period] = ReplicatedQuotas.Record(key: key.isEmpty ? nil : key, end: end)
        last = period
      } else if parts.count == 4, parts[0].elementsEqual("t".utf8), let last, let high = hex(parts[1]),
        let low = hex(parts[2]), let total = number(parts[3]), total > 0, total <= QuotaCount.bound
      {
        contents.records[last]?.totals[ReplicaDatagram.Instance(high: high, low: low)] = UInt64(total)
      } else if parts.count == 6, parts[0].elementsEqual("u".utf8), let index = number(parts[1]),
        let end = number(parts[2]), let update = number(parts[3]), update > 0, let value = number(parts[4]), value >= 0
      {
        contents.updates.append(
          QuotaUpdate(number: UInt64(update), name: name(parts[5]), index: index, end: end, value: value))
        _ = generations.begin(contents.updates[contents.updates.count - 1])
      } else {
        return nil
      }
    }
    for update in contents.updates where update.value > 0 {
      if let known = contents.quotas[update.name], known.index > update.index { continue }
      contents.quotas[update.name] = FixedWindow(index: update.index, used: Int(update.value), end: update.end)
    }
    for (period, record) in contents.records {
      guard let key = record.key else { continue }
      let current = generations.current(key, period.index)
      guard current.period == period else { continue }
      // The newest period is the one that a process by itself would be in.
      if let known = contents.quotas[key], known.index > period.index { continue }
      let sum = record.totals.values.reduce(UInt64(current.base)) { min($0 + $1, 1 << 60) }
      contents.quotas[key] = FixedWindow(index: period.index, used: Int(sum), end: record.end)
    }
    return contents
  }

  private static func number(_ text: ArraySlice<UInt8>) -> Int64? { Int64(String(decoding: text, as: UTF8.self)) }
  private static func hex(_ text: ArraySlice<UInt8>) -> UInt64? {
    UInt64(String(decoding: text, as: UTF8.self), radix: 16)
  }

  private static func name(_ text: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    var isEscaped = false
    for byte in text {
      if isEscaped {
        bytes.append(byte == 0x6e ? 0x0a : byte)
        isEscaped = false
      } else if byte == 0x5c {
        isEscaped = true
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
