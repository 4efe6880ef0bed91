import HTTPWire
import NIOCore
import NIOPosix
import NIOSSL
import PolicyLibrary

/// The HTTP client of policies, for one event loop: connections that are kept alive, by where they lead.
final class CallClient {
  let loop: any EventLoop
  private var idle: [CallRoute: [CallConnection]] = [:]
  private var contexts = BackendTLSContexts()
  /// Calls under way at the same time; further ones are refused at once.
  private var open = 0

  static let openBound = 10_000
  /// Idle connections kept for one route.
  static let idleBound = 64
  static let idleTime = TimeAmount.seconds(30)
  /// Bytes of a response's body.
  static let bodyBound = 64 << 20

  init(loop: any EventLoop) { self.loop = loop }

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

  // MARK: - Connections

  /// A connection that is ready, if one is kept.
  func take(_ route: CallRoute) -> CallConnection? {
    guard let connection = idle[route]?.popLast() else { return nil }
    if idle[route]?.isEmpty == true { idle[route] = nil }
    return connection
  }

  func put(_ connection: CallConnection) {
    guard idle[connection.route, default: []].count < Self.idleBound else { return connection.close() }
    idle[connection.route, default: []].append(connection)
  }

  func remove(_ connection: CallConnection) {
    idle[connection.route]?.removeAll { $0 === connection }
    if idle[connection.route]?.isEmpty == true { idle[connection.route] = nil }
  }

  func closeAll() {
    let all = idle.values.flatMap { $0 }
    idle = [:]
    for connection in all { connection.close() }
  }

  /// Opens a connection for a call.
  func connect(_ route: CallRoute, for call: OutgoingCall) {
    let connection = CallConnection(route: route, client: self)
    let box = NIOLoopBound((call, connection, self), eventLoop: loop)
    ClientBootstrap(group: loop)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .connectTimeout(min(.milliseconds(Int64(call.request.timeoutMilliseconds)), UpstreamPool.connectTimeout))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let (_, connection, client) = box.value
          let pipeline = channel.pipeline.syncOperations
          if route.origin.isTLS {
            let tls = try client.contexts.makeHandler(route.origin, certificate: route.certificate)
            if let proxy = route.proxy {
              try pipeline.addHandler(
                ProxyTunnel(
                  host: route.origin.host, port: route.origin.port, authorization: proxy.authorization, tls: tls))
            } else {
              try pipeline.addHandler(tls)
            }
          }
          try pipeline.addHandler(connection)
        }
      }
      .connect(host: route.proxy?.host ?? route.origin.host, port: route.proxy?.port ?? route.origin.port)
      .whenComplete { result in
        let (call, connection, _) = box.value
        switch result {
        case .success: call.connected(connection)
        case .failure(let error): call.failed("\(error)", isRetrySafe: false)
        }
      }
  }
}

/// What connections of policies have to agree in to serve for each other.
struct CallRoute: Hashable {
  var origin: Origin
  var certificate: ClientCertificate?
  var proxy: ProxyServer?

  init(_ request: OutgoingRequest) {
    origin = request.origin
    certificate = request.origin.isTLS ? request.clientCertificate : nil
    proxy = request.proxy
  }
}
