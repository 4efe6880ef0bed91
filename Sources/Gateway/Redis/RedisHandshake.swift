import GatewayConfiguration
import RedisWire

/// The first words on a connection to Redis: version 3 of the protocol where the server knows it, else version 2; user and
/// password, the client's name, the database.
struct RedisHandshake {
  enum Step: Equatable {
    case send([UInt8])
    /// - isCluster: nil where the server does not say.
    case ready(isReplica: Bool, isCluster: Bool?)
    case failed(String)
  }

  private enum State {
    case hello, authenticating, selecting
  }

  private let connection: RedisConnection
  private var state = State.hello
  private var isReplica = false
  private var isCluster: Bool?

  init(_ connection: RedisConnection) { self.connection = connection }

  /// What is said first.
  func greeting() -> [UInt8] {
    var words = ["HELLO", "3"]
    if let password = connection.password { words += ["AUTH", connection.user ?? "default", password] }
    let name = (connection.clientName ?? "postern").filter { $0.isASCII && $0 > " " && $0 != "\u{7f}" }
    if !name.isEmpty { words += ["SETNAME", name] }
    return RedisCommand.bytes(words.map { Array($0.utf8) })
  }

  mutating func received(_ reply: RedisReply) -> Step {
    if case .error(let message) = reply {
      // Servers before Redis 6 do not know HELLO, others know no version 3.
      if state == .hello, message.hasPrefix("ERR unknown command") || message.hasPrefix("NOPROTO") {
        guard let password = connection.password else { return select() }
        state = .authenticating
        let words = ["AUTH"] + (connection.user.map { [$0] } ?? []) + [password]
        return .send(RedisCommand.bytes(words.map { Array($0.utf8) }))
      }
      return .failed(String(message.prefix(200)))
    }
    switch state {
    case .hello:
      if let role = reply.value(of: "role")?.text { isReplica = role != "master" }
      if let mode = reply.value(of: "mode")?.text { isCluster = mode == "cluster" }
      return select()
    case .authenticating: return select()
    case .selecting: return .ready(isReplica: isReplica, isCluster: isCluster)
    }
  }

  private mutating func select() -> Step {
    if connection.database == 0 { return .ready(isReplica: isReplica, isCluster: isCluster) }
    state = .selecting
    return .send(RedisCommand.bytes("SELECT", String(connection.database)))
  }
}
