import GatewayConfiguration
public import HTTPWire

extension ForwardSettings {
  /// Whether the plan wants to see the answer before it goes on.
  var looksAtAnswer: Bool { failsOnErrorStatus || followsRedirects }
}

/// The way of the request to its backend.
extension Exchange {
  /// Redirects followed at most, as .NET's client has it.
  static let redirectBound = 50

  /// Puts the backend's base path in front of the request's own path; on another attempt, in place of the former
  /// backend's.
  public func bindPath(to backend: BackendTarget) throws(WireError) {
    if isPathBound {
      let bound = boundBackend?.basePath ?? []
      if backend.basePath != bound {
        try request.replacePathPrefix(dropping: min(bound.count, request.pathLength), with: backend.basePath)
      }
    } else {
      try request.replacePathPrefix(dropping: apiPathLength, with: backend.basePath)
    }
    boundBackend.renew(backend)
    isPathBound = true
  }

  /// A backend as policies want it to be reached: with their certificate, through their proxy; nil for as it is.
  public func asReached(_ backend: BackendTarget) -> BackendTarget? {
    if backendCertificate == nil, proxy == nil { return nil }
    return BackendTarget(backend, showing: backendCertificate, through: proxy)
  }

  /// The address that the request goes to as it stands now.
  func currentURL(of backend: BackendTarget) -> RequestURL {
    let path = isPathBound ? request.path : request.path(replacing: apiPathLength, by: backend.basePath)
    return RequestURL(
      origin: backend.origin, host: String(decoding: backend.host, as: UTF8.self), path: path, query: request.query)
  }

  /// What the backend's answer means for the plan, where `forward-request` asks for more than to pass it on.
  func looksAtAnswer(_ settings: ForwardSettings) throws(PolicyError) -> StepResult {
    if settings.followsRedirects, try followRedirect() { return .forward(settings) }
    if settings.failsOnErrorStatus, response.status >= 400 {
      throw .internal(
        source: "forward-request", reason: "BackendErrorStatusCode", message: "The backend answered \(response.status)."
      )
    }
    return .proceed
  }

  /// Makes the request that a redirect asks for; false when the answer is none that can be followed. As .NET's client:
  /// 303, and 301 and 302 to a POST, become a GET; from TLS there is no way to plain text.
  private func followRedirect() throws(PolicyError) -> Bool {
    guard [301, 302, 303, 307, 308].contains(response.status), redirects < Self.redirectBound,
      let backend = boundBackend ?? backend,
      let location = response.value(of: "Location"), !location.isEmpty
    else { return false }
    let base = currentURL(of: backend)
    guard let url = base.resolving(location), !backend.origin.isTLS || url.origin.isTLS else { return false }
    let becomesGet =
      response.status == 303 ? request.methodKind != .head : response.status < 303 && request.methodKind == .post
    // A body that has passed cannot be sent again.
    if !becomesGet, requestBody == .streaming || requestBody == .consumed { return false }
    do {
      if becomesGet {
        try request.setMethod("GET")
        requestBody = .none
        for name in ["Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding"] { request.remove(name) }
      }
      if url.origin.host != backend.origin.host { request.remove(.authorization) }
      try request.setTarget(path: url.path.isEmpty ? "/" : url.path, query: url.query)
      let root = RequestURL(origin: url.origin, host: url.host, path: "", query: nil)
      // What proves the gateway to a backend is for that backend alone.
      let isSame =
        url.origin.host == backend.origin.host && url.origin.port == backend.origin.port
        && url.origin.isTLS == backend.origin.isTLS
      if !isSame { backendCertificate = nil }
      self.backend = try BackendTarget(
        url: root.text, validatesChain: backend.origin.validatesChain, validatesName: backend.origin.validatesName,
        credentials: isSame ? backend.credentials : nil,
        clientCertificate: isSame ? backend.origin.clientCertificate : nil, proxy: backend.origin.proxy)
    } catch {
      throw .internal(
        source: "forward-request", reason: "InvalidRedirect", message: "'\(location)' is no address to go on to.")
    }
    boundBackend = nil
    isPathBound = true
    redirects += 1
    return true
  }
}

extension RequestURL {
  /// The address that a `Location` names, seen from this one (RFC 3986 §5.2, without dot segments); nil when it is none.
  func resolving(_ location: String) -> RequestURL? {
    if location.hasPrefix("//") { return try? RequestURL("\(origin.isTLS ? "https" : "http"):\(location)") }
    if let colon = location.firstIndex(of: ":"), location[colon...].hasPrefix("://") {
      return try? RequestURL(location)
    }
    let root = "\(origin.isTLS ? "https" : "http")://\(host)"
    if location.hasPrefix("/") { return try? RequestURL(root + location) }
    if location.hasPrefix("?") { return try? RequestURL(root + path + location) }
    let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
    return try? RequestURL(root + folder + location)
  }
}
