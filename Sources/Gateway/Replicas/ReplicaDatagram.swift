import Crypto
import Foundation

/// What replicas of one gateway say to each other, as bytes: `PR`, the version, the kind, who says it (16 bytes), its number
/// (8), when (8, milliseconds since 1970), counts of rates or of quotas, and an HMAC-SHA256 over all of that (32). Numbers
/// are big-endian; those that are mostly small are written seven bits a byte, the lowest first.
struct ReplicaDatagram: Equatable, Sendable {
  enum Kind: UInt8, CaseIterable, Sendable {
    /// I am here.
    case heartbeat = 1
    case counts = 2
    /// I am about to end.
    case leaving = 3
    case quotas = 4
    /// A part of an event. Versions that know of none refuse it.
    case event = 5
  }

  /// Why bytes are not believed.
  enum Refusal: String, Error, CaseIterable, Sendable {
    case malformed, version, forged
    /// Made at another time than now, by the receiver's clock.
    case stale
    /// Seen before.
    case replayed
    /// From more senders than there may be.
    case tooMany
  }

  /// A replica's life from start to end, chosen at random.
  struct Instance: Hashable, Sendable {
    var high: UInt64
    var low: UInt64

    static func random() -> Instance {
      var system = SystemRandomNumberGenerator()
      return Instance(high: system.next(), low: system.next())
    }
  }

  static let version: UInt8 = 1
  private static let headBytes = 4 + 16 + 8 + 8
  private static let codeBytes = 32
  /// Bytes of a datagram: what every path carries in one piece.
  static let bound = 1_232
  /// Counts of a datagram: as many as have room whatever their numbers.
  static let countBound = (bound - headBytes - codeBytes) / (16 + 2 + 30)
  /// Counts of quotas in a datagram, likewise: a name, who has counted, and three numbers.
  static let quotaBound = (bound - headBytes - codeBytes) / (16 + 1 + 16 + 10 + 10 + 10)

  /// Bytes of an event in a datagram, behind its number, the part's place and their count.
  static let partBound = bound - headBytes - codeBytes - 12

  var kind: Kind
  var instance: Instance
  /// Grows with each datagram of an instance and kind.
  var sequence: UInt64
  /// Milliseconds since 1970.
  var time: UInt64
  var counts: [ReplicaCount] = []
  var quotas: [QuotaCount] = []
  var part: EventPart?

  func bytes(key: SymmetricKey) -> [UInt8] {
    var bytes: [UInt8] = [0x50, 0x52, Self.version, kind.rawValue]
    bytes.reserveCapacity(Self.bound)
    for number in [instance.high, instance.low, sequence, time] { Self.append(number, 8, to: &bytes) }
    for count in counts {
      Self.append(count.name.high, 8, to: &bytes)
      Self.append(count.name.low, 8, to: &bytes)
      Self.append(UInt64(count.seconds), 2, to: &bytes)
      for number in [count.generation, count.total, count.recent] { Self.appendShort(number, to: &bytes) }
    }
    for count in quotas {
      Self.append(count.period.name.high, 8, to: &bytes)
      Self.append(count.period.name.low, 8, to: &bytes)
      // Mostly a replica speaks of itself.
      let isOwn = count.origin == instance
      bytes.append(isOwn ? 0 : 1)
      if !isOwn { for number in [count.origin.high, count.origin.low] { Self.append(number, 8, to: &bytes) } }
      // The sign in the lowest bit.
      Self.appendShort(UInt64(bitPattern: count.period.index << 1 ^ count.period.index >> 63), to: &bytes)
      for number in [UInt64(max(0, count.end)), count.total] { Self.appendShort(number, to: &bytes) }
    }
    if let part {
      Self.append(part.event, 8, to: &bytes)
      Self.append(UInt64(part.index), 2, to: &bytes)
      Self.append(UInt64(part.count), 2, to: &bytes)
      bytes += part.bytes
    }
    return bytes + Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key))
  }

  /// Reads what was received.
  /// - Parameter keys: any of which may have made the code.
  init(_ bytes: [UInt8], keys: [SymmetricKey]) throws(Refusal) {
    guard bytes.count >= Self.headBytes + Self.codeBytes, bytes.count <= Self.bound, bytes[0] == 0x50, bytes[1] == 0x52
    else { throw .malformed }
    guard bytes[2] == Self.version else { throw .version }
    let end = bytes.count - Self.codeBytes
    // Nothing is looked into that is not from a replica; the comparison takes the same time wherever the codes differ.
    guard
      keys.contains(where: {
        HMAC<SHA256>.isValidAuthenticationCode(bytes[end...], authenticating: bytes[..<end], using: $0)
      })
    else { throw .forged }
    guard let kind = Kind(rawValue: bytes[3]) else { throw .version }
    var at = 4
    func number(_ size: Int) -> UInt64? {
      guard at + size <= end else { return nil }
      defer { at += size }
      return bytes[at..<(at + size)].reduce(0) { $0 << 8 | UInt64($1) }
    }
    func shortNumber() -> UInt64? {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 70, by: 7) {
        guard let byte = number(1) else { return nil }
        value |= (byte & 0x7f) << shift
        if byte < 0x80 { return value }
      }
      return nil
    }
    guard let high = number(8), let low = number(8), let sequence = number(8), let time = number(8) else {
      throw .malformed
    }
    (self.kind, instance, self.sequence, self.time) = (kind, Instance(high: high, low: low), sequence, time)
    if kind == .event {
      guard let event = number(8), let index = number(2), let count = number(2), index < count,
        count <= UInt64(EventPart.bound), at < end, index + 1 == count || end - at == EventPart.size
      else { throw .malformed }
      part = EventPart(event: event, index: Int(index), count: Int(count), bytes: Array(bytes[at..<end]))
      at = end
    }
    while at < end, kind == .quotas {
      guard let high = number(8), let low = number(8), let other = number(1), other <= 1 else { throw .malformed }
      var origin = instance
      if other == 1 {
        guard let high = number(8), let low = number(8) else { throw .malformed }
        origin = Instance(high: high, low: low)
      }
      guard let index = shortNumber(), let periodEnd = shortNumber(), periodEnd <= UInt64(Int64.max),
        let total = shortNumber(), (1...QuotaCount.bound).contains(total)
      else { throw .malformed }
      quotas.append(
        QuotaCount(
          period: QuotaPeriod(
            name: CounterName(high: high, low: low), index: Int64(bitPattern: index >> 1) ^ -Int64(index & 1)),
          end: Int64(periodEnd), origin: origin, total: total))
    }
    while at < end {
      guard kind == .counts, let high = number(8), let low = number(8), let seconds = number(2),
        (1...300).contains(seconds), let generation = shortNumber(), let total = shortNumber(),
        let recent = shortNumber(), recent <= total, total <= UInt64(Int32.max) << 16
      else { throw .malformed }
      counts.append(
        ReplicaCount(
          name: CounterName(high: high, low: low), seconds: Int(seconds), generation: generation, total: total,
          recent: recent))
    }
  }

  init(
    kind: Kind, instance: Instance, sequence: UInt64, time: UInt64, counts: [ReplicaCount] = [],
    quotas: [QuotaCount] = [], part: EventPart? = nil
  ) {
    self.part = part
    self.kind = kind
    self.instance = instance
    self.sequence = sequence
    self.time = time
    self.counts = counts
    self.quotas = quotas
  }

  private static func append(_ number: UInt64, _ size: Int, to bytes: inout [UInt8]) {
    for shift in (0..<size).reversed() { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift * 8))) }
  }

  /// Seven bits a byte, the lowest first.
  private static func appendShort(_ number: UInt64, to bytes: inout [UInt8]) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// Which numbers of a sender were seen: every one is taken once, and none that lies far behind the newest.
struct ReplayWindow: Sendable {
  private var newest: UInt64 = 0
  /// Bit n: the number n before the newest was seen.
  private var seen: UInt64 = 0

  /// Whether a number is new; it is not any more.
  mutating func take(_ number: UInt64) -> Bool {
    if number > newest {
      let distance = number - newest
      seen = distance >= 64 ? 0 : seen << distance
      seen |= 1
      newest = number
      return true
    }
    let distance = newest - number
    guard distance < 64, seen & (1 << distance) == 0, number > 0 else { return false }
    seen |= 1 << distance
    return true
  }
}
