/// A response held in a variable (`IResponse`), such as the answer to a `send-request`.
public final class ResponseMessage {
  public let statusCode: Int
  public let statusReason: String
  /// Headers in order; lookups ignore case.
  public let headers: [(name: String, values: [String])]
  private var content: [UInt8]?

  public init(statusCode: Int, statusReason: String, headers: [(name: String, values: [String])], body: [UInt8]?) {
    self.statusCode = statusCode
    self.statusReason = statusReason
    self.headers = headers
    self.content = body
    self.hasBody = body != nil
  }

  /// Whether there was a body, consumed or not.
  public let hasBody: Bool

  /// The body; without `preserve` it is gone afterwards. nil when there was none or it is gone.
  public func body(preserve: Bool) -> [UInt8]? {
    defer { if !preserve { content = nil } }
    return content
  }

  /// The values of a header, ignoring case of the name.
  public func headerValues(_ name: String) -> [String]? {
    let wanted = name.lowercased()
    return headers.first { $0.name.lowercased() == wanted }?.values
  }
}
