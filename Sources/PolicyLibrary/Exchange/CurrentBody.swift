import Expressions
import HTTPWire

/// The body that a policy which rewrites bodies works on: the request's in inbound and backend, the response's elsewhere.
struct CurrentBody: Sendable {
  let isResponse: Bool

  /// Asks for the body to be held for the policy that is being compiled.
  init(_ plan: PolicyCompilation) {
    isResponse = plan.section == .outbound || plan.section == .onError
    if isResponse { plan.readsResponseBody = true } else { plan.readsRequestBody = true }
  }

  private var message: ContextMessage { isResponse ? .response : .request }

  /// The bytes; nil when there is no body, or an empty one.
  func bytes(_ exchange: Exchange) -> [UInt8]? {
    let body = isResponse ? exchange.responseBody : exchange.requestBody
    guard let bytes = body.bytes, !bytes.isEmpty else { return nil }
    return bytes
  }

  func contentType(_ exchange: Exchange) -> String { exchange.header("Content-Type", of: message) ?? "" }

  /// `Content-Encoding`.
  func encoding(_ exchange: Exchange) -> String? { exchange.header("Content-Encoding", of: message) }

  /// Puts another body in place.
  ///
  /// - Parameter contentType: of the new body; nil leaves the header alone.
  func replace(_ exchange: Exchange, _ bytes: [UInt8], contentType: String? = nil) throws(PolicyError) {
    do {
      if isResponse {
        exchange.responseBody = .bytes(bytes)
        exchange.response.remove("Content-Encoding")
        if let contentType { try exchange.response.set("Content-Type", contentType) }
      } else {
        exchange.requestBody = .bytes(bytes)
        exchange.request.remove("Content-Encoding")
        if let contentType { try exchange.request.set("Content-Type", contentType) }
      }
    } catch {
      throw .internal(
        source: exchange.place?.policy ?? "", reason: "InvalidHeaderValue",
        message: "The type of the converted body cannot be written: \(error)")
    }
  }
}

/// What a media type says of a body.
enum MediaType {
  static func isXML(_ text: String) -> Bool { matches(text, "xml") }
  static func isJSON(_ text: String) -> Bool { matches(text, "json") }

  /// Whether two types are the same, whatever parameters follow.
  static func isSame(_ a: String, _ b: String) -> Bool { bare(a) == bare(b) }

  private static func bare(_ text: String) -> String { text.prefix { $0 != ";" }.lowercased().trimmed }

  /// `application/name`, `text/name` or `…+name`, whatever parameters follow.
  private static func matches(_ text: String, _ name: String) -> Bool {
    let type = bare(text)
    return type == "application/" + name || type == "text/" + name || type.hasSuffix("+" + name)
  }

  /// Whether a list of media types names one that passes, and does not refuse it with `q=0`.
  static func accepts(_ header: String, _ test: (String) -> Bool) -> Bool {
    header.split(separator: ",").contains { entry in
      let parameters = entry.split(separator: ";").dropFirst().map { $0.lowercased().filter { $0 != " " } }
      let isRefused = parameters.contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
      return test(String(entry)) && !isRefused
    }
  }
}
