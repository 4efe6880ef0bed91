import GatewayConfiguration
public import HTTPWire

/// What a backend entity adds to every request, made ready. It is written into a copy of the request's head on its way
/// out, so that neither policies, logs nor another backend ever see it.
public struct BackendCredentials: Sendable {
  private let headers: [(name: HeaderName, values: [String])]
  private let query: [(name: String, values: [String])]

  /// Nil where there is nothing to add.
  init?(_ credentials: Backend.Credentials) {
    var headers: [(name: HeaderName, values: [String])] = []
    for (name, values) in credentials.headers.sorted(by: { $0.key < $1.key }) {
      if let name = HeaderName(name), !values.isEmpty { headers.append((name, values)) }
    }
    if let scheme = credentials.authorizationScheme, !scheme.isEmpty {
      let parameter = credentials.authorizationParameter ?? ""
      headers.append((.authorization, [parameter.isEmpty ? scheme : "\(scheme) \(parameter)"]))
    }
    self.headers = headers
    query = credentials.query.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    if headers.isEmpty, query.isEmpty { return nil }
  }

  /// Puts them in place of whatever the request says under the same names.
  public func add(to head: inout MessageHead) throws(WireError) {
    for (name, values) in headers {
      head.remove(name)
      for value in values { try head.append(name, value) }
    }
    if !query.isEmpty { try head.setTarget(path: head.path, query: added(to: head.query)) }
  }

  /// The same for a request that the gateway makes on its own.
  public func add(to request: inout OutgoingRequest) {
    for (name, values) in headers { request.setHeader(name.text, values.joined(separator: ", ")) }
    guard !query.isEmpty else { return }
    let path = request.target.prefix { $0 != "?" }
    let own = request.target.dropFirst(path.count + 1)
    request.target = "\(path)?\(added(to: own.isEmpty ? nil : String(own)) ?? "")"
  }

  private func added(to query: String?) -> String? {
    // What the caller wrote stays as it was written, but for parameters of these names.
    var parts = (query ?? "").split(separator: "&").filter { part in
      let name = QueryText.decode(part.prefix { $0 != "=" })
      return !self.query.contains { QueryText.equal($0.name, name) }
    }.map(String.init)
    for (name, values) in self.query {
      for value in values { parts.append("\(QueryText.encode(name))=\(QueryText.encode(value))") }
    }
    return parts.isEmpty ? nil : parts.joined(separator: "&")
  }
}
