import NIOCore
import PolicyLibrary

/// The connections of one loop to one origin: idle ones of HTTP/1.1, of which the newest is used first, and those of HTTP/2
/// that exchanges share.
final class OriginPool {
  let origin: Origin
  /// Nobody will look here for a connection any more.
  var isForgotten = false
  private var idle: [UpstreamConnection] = []
  private var sessions: [UpstreamSession] = []
  /// What the last TLS handshake that left the choice came to; nil before the first.
  var speaksHTTP2: Bool?

  /// Idle connections kept.
  static let bound = 128
  let idleTime: TimeAmount
  /// How long a connection is used, however busy it is.
  let lifetime: TimeAmount
  /// For the handshakes of a connection that is open.
  let handshakeTime: TimeAmount

  init(origin: Origin, _ times: BackendConnections) {
    self.origin = origin
    idleTime = times.idle
    lifetime = times.lifetime
    handshakeTime = times.connect
  }

  var isEmpty: Bool { idle.isEmpty && sessions.isEmpty }

  /// A connection that is ready, if one is kept.
  func take(_ version: HTTPVersion) -> (any BackendStream)? {
    if version != .one {
      if let stream = takeStream() { return stream }
      if version == .two || origin.isTLS && speaksHTTP2 != false { return nil }
    }
    return idle.popLast()
  }

  func put(_ connection: UpstreamConnection, _ now: NIODeadline) {
    guard idle.count < Self.bound, !isForgotten, connection.born + lifetime > now else { return connection.close() }
    connection.idleSince = now
    idle.append(connection)
  }

  func remove(_ connection: UpstreamConnection) { idle.removeAll { $0 === connection } }

  // MARK: - Connections that are shared

  func add(_ session: UpstreamSession) { sessions.append(session) }

  func remove(_ session: UpstreamSession) { sessions.removeAll { $0 === session } }

  /// A stream of a connection that has room for it.
  func takeStream() -> UpstreamStream? {
    for session in sessions {
      if let stream = session.take() { return stream }
    }
    return nil
  }

  /// One that is being opened, and has room for another exchange.
  var openingSession: UpstreamSession? { sessions.first { $0.takesWaiters } }

  // MARK: - The end

  /// Ends connections that have had nothing to do for long, or do not answer.
  func closeIdle(_ now: NIODeadline) {
    // The oldest stand first.
    while let connection = idle.first, connection.idleSince + idleTime < now {
      idle.removeFirst()
      connection.close()
    }
    for session in sessions { session.check(now) }
  }

  func closeAll() {
    let all = idle
    idle = []
    for connection in all { connection.close() }
    for session in sessions { session.close() }
  }
}
