import ControlPlaneStore
import DotNet
import Foundation
import GatewayConfiguration

/// Credentials for traces, and the traces that came of them: gateway-facts.md, section 10.9.
extension ManagementService {
  /// What a request to one API carries to be traced by a gateway.
  /// - Parameter body: `GatewayListDebugCredentialsContract`: `apiId`, `purposes`, `credentialsExpireAfter`.
  func debugCredential(gateway: String, _ body: JSON) async throws(ManagementError) -> DebugCredential {
    try await checkGateway(gateway)
    var details: [ManagementError.Detail] = []
    if body["purposes"]?.arrayValue?.map(\.stringValue) != ["tracing"] {
      details.append(.init(target: "purposes", message: "'purposes' must be [\"tracing\"]."))
    }
    var seconds = DebugCredential.maximumLifetime
    if let text = body["credentialsExpireAfter"], !text.isNull {
      let ticks = text.stringValue.flatMap { try? XmlDuration.parse($0) } ?? 0
      seconds = ticks / DateTimeValue.ticksPerSecond
      if !(1...DebugCredential.maximumLifetime).contains(seconds) {
        let message = "'credentialsExpireAfter' must be an ISO 8601 duration from PT1S to PT1H."
        details.append(.init(target: "credentialsExpireAfter", message: message))
      }
    }
    var api: ResourcePath?
    if let path = ResourceReference(body["apiId"]?.stringValue ?? "")?.path, ResourceKind.of(path)?.type == "apis" {
      api = path
    } else {
      let example = "\(Self.resourceID)/apis/echo"
      details.append(.init(target: "apiId", message: "'apiId' must be the full id of an API, such as \(example)."))
    }
    guard details.isEmpty, let api else { throw .validation(details) }
    let resource = try await get(api)
    return DebugCredential(
      apiID: ResourceRules.baseName(resource.name),
      workspaceID: resource.path.isInWorkspace ? resource.path.root.name : nil,
      expirySeconds: Int64(Date.now.timeIntervalSince1970) + seconds, key: publisher.debugKey(gateway))
  }

  /// A trace that a gateway has collected.
  func trace(gateway: String, id: String) async throws(ManagementError) -> JSON {
    try await checkGateway(gateway)
    guard !id.isEmpty, id.utf8.count <= 80 else {
      throw .validation("traceId", "'traceId' is needed: what a response says in Apim-Trace-Id.")
    }
    return try await kept(id, gateway)
  }

  /// The same for whoever has its address.
  func trace(gateway: String, at location: TraceLocation) async throws(ManagementError) -> JSON {
    guard location.isSigned(with: publisher.debugKey(gateway)),
      location.expirySeconds > Int64(Date.now.timeIntervalSince1970)
    else {
      throw ManagementError(
        status: 401, code: "AuthenticationFailed", message: "The address of the trace is over, or was changed.")
    }
    return try await kept(location.traceID, gateway)
  }

  /// A response may be read before its trace is here.
  private static let patience = Duration.seconds(3)

  private func kept(_ id: String, _ gateway: String) async throws(ManagementError) -> JSON {
    if let trace = await traces.trace(id, gatewayID: gateway, waiting: Self.patience),
      let json = try? JSON(parsing: trace)
    {
      return json
    }
    throw ManagementError(
      status: 404, code: "ResourceNotFound",
      message:
        "Trace '\(id)' not found: the gateway has not sent it, or it is none of its last \(GatewayTraces.bound).")
  }

  private func checkGateway(_ gateway: String) async throws(ManagementError) {
    if gateway.lowercased() != "managed" { _ = try await get(ResourcePath.service.child("gateways", gateway)) }
  }
}
