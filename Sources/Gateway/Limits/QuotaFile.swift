/// Counters of quotas as a file holds them: a line that says what it is, a line for each counter with the number of its
/// period, what was used, when the period ends (seconds since 0001-01-01) and its name, and a last line with their number,
/// so that a file that was cut off or written by two is not believed.
enum QuotaFile {
  /// Bytes of a file; counters beyond are left out.
  static let bound = 16 << 20
  private static let title = "postern quotas 1"

  /// The file, and how many counters had no room in it.
  static func bytes(_ quotas: [String: FixedWindow]) -> (bytes: [UInt8], omitted: Int) {
    var bytes = Array((title + "\n").utf8)
    var count = 0
    for (key, window) in quotas {
      guard bytes.count + 2 * key.utf8.count + 100 < bound else { continue }
      bytes += Array("\(window.index) \(window.used) \(window.end) ".utf8)
      for byte in key.utf8 {
        switch byte {
        case 0x0a: bytes += [0x5c, 0x6e]
        case 0x5c: bytes += [0x5c, 0x5c]
        default: bytes.append(byte)
        }
      }
      bytes.append(0x0a)
      count += 1
    }
    bytes += Array("end \(count)\n".utf8)
    return (bytes, quotas.count - count)
  }

  /// The counters of a file; nil when it is none, or not whole.
  static func read(_ bytes: [UInt8]) -> [String: FixedWindow]? {
    guard bytes.last == 0x0a, bytes.count <= bound else { return nil }
    let lines = bytes.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false)
    guard lines.count >= 2, lines[0].elementsEqual(title.utf8),
      lines[lines.count - 1].elementsEqual("end \(lines.count - 2)".utf8)
    else { return nil }
    var quotas: [String: FixedWindow] = [:]
    for line in lines[1..<(lines.count - 1)] {
      let parts = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
      guard parts.count == 4, let index = number(parts[0]), let used = number(parts[1]), used >= 0,
        let end = number(parts[2])
      else { return nil }
      quotas[name(parts[3])] = FixedWindow(index: index, used: Int(used), end: end)
    }
    return quotas
  }

  private static func number(_ text: ArraySlice<UInt8>) -> Int64? { Int64(String(decoding: text, as: UTF8.self)) }

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
