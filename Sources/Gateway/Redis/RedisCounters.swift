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

  init(_ store: CounterStore, loop: any EventLoop, meter: RedisMeter, logger: Logger) {
    self.meter = meter
    gatewayID = store.gatewayID
    redis = RedisClient(store.connection, use: .counters, loop: loop, meter: meter, logger: logger)
  }

  func end() { redis.end() }

  func count(_ asks: [CounterAsk], _ completion: @escaping ([Admission]?) -> Void) -> any PendingEffect {
    send(asks, isKnown: true, completion)
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
}
