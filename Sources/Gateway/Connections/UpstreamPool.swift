import DotNet
import NIOCore
import NIOPosix
import PolicyLibrary

/// The connections of one loop to backends, by origin.
final class UpstreamPool {
  private let settings: BackendConnections
  private var origins: [Origin: OriginPool] = [:]
  /// The pool of a target that was used before: looked up by the target's address, without hashing its origin.
  private var shortcuts: [(target: BackendTarget, pool: OriginPool)?]
  private var contexts: BackendTLSContexts

  private static let shortcutCount = 64
  /// Origins remembered before those without an idle connection are forgotten.
  private static let originBound = 1_024

  init(_ settings: BackendConnections) {
    self.settings = settings
    contexts = BackendTLSContexts(settings.tls)
    shortcuts = Array(repeating: nil, count: Self.shortcutCount)
  }

  var isEmpty: Bool { origins.allSatisfy { $0.value.isEmpty } }

  private func pool(of target: BackendTarget) -> OriginPool {
    // Objects lie 16 bytes apart at least, so the lowest bits of their addresses tell nothing.
    let slot = Int(bitPattern: Unmanaged.passUnretained(target).toOpaque()) >> 4 & (Self.shortcutCount - 1)
    if let known = shortcuts[slot], known.target === target { return known.pool }
    let pool: OriginPool
    if let known = origins[target.origin] {
      pool = known
    } else {
      pool = OriginPool(origin: target.origin, settings)
      origins[target.origin] = pool
    }
    shortcuts[slot] = (target, pool)
    return pool
  }

  /// A connection that is ready, if one is kept.
  func take(_ target: BackendTarget, _ version: HTTPVersion) -> (any BackendStream)? { pool(of: target).take(version) }

  func closeIdle(_ now: NIODeadline) {
    for pool in origins.values { pool.closeIdle(now) }
    if origins.count > Self.originBound { forgetOrigins() }
  }

  /// Addresses and certificates that policies compute may be ever new ones: pools that hold nothing are given up.
  private func forgetOrigins() {
    forgetTargets()
    for (origin, pool) in origins where pool.isEmpty {
      pool.isForgotten = true
      origins[origin] = nil
    }
  }

  func closeAll() {
    for pool in origins.values { pool.closeAll() }
  }

  /// New connections are to backends whose certificates lead to one of these, or to the machine's authorities.
  func believe(_ authorities: [CertificateValue]) { contexts.believe(authorities) }

  /// Forgets targets of a configuration that is not served any more.
  func forgetTargets() { shortcuts = Array(repeating: nil, count: Self.shortcutCount) }

  /// Opens a connection, or waits for one that can be shared; `report` is told of either outcome, on the loop.
  func connect(
    _ target: BackendTarget, _ version: HTTPVersion, _ state: LoopState, _ report: @escaping UpstreamSession.Report
  ) {
    connect(pool(of: target), version, state, report)
  }

  func connect(
    _ home: OriginPool, _ version: HTTPVersion, _ state: LoopState, _ report: @escaping UpstreamSession.Report
  ) {
    if version == .one || version == .twoOrOne && !home.origin.isTLS { return connect(home, state, report) }
    if let stream = home.takeStream() { return report(.success(stream)) }
    // Where the choice may fall on HTTP/1.1, waiting for it would serve only one.
    if version == .two || home.speaksHTTP2 != false, let session = home.openingSession { return session.wait(report) }
    let session = UpstreamSession(home: home, state: state, version: version)
    session.wait(report)
    home.add(session)
    open(home, version, session, state) { result in
      if case .failure(let error) = result { session.connectFailed(error) }
    }
  }

  /// Opens a connection of HTTP/1.1.
  private func connect(_ home: OriginPool, _ state: LoopState, _ report: @escaping UpstreamSession.Report) {
    let connection = UpstreamConnection(home: home, state: state, born: state.clock.now)
    open(home, .one, connection, state) { result in report(result.map { connection }) }
  }

  private func open(
    _ home: OriginPool, _ version: HTTPVersion, _ handler: any ChannelHandler, _ state: LoopState,
    _ report: @escaping (Result<Void, any Error>) -> Void
  ) {
    let origin = home.origin
    let box = NIOLoopBound((handler, self, report), eventLoop: state.loop)
    ClientBootstrap(group: state.loop)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .channelOption(.autoRead, value: !(handler is UpstreamConnection) || origin.isTLS)
      .connectTimeout(settings.connect)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let (handler, pool, _) = box.value
          let pipeline = channel.pipeline.syncOperations
          try pool.contexts.addHandlers(for: origin, version, to: pipeline)
          try pipeline.addHandler(handler)
        }
      }
      .connect(host: origin.proxy?.host ?? origin.host, port: origin.proxy?.port ?? origin.port)
      .whenComplete { result in
        let (_, _, report) = box.value
        report(
          result.map { _ in }.mapError { UpstreamFailure(description: ConnectionFault.words($0, origin)) })
      }
  }
}
