import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Telemetry

/// What self-hosted gateways call: configuration, heartbeat, telemetry; each call proved by the gateway's token.
struct GatewayEndpoints: Sendable {
  let service: ManagementService
  /// Seconds a question for a newer configuration is held open at most.
  static let longestWait = 60
  static let maximumTelemetry = 16 << 20
  static let maximumQuotaReport = 4 << 20
  static let maximumTrace = 8 << 20

  func add(to router: Router<BasicRequestContext>) {
    router.get("/gateways/:id/configuration") { request, context in
      await answer(request, context) { try await configuration(request, $0) }
    }
    router.post("/gateways/:id/heartbeat") { request, context in
      await answer(request, context) { try await heartbeat(request, $0) }
    }
    router.post("/gateways/:id/quotas") { request, context in
      await answer(request, context) { try await quotas(request, $0) }
    }
    router.post("/gateways/:id/telemetry") { request, context in
      await answer(request, context) { try await telemetry(request, $0) }
    }
    router.post("/gateways/:id/traces/:trace") { request, context in
      await answer(request, context) { try await takeTrace(request, context, $0) }
    }
    router.get("/gateways/:id/traces/:trace") { request, context in
      await answer { try await showTrace(request, context) }
    }
  }

  private func answer(
    _ request: Request, _ context: BasicRequestContext, _ body: (String) async throws -> Response
  ) async -> Response {
    await answer { try await body(try await authorise(request, Self.parameter("id", context))) }
  }

  private static func parameter(_ name: String, _ context: BasicRequestContext) -> String {
    context.parameters.get(name)?.removingPercentEncoding ?? ""
  }

  private func answer(_ body: () async throws -> Response) async -> Response {
    do {
      return try await body()
    } catch let error as ManagementError {
      return ManagementRoutes.response(error)
    } catch let error as StoreError {
      return ManagementRoutes.response(ManagementError(error))
    } catch {
      return ManagementRoutes.response(ManagementError(status: 400, code: "BadRequest", message: "\(error)"))
    }
  }

  /// The gateway's name, once its token is proved to be made with one of its keys and not to be over.
  private func authorise(_ request: Request, _ id: String) async throws -> String {
    func refused(_ message: String) -> ManagementError {
      ManagementError(status: 401, code: "AuthenticationFailed", message: message)
    }
    guard let header = request.headers[.authorization], let token = GatewayToken(header),
      token.gatewayID.lowercased() == id.lowercased()
    else { throw refused("The gateway token is missing or malformed; take a new env.conf from the Deployment page.") }
    guard
      let gateway = try await service.store.resource(at: ResourcePath.service.child("gateways", id), withSecrets: true)
    else { throw ManagementError.notFound("Gateway '\(id)'") }
    let isKnown = ["primaryKey", "secondaryKey"].map { name in
      Data(base64Encoded: gateway.secrets[name] ?? "").map { token.isSigned(with: $0) } ?? false
    }
    guard isKnown.contains(true) else {
      throw refused("The gateway token was made with a key that is no longer valid.")
    }
    guard token.expirySeconds > Int64(Date.now.timeIntervalSince1970) else {
      throw refused("The gateway token expired; take a new env.conf from the Deployment page.")
    }
    return gateway.name
  }

  private func configuration(_ request: Request, _ id: String) async throws -> Response {
    let since = request.uri.queryParameters["since"].flatMap { UInt64($0) } ?? 0
    let wait = min(Self.longestWait, max(0, request.uri.queryParameters["wait"].flatMap { Int($0) } ?? 0))
    let quotas = request.uri.queryParameters["quotas"].flatMap { UInt64($0) }
    // A service that ends does not wait for the next change: the gateway asks again when it is back.
    let newest = try await cancelWhenGracefulShutdown {
      try await newer(than: since, quotas: quotas, gatewayID: id, waiting: .seconds(wait))
    }
    var headers: HTTPFields = [:]
    let update = try await service.quotas.newest(after: .max, gatewayID: id)
    if update > 0, let field = HTTPField.Name("Postern-Quota-Update") { headers[field] = "\(update)" }
    guard let published = newest else { return Response(status: .notModified, headers: headers) }
    let sealed = published.sealed
    headers[.contentType] = "application/json"
    for (name, value) in [
      ("Postern-Configuration-Version", "\(sealed.version)"), ("Postern-Configuration-Digest", sealed.digest),
      ("Postern-Configuration-Signature", sealed.signature.base64EncodedString()),
      ("Postern-Configuration-Key", service.publisher.publicKey.base64EncodedString()),
    ] {
      if let field = HTTPField.Name(name) { headers[field] = value }
    }
    return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: sealed.bytes)))
  }

  /// What is newer than a configuration; waits for that, or for an update of quotas. Nil when there is no such configuration.
  private func newer(
    than version: UInt64, quotas: UInt64?, gatewayID: String, waiting: Duration
  ) async throws -> SnapshotPublisher.Published? {
    try await withThrowingTaskGroup(of: SnapshotPublisher.Published?.self) { group in
      group.addTask { try await service.publisher.newer(than: version, gatewayID: gatewayID, waiting: waiting) }
      if let quotas {
        group.addTask {
          _ = try await service.quotas.newest(after: quotas, gatewayID: gatewayID, waiting: waiting)
          return nil
        }
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
  }

  private func quotas(_ request: Request, _ id: String) async throws -> Response {
    let report = try await decode(QuotaReport.self, request, maximum: Self.maximumQuotaReport)
    let body = try JSONEncoder().encode(try await service.quotas.take(report, gatewayID: id))
    return Response(
      status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: body)))
  }

  private struct HeartbeatBody: Decodable {
    var instanceId: String
    var version: String
    var hostName: String
    var startedAt: String
    var configurationVersion: UInt64
    var state: String
    var configurationError: String?
  }

  private func heartbeat(_ request: Request, _ id: String) async throws -> Response {
    let body = try await decode(HeartbeatBody.self, request, maximum: 64 << 10)
    let status = NodeStatus(
      gatewayID: id, instanceID: String(body.instanceId.prefix(80)), version: String(body.version.prefix(80)),
      hostName: String(body.hostName.prefix(255)),
      startedAt: (try? Date(body.startedAt, strategy: .iso8601)) ?? .now,
      configurationVersion: Int64(clamping: body.configurationVersion), state: String(body.state.prefix(40)),
      configurationError: body.configurationError.map { String($0.prefix(4_000)) }, lastSeen: .now)
    try await service.activity.record(status)
    return Response(status: .noContent)
  }

  private struct TelemetryBody: Decodable {
    var instanceId: String
    var spoolId: String
    var firstSequence: UInt64
    var records: [RequestRecord]
  }

  private func telemetry(_ request: Request, _ id: String) async throws -> Response {
    let body = try await decode(TelemetryBody.self, request, maximum: Self.maximumTelemetry)
    guard !body.spoolId.isEmpty, body.spoolId.utf8.count <= 80 else {
      throw ManagementError.validation("spoolId", "'spoolId' has 1 to 80 characters.")
    }
    let last = try await TelemetryIntake(service).store(
      body.records, gatewayID: id, spoolID: body.spoolId, firstSequence: body.firstSequence)
    return ManagementRoutes.json(["acknowledgedSequence": .integer(Int64(last))])
  }

  private func takeTrace(_ request: Request, _ context: BasicRequestContext, _ id: String) async throws -> Response {
    let body = try await Self.body(request, maximum: Self.maximumTrace)
    let trace = Self.parameter("trace", context)
    guard let json = try? JSON(parsing: body.readableBytesView), json["traceId"]?.stringValue == trace else {
      throw ManagementError.badRequest("InvalidRequestContent", "The body is no trace of that name.")
    }
    service.traces.add(Array(body.readableBytesView), id: trace, gatewayID: id)
    return Response(status: .noContent)
  }

  /// For whoever has the address with its signature; the gateway's own token is not asked for.
  private func showTrace(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
    let query = request.uri.queryParameters
    guard let expiry = query["ex"].flatMap({ Int64($0) }), let signature = query["sn"],
      let location = TraceLocation(
        traceID: Self.parameter("trace", context), expirySeconds: expiry, signature: String(signature))
    else {
      throw ManagementError(status: 401, code: "AuthenticationFailed", message: "The address lacks its signature.")
    }
    return ManagementRoutes.json(try await service.trace(gateway: Self.parameter("id", context), at: location))
  }

  private static func body(_ request: Request, maximum: Int) async throws(ManagementError) -> ByteBuffer {
    var request = request
    do {
      return try await request.collectBody(upTo: maximum)
    } catch {
      throw ManagementError(status: 413, code: "RequestTooLarge", message: "A body has at most \(maximum) bytes here.")
    }
  }

  private func decode<Body: Decodable>(_ type: Body.Type, _ request: Request, maximum: Int) async throws -> Body {
    let buffer = try await Self.body(request, maximum: maximum)
    do {
      return try JSONDecoder().decode(type, from: Data(buffer.readableBytesView))
    } catch {
      throw ManagementError.badRequest("InvalidRequestContent", "The body cannot be read: \(error)")
    }
  }
}
