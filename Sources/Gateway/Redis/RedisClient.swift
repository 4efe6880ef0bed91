import GatewayConfiguration
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import PolicyLibrary
import RedisWire

/// The way of one event loop to Redis: one connection, on which commands follow each other without waiting.
///
/// It never makes anybody wait for a connection: while there is none, every command fails at once, and a new connection is
/// tried in the background, at growing distances, one server of the list after the other. A command that is not answered
/// in time ends the connection, so that a server that stands still costs each loop one such wait, not one for each request.
final class RedisClient {
  /// Commands and their bytes on the way at most; further ones fail at once.
  static let callBound = 1_024
  static let byteBound = 16 << 20
  /// Milliseconds that a command may take: where the connection string says nothing, and at most.
  static let standardTimeout = 250
  static let longestTimeout = 1_000

  private enum State {
    case connecting
    case ready(RedisChannel)
    case waiting(Scheduled<Void>)
    case ended
  }

  let loop: any EventLoop
  let connection: RedisConnection
  let timeout: TimeAmount
  let connectTimeout: TimeAmount
  private let use: RedisMeter.Use
  private let meter: RedisMeter
  private let logger: Logger
  private let roots: NIOSSLTrustRoots
  private var context: NIOSSLContext?
  private var state = State.connecting
  private var backoff = Backoff()
  /// The server tried last.
  private var index = 0

  /// - Parameter roots: whom to believe the server's certificate.
  init(
    _ connection: RedisConnection, use: RedisMeter.Use, loop: any EventLoop, meter: RedisMeter, logger: Logger,
    roots: NIOSSLTrustRoots = .default
  ) {
    self.connection = connection
    self.use = use
    self.loop = loop
    self.meter = meter
    self.logger = logger
    self.roots = roots
    timeout = .milliseconds(
      Int64(min(connection.commandTimeoutMilliseconds ?? Self.standardTimeout, Self.longestTimeout)))
    connectTimeout = .milliseconds(Int64(min(connection.connectTimeoutMilliseconds, 30_000)))
    connect()
  }

  /// Sends a command; the completion is called once, on the loop: at once where nothing can be sent, later else, and
  /// never after it was cancelled.
  @discardableResult
  func send(
    _ command: [UInt8], _ completion: @escaping (Result<RedisReply, RedisFailure>) -> Void
  ) -> any PendingEffect {
    guard case .ready(let channel) = state else {
      completion(.failure(.unavailable))
      return FinishedEffect.instance
    }
    guard channel.calls.count < Self.callBound, channel.bytes + command.count <= Self.byteBound else {
      completion(.failure(.full))
      return FinishedEffect.instance
    }
    let call = RedisCall(deadline: .now() + timeout, size: command.count, completion: completion)
    channel.send(command, call)
    return call
  }

  /// Closes the connection and tries no other.
  func end() {
    let former = state
    state = .ended
    switch former {
    case .ready(let channel):
      meter.disconnected(use)
      channel.close("the settings changed", .lost)
    case .waiting(let task): task.cancel()
    case .connecting, .ended: break
    }
  }

  // MARK: - Connecting

  private func connect() {
    state = .connecting
    let endpoint = connection.endpoints[index % connection.endpoints.count]
    let channel = RedisChannel(client: self)
    let box = NIOLoopBound((client: self, channel: channel), eventLoop: loop)
    ClientBootstrap(group: loop)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .connectTimeout(connectTimeout)
      .channelInitializer { made in
        made.eventLoop.makeCompletedFuture {
          let (client, channel) = box.value
          if client.connection.isTLS {
            try made.pipeline.syncOperations.addHandler(try client.makeTLS(endpoint))
          }
          try made.pipeline.syncOperations.addHandler(channel)
        }
      }
      .connect(host: endpoint.host, port: endpoint.port)
      .whenFailure { error in box.value.client.lost(box.value.channel, "\(error)") }
  }

  private func makeTLS(_ endpoint: RedisConnection.Endpoint) throws -> NIOSSLClientHandler {
    if context == nil {
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.trustRoots = roots
      configuration.minimumTLSVersion = .tlsv12
      context = try NIOSSLContext(configuration: configuration)
    }
    guard let context else { throw RedisProtocolError(message: "there is no TLS") }
    let name = connection.tlsHost ?? endpoint.host
    // An address is no server name (RFC 6066 §3).
    let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
    return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : name)
  }

  /// A connection's first words were answered.
  func ready(_ channel: RedisChannel) {
    guard case .connecting = state else { return channel.close("the settings changed", .lost) }
    state = .ready(channel)
    backoff.succeeded()
    meter.connected(use)
    meter.report(use, nil, logger)
  }

  /// A connection came to its end, or never began.
  func lost(_ channel: RedisChannel, _ reason: String) {
    switch state {
    case .ended, .waiting: return
    case .ready(let current):
      guard current === channel else { return }
      meter.disconnected(use)
    case .connecting: break
    }
    let endpoint = connection.endpoints[index % connection.endpoints.count]
    meter.report(use, "\(endpoint.host):\(endpoint.port): \(reason)", logger)
    index += 1
    // Every server of the list has its turn before there is a pause worth the name.
    let wait = index % connection.endpoints.count == 0 ? backoff.failed(spread: .random(in: 0...1)) : 10
    let box = NIOLoopBound(self, eventLoop: loop)
    state = .waiting(
      loop.scheduleTask(in: .milliseconds(Int64(wait))) {
        guard case .waiting = box.value.state else { return }
        box.value.connect()
      })
  }
}
