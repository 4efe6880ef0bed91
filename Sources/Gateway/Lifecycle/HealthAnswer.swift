import HTTPWire
import PolicyLibrary

/// Answers about the gateway itself, on paths that no API may have: gateway-facts.md, health endpoints.
struct HealthAnswer {
  var status: Int
  var contentType = "application/json"
  var body: String

  init(status: Int, message: String) {
    self.status = status
    body = "{ \"statusCode\": \(status), \"message\": \(Self.quoted(message)) }"
  }

  private init(text: String) {
    status = 200
    contentType = "text/plain"
    body = text
  }

  /// The answer to a health question; nil when the request is none.
  ///
  /// `/livez` says that the process works; the others, that it can serve: it has a configuration and does not drain.
  static func to(_ request: borrowing MessageHead, _ state: LoopState) -> HealthAnswer? {
    guard request.methodKind == .get || request.methodKind == .head else { return nil }
    // No text is made of the path unless it is as long as one of these.
    switch request.pathLength {
    case 6, 7, 9, 24, 33: break
    default: return nil
    }
    switch request.path {
    case "/livez": return HealthAnswer(text: "OK")
    case "/status-0123456789abcdef", "/internal-status-0123456789abcdef", "/readyz", "/startupz":
      if state.configuration == nil {
        return HealthAnswer(status: 503, message: state.notReadyReason ?? "no configuration yet")
      } else if state.isDraining {
        return HealthAnswer(status: 503, message: "draining: this gateway is about to end")
      } else {
        return HealthAnswer(text: "OK")
      }
    default: return nil
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
