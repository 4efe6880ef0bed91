/// A request that cannot go on: what `context.LastError` says of it, and the response the caller gets unless an
/// `on-error` section makes another.
public struct PolicyError: Error, Sendable, Equatable {
  /// The policy or built-in step that failed: `rate-limit-by-key`, `configuration`, `authorization`, `forward-request`.
  public var source: String
  /// A stable word such as `RateLimitExceeded`.
  public var reason: String
  /// What `context.LastError.Message` says.
  public var message: String
  /// What the request's record says behind the message: for whoever runs the gateway, not for callers or policies.
  public var detail: String?
  /// Of the default response.
  public var status: Int
  /// The message in the body of the default response; nil shows ``message``.
  public var responseMessage: String?
  /// A body of JSON in place of the usual one with status and message.
  public var responseBody: String?
  /// Further headers of the default response.
  public var headers: [Header] = []
  public var scope: String?
  public var section: String?
  /// Where the policy stands: `choose[1]/when[2]`.
  public var path: String?
  /// The `id` attribute of the failing policy.
  public var policyID: String?

  public struct Header: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public init(
    source: String, reason: String, message: String, status: Int, responseMessage: String? = nil,
    headers: [Header] = []
  ) {
    self.source = source
    self.reason = reason
    self.message = message
    self.status = status
    self.responseMessage = responseMessage
    self.headers = headers
  }

  /// Something inside failed; the caller learns no details.
  public static func `internal`(source: String, reason: String, message: String) -> PolicyError {
    PolicyError(source: source, reason: reason, message: message, status: 500, responseMessage: "Internal server error")
  }
}
