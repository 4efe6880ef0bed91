/// The body of a message in flight.
public enum MessageBody: Sendable, Equatable {
  case none
  /// It flows by; nobody holds it.
  case streaming
  case bytes([UInt8])
  /// A policy has read it without keeping it.
  case consumed

  public var bytes: [UInt8]? {
    if case .bytes(let bytes) = self { return bytes }
    return nil
  }
}

/// Which HTTP is spoken to a backend.
public enum HTTPVersion: Sendable, Equatable {
  case one
  /// Over TLS by ALPN; in plain text with prior knowledge.
  case two
  /// What the backend prefers of both in the TLS handshake; in plain text HTTP/1.1.
  case twoOrOne
}

/// How `forward-request` sends a request on.
public struct ForwardSettings: Sendable, Equatable {
  /// Milliseconds until the response's head must be there.
  public var timeoutMilliseconds = 300_000
  /// Error statuses of the backend (400 and above) are errors of the exchange.
  public var failsOnErrorStatus = false
  /// Answers that point elsewhere are followed.
  public var followsRedirects = false
  public var httpVersion = HTTPVersion.one

  public init() {}
}
