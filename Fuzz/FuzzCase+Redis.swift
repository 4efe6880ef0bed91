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
    return !replies.isEmpty
  }

  private static let words = [
    "+OK\r\n", "-ERR x\r\n", ":1\r\n", "$3\r\nabc\r\n", "$-1\r\n", "*2\r\n", "*-1\r\n", "%1\r\n", "~1\r\n", ">1\r\n",
    "|1\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", "(9\r\n", "!5\r\nERR x\r\n", "=7\r\ntxt:abc\r\n", "\r\n", "$65\r\n",
    "9999999999", "-", "0",
  ]
}
