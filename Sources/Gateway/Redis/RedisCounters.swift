public import GatewayConfiguration
import Logging
import NIOCore
import PolicyLibrary
import RedisWire

/// Where the limits of a gateway are counted for all its replicas.
public struct CounterStore: Sendable, Equatable {
  public var connection: RedisConnection
  /// The gateway; others that use the same Redis have counters of their own.
  public var gatewayID: String

  public init(connection: RedisConnection, gatewayID: String) {
    self.connection = connection
    self.gatewayID = gatewayID
  }
}

/// The counters in Redis as one event loop sees them. Where Redis does not answer, the process counts by itself.
final class RedisCounters: SharedCounters {
  private let redis: RedisClient
  private let meter: RedisMeter
  private let gatewayID: String
  /// Quotas that were counted since somebody asked, with the length and the beginning of their periods, in seconds.
  private var changed: [String: (group: String, seconds: Int64, start: Int64)] = [:]
  /// Of those; what has no room is told when it is counted again.
  static let changedBound = 10_000

  init(_ store: CounterStore, loop: any EventLoop, meter: RedisMeter, logger: Logger) {
    self.meter = meter
    gatewayID = store.gatewayID
    redis = RedisClient(store.connection, use: .counters, loop: loop, meter: meter, logger: logger)
  }

  func end() { redis.end() }

  func count(_ asks: [CounterAsk], _ completion: @escaping ([Admission]?) -> Void) -> any PendingEffect {
    for ask in asks where ask.increment > 0 {
      if case .fixed(let seconds, let start) = ask.window { note(ask, Int64(seconds), start / 10_000_000) }
    }
    return send(asks, isKnown: true, completion)
  }

  private func send(
    _ asks: [CounterAsk], isKnown: Bool, _ completion: @escaping ([Admission]?) -> Void
  ) -> any PendingEffect {
    let (command, key) = CounterScript.command(asks, gatewayID: gatewayID, isKnown: isKnown)
    return redis.send(command, key: key) { [self] result in
      switch result {
      case .success(.error(let message)) where isKnown && message.hasPrefix("NOSCRIPT"):
        // The server has been restarted, or its scripts were dropped: it learns the script by being given it.
        _ = send(asks, isKnown: false, completion)
      case .success(let reply):
        let admissions = CounterScript.admissions(reply, count: asks.count)
        meter.count(.count, admissions == nil ? .refused : .done)
        completion(admissions)
      case .failure(let failure):
        meter.count(.count, failure.outcome)
        completion(nil)
      }
    }
  }

  private func note(_ ask: CounterAsk, _ seconds: Int64, _ start: Int64) {
    guard changed.count < Self.changedBound || changed[ask.key] != nil else { return }
    changed[ask.key] = (ask.group ?? ask.key, seconds, start)
  }

  // MARK: - For the management service

  /// What Redis has of the quotas that were counted since the last question, at most ``QuotaReport/bound`` of them. Those
  /// that it does not tell of now are asked for again.
  static func takeChanges(_ counters: NIOLoopBound<RedisCounters>) async -> [QuotaReport.Counter] {
    let promise = counters.eventLoop.makePromise(of: [QuotaReport.Counter].self)
    counters.eventLoop.execute { counters.value.takeChanges(promise) }
    return (try? await promise.futureResult.get()) ?? []
  }

  private func takeChanges(_ promise: EventLoopPromise<[QuotaReport.Counter]>) {
    let asked = changed.prefix(QuotaReport.bound / 2)
    for (name, _) in asked { changed[name] = nil }
    var found: [QuotaReport.Counter] = []
    var left = asked.count
    if left == 0 { return promise.succeed([]) }
    for (name, about) in asked {
      let key = Array(CounterScript.key(fixed: name, group: about.group, gatewayID).utf8)
      redis.send(RedisCommand.bytes([Array("HMGET".utf8), key, Array("i".utf8), Array("u".utf8)]), key: key) {
        [self] result in
        if case .success(.array(let values)) = result, values.count == 2 {
          if let index = values[0].text.flatMap({ Int64($0) }), let used = values[1].text.flatMap({ Int64($0) }) {
            found.append(
              QuotaReport.Counter(
                name: name, index: index,
                end: about.seconds == 0 ? .max : about.start + (index + 1) * about.seconds, used: used))
          }
        } else if changed[name] == nil, changed.count < Self.changedBound {
          changed[name] = about
        }
        left -= 1
        if left == 0 { promise.succeed(found) }
      }
    }
  }

  /// Sets a counter; false where Redis does not say that it is done.
  static func set(_ update: QuotaUpdate, on counters: NIOLoopBound<RedisCounters>) async -> Bool {
    let promise = counters.eventLoop.makePromise(of: Bool.self)
    counters.eventLoop.execute { counters.value.set(update, promise) }
    return (try? await promise.futureResult.get()) ?? false
  }

  private func set(_ update: QuotaUpdate, _ promise: EventLoopPromise<Bool>) {
    guard let group = QuotaCounterName(update.name)?.group else { return promise.succeed(true) }
    let key = CounterScript.key(fixed: update.name, group: group, gatewayID)
    redis.send(QuotaScript.command(update, key: key), key: Array(key.utf8)) { result in
      if case .success(.integer) = result { promise.succeed(true) } else { promise.succeed(false) }
    }
  }
}
