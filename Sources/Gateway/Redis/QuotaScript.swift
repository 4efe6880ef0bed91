import GatewayConfiguration
import RedisWire

/// The script that sets a quota's counter in Redis: once for each update, whichever replica comes first, and only while the
/// period lasts by the server's clock. The number of the update stays with the counter (`p`).
enum QuotaScript {
  static let text = """
    local index, value, number, finish = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
    if finish >= 0 and tonumber(redis.call('TIME')[1]) >= finish then return 0 end
    local head = redis.call('HMGET', KEYS[1], 'i', 'p')
    if head[2] and tonumber(head[2]) >= tonumber(number) then return 0 end
    if head[1] and tonumber(head[1]) > tonumber(index) then return 0 end
    redis.call('HSET', KEYS[1], 'i', index, 'u', value, 'p', number)
    if finish >= 0 then
      redis.call('EXPIREAT', KEYS[1], ARGV[4])
    else
      redis.call('PERSIST', KEYS[1])
    end
    return 1
    """

  /// The command that sets a counter.
  static func command(_ update: QuotaUpdate, key: String) -> [UInt8] {
    let finish = update.end == .max ? -1 : update.end - CounterScript.epoch
    return RedisCommand.bytes(
      ["EVAL", text, "1", key, "\(update.index)", "\(update.value)", "\(update.number)", "\(finish)"].map {
        Array($0.utf8)
      })
  }
}
