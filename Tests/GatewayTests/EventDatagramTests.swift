import Crypto
import Foundation
import JSONSchema
import PolicyLibrary
import Testing

@testable import Gateway

/// Events of GraphQL subscriptions as replicas pass them to each other.
struct EventDatagramTests {
  private static func event(_ size: Int, _ seed: UInt8 = 1) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(seed)) }
  }

  /// The events that a replica has got, and how many it has lost.
  private static func got(_ replica: ReplicaNetwork.Replica) -> (events: [[UInt8]], lost: Int) {
    var events: [[UInt8]] = []
    var lost = 0
    for heard in replica.heard {
      switch heard {
      case .nothing: break
      case .event(let bytes): events.append(bytes)
      case .lost: lost += 1
      }
    }
    return (events, lost)
  }

  @Test(arguments: [1, 500, EventPart.size, EventPart.size + 1, 20_000, EventDatagrams.eventBound])
  func `an event comes to every other replica once, whatever its size`(_ size: Int) {
    let network = ReplicaNetwork(3)
    network.pass(1_100)
    let event = Self.event(size)
    #expect(network.replicas[0].datagrams.add(event) == nil)
    network.pass(500)
    #expect(Self.got(network.replicas[0]).events.isEmpty)
    for replica in network.replicas.dropFirst() {
      #expect(Self.got(replica).events == [event] && Self.got(replica).lost == 0)
    }
    #expect(network.sent.allSatisfy { $0.bytes.count <= ReplicaDatagram.bound })
    // Nothing of it can be read on its way.
    let piece = Array(event.prefix(64))
    let isReadable =
      size >= 64
      && network.sent.contains { sent in
        sent.bytes.indices.contains { sent.bytes[$0...].starts(with: piece) }
      }
    #expect(!isReadable)
  }

  @Test func `what is lost once comes all the same, and what is doubled or late comes once`() {
    let network = ReplicaNetwork(2)
    network.pass(1_100)
    network.weather = ReplicaNetwork.Weather(loss: 0.1, doubling: 0.3, delay: 1...60)
    let events = (0..<200).map { Self.event(100 + $0, UInt8($0)) }
    var next = 0
    network.pass(8_000) { network in
      if network.now % 40 == 0, next < events.count {
        #expect(network.replicas[0].datagrams.add(events[next]) == nil)
        next += 1
      }
    }
    let got = Self.got(network.replicas[1]).events
    #expect(Set(got).count == got.count && Set(got).isSubset(of: Set(events)))
    // Both times lost: 1 %.
    #expect(got.count >= 190)
  }

  @Test func `an event of which a part is missing for good is given up, and counted`() {
    let network = ReplicaNetwork(2)
    network.pass(1_100)
    var sender = EventDatagrams()
    sender.use(network.key)
    _ = sender.add(Self.event(5_000))
    let parts = sender.next(0)
    #expect(parts.count == 5)
    var hearer = EventDatagrams()
    hearer.use(network.key)
    let from = ReplicaDatagram.Instance(high: 1, low: 1)
    for part in parts.dropLast() { #expect(hearer.hear(part, of: from, now: 0) == .nothing) }
    #expect(hearer.forget(EventDatagrams.patience) == 0)
    #expect(hearer.forget(EventDatagrams.patience + 1) == 1)
    #expect(hearer.forget(EventDatagrams.patience + 1) == 0)
    #expect(hearer.hear(parts[4], of: from, now: 5_000) == .nothing)
  }

  @Test func `too large, too much and without a key are told, and nothing grows`() {
    var events = EventDatagrams()
    #expect(events.add([1]) == .unavailable)
    events.use(SymmetricKey(size: .bits256))
    #expect(events.add(Self.event(EventDatagrams.eventBound + 1)) == .oversized)
    var taken = 0
    while events.add(Self.event(60_000)) == nil { taken += 1 }
    #expect(taken == EventDatagrams.waitingBound / 60_028)
    #expect(events.add(Self.event(60_000)) == .full)
    var rounds = 0
    while case let parts = events.next(Int64(rounds) * 20), !parts.isEmpty {
      #expect(parts.count <= EventDatagrams.roundBound)
      rounds += 1
    }
    #expect(events.add(Self.event(60_000)) == nil)
    events.clear()
    #expect(events.next(1_000_000).isEmpty)
    // A stranger who knows the numbers fills no more than there is room for.
    let from = ReplicaDatagram.Instance(high: 1, low: 1)
    for number in 0..<UInt64(EventDatagrams.openBound) {
      let part = EventPart(event: number + 1, index: 0, count: 2, bytes: Self.event(EventPart.size))
      #expect(events.hear(part, of: from, now: 0) == .nothing)
    }
    let more = EventPart(event: 100_000, index: 0, count: 2, bytes: Self.event(EventPart.size))
    #expect(events.hear(more, of: from, now: 0) == .lost(.full))
    let whole = EventPart(event: 1, index: 1, count: 2, bytes: [1, 2, 3])
    #expect(events.hear(whole, of: from, now: 0) == .lost(.malformed))
  }

  @Test func `events under the former key are still read, those of another gateway are not`() {
    let keys = (0..<3).map { _ in SymmetricKey(size: .bits256) }
    var old = EventDatagrams()
    old.use(keys[0])
    _ = old.add([7, 8, 9])
    let part = old.next(0)[0]
    let from = ReplicaDatagram.Instance(high: 1, low: 1)
    var hearer = EventDatagrams()
    hearer.use(keys[0])
    hearer.use(keys[1])
    #expect(hearer.hear(part, of: from, now: 0) == .event([7, 8, 9]))
    #expect(hearer.hear(part, of: from, now: 0) == .nothing)
    var other = EventDatagrams()
    other.use(keys[2])
    #expect(other.hear(part, of: from, now: 0) == .lost(.malformed))
  }

  @Test func `a part is what it was when it is read, and nonsense is refused`() throws {
    let key = SymmetricKey(size: .bits256)
    func datagram(_ part: EventPart) -> [UInt8] {
      ReplicaDatagram(kind: .event, instance: .init(high: 1, low: 2), sequence: 3, time: 4, part: part).bytes(key: key)
    }
    let part = EventPart(event: 9, index: 1, count: 2, bytes: [1, 2])
    #expect(try ReplicaDatagram(datagram(part), keys: [key]).part == part)
    for wrong in [
      EventPart(event: 9, index: 2, count: 2, bytes: [1]), EventPart(event: 9, index: 0, count: 2, bytes: [1]),
      EventPart(event: 9, index: 0, count: 65, bytes: Self.event(EventPart.size)),
      EventPart(event: 9, index: 0, count: 1, bytes: []),
    ] {
      #expect(throws: ReplicaDatagram.Refusal.malformed) { try ReplicaDatagram(datagram(wrong), keys: [key]) }
    }
  }

  @Test func `numbers are taken once, in any order`() {
    var taken = TakenNumbers()
    #expect(taken.take(5_000) && !taken.take(5_000) && taken.take(4_999) && taken.take(905) && !taken.take(904))
    #expect(taken.take(5_001) && !taken.take(905) && !taken.take(4_999) && taken.take(5_000 + 3 * 4_096))
    #expect(taken.has(1) && !taken.has(20_000) && !taken.take(5_001))
    var random = Xoshiro()
    var seen: Set<UInt64> = []
    taken = TakenNumbers()
    for step in 0..<20_000 {
      let number = UInt64(step) / 2 + random.next() % 3_000 + 1
      #expect(taken.take(number) == seen.insert(number).inserted)
    }
  }

  @Test func `an envelope is what it was when it is read, and of another version it is none`() throws {
    let value = try JSONValue(Array(#"{"name":"Adä","n":[1,2.5,null]}"#.utf8))
    let event = try #require(GraphQLEvent(message: ArraySlice(Self.message("people", "2", "onAdd", value.bytes))))
    let bytes = EventEnvelope(origin: .init(high: 1, low: .max), number: 77, event: event).bytes
    let read = try #require(EventEnvelope(bytes))
    #expect(read.origin == .init(high: 1, low: .max) && read.number == 77 && read.event.topic == event.topic)
    #expect(read.event.description == event.description && read.bytes == bytes)
    #expect(EventEnvelope([2] + bytes.dropFirst()) == nil)
    for length in 0..<60 { #expect(EventEnvelope(Array(bytes.prefix(length))) == nil) }
    #expect(EventEnvelope(bytes + [0x7d]) == nil)
  }

  private static func message(_ api: String, _ revision: String, _ field: String, _ json: [UInt8]) -> [UInt8] {
    [api, revision, field].flatMap { [0, 0, 0, UInt8($0.utf8.count)] + Array($0.utf8) } + json
  }
}
