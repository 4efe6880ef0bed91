import Logging
import NIOCore
import PolicyLibrary
import RedisWire

/// Events by way of Redis: one connection publishes, another listens. Confined to one event loop.
final class RedisEvents {
  /// Between two looks whether the connection that listens is still alive.
  private static let ping = TimeAmount.seconds(10)

  private let channel: [UInt8]
  private let publisher: RedisClient
  private let listener: RedisClient
  private var pinging: RepeatedTask?
  private let meter: RedisMeter
  /// Takes what was published, also by this process; nil for what is too large.
  var onMessage: (([UInt8]?) -> Void)? {
    didSet { listener.onMessage = onMessage }
  }

  init(_ store: CounterStore, loop: any EventLoop, meter: RedisMeter, logger: Logger) {
    self.meter = meter
    channel = Array("postern:events:\(EventEnvelope.version):\(store.gatewayID)".utf8)
    publisher = RedisClient(store.connection, use: .events, loop: loop, meter: meter, logger: logger)
    listener = RedisClient(
      store.connection, use: .events, loop: loop, meter: meter, logger: logger, listensTo: channel)
    let box = NIOLoopBound(listener, eventLoop: loop)
    pinging = loop.scheduleRepeatedTask(initialDelay: Self.ping, delay: Self.ping) { _ in
      // A connection that does not answer is ended, and another one listens.
      box.value.send(RedisCommand.bytes("PING")) { _ in }
    }
  }

  func end() {
    pinging?.cancel()
    onMessage = nil
    publisher.end()
    listener.end()
  }

  /// - Parameter completion: why it is not published; nil when it is.
  func publish(_ bytes: [UInt8], _ completion: @escaping (EventMeter.Outcome?) -> Void) {
    let meter = meter
    publisher.send(RedisCommand.bytes([Array("PUBLISH".utf8), channel, bytes])) { result in
      switch result {
      case .success(.integer):
        meter.count(.publish, .done)
        completion(nil)
      case .success:
        meter.count(.publish, .refused)
        completion(.unavailable)
      case .failure(let failure):
        meter.count(.publish, failure.outcome)
        completion(failure == .full ? .full : .unavailable)
      }
    }
  }
}
