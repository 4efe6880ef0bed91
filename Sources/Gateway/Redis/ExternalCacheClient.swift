import GatewayConfiguration
import Logging
import NIOCore
import PolicyLibrary
import RedisWire

/// The external cache as one event loop sees it. Whatever goes wrong is a miss and a number in the metrics.
final class ExternalCacheClient {
  /// In front of an entry: a byte for its layout, and when it was stored, in ticks, the highest byte first.
  static let headBytes = 9
  private static let layout: UInt8 = 1
  /// In front of every key; the digit changes with what is under it.
  private static let prefix = Array("postern:cache:1:".utf8)

  let cache: ExternalCache
  private let redis: RedisClient
  private let meter: RedisMeter

  init(_ cache: ExternalCache, loop: any EventLoop, meter: RedisMeter, logger: Logger) {
    self.cache = cache
    self.meter = meter
    redis = RedisClient(cache.connection, use: .cache, loop: loop, meter: meter, logger: logger)
  }

  func end() { redis.end() }

  func find(_ key: String, _ completion: @escaping (CachedEntry?) -> Void) -> any PendingEffect {
    let meter = meter
    let name = Self.prefix + Array(key.utf8)
    return redis.send(RedisCommand.bytes([Array("GET".utf8), name]), key: name) { result in
      switch result {
      case .success(.bulk(let bytes)):
        let entry = Self.entry(bytes)
        meter.count(.get, entry == nil ? .refused : .hit)
        completion(entry)
      case .success(.null):
        meter.count(.get, .miss)
        completion(nil)
      case .success(.oversized):
        meter.count(.get, .oversized)
        completion(nil)
      case .success:
        meter.count(.get, .refused)
        completion(nil)
      case .failure(let failure):
        meter.count(.get, failure.outcome)
        completion(nil)
      }
    }
  }

  func put(_ entry: CachedEntry, as key: String, seconds: Int) {
    guard seconds > 0 else { return remove(key) }
    guard entry.bytes.count + key.utf8.count <= ValueCache.entryBound else {
      // What was there before is no longer the value of this key.
      meter.count(.set, .oversized)
      return remove(key)
    }
    let name = Self.prefix + Array(key.utf8)
    let command = RedisCommand.bytes([
      Array("SET".utf8), name, Self.bytes(entry), Array("EX".utf8), Array("\(seconds)".utf8),
    ])
    redis.send(command, key: name, counted(.set))
  }

  /// Puts a record behind those under a key; one step for Redis, whoever else does the same.
  func append(_ framed: [UInt8], to key: String, seconds: Int, limit: Int, storedTicks: Int64) {
    let limit = min(limit, ValueCache.entryBound - key.utf8.count)
    guard seconds > 0, framed.count <= limit else { return meter.count(.set, .oversized) }
    let head = Self.bytes(CachedEntry(bytes: [], storedTicks: storedTicks))
    let name = Self.prefix + Array(key.utf8)
    redis.send(
      AppendScript.command(key: name, head: head, record: framed, seconds: seconds, limit: limit), key: name,
      counted(.set))
  }

  func remove(_ key: String) {
    let name = Self.prefix + Array(key.utf8)
    redis.send(RedisCommand.bytes([Array("DEL".utf8), name]), key: name, counted(.delete))
  }

  private func counted(_ operation: RedisMeter.Operation) -> (Result<RedisReply, RedisFailure>) -> Void {
    let meter = meter
    return { result in
      switch result {
      case .success(.error): meter.count(operation, .refused)
      case .success: meter.count(operation, .done)
      case .failure(let failure): meter.count(operation, failure.outcome)
      }
    }
  }

  static func bytes(_ entry: CachedEntry) -> [UInt8] {
    var bytes: [UInt8] = [layout]
    bytes.reserveCapacity(entry.bytes.count + headBytes)
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: entry.storedTicks >> Int64(shift)))
    }
    return bytes + entry.bytes
  }

  /// Nil for what another program, or a later layout, has put there.
  static func entry(_ bytes: [UInt8]) -> CachedEntry? {
    guard bytes.count >= headBytes, bytes[0] == layout else { return nil }
    let ticks = bytes[1..<headBytes].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return CachedEntry(bytes: Array(bytes[headBytes...]), storedTicks: Int64(bitPattern: ticks))
  }
}
