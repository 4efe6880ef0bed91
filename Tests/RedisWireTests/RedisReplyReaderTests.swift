import RedisWire
import Testing

/// The Redis protocol as bytes.
struct RedisReplyReaderTests {
  private func read(_ text: String, pieces: Int = .max, bound: Int = 100) throws -> [RedisReply] {
    var reader = RedisReplyReader(valueBound: bound)
    var replies: [RedisReply] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(pieces))
      rest = rest.dropFirst(piece.count)
      replies += try reader.read(piece.span)
    }
    return replies
  }

  private static let sample =
    "+OK\r\n-ERR no\r\n:-5\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n*2\r\n:1\r\n*1\r\n$0\r\n\r\n_\r\n#t\r\n#f\r\n,1.5\r\n"
    + "(123456789012345678901234567890\r\n!5\r\nERR x\r\n=7\r\ntxt:abc\r\n%1\r\n+role\r\n+master\r\n~2\r\n:1\r\n:2\r\n"
    + ">1\r\n+invalidate\r\n|1\r\n+ttl\r\n:9\r\n:7\r\n*0\r\n|0\r\n:8\r\n"

  private static let expected: [RedisReply] = [
    .simple("OK"), .error("ERR no"), .integer(-5), .bulk(Array("a\r\n".utf8)), .null, .null,
    .array([.integer(1), .array([.bulk([])])]), .null, .boolean(true), .boolean(false), .number("1.5"),
    .number("123456789012345678901234567890"), .error("ERR x"), .bulk(Array("abc".utf8)),
    .map([.simple("role"), .simple("master")]), .array([.integer(1), .integer(2)]), .push([.simple("invalidate")]),
    .integer(7), .array([]), .integer(8),
  ]

  @Test(arguments: [1, 2, 3, 7, 1_000]) func `every kind of reply is read, in pieces of any size`(_ pieces: Int) throws
  {
    #expect(try read(Self.sample, pieces: pieces) == Self.expected)
  }

  @Test(arguments: [1, 5, 1_000]) func `a value beyond the bound is passed over, and what follows is read`(
    _ pieces: Int
  ) throws {
    let long = String(repeating: "x", count: 101)
    #expect(
      try read("*2\r\n$101\r\n\(long)\r\n$1\r\na\r\n:1\r\n", pieces: pieces)
        == [.array([.oversized(101), .bulk([0x61])]), .integer(1)])
  }

  @Test(arguments: [
    "?\r\n", "\r\n", "+OK\n", ":x\r\n", "$x\r\n", "$-2\r\n", "$99999999999999\r\n", "#x\r\n", "$1\r\nabc",
    "*99999999\r\n",
    String(repeating: "*1\r\n", count: 17), "+" + String(repeating: "x", count: 70_000),
  ]) func `what is no reply is an error`(_ text: String) {
    #expect(throws: RedisProtocolError.self) { try read(text) }
  }

  @Test func `a reply of endlessly many values ends`() {
    let text = "*60000\r\n" + String(repeating: "*1\r\n:1\r\n", count: 60_000)
    #expect(throws: RedisProtocolError.self) { try read(text) }
  }

  @Test func `a map tells its values by key, in both versions`() throws {
    let replies = try read("%2\r\n$4\r\nrole\r\n$6\r\nmaster\r\n+proto\r\n:3\r\n*2\r\n+role\r\n+slave\r\n")
    #expect(replies.first?.value(of: "role")?.text == "master")
    #expect(replies.first?.value(of: "proto")?.text == "3")
    #expect(replies.last?.value(of: "role")?.text == "slave")
    #expect(replies.last?.value(of: "other") == nil)
  }

  @Test func `a command is an array of bulk strings, whatever stands in them`() {
    #expect(
      String(decoding: RedisCommand.bytes("SET", "k\r\n", ""), as: UTF8.self)
        == "*3\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$0\r\n\r\n")
  }
}
