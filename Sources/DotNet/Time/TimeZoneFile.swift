/// A compiled zone of the TZ database (RFC 9636): what clocks showed until its last transition, and the rule after it.
///
/// Times are seconds since 1970, offsets seconds east of Greenwich.
struct TimeZoneFile: Sendable {
  /// What clocks show for a while.
  struct Observance: Sendable, Hashable {
    var offset: Int
    var isDaylight: Bool
    /// Such as `CEST`.
    var abbreviation: String
  }

  /// When each observance begins, ascending.
  let transitions: [(start: Int64, observance: Observance)]
  /// Before the first transition.
  let first: Observance
  /// After the last one.
  let rule: PosixZone?

  /// nil for what is no such file of version 2 or later.
  init?(_ bytes: [UInt8]) {
    guard let old = Header(bytes, at: 0), old.version >= UInt8(ascii: "2"),
      let header = Header(bytes, at: Header.length + old.size(ofTime: 4))
    else { return nil }
    let start = Header.length * 2 + old.size(ofTime: 4)
    let end = start + header.size(ofTime: 8)
    guard end <= bytes.count, header.types > 0 else { return nil }
    func number(_ at: Int, _ width: Int) -> Int64 {
      let unsigned = bytes[at..<(at + width)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return width == 8 ? Int64(bitPattern: unsigned) : Int64(Int32(truncatingIfNeeded: unsigned))
    }
    let kinds = start + header.times * 8
    let records = kinds + header.times
    let names = records + header.types * 6
    let observances = (0..<header.types).map { index in
      let at = records + index * 6
      let name = bytes[(names + Int(bytes[at + 5]))..<max(names + header.characters, names + Int(bytes[at + 5]))]
      return Observance(
        offset: Int(number(at, 4)), isDaylight: bytes[at + 4] != 0,
        abbreviation: String(decoding: name.prefix { $0 != 0 }, as: UTF8.self))
    }
    guard (0..<header.times).allSatisfy({ Int(bytes[kinds + $0]) < header.types }) else { return nil }
    transitions = (0..<header.times).map { index in
      (number(start + index * 8, 8), observances[Int(bytes[kinds + index])])
    }
    first = observances.first { !$0.isDaylight } ?? observances[0]
    let footer = bytes[end...].drop { $0 == 0x0A }.prefix { $0 != 0x0A }
    rule = PosixZone(String(decoding: footer, as: UTF8.self))
  }

  func observance(at time: Int64) -> Observance {
    guard let last = transitions.last else { return rule?.observance(at: time) ?? first }
    if time >= last.start { return rule?.observance(at: time) ?? last.observance }
    // The last transition that is not later.
    var (low, high) = (0, transitions.count)
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].start <= time { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? first : transitions[low - 1].observance
  }

  /// The counts at the head of each half of the file.
  private struct Header {
    static let length = 44
    let version: UInt8
    private let counts: [Int]
    var times: Int { counts[3] }
    var types: Int { counts[4] }
    var characters: Int { counts[5] }

    init?(_ bytes: [UInt8], at start: Int) {
      guard start + Self.length <= bytes.count, bytes[start..<(start + 4)].elementsEqual("TZif".utf8) else {
        return nil
      }
      version = bytes[start + 4]
      counts = (0..<6).map { index in
        let at = start + 20 + index * 4
        return bytes[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) }
      }
      guard counts.allSatisfy({ $0 <= bytes.count }) else { return nil }
    }

    func size(ofTime width: Int) -> Int {
      times * (width + 1) + types * 6 + characters + counts[2] * (width + 4) + counts[1] + counts[0]
    }
  }
}
