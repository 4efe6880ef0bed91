import Crypto
import Foundation

/// A part of an event, in one datagram.
struct EventPart: Equatable, Sendable {
  /// Bytes of each part but the last.
  static let size = ReplicaDatagram.partBound
  /// Parts of an event at most.
  static let bound = 64

  /// Of the event among those that a replica says; both times the same.
  var event: UInt64
  var index: Int
  var count: Int
  var bytes: [UInt8]
}

/// Events cut into datagrams and put together again. Each event is encrypted, and said twice, a moment apart: datagrams get
/// lost. Pure; time comes in.
struct EventDatagrams {
  /// Bytes of an event that go by datagrams.
  static let eventBound = 64 << 10
  /// Bytes of events that wait to be said.
  static let waitingBound = 4 << 20
  /// Datagrams of a round to each replica.
  static let roundBound = 64
  /// Milliseconds until an event is said again, and until one of which parts are missing is given up.
  static let pause: Int64 = 100
  static let patience: Int64 = 2_000
  /// Events of which parts have come, and their bytes, of all replicas.
  static let openBound = 256
  static let openBytes = 8 << 20

  private struct Said {
    var parts: [EventPart]
    var due: Int64
  }

  private struct Key: Hashable {
    var sender: ReplicaDatagram.Instance
    var event: UInt64
  }

  private struct Open {
    var parts: [[UInt8]?]
    var missing: Int
    var bytes = 0
    var since: Int64
  }

  private var keys: [SymmetricKey] = []
  private var number: UInt64 = 0
  private var waiting: [EventPart] = []
  private var waitingFrom = 0
  private var waitingBytes = 0
  private var again: [Said] = []
  private var open: [Key: Open] = [:]
  private var openBytes = 0
  private var finished: [ReplicaDatagram.Instance: TakenNumbers] = [:]

  /// Derives from the gateway's key what events are encrypted with; those under the former one are still read.
  mutating func use(_ key: SymmetricKey) {
    let derived = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: key, info: Data("postern events".utf8), outputByteCount: 32)
    if keys.first != derived { keys = [derived] + keys.prefix(1) }
  }

  // MARK: - Saying

  /// Takes an event; gives why it cannot be said.
  mutating func add(_ event: [UInt8]) -> EventMeter.Outcome? {
    guard event.count <= Self.eventBound else { return .oversized }
    guard let key = keys.first, let sealed = try? AES.GCM.seal(event, using: key).combined else { return .unavailable }
    guard waitingBytes + sealed.count <= Self.waitingBound else { return .full }
    number += 1
    let count = (sealed.count + EventPart.size - 1) / EventPart.size
    let bytes = Array(sealed)
    for index in 0..<count {
      let piece = bytes[(index * EventPart.size)..<min(bytes.count, (index + 1) * EventPart.size)]
      waiting.append(EventPart(event: number, index: index, count: count, bytes: Array(piece)))
    }
    waitingBytes += sealed.count
    return nil
  }

  /// What is to be said in a round.
  mutating func next(_ now: Int64) -> [EventPart] {
    var parts: [EventPart] = []
    while let first = again.first, first.due <= now, parts.count + first.parts.count <= Self.roundBound {
      parts += first.parts
      again.removeFirst()
    }
    let piece = waiting[waitingFrom..<min(waiting.count, waitingFrom + Self.roundBound - parts.count)]
    if piece.isEmpty { return parts }
    waitingFrom += piece.count
    for part in piece { waitingBytes -= part.bytes.count }
    if waitingFrom == waiting.count { (waiting, waitingFrom) = ([], 0) }
    // What there is no room to remember is said once.
    if again.count < Self.openBound { again.append(Said(parts: Array(piece), due: now + Self.pause)) }
    return parts + piece
  }

  /// Nobody is there to hear it.
  mutating func clear() { (waiting, waitingFrom, waitingBytes, again) = ([], 0, 0, []) }

  // MARK: - Hearing

  /// What came of a part.
  enum Heard: Equatable {
    case nothing
    case event([UInt8])
    case lost(EventMeter.Outcome)
  }

  mutating func hear(_ part: EventPart, of sender: ReplicaDatagram.Instance, now: Int64) -> Heard {
    let key = Key(sender: sender, event: part.event)
    if open[key] == nil {
      // The second time of one that is whole already.
      if finished[sender]?.has(part.event) == true { return .nothing }
      guard open.count < Self.openBound else { return .lost(.full) }
      open[key] = Open(parts: Array(repeating: nil, count: part.count), missing: part.count, since: now)
    }
    guard var event = open[key], event.parts.count == part.count, event.parts[part.index] == nil else {
      return .nothing
    }
    guard openBytes + part.bytes.count <= Self.openBytes else { return .lost(.full) }
    event.parts[part.index] = part.bytes
    event.missing -= 1
    event.bytes += part.bytes.count
    openBytes += part.bytes.count
    open[key] = event
    guard event.missing == 0 else { return .nothing }
    open[key] = nil
    openBytes -= event.bytes
    if finished[sender] == nil, finished.count >= Neighborhood.peerBound { finished = [:] }
    _ = finished[sender, default: TakenNumbers()].take(part.event)
    let sealed = event.parts.flatMap { $0 ?? [] }
    for key in keys {
      if let box = try? AES.GCM.SealedBox(combined: sealed), let bytes = try? AES.GCM.open(box, using: key) {
        return .event(Array(bytes))
      }
    }
    return .lost(.malformed)
  }

  /// Gives up events of which parts are missing for too long; gives how many.
  mutating func forget(_ now: Int64) -> Int {
    if open.isEmpty { return 0 }
    let late = open.filter { now - $0.value.since > Self.patience }
    for (key, event) in late {
      open[key] = nil
      openBytes -= event.bytes
    }
    return late.count
  }
}
