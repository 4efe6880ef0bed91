public import GatewayConfiguration

/// What is known of a request before any policy runs.
public struct ExchangeFacts {
  public var service: ServiceIdentity
  public var gateway: GatewayIdentity
  public var api: API?
  public var operation: GatewayConfiguration.Operation?
  /// The product in whose context the call is made.
  public var product: Product?
  public var subscription: Subscription?
  /// The subscription's owner.
  public var user: User?
  /// The identifier of the running gateway process.
  public var instanceID = ""
  /// The caller's address without port.
  public var clientAddress = ""
  public var isTLS = false
  /// The port the request came in on.
  public var localPort = 0
  /// Ticks (100 ns since 0001-01-01) when the request's first byte came.
  public var receivedTicks: Int64 = 0
  /// As in the log: a GUID in the form `D`.
  public var requestID = ""
  /// The request's target as received.
  public var originalTarget = ""
  /// Where the API would send the request, if no policy says otherwise.
  public var backend: BackendTarget?
  /// Bytes at the start of the request's path that name the API.
  public var apiPathLength = 0

  public init(service: ServiceIdentity, gateway: GatewayIdentity) {
    self.service = service
    self.gateway = gateway
  }
}

/// Where facts come from that few policies ask for; read only when asked.
public protocol ExchangeSource: AnyObject {
  /// The parameters of the operation's template with their values, decoded, in template order.
  func matchedParameters() -> [(name: String, value: String)]
  /// The certificate the client showed, as DER.
  func clientCertificate() -> [UInt8]?
}
