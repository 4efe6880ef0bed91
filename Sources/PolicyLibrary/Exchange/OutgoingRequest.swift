public import Expressions

/// A request that a policy makes on its own: `send-request`, tokens, events.
public struct OutgoingRequest: Sendable {
  public var method: String
  /// Connection, base path and Host value; its base path is part of ``target`` already.
  public var origin: Origin
  /// Value of the Host field.
  public var host: String
  /// Path and query, percent-encoded.
  public var target: String
  public var headers: [(name: String, value: String)] = []
  /// Nil sends no body; an empty one is declared with its length.
  public var body: [UInt8]?
  /// Milliseconds until the whole response must be there.
  public var timeoutMilliseconds = 60_000
  /// The most bytes of the answer's body; a larger one is a failure. The client has a bound of its own, 64 MiB.
  public var answerBound = 64 << 20
  /// Offered in the TLS handshake.
  public var clientCertificate: ClientCertificate?
  /// The HTTP proxy to go through.
  public var proxy: ProxyServer?

  public init(method: String, url: RequestURL) {
    self.method = method
    origin = url.origin
    host = url.host
    target = url.target
  }

  /// A request of the gateway's own to a backend: with its credentials, at a path from the root of its host.
  public init(method: String, target backend: BackendTarget, path: String) {
    self.method = method
    origin = backend.origin
    host = String(decoding: backend.host, as: UTF8.self)
    target = path
    clientCertificate = backend.origin.clientCertificate
    proxy = backend.origin.proxy
    backend.credentials?.add(to: &self)
  }

  /// Puts the value in place of all lines of a header.
  public mutating func setHeader(_ name: String, _ value: String) {
    headers.removeAll { $0.name.lowercased() == name.lowercased() }
    headers.append((name, value))
  }
}

/// A certificate with its key, for the client's side of a TLS handshake. Cheap to compare, as connections are told apart
/// by it.
public final class ClientCertificate: Sendable, Hashable {
  public enum Source: Sendable, Hashable {
    /// Leaf first, and the key, both as PEM.
    case pem(certificates: String, key: String)
    case pkcs12([UInt8], password: String?)
  }

  public let source: Source
  private let hash: Int

  public init(source: Source) {
    self.source = source
    hash = source.hashValue
  }

  public static func == (a: ClientCertificate, b: ClientCertificate) -> Bool {
    a === b || a.hash == b.hash && a.source == b.source
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// An HTTP proxy between gateway and backend.
public struct ProxyServer: Sendable, Hashable {
  public var host: String
  public var port: Int
  /// The value of `Proxy-Authorization`.
  public var authorization: String?

  public init(host: String, port: Int, authorization: String? = nil) {
    self.host = host
    self.port = port
    self.authorization = authorization
  }
}

/// Why a request of a policy has no response.
public struct OutgoingFailure: Error, Sendable, Equatable {
  public enum Reason: String, Sendable {
    case timeout = "Timeout"
    case connection = "BackendConnectionFailure"
  }

  public var reason: Reason
  public var message: String

  public init(reason: Reason, message: String) {
    self.reason = reason
    self.message = message
  }
}

/// What came of a request of a policy.
public typealias OutgoingResult = Result<ResponseMessage, OutgoingFailure>
