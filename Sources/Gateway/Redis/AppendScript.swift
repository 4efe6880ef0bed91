import RedisWire

/// The script that puts a record behind others in Redis, in one step as ``CachedRecords`` does it: where there is room it
/// costs the record, and only else all of them.
enum AppendScript {
  static let text = """
    local key, head, record = KEYS[1], ARGV[1], ARGV[2]
    local life, limit = tonumber(ARGV[3]) * 1000, tonumber(ARGV[4])
    local left = redis.call('PTTL', key)
    if left > life then life = left end
    local expiry = string.format('%.0f', life)
    local ours = redis.call('GETRANGE', key, 0, 0) == string.sub(head, 1, 1)
    if ours and redis.call('STRLEN', key) - #head + #record <= limit then
      redis.call('APPEND', key, record)
      redis.call('PEXPIRE', key, expiry)
      return 1
    end
    local old = ours and string.sub(redis.call('GET', key), #head + 1) or ''
    local first = 1
    while first <= #old and #old - first + 1 + #record > limit do
      local a, b, c, d = string.byte(old, first, first + 3)
      if d then
        first = first + 4 + ((a * 256 + b) * 256 + c) * 256 + d
      else
        first = #old + 1
      end
    end
    redis.call('SET', key, head .. string.sub(old, first) .. record, 'PX', expiry)
    return 1
    """

  /// The command that appends.
  /// - Parameters:
  ///   - head: what an entry begins with; another first byte is an entry of somebody else, which goes.
  ///   - record: with its length.
  static func command(key: [UInt8], head: [UInt8], record: [UInt8], seconds: Int, limit: Int) -> [UInt8] {
    RedisCommand.bytes([
      Array("EVAL".utf8), Array(text.utf8), Array("1".utf8), key, head, record, Array("\(seconds)".utf8),
      Array("\(limit)".utf8),
    ])
  }
}
