import NIOCore
import NIOPosix
import PolicyLibrary
import TDSWire

/// The connections of one event loop on one route. A call takes one that is idle, or has one made while there is room, or
/// waits for its turn.
final class SQLPool {
  /// Idle connections that are kept, and for how long.
  static let idleBound = 16
  static let idleTime = TimeAmount.seconds(120)
  /// Calls that wait for a connection.
  static let waitingBound = 1_024
  /// Connections on a route, whatever `Max Pool Size` says.
  static let openBound = 100

  let route: SQLRoute
  let client: SQLClient
  private var idle: [SQLConnection] = []
  private var waiting: CircularBuffer<SQLCall> = []
  /// Connections, those under way included.
  private var open = 0
  private var opening = 0
  private var isEnded = false

  init(_ route: SQLRoute, client: SQLClient) {
    self.route = route
    self.client = client
  }

  // MARK: - Calls

  func take(_ call: SQLCall) {
    while let connection = idle.popLast() {
      // What the server has closed meanwhile is of no use, and nothing has been sent on it.
      guard connection.isUsable else {
        connection.close()
        continue
      }
      return connection.begin(call)
    }
    guard waiting.count < Self.waitingBound else {
      return call.finish(
        .failure(SQLFailure(reason: .connection, message: "Too many statements wait for \(route.settings.host).")))
    }
    call.awaitsConnection()
    waiting.append(call)
    openMore()
    if open == 0 {
      failOldest(
        SQLFailure(reason: .connection, message: "Too many connections to databases are open at the same time."))
    }
  }

  func remove(_ call: SQLCall) {
    waiting.removeAll { $0 === call }
    forgetIfUnused()
  }

  /// Has connections made for the calls that wait, as far as there is room.
  private func openMore() {
    let most = min(route.settings.mostConnections, Self.openBound)
    while !isEnded, opening < waiting.count, open < most, client.hasRoom {
      // The one that will be the oldest when the connection is there.
      connect(token: waiting[waiting.index(waiting.startIndex, offsetBy: opening)].request.token)
    }
  }

  private func failOldest(_ failure: SQLFailure) { waiting.popFirst()?.finish(.failure(failure)) }

  // MARK: - Connections

  private func connect(token: String?) {
    (open, opening) = (open + 1, opening + 1)
    client.opened()
    SQLConnection(pool: self, token: token).connect()
  }

  /// A connection is ready: new, or free again.
  /// - Parameter isNew: it was under way until now.
  func ready(_ connection: SQLConnection, isNew: Bool) {
    if isNew { opening -= 1 }
    if let call = waiting.popFirst() { return connection.begin(call) }
    guard !isEnded, route.settings.isPooled, idle.count < Self.idleBound else { return connection.close() }
    idle.append(connection)
    connection.rest()
  }

  /// A connection was closed, or could not be made.
  /// - Parameter failure: why it could not be made; nil for one that had been ready.
  func lost(_ connection: SQLConnection, _ failure: SQLFailure?) {
    idle.removeAll { $0 === connection }
    open -= 1
    client.closed()
    if let failure {
      opening -= 1
      failOldest(failure)
    }
    openMore()
    forgetIfUnused()
  }

  private func forgetIfUnused() {
    if open == 0, waiting.isEmpty { client.forget(self) }
  }

  func end() {
    isEnded = true
    let (calls, connections) = (waiting, idle)
    (waiting, idle) = ([], [])
    for call in calls { call.finish(.failure(SQLFailure(reason: .connection, message: "The gateway ends."))) }
    for connection in connections { connection.close() }
  }
}
