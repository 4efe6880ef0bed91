/// Why an exchange has lost its client: by whose doing, for the record.
enum ClientLoss {
  /// It went away, or gave the stream up.
  case left
  /// It took nothing of its answer for as long as the settings give it.
  case takesNothing
  /// It did not go on with the request's body in that time.
  case sendsNothing
  /// What it sent cannot be read on.
  case isMalformed
  /// The gateway has ended, and had waited for as long as it may.
  case gatewayEnded

  var message: String {
    switch self {
    case .left: "The client closed the connection before its answer was complete."
    case .takesNothing: "The client took nothing of its answer for too long."
    case .sendsNothing: "The client did not go on with the request's body in time."
    case .isMalformed: "What the client sent is not valid HTTP, or too much; its answer was given up."
    case .gatewayEnded: "The gateway ended before the answer was complete."
    }
  }
}
