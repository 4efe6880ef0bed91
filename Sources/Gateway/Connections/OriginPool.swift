import NIOCore
import PolicyLibrary

/// The idle connections of one loop to one origin; the newest is used first.
final class OriginPool {
  let origin: Origin
  /// Nobody will look here for a connection any more.
  var isForgotten = false
  private var idle: [UpstreamConnection] = []

  /// Idle connections kept.
  static let bound = 128
  static let idleTime = TimeAmount.seconds(60)

  init(origin: Origin) { self.origin = origin }

  var isEmpty: Bool { idle.isEmpty }

  /// A connection that is ready, if one is kept.
  func take() -> UpstreamConnection? { idle.popLast() }

  func put(_ connection: UpstreamConnection, _ now: NIODeadline) {
    guard idle.count < Self.bound, !isForgotten else { return connection.close() }
    connection.idleSince = now
    idle.append(connection)
  }

  func remove(_ connection: UpstreamConnection) { idle.removeAll { $0 === connection } }

  func closeIdle(_ now: NIODeadline) {
    // The oldest stand first.
    while let connection = idle.first, connection.idleSince + Self.idleTime < now {
      idle.removeFirst()
      connection.close()
    }
  }

  func closeAll() {
    let all = idle
    idle = []
    for connection in all { connection.close() }
  }
}
