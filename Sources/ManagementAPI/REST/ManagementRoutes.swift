import ControlPlaneStore
import Foundation
import HTTPTypes
public import Hummingbird
import NIOCore

/// The ARM REST API: every path below the service's resource id.
public struct ManagementRoutes: Sendable {
  let service: ManagementService
  /// Bytes of a request body at most: the largest schema, with what JSON adds to it.
  static let maximumBody = 8 << 20

  public init(service: ManagementService) { self.service = service }

  /// Adds the API to a router; `/livez` and the gateways' endpoints are added elsewhere.
  public func add(to router: Router<BasicRequestContext>) {
    for method in [HTTPRequest.Method.get, .put, .patch, .delete, .head, .post] {
      router.on("/subscriptions/**", method: method) { request, _ in await self.answer(request) }
    }
  }

  private func answer(_ request: Request) async -> Response {
    do {
      return try await handle(request)
    } catch let error as ManagementError {
      return Self.response(error)
    } catch {
      return Self.response(
        ManagementError(status: 400, code: "BadRequest", message: "The request cannot be read: \(error)"))
    }
  }

  static func response(_ error: ManagementError) -> Response {
    var headers: HTTPFields = [.contentType: "application/json; charset=utf-8"]
    if error.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
    return Response(
      status: .init(code: error.status), headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: error.body.bytes)))
  }

  private func handle(_ request: Request) async throws -> Response {
    try authorise(request)
    if let quotas = quotas(request) { return try await quotas.answer(request) }
    let path = request.uri.path.removingPercentEncoding ?? request.uri.path
    guard path.lowercased().hasPrefix(ManagementService.resourceID.lowercased()) else {
      throw ManagementError.notFound("The resource '\(path.prefix(300))' was")
    }
    var rest = path.dropFirst(ManagementService.resourceID.count)
    while rest.hasSuffix("/") { rest = rest.dropLast() }
    guard rest.isEmpty || rest.hasPrefix("/") else { throw ManagementError.notFound("Service") }
    let parts = rest.split(separator: "/").map(String.init)
    if parts.isEmpty { return try describeService(request) }
    if parts[0].lowercased() == "reports" { return try await Reports(service: service).answer(parts, request) }
    if parts.count.isMultiple(of: 2) {
      guard let resource = Self.canonical(parts) else { throw ManagementError.notFound("Resource") }
      return try await resourceCall(resource, request)
    }
    if request.method == .post || parts.last?.lowercased() == "nodes" {
      guard let resource = Self.canonical(Array(parts.dropLast())), let action = parts.last else {
        throw ManagementError.notFound("Resource")
      }
      return try await Actions(service: service).answer(resource, action, request)
    }
    return try await list(parts, request)
  }

  /// Keys of counters may hold any character, `/` among them: the path is taken apart before it is decoded.
  private func quotas(_ request: Request) -> QuotaCalls? {
    let parts = request.uri.path.split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
    let resource = ManagementService.resourceID.split(separator: "/")
    guard parts.count > resource.count, zip(parts, resource).allSatisfy({ $0.lowercased() == $1.lowercased() }) else {
      return nil
    }
    return QuotaCalls(Array(parts[resource.count...]), service)
  }

  private func authorise(_ request: Request) throws(ManagementError) {
    guard let header = request.headers[.authorization], header.lowercased().hasPrefix("bearer "),
      service.isAdministrator(String(header.dropFirst(7)).trimmingCharacters(in: .whitespaces))
    else { throw .unauthorized }
  }

  /// The path with its collections in canonical letters; nil when there is no such kind.
  static func canonical(_ parts: [String]) -> ResourcePath? {
    let pairs = stride(from: 0, to: parts.count, by: 2).map { (parts[$0], parts[$0 + 1]) }
    let path = ResourcePath(pairs.map { .init(collection: $0.0, name: $0.1) })
    guard let kind = ResourceKind.of(path) else { return nil }
    let collections =
      (path.isInWorkspace ? [ResourcePath.workspaces] : []) + kind.type.split(separator: "/").map(String.init)
    return ResourcePath(zip(collections, pairs).map { .init(collection: $0, name: $1.1) })
  }

  private func describeService(_ request: Request) throws(ManagementError) -> Response {
    guard request.method == .get || request.method == .head else {
      throw .badRequest("MethodNotAllowed", "The service itself can only be read.")
    }
    return Self.json([
      "id": .string(ManagementService.resourceID), "name": "postern", "type": "Microsoft.ApiManagement/service",
      "location": "on-premises", "sku": ["name": "Developer", "capacity": 1],
      "properties": [
        "provisioningState": "Succeeded", "publisherName": "Postern", "publisherEmail": "administrator@localhost",
      ],
    ])
  }

  private func resourceCall(_ path: ResourcePath, _ request: Request) async throws -> Response {
    guard let kind = ResourceKind.of(path) else { throw ManagementError.notFound("Resource") }
    switch request.method {
    case .get:
      let resource = try await service.get(path)
      let contract = try await shown(resource, kind)
      return respond(try PolicyRepresentation(kind, request)?.applied(to: contract) ?? contract, etag: resource.etag)
    case .head:
      let resource = try await service.get(path)
      var response = Response(status: kind.linkTo != nil && kind.type != "gateways/apis" ? .noContent : .ok)
      response.headers[.eTag] = resource.etag.text
      return response
    case .put:
      let (resource, created) = try await service.put(
        path, try await properties(request), if: try precondition(request))
      return respond(try await shown(resource, kind), etag: resource.etag, status: created ? .created : .ok)
    case .patch:
      guard kind.linkTo == nil else {
        throw ManagementError.badRequest("MethodNotAllowed", "A membership has nothing to change.")
      }
      let condition = try precondition(request)
      let resource = try await service.patch(
        path, try await properties(request), if: condition == .none ? .present : condition)
      return respond(try await shown(resource, kind), etag: resource.etag)
    case .delete:
      try await service.delete(path, if: try precondition(request))
      return Response(status: .noContent)
    default: throw ManagementError.badRequest("MethodNotAllowed", "\(request.method) is not possible here.")
    }
  }

  /// ARM's conditional headers. `If-Match: *` on PUT does not demand that there is something.
  private func precondition(_ request: Request) throws(ManagementError) -> Precondition {
    if let none = request.headers[.ifNoneMatch], none.contains("*") { return .absent }
    guard let match = request.headers[.ifMatch]?.trimmingCharacters(in: .whitespaces), match != "*" else {
      return .none
    }
    guard let etag = ETag(header: match) else {
      throw ManagementError(
        status: 412, code: "PreconditionFailed",
        message: "Resource was modified since last retrieval. Please retrieve latest version.")
    }
    return .unchanged(etag)
  }

  /// The `properties` of a request's body; an empty body has none.
  private func properties(_ request: Request) async throws -> JSONObject {
    let body = try await Self.body(request)
    return body["properties"]?.objectValue ?? [:]
  }

  static func body(_ request: Request) async throws -> JSON {
    var request = request
    let buffer: ByteBuffer
    do {
      buffer = try await request.collectBody(upTo: maximumBody)
    } catch {
      throw ManagementError(
        status: 413, code: "RequestTooLarge", message: "A request body has at most \(maximumBody) bytes.")
    }
    if buffer.readableBytes == 0 { return [:] }
    do {
      return try JSON(parsing: buffer.readableBytesView)
    } catch {
      throw ManagementError.badRequest(
        "InvalidRequestContent", "The body is no JSON: \(error.message) at byte \(error.offset).")
    }
  }

  // MARK: - Answers

  /// A membership shows what it names, everything else itself.
  private func shown(_ resource: StoredResource, _ kind: ResourceKind) async throws(ManagementError) -> JSON {
    if let target = kind.linked(resource.path), kind.type != "gateways/apis" {
      return Self.contract(try await service.get(target))
    }
    return Self.contract(resource)
  }

  static func contract(_ resource: StoredResource) -> JSON {
    let properties = resource.properties
    return [
      "id": .string(ManagementService.resourceID + resource.path.text),
      "type": .string("Microsoft.ApiManagement/service/" + resource.path.type), "name": .string(resource.name),
      "properties": .object(properties),
    ]
  }

  private func respond(_ json: JSON, etag: ETag, status: HTTPResponse.Status = .ok) -> Response {
    var response = Self.json(json, status: status)
    response.headers[.eTag] = etag.text
    return response
  }

  static func json(_ json: JSON, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json; charset=utf-8"],
      body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
  }

  private func list(_ parts: [String], _ request: Request) async throws -> Response {
    guard request.method == .get, let probe = Self.canonical(parts + ["x"]), let kind = ResourceKind.of(probe)
    else { throw ManagementError.notFound("'\(parts.joined(separator: "/"))'") }
    let parent = probe.parent
    if let parent, !parent.segments.isEmpty, parent.text.lowercased() != "/gateways/managed" {
      _ = try await service.get(parent)
    }
    let page = try Page(request)
    let all = try await service.list(kind.type, under: parent?.segments.isEmpty == true ? nil : parent)
    let matching = all.filter { resource in
      page.filter.allSatisfy { $0.holds(resource.properties, name: resource.name) }
    }
    let part = matching.dropFirst(page.skip).prefix(page.top)
    var values: [JSON] = []
    let representation = try PolicyRepresentation(kind, request)
    for resource in part {
      let contract = try await shown(resource, kind)
      values.append(representation?.applied(to: contract) ?? contract)
    }
    return Self.json(page.envelope(values, total: matching.count, request))
  }
}
