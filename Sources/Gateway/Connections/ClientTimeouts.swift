import NIOCore

/// How long clients, and backends in the middle of an answer, may let a loop wait. Each is met up to two ticks late.
public struct ClientTimeouts: Sendable {
  /// For a request's head on a new connection.
  var head = TimeAmount.seconds(60)
  /// For the next bytes of a request's body, and for a client to take bytes of an answer.
  var body = TimeAmount.seconds(60)
  /// Between two requests.
  var keepAlive = TimeAmount.seconds(130)
  /// For the next bytes of an answer that the backend has begun, for those of a connection that left HTTP in either
  /// direction, and for the next message of a call of gRPC.
  var silence = TimeAmount.minutes(15)
  /// For a client that subscribes to events over a WebSocket to introduce itself.
  var introduction = TimeAmount.seconds(10)
  /// Such a client is asked for a sign of life when it was silent for so long, and has as long to give one.
  var ping = TimeAmount.seconds(60)
  /// For a client to read why its connection of HTTP/2 has failed, or to answer the end of a WebSocket.
  var linger = TimeAmount.seconds(2)

  public init() {}
}
