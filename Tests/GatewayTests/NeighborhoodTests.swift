import Crypto
import Foundation
import PolicyLibrary
import Testing

@testable import Gateway

/// Replicas that count together, on a clock that is moved by hand and a network that loses, doubles and reorders.
struct NeighborhoodTests {
  private typealias Network = ReplicaNetwork
  private typealias Weather = ReplicaNetwork.Weather

  @Test func `replicas find each other within a heartbeat, and know what each has counted within two rounds`() {
    let network = Network(3)
    network.pass(1_100)
    #expect(network.replicas.map(\.neighborhood.present) == [2, 2, 2])
    for (index, replica) in network.replicas.enumerated() {
      #expect(network.admit(replica, limit: 100, increment: index + 1))
    }
    network.pass(42)
    #expect(network.replicas.map { network.seen($0) } == [6, 6, 6])
  }

  @Test func `loss, doubling and reordering change nothing but the moment`() {
    let network = Network(3)
    network.weather = Weather.storm
    network.pass(5_000)
    var counted = 0
    network.pass(4_000) { network in
      if network.now % 3 == 0, network.admit(network.replicas[Int(network.now / 3) % 3], limit: 1 << 30) {
        counted += 1
      }
    }
    network.pass(3_000)
    let seen = network.replicas.map { network.seen($0) }
    #expect(counted > 1_000)
    // Three repeats of which each is lost with a chance of 0.3: what the last one said may be missing once in a while.
    for count in seen { #expect(count <= counted && count >= counted - 3) }
  }

  @Test(arguments: [Weather(), Weather(loss: 0.01, doubling: 0.01, delay: 0...10)])
  private func `at 1,000 requests a second three replicas let hardly more pass than one would`(_ weather: Weather) {
    let network = Network(3)
    network.weather = weather
    network.pass(1_500)
    var admitted = 0
    network.pass(4_000) { network in
      if network.admit(network.replicas[Int.random(in: 0..<3)], limit: 2_000) { admitted += 1 }
    }
    #expect(admitted >= 2_000 && admitted <= 2_040)
  }

  @Test func `one that joins learns what lies in the window, and one that leaves is missed at once`() {
    let network = Network(2)
    network.pass(1_100)
    for index in 0..<500 { _ = network.admit(network.replicas[0], "k\(index)", limit: 100, increment: 7) }
    network.pass(2_000)
    let late = network.add(3)
    network.pass(1_200)
    for index in [0, 250, 499] { #expect(network.seen(late, "k\(index)") == 7) }
    #expect(network.replicas.map(\.neighborhood.present) == [2, 2, 2])
    network.perform(late.neighborhood.leave(wall: network.now), of: late)
    late.isRunning = false
    network.pass(5)
    #expect(network.replicas[0].neighborhood.present == 1)
    // One that ends without a word is missed when it has been silent for a while.
    network.replicas[1].isRunning = false
    network.pass(Neighborhood.silence + 100)
    #expect(network.replicas[0].neighborhood.present == 0)
    #expect(network.replicas[0].events.last == .left("10.0.0.2"))
    // A new life on the same address is a new replica; what the former counted still counts.
    let again = network.add(2)
    #expect(network.admit(again, "k0", limit: 100))
    network.pass(1_200)
    #expect(network.seen(network.replicas[0], "k0") == 8)
    #expect(network.seen(again, "k0") == 8)
  }

  @Test func `after a parting each learns what the other counted, and nothing that is over`() {
    let network = Network(2)
    network.pass(1_100)
    let (one, two) = (network.replicas[0], network.replicas[1])
    _ = network.admit(one, limit: 1_000, seconds: 10, increment: 5)
    network.pass(100)
    network.parted = [two.address]
    _ = network.admit(one, limit: 1_000, seconds: 10, increment: 50)
    network.pass(9_000)
    _ = network.admit(one, limit: 1_000, seconds: 10, increment: 500)
    network.pass(3_000)
    #expect(network.seen(two, seconds: 10) == 0)
    network.parted = []
    network.pass(1_500)
    // The 55 of before have left the window, and were not added when it was healed.
    #expect(network.seen(one, seconds: 10) == 500)
    #expect(network.seen(two, seconds: 10) == 500)
  }

  @Test func `replays, forgeries and stale datagrams are refused and change nothing`() throws {
    let network = Network(2)
    network.pass(1_100)
    let (one, two) = (network.replicas[0], network.replicas[1])
    _ = network.admit(one, limit: 100, increment: 10)
    network.pass(2_000)
    let former = network.sent.filter { $0.from == one.address && $0.to == two.address }
    func refusals(_ bytes: [UInt8], wall: Int64 = network.now) -> [Neighborhood.Action] {
      two.neighborhood.received(bytes, from: "10.0.0.9", now: network.now, wall: wall) { [] }
    }
    for datagram in former { #expect(refusals(datagram.bytes) == [.refused(.replayed, from: "10.0.0.9")]) }
    let counts = ReplicaCount(name: CounterName("k"), seconds: 60, generation: 1, total: 9, recent: 9)
    let stranger = ReplicaDatagram.Instance(high: 7, low: 7)
    func made(_ time: Int64, _ key: SymmetricKey) -> [UInt8] {
      ReplicaDatagram(kind: .counts, instance: stranger, sequence: 1, time: UInt64(time), counts: [counts])
        .bytes(key: key)
    }
    #expect(refusals(made(network.now, SymmetricKey(size: .bits256))) == [.refused(.forged, from: "10.0.0.9")])
    #expect(
      refusals(made(network.now, network.key), wall: network.now + 31_000) == [.refused(.stale, from: "10.0.0.9")])
    let valid = made(network.now, network.key)
    for index in valid.indices {
      var changed = valid
      changed[index] ^= 1
      let actions = refusals(changed)
      guard case .refused? = actions.first, actions.count == 1 else {
        Issue.record("byte \(index) may be changed")
        continue
      }
    }
    for length in 0..<valid.count { #expect(refusals(Array(valid[..<length])).count == 1) }
    #expect(refusals([UInt8](repeating: 0x50, count: 65_000)) == [.refused(.malformed, from: "10.0.0.9")])
    #expect(network.seen(two) == 10)
    #expect(two.neighborhood.present == 1)
    // As it is, it is taken; once.
    #expect(refusals(valid).contains(.add(9, CounterName("k"), seconds: 60)))
    #expect(refusals(valid) == [.refused(.replayed, from: "10.0.0.9")])
  }

  @Test func `a new key holds at once, and the former one for a while`() {
    let network = Network(2)
    network.pass(1_100)
    let (one, two) = (network.replicas[0], network.replicas[1])
    let fresh = SymmetricKey(size: .bits256)
    two.neighborhood.use(fresh, now: network.now)
    _ = network.admit(one, limit: 100)
    network.pass(200)
    #expect(network.seen(two) == 1)
    one.neighborhood.use(fresh, now: network.now)
    _ = network.admit(two, limit: 100)
    network.pass(70_000)
    #expect(network.replicas.map(\.neighborhood.present) == [1, 1])
    let old = ReplicaDatagram(
      kind: .heartbeat, instance: .init(high: 1, low: 1), sequence: 1, time: UInt64(network.now)
    ).bytes(key: network.key)
    let answer = two.neighborhood.received(old, from: "x", now: network.now, wall: network.now) { [] }
    #expect(answer == [.refused(.forged, from: "x")])
  }

  @Test func `clocks that are apart within the bound do no harm, and beyond it are told`() {
    let network = Network(2)
    network.replicas[1].skew = 20_000
    network.pass(1_100)
    #expect(network.replicas.map(\.neighborhood.present) == [1, 1])
    let other = Network(2)
    other.replicas[1].skew = 40_000
    other.pass(1_100)
    #expect(other.replicas.map(\.neighborhood.present) == [0, 0])
    #expect(other.replicas[0].events.contains(.refused(.stale, from: "10.0.0.2")))
  }

  @Test func `senders have a bound, and their places are free again`() {
    let network = Network(1)
    let one = network.replicas[0]
    func heartbeat(_ number: UInt64) -> [Neighborhood.Action] {
      let bytes = ReplicaDatagram(
        kind: .heartbeat, instance: .init(high: number, low: 1), sequence: 1, time: UInt64(network.now)
      ).bytes(key: network.key)
      return one.neighborhood.received(bytes, from: "a\(number)", now: network.now, wall: network.now) { [] }
    }
    for number in 1...UInt64(Neighborhood.peerBound) { #expect(heartbeat(number).first == .joined("a\(number)")) }
    #expect(heartbeat(1_000) == [.refused(.tooMany, from: "a1000")])
    network.pass(61_000)
    #expect(heartbeat(1_000).first == .joined("a1000"))
    network.pass(Neighborhood.memory + 100)
    #expect(one.neighborhood.present == 0)
  }

  @Test func `a datagram is what it was when it is read, however large its numbers`() throws {
    let key = SymmetricKey(size: .bits256)
    let counts = (0..<ReplicaDatagram.countBound).map { index in
      ReplicaCount(
        name: CounterName("\(index)"), seconds: 300, generation: .max, total: UInt64(Int32.max) << 16,
        recent: UInt64(Int32.max) << 16)
    }
    let datagram = ReplicaDatagram(
      kind: .counts, instance: .init(high: .max, low: 0), sequence: .max, time: .max, counts: counts)
    let bytes = datagram.bytes(key: key)
    #expect(bytes.count <= ReplicaDatagram.bound)
    #expect(try ReplicaDatagram(bytes, keys: [SymmetricKey(size: .bits256), key]) == datagram)
  }

  @Test func `numbers are taken once, in any order, and not when they lie far back`() {
    var window = ReplayWindow()
    let taken = [5, 3, 5, 4, 3, 70, 5, 6, 7, 69, 200, 137, 136].map { window.take($0) }
    #expect(taken == [true, true, false, true, false, true, false, false, true, true, true, true, false])
    let isZeroTaken = window.take(0)
    #expect(!isZeroTaken)
  }

  @Test func `names of replicas are looked up, several at once`() {
    #expect(ReplicaAddresses.resolve("localhost").contains { $0 == "127.0.0.1" || $0 == "::1" })
    #expect(
      ReplicaAddresses.resolve("127.0.0.2, 127.0.0.3 127.0.0.2,no-such-name.invalid") == ["127.0.0.2", "127.0.0.3"])
    #expect(ReplicaAddresses.resolve("").isEmpty)
  }
}
