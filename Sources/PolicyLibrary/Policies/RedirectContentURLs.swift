import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `redirect-content-urls`: the backend's address in bodies becomes the gateway's, and in requests the reverse.
  static let redirectContentURLs = PolicyDefinition("redirect-content-urls", in: [.inbound, .outbound], isOnce: true) {
    element, plan in
    AttributeReader(element, plan).finish()
    plan.allowChildren([], in: element)
    let isResponse = plan.section == .outbound
    if isResponse { plan.readsResponseBody = true } else { plan.readsRequestBody = true }
    plan.emit(RedirectContentURLs(isResponse: isResponse), element)
  }
}

struct RedirectContentURLs: PolicyStep {
  let isResponse: Bool

  func run(_ exchange: Exchange) -> StepResult {
    guard let backend = exchange.backend,
      let body = isResponse ? exchange.responseBody.bytes : exchange.requestBody.bytes, !body.isEmpty
    else { return .proceed }
    let path = exchange.facts.api.map { $0.path.isEmpty ? "" : "/" + $0.path } ?? ""
    let host = exchange.text(.originalUrlHost) ?? ""
    let port = exchange.number(.originalUrlPort) ?? 0
    let shows = port != (exchange.facts.isTLS ? 443 : 80)
    let gateway = "\(exchange.facts.isTLS ? "https" : "http")://\(host)\(shows ? ":\(port)" : "")\(path)"
    let (from, to) = isResponse ? (backend.url, gateway) : (gateway, backend.url)
    let changed = ByteReplacement.replace(Array(from.utf8), with: Array(to.utf8), in: body)
    if isResponse { exchange.responseBody = .bytes(changed) } else { exchange.requestBody = .bytes(changed) }
    return .proceed
  }
}

/// Replaces bytes by others.
enum ByteReplacement {
  static func replace(_ from: [UInt8], with to: [UInt8], in bytes: [UInt8]) -> [UInt8] {
    guard let first = from.first, bytes.count >= from.count else { return bytes }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var i = 0
    while i < bytes.count {
      if bytes[i] == first, i + from.count <= bytes.count, bytes[i..<(i + from.count)].elementsEqual(from) {
        result += to
        i += from.count
      } else {
        result.append(bytes[i])
        i += 1
      }
    }
    return result
  }
}
