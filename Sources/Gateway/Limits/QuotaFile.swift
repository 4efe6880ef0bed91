/// Counters of quotas as a file holds them: a line that says what it is, a line for each counter with the number of its
/// period, what was used, when the period ends (seconds since 0001-01-01) and its name, and a last line with their number,
/// so that a file that was cut off or written by two is not believed.
///
/// Where replicas count together (version 2), a line for each counter has the number and the end of its period, its hash and
/// its name, if that is known, and is followed by a line for each replica's life with what that has counted.
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
  }

  /// The file, and how many counters had no room in it.
  static func bytes(_ quotas: [String: FixedWindow]) -> (bytes: [UInt8], omitted: Int) {
    var bytes = Array((title + "\n").utf8)
    var count = 0
    for (key, window) in quotas {
      guard bytes.count + 2 * key.utf8.count + 100 < bound else { continue }
      bytes += Array("\(window.index) \(window.used) \(window.end) ".utf8)
      append(key, to: &bytes)
      count += 1
    }
    bytes += Array("end \(count)\n".utf8)
    return (bytes, quotas.count - count)
  }

  /// The file of a process that counts together with others, and how many counters had no room in it.
  static func bytes(_ records: [QuotaPeriod: ReplicatedQuotas.Record]) -> (bytes: [UInt8], omitted: Int) {
    var bytes = Array((sharedTitle + "\n").utf8)
    var (lines, count) = (0, 0)
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
      let parts = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
      guard parts.count == 4, let index = number(parts[0]), let used = number(parts[1]), used >= 0,
        let end = number(parts[2])
      else { return nil }
      contents.quotas[name(parts[3])] = FixedWindow(index: index, used: Int(used), end: end)
    }
    return contents
  }

  private static func readShared(_ lines: ArraySlice<ArraySlice<UInt8>>) -> Contents? {
    var contents = Contents()
    var last: QuotaPeriod?
    for line in lines {
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
      } else {
        return nil
      }
    }
    for (period, record) in contents.records {
      guard let key = record.key else { continue }
      // The newest period is the one that a process by itself would be in.
      if let known = contents.quotas[key], known.index > period.index { continue }
      let sum = record.totals.values.reduce(UInt64(0)) { min($0 + $1, 1 << 60) }
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
