import Crypto
import Foundation
import PolicyLibrary
import RedisWire

/// The script that counts in Redis: all asks of a call, or none. Its time is the server's, so that the clocks of gateways
/// do not matter, and its arithmetic is that of ``SlidingWindow`` and ``FixedWindow``.
///
/// A sliding window is a hash with a field for each slot (1/128 of the window), the oldest slot (`f`) and the sum (`t`); a
/// slot leaves only as a whole. A fixed one is a hash with the period's number (`i`) and what was used (`u`).
enum CounterScript {
  /// Numbers of the script's language are exact up to here.
  private static let largest = 1 << 53
  /// Seconds from 0001-01-01 to 1970-01-01.
  static let epoch: Int64 = 62_135_596_800

  static let text = """
    local time = redis.call('TIME')
    local seconds_now = tonumber(time[1])
    local now = seconds_now * 1000 + math.floor(tonumber(time[2]) / 1000)
    local answer, plans, refused = {}, {}, false
    for i = 1, #KEYS do
      local a = (i - 1) * 5
      local key, limit, seconds = KEYS[i], tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
      local start, increment = tonumber(ARGV[a + 4]), tonumber(ARGV[a + 5])
      local wanted = math.max(1, increment)
      if ARGV[a + 1] == 's' then
        local window = seconds * 1000
        local width = math.max(1, math.floor(window / 128))
        local head = redis.call('HMGET', key, 'f', 't')
        local first, total = tonumber(head[1]), tonumber(head[2]) or 0
        local slot = math.floor(now / width)
        local gone = math.floor((now - window) / width) - 1
        if first and gone >= first then
          if gone - first > 256 then
            redis.call('DEL', key)
            first, total = nil, 0
          else
            local names = {}
            for s = first, gone do names[#names + 1] = string.format('%.0f', s) end
            for _, count in ipairs(redis.call('HMGET', key, unpack(names))) do
              total = total - (tonumber(count) or 0)
            end
            redis.call('HDEL', key, unpack(names))
            first = gone + 1
            redis.call('HSET', key, 'f', string.format('%.0f', first), 't', string.format('%.0f', total))
          end
        end
        if first and slot < first then slot = first end
        local allowed = total <= limit - wanted
        local wait = 0
        if not allowed then
          refused = true
          local ready, free = window, limit - total
          if first then
            local names = {}
            for s = first, math.min(slot, first + 256) do names[#names + 1] = string.format('%.0f', s) end
            for n, count in ipairs(redis.call('HMGET', key, unpack(names))) do
              if count then
                free = free + tonumber(count)
                ready = (first + n) * width + window - now
                if free >= wanted then break end
              end
            end
          end
          wait = math.max(1, math.ceil(ready / 1000))
        end
        answer[#answer + 1] = allowed and 1 or 0
        answer[#answer + 1] = math.max(0, limit - total)
        answer[#answer + 1] = wait
        plans[i] = function()
          if not first then redis.call('HSET', key, 'f', string.format('%.0f', slot)) end
          redis.call('HINCRBY', key, string.format('%.0f', slot), ARGV[a + 5])
          redis.call('HINCRBY', key, 't', ARGV[a + 5])
          redis.call('PEXPIRE', key, window + 2 * width)
        end
      else
        local at = seconds_now + \(epoch)
        local index = seconds == 0 and 0 or math.floor((at - start) / seconds)
        local finish = start + (index + 1) * seconds
        local head = redis.call('HMGET', key, 'i', 'u')
        local used = tonumber(head[2]) or 0
        if tonumber(head[1]) ~= index then used = 0 end
        local allowed = used < limit and used <= limit - increment
        if not allowed then refused = true end
        answer[#answer + 1] = allowed and 1 or 0
        answer[#answer + 1] = math.max(0, limit - used)
        answer[#answer + 1] = allowed and 0 or (seconds == 0 and 2147483647 or math.max(1, finish - at))
        plans[i] = function()
          redis.call('HSET', key, 'i', string.format('%.0f', index), 'u', string.format('%.0f', used + increment))
          if seconds == 0 then
            redis.call('PERSIST', key)
          else
            redis.call('EXPIREAT', key, string.format('%.0f', finish - \(epoch)))
          end
        end
      end
    end
    if not refused then
      for i = 1, #KEYS do
        local increment = tonumber(ARGV[i * 5])
        if increment > 0 then
          plans[i]()
          answer[i * 3 - 1] = math.max(0, answer[i * 3 - 1] - increment)
        end
      end
    end
    return answer
    """

  /// What `EVALSHA` calls it by.
  static let digest = Insecure.SHA1.hash(data: Data(text.utf8)).map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined()

  /// The command that counts, and one of its keys.
  /// - Parameter isKnown: whether the server is expected to have the script.
  static func command(_ asks: [CounterAsk], gatewayID: String, isKnown: Bool) -> (bytes: [UInt8], key: [UInt8]) {
    var words = isKnown ? ["EVALSHA", digest] : ["EVAL", text]
    words.append("\(asks.count)")
    let keys = asks.map { key($0, gatewayID) }
    words += keys
    for ask in asks {
      let (kind, seconds, start): (String, Int, Int64) =
        switch ask.window {
        case .sliding(let seconds): ("s", seconds, 0)
        case .fixed(let seconds, let start): ("f", seconds, start / 10_000_000)
        }
      words += [
        kind, "\(min(ask.limit, largest))", "\(seconds)", "\(start)", "\(min(max(0, ask.increment), largest))",
      ]
    }
    return (RedisCommand.bytes(words.map { Array($0.utf8) }), Array((keys.first ?? "").utf8))
  }

  /// The name of a counter; the digit changes with what is under it. What stands in braces is the same for counters that are
  /// asked together, and says where in a cluster they are.
  static func key(_ ask: CounterAsk, _ gatewayID: String) -> String {
    // Windows of another length are other counters: slots have no common measure.
    let window =
      switch ask.window {
      case .sliding(let seconds): "s\(seconds)"
      case .fixed: "f"
      }
    return key(ask.key, group: ask.group ?? ask.key, window: window, gatewayID)
  }

  /// The name of a counter with a fixed window.
  static func key(fixed key: String, group: String, _ gatewayID: String) -> String {
    self.key(key, group: group, window: "f", gatewayID)
  }

  private static func key(_ key: String, group: String, window: String, _ gatewayID: String) -> String {
    "postern:limits:2:{\(RedisSlot.of(Array(group.utf8)))}:\(gatewayID):\(window):\(key)"
  }

  /// What the script answers; nil when it is something else.
  static func admissions(_ reply: RedisReply, count: Int) -> [Admission]? {
    guard case .array(let items) = reply, items.count == count * 3 else { return nil }
    var admissions: [Admission] = []
    for index in 0..<count {
      guard case .integer(let allowed) = items[index * 3], case .integer(let remaining) = items[index * 3 + 1],
        case .integer(let wait) = items[index * 3 + 2]
      else { return nil }
      admissions.append(
        Admission(
          isAllowed: allowed == 1, remaining: Int(clamping: remaining), retryAfterSeconds: Int(clamping: wait)))
    }
    return admissions
  }
}
