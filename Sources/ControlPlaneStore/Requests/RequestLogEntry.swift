public import Foundation

/// One request as the log keeps it: the fields that are searched, and the whole record as JSON text beside them.
public struct RequestLogEntry: Sendable, Hashable {
  /// When the gateway began to process the request.
  public var time: Date
  /// The resource names of what handled and what was matched; empty when nothing was.
  public var gatewayID: String
  public var apiID: String
  public var operationID: String
  public var productID: String
  public var subscriptionID: String
  public var userID: String
  /// The location name of the gateway.
  public var region: String
  public var correlationID: String
  public var method: String
  public var url: String
  public var callerAddress: String
  public var responseCode: Int
  public var backendResponseCode: Int?
  public var requestSize: Int64
  public var responseSize: Int64
  /// `hit`, `miss` or `none`.
  public var cache: String
  /// First byte received to last byte sent, and the share the backend took, in milliseconds.
  public var totalMilliseconds: Double
  public var backendMilliseconds: Double
  /// The machine code of the last error, empty when there was none.
  public var lastErrorReason: String
  /// The complete record as JSON text.
  public var record: String

  public init(
    time: Date, gatewayID: String, apiID: String = "", operationID: String = "", productID: String = "",
    subscriptionID: String = "", userID: String = "", region: String = "", correlationID: String = "",
    method: String = "", url: String = "", callerAddress: String = "", responseCode: Int = 0,
    backendResponseCode: Int? = nil, requestSize: Int64 = 0, responseSize: Int64 = 0, cache: String = "none",
    totalMilliseconds: Double = 0, backendMilliseconds: Double = 0, lastErrorReason: String = "", record: String = "{}"
  ) {
    self.time = time
    self.gatewayID = gatewayID
    self.apiID = apiID
    self.operationID = operationID
    self.productID = productID
    self.subscriptionID = subscriptionID
    self.userID = userID
    self.region = region
    self.correlationID = correlationID
    self.method = method
    self.url = url
    self.callerAddress = callerAddress
    self.responseCode = responseCode
    self.backendResponseCode = backendResponseCode
    self.requestSize = requestSize
    self.responseSize = responseSize
    self.cache = cache
    self.totalMilliseconds = totalMilliseconds
    self.backendMilliseconds = backendMilliseconds
    self.lastErrorReason = lastErrorReason
    self.record = record
  }
}
