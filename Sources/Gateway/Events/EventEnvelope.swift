import PolicyLibrary

/// An event on its way to other replicas: a version, who has published it (16 bytes), its number (8, big-endian), and the
/// event. Whoever gets it hands it to its own subscribers, and to nobody else.
struct EventEnvelope: Sendable {
  static let version: UInt8 = 1
  private static let headBytes = 1 + 16 + 8
  /// Bytes of an envelope: an event of the largest size with what its text may grow by.
  static let bound = (2 << 20) - 1_024

  /// A process's life.
  var origin: ReplicaDatagram.Instance
  /// Grows with each event of an origin.
  var number: UInt64
  var event: GraphQLEvent

  init(origin: ReplicaDatagram.Instance, number: UInt64, event: GraphQLEvent) {
    (self.origin, self.number, self.event) = (origin, number, event)
  }

  /// Nil for what another version says.
  init?(_ bytes: [UInt8]) {
    guard bytes.count > Self.headBytes, bytes.count <= Self.bound, bytes[0] == Self.version else { return nil }
    func number(_ at: Int) -> UInt64 { bytes[at..<(at + 8)].reduce(0) { $0 << 8 | UInt64($1) } }
    guard let event = GraphQLEvent(message: bytes[Self.headBytes...]) else { return nil }
    self.init(origin: .init(high: number(1), low: number(9)), number: number(17), event: event)
  }

  var bytes: [UInt8] {
    let message = event.message
    var bytes: [UInt8] = [Self.version]
    bytes.reserveCapacity(Self.headBytes + message.count)
    for number in [origin.high, origin.low, number] {
      for shift in stride(from: UInt64(56), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
    return bytes + message
  }
}

/// Which events of an origin were taken: each once, and none that lies far behind the newest.
struct TakenNumbers: Sendable {
  /// How far behind the newest a number may lie.
  static let width: UInt64 = 4_096

  private var newest: UInt64 = 0
  /// The number n has the bit n modulo the width.
  private var bits = [UInt64](repeating: 0, count: Int(width / 64))

  /// Whether a number is new; it is not any more.
  mutating func take(_ number: UInt64) -> Bool {
    if number > newest {
      if number - newest >= Self.width {
        for index in bits.indices { bits[index] = 0 }
      } else {
        for skipped in (newest + 1)...number { clear(skipped) }
      }
      newest = number
    } else if newest - number >= Self.width || isSet(number) {
      return false
    }
    let place = number % Self.width
    bits[Int(place / 64)] |= 1 << (place % 64)
    return true
  }

  /// Whether a number was taken, or lies too far behind to be.
  func has(_ number: UInt64) -> Bool { number <= newest && (newest - number >= Self.width || isSet(number)) }

  private func isSet(_ number: UInt64) -> Bool {
    let place = number % Self.width
    return bits[Int(place / 64)] & 1 << (place % 64) != 0
  }

  private mutating func clear(_ number: UInt64) {
    let place = number % Self.width
    bits[Int(place / 64)] &= ~(1 << (place % 64))
  }
}
