public import HTTPWire
import NIOCore

/// How much clients may send.
public struct ClientLimits: Sendable, Equatable {
  /// Of a request's head.
  public var head = HeadLimits()
  /// Bytes of a request's body; of one in chunks with its framing.
  public var bodyBytes = Int.max
  /// Bytes of a body that is held whole because policies read it, of requests and of answers.
  public var heldBytes = 256 << 20
  /// Bytes of a request's body that is held.
  var heldBodyBytes: Int { min(heldBytes, bodyBytes) }

  public init() {}
}

/// How the gateway's connections to backends are made and kept.
public struct BackendConnections: Sendable {
  /// Until a connection is there.
  var connect = TimeAmount.seconds(10)
  /// That a connection without requests is kept for the next one.
  var idle = TimeAmount.seconds(60)
  /// That a connection is used at all, so that names which lead elsewhere by now are looked up again.
  var lifetime = TimeAmount.minutes(10)
  var tls = TLSChoice()

  public init() {}
}
