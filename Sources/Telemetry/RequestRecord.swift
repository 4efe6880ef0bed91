/// One request through a gateway, as `GatewayLogs` records it.
///
/// Times are whole milliseconds unless said otherwise; absent values are nil and are left out of every format.
/// Field names and meanings: Azure Monitor's `ApiManagementGatewayLogs` table.
public struct RequestRecord: Codable, Sendable, Equatable {
  /// How a response cache took part.
  public enum Cache: String, Codable, Sendable {
    case hit, miss, none
  }

  /// A caller's wish for a trace of its request, and what came of it.
  public enum Tracing: Int, Codable, Sendable {
    case refused, allowed, expired
  }

  /// An error met while a request was processed, the last or one of several.
  public struct ProcessingError: Codable, Sendable, Equatable {
    /// Milliseconds from the request's first byte.
    public var elapsed: Int
    public var source: String
    public var scope: String?
    public var section: String?
    public var reason: String
    public var message: String

    public init(
      elapsed: Int, source: String, scope: String? = nil, section: String? = nil, reason: String, message: String
    ) {
      self.elapsed = elapsed
      self.source = source
      self.scope = scope
      self.section = section
      self.reason = reason
      self.message = message
    }
  }

  /// When processing began, in microseconds since 1970-01-01 UTC.
  public var timeGenerated: Int64
  /// `context.RequestId`.
  public var correlationId: String
  /// The gateway resource's name.
  public var gatewayId: String
  /// The gateway's location name.
  public var region: String
  public var isRequestSuccess: Bool
  public var totalTime: Int
  public var backendTime: Int?
  public var cacheTime: Int?
  public var clientTime: Int?
  /// The TCP peer.
  public var callerIpAddress: String
  public var method: String
  public var url: String
  /// `HTTP/1.1`, `HTTP/2`.
  public var clientProtocol: String
  /// `1.2`, `1.3`; nil without TLS.
  public var clientTlsVersion: String?
  public var responseCode: Int
  /// Bytes sent to the client, head and body.
  public var responseSize: Int
  /// Bytes received from the client, head and body.
  public var requestSize: Int
  public var cache: Cache
  public var backendMethod: String?
  public var backendUrl: String?
  public var backendProtocol: String?
  public var backendResponseCode: Int?
  public var backendId: String?
  public var apiId: String?
  public var apiRevision: String?
  public var operationId: String?
  public var productId: String?
  public var userId: String?
  public var apimSubscriptionId: String?
  /// Nil outside of workspaces.
  public var workspaceId: String?
  /// The request's place in a distributed trace, when there is one.
  public var trace: TraceContext?
  /// What the caller asked of request tracing; nil when nothing.
  public var tracing: Tracing?
  /// Every error met, oldest first; the last is `lastError…` in the flat formats. At most 16.
  public var errors: [ProcessingError]

  public init(
    timeGenerated: Int64, correlationId: String, gatewayId: String, region: String, isRequestSuccess: Bool,
    totalTime: Int, callerIpAddress: String, method: String, url: String, clientProtocol: String, responseCode: Int,
    responseSize: Int, requestSize: Int, cache: Cache = .none, errors: [ProcessingError] = []
  ) {
    self.timeGenerated = timeGenerated
    self.correlationId = correlationId
    self.gatewayId = gatewayId
    self.region = region
    self.isRequestSuccess = isRequestSuccess
    self.totalTime = totalTime
    self.callerIpAddress = callerIpAddress
    self.method = method
    self.url = url
    self.clientProtocol = clientProtocol
    self.responseCode = responseCode
    self.responseSize = responseSize
    self.requestSize = requestSize
    self.cache = cache
    self.errors = errors
  }

  public var lastError: ProcessingError? { errors.last }

  /// `Successful`, `Unauthorized`, `Erroneous` or `Other`, as Azure Monitor groups status codes.
  public var statusCodeCategory: String { Self.statusCodeCategory(responseCode) }

  static func statusCodeCategory(_ code: Int) -> String {
    switch code {
    case ...301, 304, 307: "Successful"
    case 401, 403, 429: "Unauthorized"
    case 400, 500...599: "Erroneous"
    default: "Other"
    }
  }
}
