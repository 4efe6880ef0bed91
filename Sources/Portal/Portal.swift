import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
public import Hummingbird
public import ManagementAPI
import NIOCore

/// The portal: pages over the same service that the REST API calls.
public struct Portal: Sendable {
  private let service: ManagementService
  private let sessions = SessionStore()
  private static let cookie = "postern-session"
  /// Bytes of a form at most.
  private static let formBound = 64 << 10

  public init(service: ManagementService) { self.service = service }

  public func add(to router: Router<BasicRequestContext>) {
    router.get("/") { _, _ in Self.redirect("/portal/gateways") }
    router.get("/portal") { _, _ in Self.redirect("/portal/gateways") }
    router.get("/portal/sign-in") { _, _ in Self.page(Templates.signIn, "Sign in", ["signedIn": false]) }
    router.post("/portal/sign-in") { request, _ in try await signIn(request) }
    router.post("/portal/sign-out") { request, _ in
      if let name = Self.session(request) { sessions.end(name) }
      return Self.redirect("/portal/sign-in")
    }
    router.get("/portal/gateways") { request, _ in await signedIn(request) { try await gateways() } }
    router.post("/portal/gateways") { request, _ in await signedIn(request) { try await createGateway(request) } }
    router.get("/portal/gateways/:id") { request, context in
      await signedIn(request) { try await gateway(context.parameters.get("id") ?? "") }
    }
    router.post("/portal/gateways/:id/apis") { request, context in
      await signedIn(request) { try await chooseAPIs(request, context.parameters.get("id") ?? "") }
    }
    router.post("/portal/gateways/:id/deployment") { request, context in
      await signedIn(request) { try await deployment(request, context.parameters.get("id") ?? "") }
    }
    router.get("/portal/apis") { request, _ in await signedIn(request) { try await apis() } }
    router.get("/portal/requests") { request, _ in await signedIn(request) { try await requests(request) } }
  }

  // MARK: - Signing in

  private func signIn(_ request: Request) async throws -> Response {
    let form = try await Self.form(request)
    guard Self.isOwnOrigin(request), service.isAdministrator(form["credential"]?.first ?? "") else {
      return Self.page(
        Templates.signIn, "Sign in", ["signedIn": false, "error": "That is not the administrator credential."],
        status: .unauthorized)
    }
    var response = Self.redirect("/portal/gateways")
    let secure = request.head.scheme == "https" ? "; Secure" : ""
    response.headers[.setCookie] =
      "\(Self.cookie)=\(sessions.begin()); Path=/portal; HttpOnly; SameSite=Strict\(secure)"
    return response
  }

  private static func session(_ request: Request) -> String? {
    for part in (request.headers[.cookie] ?? "").split(separator: ";") {
      let pair = part.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1)
      if pair.count == 2, pair[0] == cookie { return String(pair[1]) }
    }
    return nil
  }

  /// A form that another site's page sends is refused, beside the cookie's own SameSite.
  private static func isOwnOrigin(_ request: Request) -> Bool {
    guard request.method == .post, let origin = request.headers[.origin] else { return true }
    return origin == "null" ? false : origin.hasSuffix("://" + (request.head.authority ?? ""))
  }

  private func signedIn(_ request: Request, _ body: () async throws -> Response) async -> Response {
    guard let name = Self.session(request), sessions.isValid(name) else { return Self.redirect("/portal/sign-in") }
    guard Self.isOwnOrigin(request) else {
      return Self.page("<h1>Refused</h1><p>This form came from another site.</p>", "Refused", [:], status: .forbidden)
    }
    do {
      return try await body()
    } catch let error as ManagementError {
      return Self.page(
        "<h1>That did not work</h1><section><p class=\"error\">{{message}}</p></section>", "Error",
        ["message": Self.text(error)], status: .init(code: error.status))
    } catch {
      return Self.page(
        "<h1>That did not work</h1><section><p class=\"error\">{{message}}</p></section>", "Error",
        ["message": "\(error)"], status: .internalServerError)
    }
  }

  private static func text(_ error: ManagementError) -> String {
    error.details.isEmpty ? error.message : error.details.map(\.message).joined(separator: " ")
  }

  // MARK: - Gateways

  private func gateways(error: String? = nil) async throws -> Response {
    var rows: [[String: Any]] = []
    for gateway in try await service.list("gateways") {
      let nodes = try await service.nodes(gateway: gateway.name)
      let connected = nodes.count { $0.state != "disconnected" }
      rows.append([
        "name": gateway.name, "location": gateway["locationData"]?["name"]?.stringValue ?? "",
        "description": gateway.string("description") ?? "", "nodes": connected,
        "state": connected > 0 ? "connected" : "not connected", "class": connected > 0 ? "on" : "off",
        "apis": try await service.list("gateways/apis", under: gateway.path).count,
      ])
    }
    var values: [String: Any] = ["gateways": rows]
    if let error { values["error"] = error }
    return Self.page(Templates.gateways, "Gateways", values)
  }

  private func createGateway(_ request: Request) async throws -> Response {
    let form = try await Self.form(request)
    func field(_ name: String) -> String { (form[name]?.first ?? "").trimmingCharacters(in: .whitespaces) }
    do {
      try await service.put(
        ResourcePath.service.child("gateways", field("name")),
        ["locationData": ["name": .string(field("location"))], "description": .string(field("description"))],
        if: .absent)
      return Self.redirect("/portal/gateways/\(field("name"))")
    } catch {
      return try await gateways(
        error: error.status == 412 ? "There is a gateway of that name already." : Self.text(error))
    }
  }

  private func gateway(
    _ name: String, deployment: [String: Any]? = nil, days: Int = 29, error: String? = nil
  ) async throws -> Response {
    let resource = try await service.get(ResourcePath.service.child("gateways", name))
    let nodes = try await service.nodes(gateway: name)
    let connected = nodes.contains { $0.state != "disconnected" }
    let served = Set(try await service.list("gateways/apis", under: resource.path).map { $0.name.lowercased() })
    var values: [String: Any] = [
      "name": resource.name, "location": resource["locationData"]?["name"]?.stringValue ?? "", "days": days,
      "state": connected ? "connected" : "not connected", "class": connected ? "on" : "off",
      "version": try await service.publisher.current(name)?.sealed.version ?? 0,
      "nodes": nodes.map { node -> [String: Any] in
        [
          "hostName": node.hostName, "instanceID": node.instanceID, "version": node.version, "state": node.state,
          "class": node.state == "disconnected" ? "off" : "on",
          "configuration": node.configurationError.map { "\(node.configurationVersion); the newest was refused: \($0)" }
            ?? "\(node.configurationVersion)",
          "startedAt": node.startedAt.formatted(.iso8601), "lastSeen": node.lastSeen.formatted(.iso8601),
        ]
      },
      "apis": try await service.list("apis").map { api -> [String: Any] in
        [
          "id": api.name, "displayName": api.string("displayName") ?? api.name, "path": api.string("path") ?? "",
          "isServed": served.contains(api.name.lowercased()),
        ]
      },
    ]
    if let description = resource.string("description"), !description.isEmpty { values["description"] = description }
    if let deployment { values["deployment"] = deployment }
    if let error { values["error"] = error }
    return Self.page(Templates.gateway, resource.name, values)
  }

  private func chooseAPIs(_ request: Request, _ name: String) async throws -> Response {
    let resource = try await service.get(ResourcePath.service.child("gateways", name))
    let wanted = Set((try await Self.form(request)["api"] ?? []).map { $0.lowercased() })
    let served = Set(try await service.list("gateways/apis", under: resource.path).map { $0.name.lowercased() })
    for api in try await service.list("apis") {
      let link = resource.path.child("apis", api.name)
      let isWanted = wanted.contains(api.name.lowercased())
      if isWanted, !served.contains(api.name.lowercased()) { try await service.put(link, [:]) }
      if !isWanted, served.contains(api.name.lowercased()) { try await service.delete(link) }
    }
    return Self.redirect("/portal/gateways/\(resource.name)")
  }

  private func deployment(_ request: Request, _ name: String) async throws -> Response {
    let form = try await Self.form(request)
    let days = Int(form["days"]?.first ?? "") ?? 0
    guard (1...30).contains(days) else {
      return try await gateway(name, error: "A token is valid for 1 to 30 days.")
    }
    // A minute less than thirty days, so that the time it takes to make it does not matter.
    let expiry = Date.now.addingTimeInterval(Double(days) * 86_400 - 60).formatted(.iso8601)
    let made = try await service.deployment(gateway: name, keyType: form["keyType"]?.first ?? "primary", expiry: expiry)
    return try await gateway(
      name,
      deployment: [
        "environmentFile": made.environmentFile, "docker": made.docker, "kubernetes": made.kubernetes,
        "executable": made.executable, "expiry": expiry,
        "download": "data:text/plain;base64," + Data(made.environmentFile.utf8).base64EncodedString(),
      ], days: days)
  }

  // MARK: - APIs and requests

  private func apis() async throws -> Response {
    var rows: [[String: Any]] = []
    for api in try await service.list("apis") {
      rows.append([
        "displayName": api.string("displayName") ?? api.name, "path": api.string("path") ?? "",
        "serviceUrl": api.string("serviceUrl") ?? "",
        "subscription": api.bool("subscriptionRequired") == false ? "not required" : "required",
        "operations": try await service.list("apis/operations", under: api.path).count,
      ])
    }
    return Self.page(Templates.apis, "APIs", ["apis": rows])
  }

  private func requests(_ request: Request) async throws -> Response {
    let chosen = request.uri.queryParameters["gateway"].map(String.init) ?? ""
    var filter = RequestLogFilter()
    if !chosen.isEmpty { filter.gatewayID = chosen }
    let (entries, total) = try await service.activity.requests(filter, limit: 100, offset: 0)
    let names = ["managed"] + (try await service.list("gateways").map(\.name))
    let rows = entries.map { entry -> [String: Any] in
      [
        "time": entry.time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)),
        "gateway": entry.gatewayID,
        "region": entry.region, "method": entry.method, "url": entry.url, "code": entry.responseCode,
        "class": entry.responseCode < 400 ? "on" : "off", "api": entry.apiID, "subscription": entry.subscriptionID,
        "total": Int(entry.totalMilliseconds), "backend": Int(entry.backendMilliseconds),
        "error": entry.lastErrorReason,
      ]
    }
    return Self.page(
      Templates.requests, "Requests",
      [
        "requests": rows, "total": total, "shown": rows.count,
        "gateways": names.map { ["name": $0, "isChosen": $0 == chosen] as [String: Any] },
      ])
  }

  // MARK: - HTTP

  private static func form(_ request: Request) async throws -> [String: [String]] {
    var request = request
    let buffer = try await request.collectBody(upTo: formBound)
    var result: [String: [String]] = [:]
    for pair in String(buffer: buffer).split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      func decoded(_ text: Substring) -> String {
        text.replacingOccurrences(of: "+", with: " ").removingPercentEncoding ?? String(text)
      }
      result[decoded(parts[0]), default: []].append(parts.count > 1 ? decoded(parts[1]) : "")
    }
    return result
  }

  private static func redirect(_ path: String) -> Response {
    Response(status: .seeOther, headers: [.location: path, .cacheControl: "no-store"])
  }

  private static func page(
    _ template: String, _ title: String, _ values: [String: Any], status: HTTPResponse.Status = .ok
  ) -> Response {
    var headers: HTTPFields = [
      .contentType: "text/html; charset=utf-8", .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
      .contentSecurityPolicy:
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ]
    if let policy = HTTPField.Name("Referrer-Policy") { headers[policy] = "same-origin" }
    let html = Templates.render(template, title: title, values)
    return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: html)))
  }
}
