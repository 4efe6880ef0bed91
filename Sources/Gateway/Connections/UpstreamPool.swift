import Logging
import NIOCore
import NIOPosix
import NIOSSL
import PolicyLibrary

/// The idle connections of one loop to backends, by origin; the newest is used first.
final class UpstreamPool {
  private let loop: any EventLoop
  private let logger: Logger
  private var idle: [Origin: [UpstreamConnection]] = [:]
  private var contexts: [TLSKind: NIOSSLContext] = [:]

  /// Idle connections kept for one origin.
  static let idleBound = 128
  static let idleSeconds: Int64 = 60
  static let connectTimeout = TimeAmount.seconds(10)

  private struct TLSKind: Hashable {
    var validatesChain: Bool
    var validatesName: Bool
  }

  init(loop: any EventLoop, logger: Logger) {
    self.loop = loop
    self.logger = logger
  }

  var isEmpty: Bool { idle.isEmpty }

  /// A connection that is ready, if one is kept.
  func take(_ origin: Origin) -> UpstreamConnection? {
    guard let connection = idle[origin]?.popLast() else { return nil }
    if idle[origin]?.isEmpty == true { idle[origin] = nil }
    return connection
  }

  func put(_ connection: UpstreamConnection) {
    guard idle[connection.origin, default: []].count < Self.idleBound else { return connection.close() }
    connection.idleSince = .now()
    idle[connection.origin, default: []].append(connection)
  }

  func remove(_ connection: UpstreamConnection) {
    idle[connection.origin]?.removeAll { $0 === connection }
    if idle[connection.origin]?.isEmpty == true { idle[connection.origin] = nil }
  }

  func closeIdle(_ now: NIODeadline) {
    for connections in Array(idle.values) {
      for connection in connections where connection.idleSince + .seconds(Self.idleSeconds) < now {
        remove(connection)
        connection.close()
      }
    }
  }

  func closeAll() {
    let all = idle.values.flatMap { $0 }
    idle = [:]
    for connection in all { connection.close() }
  }

  /// Opens a connection; the client is told of either outcome.
  func connect(_ origin: Origin, for client: ClientConnection) {
    let connection = UpstreamConnection(origin: origin, pool: self)
    let box = NIOLoopBound((client, connection, self), eventLoop: loop)
    ClientBootstrap(group: loop)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .connectTimeout(Self.connectTimeout)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let (_, connection, pool) = box.value
          if origin.isTLS { try channel.pipeline.syncOperations.addHandler(try pool.makeTLS(origin)) }
          try channel.pipeline.syncOperations.addHandler(connection)
        }
      }
      .connect(host: origin.host, port: origin.port)
      .whenComplete { result in
        let (client, connection, _) = box.value
        switch result {
        case .success: client.connected(connection)
        case .failure(let error): client.backendFailed("BackendConnectionFailure", "\(error)", isRetrySafe: false)
        }
      }
  }

  private func makeTLS(_ origin: Origin) throws -> NIOSSLClientHandler {
    let kind = TLSKind(validatesChain: origin.validatesChain, validatesName: origin.validatesName)
    let context: NIOSSLContext
    if let known = contexts[kind] {
      context = known
    } else {
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.certificateVerification =
        !kind.validatesChain ? .none : kind.validatesName ? .fullVerification : .noHostnameVerification
      configuration.applicationProtocols = ["http/1.1"]
      context = try NIOSSLContext(configuration: configuration)
      contexts[kind] = context
    }
    // An address is no server name (RFC 6066 §3).
    let isAddress = (try? SocketAddress(ipAddress: origin.host, port: 0)) != nil
    return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : origin.host)
  }
}
