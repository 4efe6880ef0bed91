/// Where a backend listens, and how its certificate is checked: requests to equal origins share connections.
public struct Origin: Sendable, Hashable {
  public var isTLS: Bool
  /// Lower case, without brackets around an IPv6 address.
  public var host: String
  public var port: Int
  public var validatesChain: Bool
  public var validatesName: Bool
  /// Offered in the TLS handshake.
  public var clientCertificate: ClientCertificate?
  /// The HTTP proxy that connections go through.
  public var proxy: ProxyServer?

  public init(
    isTLS: Bool, host: String, port: Int, validatesChain: Bool = true, validatesName: Bool = true,
    clientCertificate: ClientCertificate? = nil, proxy: ProxyServer? = nil
  ) {
    self.isTLS = isTLS
    self.host = host
    self.port = port
    self.validatesChain = validatesChain
    self.validatesName = validatesName
    self.clientCertificate = clientCertificate
    self.proxy = proxy
  }

  /// Where a request of a policy goes.
  public init(of request: OutgoingRequest) {
    self = request.origin
    clientCertificate = isTLS ? request.clientCertificate : nil
    proxy = request.proxy
  }
}

/// A backend's base URL made ready: connection, path before the request's own, Host value.
public final class BackendTarget: Sendable {
  public let origin: Origin
  /// Percent-encoded; empty or beginning with a slash, never ending with one.
  public let basePath: [UInt8]
  /// Value of the Host field: the port is left out where it is the scheme's own.
  public let host: [UInt8]
  /// The URL without its query, for records.
  public let url: String
  /// The identifier of the backend entity, if the target came from one.
  public let backendID: String?
  /// What every request gets added on its way.
  public let credentials: BackendCredentials?

  /// Why a text is no backend URL.
  public struct Failure: Error, Sendable, Equatable {
    public var message: String
  }

  /// Reads `http://` or `https://` URLs (also `ws`, `wss`); user information is refused, a query or fragment is ignored.
  public init(
    url text: String, validatesChain: Bool = true, validatesName: Bool = true, backendID: String? = nil,
    credentials: BackendCredentials? = nil, clientCertificate: ClientCertificate? = nil,
    proxy: ProxyServer? = nil
  ) throws(Failure) {
    let address: RequestURL
    do { address = try RequestURL(text, validatesChain: validatesChain, validatesName: validatesName) } catch {
      throw Failure(message: error.message)
    }
    var origin = address.origin
    origin.clientCertificate = clientCertificate
    origin.proxy = proxy
    self.origin = origin
    var base = Array(address.path.utf8)
    while base.last == 0x2f { base.removeLast() }
    basePath = base
    host = Array(address.host.utf8)
    url = "\(origin.isTLS ? "https" : "http")://\(address.host)\(String(decoding: base, as: UTF8.self))"
    self.backendID = backendID
    self.credentials = credentials
  }

  /// The same backend, reached in another way.
  /// - Parameters:
  ///   - certificate: shown instead of the target's own; nil leaves that.
  ///   - proxy: in place of the target's own; nil leaves that.
  init(_ target: BackendTarget, showing certificate: ClientCertificate?, through proxy: ProxyServer?) {
    var origin = target.origin
    if origin.isTLS, let certificate { origin.clientCertificate = certificate }
    if let proxy { origin.proxy = proxy }
    self.origin = origin
    basePath = target.basePath
    host = target.host
    url = target.url
    backendID = target.backendID
    credentials = target.credentials
  }
}
