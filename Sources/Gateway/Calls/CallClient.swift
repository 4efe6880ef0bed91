import DotNet
import NIOCore
import NIOPosix
import PolicyLibrary

/// The HTTP client of policies, for one event loop: connections that are kept alive, by where they lead and how.
final class CallClient {
  let loop: any EventLoop
  private var idle: [Origin: [CallConnection]] = [:]
  private var contexts: BackendTLSContexts
  private let connectTimeout: TimeAmount
  /// Calls under way at the same time; further ones are refused at once.
  private var open = 0

  static let openBound = 10_000
  /// Idle connections kept for one route.
  static let idleBound = 64
  static let idleTime = TimeAmount.seconds(30)
  /// Bytes of a response's body.
  static let bodyBound = 64 << 20

  init(loop: any EventLoop, _ backends: BackendConnections) {
    self.loop = loop
    contexts = BackendTLSContexts(backends.tls)
    connectTimeout = backends.connect
  }

  /// Sends a request; the completion is called once, later, unless the call is cancelled.
  func send(_ request: OutgoingRequest, _ completion: @escaping (OutgoingResult) -> Void) -> any PendingEffect {
    let call = OutgoingCall(request, client: self, completion)
    guard open < Self.openBound else {
      call.finish(
        .failure(OutgoingFailure(reason: .connection, message: "Too many requests of policies are under way.")))
      return call
    }
    open += 1
    call.begin()
    return call
  }

  func ended() { open -= 1 }

  /// New connections are to servers whose certificates lead to one of these, or to the machine's authorities.
  func believe(_ authorities: [CertificateValue]) { contexts.believe(authorities) }

  // MARK: - Connections

  /// A connection that is ready, if one is kept.
  func take(_ origin: Origin) -> CallConnection? {
    guard let connection = idle[origin]?.popLast() else { return nil }
    if idle[origin]?.isEmpty == true { idle[origin] = nil }
    return connection
  }

  func put(_ connection: CallConnection) {
    guard idle[connection.origin, default: []].count < Self.idleBound else { return connection.close() }
    idle[connection.origin, default: []].append(connection)
  }

  func remove(_ connection: CallConnection) {
    idle[connection.origin]?.removeAll { $0 === connection }
    if idle[connection.origin]?.isEmpty == true { idle[connection.origin] = nil }
  }

  func closeAll() {
    let all = idle.values.flatMap { $0 }
    idle = [:]
    for connection in all { connection.close() }
  }

  /// Opens a connection for a call.
  func connect(_ origin: Origin, for call: OutgoingCall) {
    let connection = CallConnection(origin: origin, client: self)
    let box = NIOLoopBound((call, connection, self), eventLoop: loop)
    ClientBootstrap(group: loop)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .connectTimeout(min(.milliseconds(Int64(call.request.timeoutMilliseconds)), connectTimeout))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let (_, connection, client) = box.value
          let pipeline = channel.pipeline.syncOperations
          try client.contexts.addHandlers(for: origin, .one, to: pipeline)
          try pipeline.addHandler(connection)
        }
      }
      .connect(host: origin.proxy?.host ?? origin.host, port: origin.proxy?.port ?? origin.port)
      .whenComplete { result in
        let (call, connection, _) = box.value
        switch result {
        case .success: call.connected(connection)
        case .failure(let error): call.failed(ConnectionFault.words(error, origin), isRetrySafe: false)
        }
      }
  }
}
