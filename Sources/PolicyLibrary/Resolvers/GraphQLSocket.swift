import GraphQL
import HTTPWire

/// The way in which GraphQL is spoken over a WebSocket: the subprotocol of the handshake.
enum GraphQLDialect: String, CaseIterable {
  /// Of the library graphql-ws; what clients that offer both get.
  case transport = "graphql-transport-ws"
  /// Of the older library subscriptions-transport-ws.
  case legacy = "graphql-ws"
}

/// A WebSocket on which a client subscribes to events of an API, from its handshake on.
public struct GraphQLSocket {
  let service: GraphQLAnswer
  let dialect: GraphQLDialect
}

extension GraphQLAnswer {
  /// Answers the handshake of a WebSocket: a 101, unless a policy of outbound makes something else of it.
  func accept(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    func refused(_ message: String, status: Int = 400, _ headers: [PolicyError.Header] = []) -> PolicyError {
      PolicyError(
        source: HTTPDataSource.name, reason: "Bad request", message: message, status: status, headers: headers)
    }
    guard try usableSchema().subscription != nil else { throw refused("The API has no subscriptions.") }
    func value(_ name: String) -> String { (exchange.request.value(of: name) ?? "").trimmed }
    guard value("Sec-WebSocket-Version") == WebSocketHandshake.version else {
      throw refused(
        "The version of WebSocket is not supported.", status: 426,
        [.init("Sec-WebSocket-Version", WebSocketHandshake.version)])
    }
    guard let answer = WebSocketHandshake.accept(key: value("Sec-WebSocket-Key")) else {
      throw refused("'Sec-WebSocket-Key' is not the key of a handshake.")
    }
    let offered = value("Sec-WebSocket-Protocol").split(separator: ",").map { String($0).trimmed }
    guard let dialect = GraphQLDialect.allCases.first(where: { offered.contains($0.rawValue) }) else {
      let names = GraphQLDialect.allCases.map(\.rawValue).joined(separator: " or ")
      throw refused("'Sec-WebSocket-Protocol' must offer \(names).")
    }
    exchange.beginResponse(101)
    do throws(WireError) {
      try exchange.response.set("Upgrade", "websocket")
      try exchange.response.set("Sec-WebSocket-Accept", answer)
      try exchange.response.set("Sec-WebSocket-Protocol", dialect.rawValue)
    } catch {
      throw .internal(source: HTTPDataSource.name, reason: "InvalidResponse", message: "The handshake has no room.")
    }
    exchange.acceptedSocket = GraphQLSocket(service: self, dialect: dialect)
    return .proceed
  }
}

extension Exchange {
  /// The WebSocket that the response opens; nil when it is any other response.
  public var socket: GraphQLSocket? { hasResponse && response.status == 101 ? acceptedSocket : nil }
}
