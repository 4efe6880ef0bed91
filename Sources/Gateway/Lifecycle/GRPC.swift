import HTTPWire
import NIOCore
import PolicyLibrary

/// What gRPC says in fields of HTTP/2 (the protocol document of the gRPC project).
enum GRPC {
  static let deadlineExceeded = 4
  static let unavailable = 14

  /// The status that a caller takes an answer of HTTP for: the mapping that the protocol gives clients.
  static func status(ofHTTP status: Int) -> Int {
    switch status {
    case 400: 13
    case 401: 16
    case 403: 7
    case 404: 12
    case 429, 502, 503, 504: unavailable
    default: 2
    }
  }

  /// Whether the request is a call: content type `application/grpc`, with or without a format, but not that of gRPC-Web.
  static func isCall(_ request: borrowing MessageHead) -> Bool {
    request.withFirstValue(of: .contentType) { value in
      let prefix = Array("application/grpc".utf8)
      guard value.count >= prefix.count else { return false }
      for i in prefix.indices where value[i] | 0x20 != prefix[i] | 0x20 { return false }
      return value.count == prefix.count || value[prefix.count] == 0x2b || value[prefix.count] == 0x3b
    } ?? false
  }

  /// The time a `grpc-timeout` gives: one to eight digits and a unit; nil for anything else.
  static func timeout(_ text: String) -> TimeAmount? {
    guard (2...9).contains(text.utf8.count), let unit = text.last, let count = Int64(text.dropLast()), count >= 0,
      text.dropLast().allSatisfy({ ("0"..."9").contains($0) })
    else { return nil }
    switch unit {
    case "H": return .hours(count)
    case "M": return .minutes(count)
    case "S": return .seconds(count)
    case "m": return .milliseconds(count)
    case "u": return .microseconds(count)
    case "n": return .nanoseconds(count)
    default: return nil
    }
  }

  /// A message as `grpc-message` carries it: everything but printable ASCII in `%XX`.
  static func encoded(_ message: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var text: [UInt8] = []
    for byte in message.utf8.prefix(1_024) {
      if byte >= 0x20, byte <= 0x7e, byte != 0x25 {
        text.append(byte)
      } else {
        text += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The end of an answer that the gateway cuts off.
  static func trailers(_ status: Int, _ message: String) -> TrailerFields {
    var trailers = TrailerFields()
    trailers.append("grpc-status", "\(status)")
    trailers.append("grpc-message", encoded(message))
    return trailers
  }
}

/// Calls of gRPC: their deadline, and answers that callers understand.
extension RequestLifecycle {
  /// Of the call as a whole; nil without one.
  var callDeadline: NIODeadline? { timing.callDeadline }

  /// Whether the exchange is a call of an API of gRPC.
  var isGRPC: Bool { routed?.isGRPC ?? false }

  /// Takes the deadline from the caller; the backend gets it, too.
  func beginCall() {
    if let text = exchange.request.value(of: "grpc-timeout"), let amount = GRPC.timeout(text) {
      timing.callDeadline = state.clock.now + amount
    }
  }

  /// The caller does not wait any longer.
  func callTimedOut() {
    let message = "The deadline of the call has passed."
    timing.callDeadline = nil
    if timing.isAtBackend {
      upstream?.timedOut()
      return backendFailed("Timeout", message, .never)
    }
    if isStreaming { return client?.abort(.takesNothing) ?? () }
    fail(.internal(source: "forward-request", reason: "Timeout", message: message), plan: plan ?? .empty)
  }

  /// Whether the answer is the gateway's own, and the caller one who looks for a status of gRPC.
  var refusesCall: Bool {
    !exchange.isBackendResponse && GRPC.isCall(exchange.request) && !exchange.response.contains("grpc-status")
  }

  /// Makes the gateway's own answer one of gRPC: HTTP's status is 200, the call's stands in the fields, and there is no body.
  func refuseCall() {
    let status = exchange.response.status
    timing.answeredStatus = status
    let reason = status == 500 ? exchange.lastError?.reason : nil
    let (code, message): (Int, String) =
      switch reason {
      case "Timeout": (GRPC.deadlineExceeded, "The deadline has passed.")
      case "BackendConnectionFailure": (GRPC.unavailable, "The backend cannot be reached.")
      default:
        (
          GRPC.status(ofHTTP: status),
          exchange.lastError.map { $0.responseMessage ?? $0.message } ?? exchange.response.reason
        )
      }
    exchange.responseBody = .none
    do {
      try exchange.response.setStatus(200)
      exchange.response.remove("Content-Length")
      try exchange.response.set(.contentType, "application/grpc")
      try exchange.response.set("grpc-status", "\(code)")
      try exchange.response.set("grpc-message", GRPC.encoded(message))
    } catch {
      // A head that has no room left: the status of HTTP tells, by the same mapping.
      exchange.beginResponse(status)
    }
  }

  /// How an answer ends whose rest will not come.
  func cutOff(_ client: any ClientStream, _ reason: String) {
    guard isGRPC, GRPC.isCall(exchange.request) else { return }
    let isLate = reason == "Timeout"
    client.end(
      GRPC.trailers(
        isLate ? GRPC.deadlineExceeded : GRPC.unavailable,
        isLate ? "The deadline has passed." : "The backend ended the call."))
  }
}
