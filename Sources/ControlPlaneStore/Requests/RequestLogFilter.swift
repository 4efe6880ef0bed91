public import Foundation

/// Which requests of the log are meant: every condition that is set must hold.
public struct RequestLogFilter: Sendable, Hashable {
  /// From this time on, and up to this time, both included.
  public var from: Date?
  public var to: Date?
  /// Exact names, compared without regard to case.
  public var gatewayID: String?
  public var apiID: String?
  public var operationID: String?
  public var productID: String?
  public var subscriptionID: String?
  public var userID: String?
  public var region: String?
  public var correlationID: String?
  public var method: String?
  /// The bounds of the response code, both included.
  public var responseCodes: ClosedRange<Int>?
  /// A part of the URL, without regard to case.
  public var urlContains: String?

  public init(
    from: Date? = nil, to: Date? = nil, gatewayID: String? = nil, apiID: String? = nil, operationID: String? = nil,
    productID: String? = nil, subscriptionID: String? = nil, userID: String? = nil, region: String? = nil,
    correlationID: String? = nil, method: String? = nil, responseCodes: ClosedRange<Int>? = nil,
    urlContains: String? = nil
  ) {
    self.from = from
    self.to = to
    self.gatewayID = gatewayID
    self.apiID = apiID
    self.operationID = operationID
    self.productID = productID
    self.subscriptionID = subscriptionID
    self.userID = userID
    self.region = region
    self.correlationID = correlationID
    self.method = method
    self.responseCodes = responseCodes
    self.urlContains = urlContains
  }
}

/// What the requests of a summary have in common.
public enum RequestLogGrouping: Sendable, Hashable {
  case api
  case operation
  case product
  case subscription
  case user
  case gateway
  case region
  /// Intervals of so many seconds since 1970.
  case time(seconds: Int)
}

/// The sums over one group of requests, as ARM's reports name them.
public struct RequestLogSummary: Sendable, Hashable {
  /// The names the group stands for; those that are no part of the grouping are empty.
  public var apiID: String
  public var operationID: String
  public var productID: String
  public var subscriptionID: String
  public var userID: String
  public var gatewayID: String
  public var region: String
  /// The beginning of the interval, for a grouping by time.
  public var time: Date?
  /// Responses up to 301, 304 and 307; 401, 403 and 429; 400 and 500 to 599; every other; all together.
  public var successCount: Int
  public var blockedCount: Int
  public var failedCount: Int
  public var otherCount: Int
  public var totalCount: Int
  /// Bytes of requests and responses.
  public var bandwidth: Int64
  public var cacheHitCount: Int
  public var cacheMissCount: Int
  /// Milliseconds from first byte to last, and those the backend took.
  public var apiTime: Spread
  public var serviceTime: Spread

  /// Mean, least and greatest of a time in milliseconds.
  public struct Spread: Sendable, Hashable {
    public var average: Double
    public var minimum: Double
    public var maximum: Double
  }
}
