import RedisWire

/// What a Redis server answers.
extension FuzzCase {
  /// Replies in one piece, and byte by byte.
  static let reply = FuzzCase(name: "reply", dictionary: words) { input in
    var whole = RedisReplyReader(valueBound: 64)
    var pieces = RedisReplyReader(valueBound: 64)
    let replies: [RedisReply]
    do throws(RedisProtocolError) { replies = try whole.read(input.span) } catch { return false }
    var again: [RedisReply] = []
    for byte in input {
      do throws(RedisProtocolError) { again += try pieces.read([byte].span) } catch {
        broken("reply: what is read in one piece is refused byte by byte")
      }
    }
    if replies != again { broken("reply: another reply when it comes byte by byte") }
    for reply in replies { look(reply) }
    return !replies.isEmpty
  }

  /// What a cluster says must lead to a slot and a server, or nowhere.
  private static func look(_ reply: RedisReply) {
    if let map = RedisSlotMap(reply, from: "seed") {
      for slot in [-1, 0, RedisSlot.count - 1, RedisSlot.count] {
        if let server = map.server(of: slot), server.host.isEmpty || server.port < 1 {
          broken("reply: a slot has a server that is none")
        }
      }
    }
    if case .error(let message) = reply, let redirection = RedisRedirection(message),
      !(0..<RedisSlot.count).contains(redirection.slot) || !(1...65_535).contains(redirection.address.port)
    {
      broken("reply: a redirection leads nowhere")
    }
  }

  private static let words = [
    "+OK\r\n", "-ERR x\r\n", ":1\r\n", "$3\r\nabc\r\n", "$-1\r\n", "*2\r\n", "*-1\r\n", "%1\r\n", "~1\r\n", ">1\r\n",
    "|1\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "(9\r\n", "!5\r\nERR x\r\n", "=7\r\ntxt:abc\r\n", "\r\n", "$65\r\n",
    "9999999999", "-", "0", "-MOVED 1 a:1\r\n", "-ASK 16383 [::1]:65535\r\n",
    "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$1\r\na\r\n:7000\r\n",
  ]
}
