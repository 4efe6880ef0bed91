import Testing

@testable import RedisWire

/// Slots of a cluster, and what its servers say about them.
struct RedisSlotTests {
  // The values are those of the specification and of `CLUSTER KEYSLOT`.
  @Test(arguments: [
    ("123456789", 0x31c3), ("foo", 12_182), ("", 0), ("{user1000}.following", 3_443), ("{user1000}.followers", 3_443),
    ("foo{}{bar}", 8_363), ("foo{{bar}}zap", 4_015), ("foo{bar}{zap}", 5_061), ("bar", 5_061),
  ]) func `a key's slot is that of its tag, or of all of it`(_ key: String, _ slot: Int) {
    #expect(RedisSlot.of(Array(key.utf8)) == slot % RedisSlot.count)
  }

  @Test func `redirections are read, and nothing else is one`() {
    #expect(
      RedisRedirection("MOVED 3999 127.0.0.1:6381").map { [$0.isOnce ? "once" : "", "\($0.slot)", "\($0.address)"] }
        == ["", "3999", "127.0.0.1:6381"])
    #expect(RedisRedirection("ASK 1 [fd00::7]:7001")?.address == RedisAddress(host: "fd00::7", port: 7_001))
    #expect(RedisRedirection("ASK 1 fd00::7:7001")?.isOnce == true)
    #expect(RedisRedirection("MOVED 16383 Redis-1.plant:1")?.address.host == "redis-1.plant")
    #expect(RedisRedirection("MOVED 16383 :1")?.address.host == "")
    for text in [
      "", "MOVED", "MOVED 1", "MOVED 16384 a:1", "MOVED -1 a:1", "MOVED x a:1", "MOVED 1 a", "MOVED 1 a:0",
      "MOVED 1 a:65536", "MOVED 1 a:b", "ERR MOVED 1 a:1", "ASKED 1 a:1",
    ] { #expect(RedisRedirection(text) == nil, "\(text)") }
  }

  private static func range(_ first: Int64, _ last: Int64, _ host: RedisReply, _ port: Int64) -> RedisReply {
    .array([
      .integer(first), .integer(last), .array([host, .integer(port), .bulk(Array("id".utf8)), .array([])]),
      .array([.bulk(Array("replica".utf8)), .integer(1), .bulk([])]),
    ])
  }

  private static func text(_ text: String) -> RedisReply { .bulk(Array(text.utf8)) }

  @Test func `a map knows who has a slot, and follows what moves`() throws {
    let reply = RedisReply.array([
      Self.range(0, 5_460, Self.text("10.0.0.1"), 7_000), Self.range(5_461, 10_922, .null, 7_001),
      Self.range(10_923, 16_382, Self.text("?"), 7_002), Self.range(16_383, 16_383, Self.text("10.0.0.1"), 7_000),
    ])
    var map = try #require(RedisSlotMap(reply, from: "seed"))
    let found = [0, 5_460, 5_461, 10_923, 16_382, 16_383].map { map.server(of: $0)?.description }
    #expect(found == ["10.0.0.1:7000", "10.0.0.1:7000", "seed:7001", "seed:7002", "seed:7002", "10.0.0.1:7000"])
    #expect(map.servers.count == 3)
    map.move(5_461, to: RedisAddress(host: "new", port: 1))
    #expect(map.server(of: 5_461)?.host == "new")
    #expect(map.server(of: 5_462)?.host == "seed")
    for slot in [-1, RedisSlot.count] {
      map.move(slot, to: RedisAddress(host: "new", port: 2))
      #expect(map.server(of: slot) == nil)
    }
    #expect(map.servers.count == 4)
    #expect(RedisSlotMap(.array([]), from: "seed")?.server(of: 0) == nil)
  }

  @Test func `what is no map is refused`() {
    for reply in [
      RedisReply.null, .error("ERR This instance has cluster support disabled"), .array([.integer(1)]),
      .array([.array([.integer(0), .integer(1)])]), .array([Self.range(0, 16_384, Self.text("a"), 1)]),
      .array([Self.range(-1, 5, Self.text("a"), 1)]), .array([Self.range(6, 5, Self.text("a"), 1)]),
      .array([Self.range(0, 5, Self.text("a"), 0)]), .array([Self.range(0, 5, Self.text("a"), 65_536)]),
    ] { #expect(RedisSlotMap(reply, from: "seed") == nil) }
    let many = (0...Int64(RedisSlotMap.serverBound)).map { Self.range($0, $0, Self.text("h\($0)"), 1) }
    #expect(RedisSlotMap(.array(many), from: "seed") == nil)
  }
}
