import GatewayConfiguration
import HTTPWire

/// Why no operation takes a request, in words for whoever runs the gateway: which part did not match.
extension RouteTable {
  /// APIs of one path that are spoken of; there may be one for each version.
  private static let spokenOf = 4
  /// Characters of a request's path that are shown.
  private static let shown = 200

  /// Costs about what ``find(_:isTLS:)`` does, whatever the number of APIs.
  func explanation(_ request: borrowing MessageHead, isTLS: Bool) -> String {
    let path = String(request.path.prefix(Self.shown))
    guard let (apis, end) = deepest(request) else { return "No API has a path with which '\(path)' begins." }
    var reasons: [String] = []
    for routed in apis.prefix(Self.spokenOf) {
      let api = routed.api.value
      let name = "API '\(api.id)'" + (api.version.map { " (version '\($0)')" } ?? "")
      if let reason = routed.misfit(request, isTLS: isTLS) {
        reasons.append("\(name) \(reason).")
        continue
      }
      let candidates = routed.operations.candidates(request, from: end).map { api.operations[$0] }
      let methods = candidates.map(\.method)
      let rest = String(request.path.dropFirst(end).prefix(Self.shown))
      if let near = candidates.first(where: { $0.method == request.method || $0.method == "*" }) {
        reasons.append("\(name) has the path, but '\(near.urlTemplate.prefix(Self.shown))' asks for another query.")
        continue
      }
      reasons.append(
        methods.isEmpty
          ? "\(name) has the path, but none of its \(api.operations.count) operations has a template for '\(rest)'."
          : "\(name) has the path, but '\(rest)' takes \(Set(methods).sorted().joined(separator: ", ")), "
            + "not \(request.method.prefix(20)).")
    }
    if apis.count > Self.spokenOf { reasons.append("\(apis.count - Self.spokenOf) more APIs have this path.") }
    return reasons.joined(separator: " ")
  }

  /// The APIs of the longest path with which the request's begins, and where that ends.
  private func deepest(_ request: borrowing MessageHead) -> (apis: [RoutedAPI], end: Int)? {
    let path = request.pathBytes
    var hash = PathHash()
    var (end, level) = (0, 0)
    var found = apis(hash.value, path, end).map { ($0, end) }
    while level < depth, end < path.count {
      repeat {
        hash.add(path[end])
        end &+= 1
      } while end < path.count && path[end] != 0x2f
      level &+= 1
      if let apis = apis(hash.value, path, end) { found = (apis, end) }
    }
    return found
  }
}

extension RoutedAPI {
  /// Why the API is not meant by a request to its path; nil when it is.
  func misfit(_ request: borrowing MessageHead, isTLS: Bool) -> String? {
    if fits(request, isTLS: isTLS) { return nil }
    let api = api.value
    let schemes = api.protocols.map(\.rawValue).sorted().joined(separator: ", ")
    if !api.protocols.contains(isTLS ? .https : .http), !(request.asksUpgrade && takesUpgrade(isTLS: isTLS)) {
      return "takes \(schemes), and the request came over \(isTLS ? "https" : "http")"
    }
    let place = api.versionSet?.parameterName ?? ""
    let isHeader = api.versionSet?.scheme == .header
    let asked =
      isHeader ? request.value(of: place) : QueryScan.value(of: place, in: Array((request.query ?? "").utf8))
    return "is not the version that the request asks for: its \(isHeader ? "header" : "parameter") '\(place)' "
      + (asked.map { "is '\($0.prefix(80))'" } ?? "is missing")
  }
}
