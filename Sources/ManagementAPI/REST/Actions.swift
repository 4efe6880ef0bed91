import ControlPlaneStore
import Foundation
import GatewayConfiguration
import HTTPTypes
import Hummingbird

/// The POST calls that show or renew secrets, and what Postern adds for gateways.
struct Actions {
  let service: ManagementService

  func answer(_ path: ResourcePath, _ action: String, _ request: Request) async throws -> Response {
    guard let kind = ResourceKind.of(path) else { throw ManagementError.notFound("Resource") }
    switch (kind.type, action.lowercased()) {
    case ("subscriptions", "listsecrets"), ("gateways", "listkeys"):
      let resource = try await service.get(path, withSecrets: true)
      return secrets(
        ["primaryKey", "secondaryKey"].map {
          (
            $0 == "primaryKey" && kind.type == "gateways"
              ? "primary" : $0 == "secondaryKey" && kind.type == "gateways" ? "secondary" : $0,
            resource.secrets[$0] ?? ""
          )
        }, resource)
    case ("namedValues", "listvalue"):
      let resource = try await service.get(path, withSecrets: true)
      return secrets([("value", resource.secrets["value"] ?? resource.string("value") ?? "")], resource)
    case ("subscriptions", "regenerateprimarykey"): return try await renew(path, "primaryKey", Secret.subscriptionKey())
    case ("subscriptions", "regeneratesecondarykey"):
      return try await renew(path, "secondaryKey", Secret.subscriptionKey())
    case ("gateways", "regeneratekey"):
      let keyType = try await keyType(request)
      return try await renew(path, keyType + "Key", Secret.gatewayKey())
    case ("gateways", "generatetoken"):
      let body = try await ManagementRoutes.body(request)
      let token = try await service.token(
        gateway: path.name, keyType: body["keyType"]?.stringValue ?? "primary",
        expiry: body["expiry"]?.stringValue ?? "")
      return ManagementRoutes.json(["value": .string(token.text)])
    case ("gateways", "getdeployment"):
      let body = try await ManagementRoutes.body(request)
      let deployment = try await service.deployment(
        gateway: path.name, keyType: body["keyType"]?.stringValue ?? "primary",
        expiry: body["expiry"]?.stringValue ?? "")
      return ManagementRoutes.json([
        "environmentFile": .string(deployment.environmentFile), "docker": .string(deployment.docker),
        "kubernetes": .string(deployment.kubernetes), "executable": .string(deployment.executable),
      ])
    case ("gateways", "listdebugcredentials"):
      let credential = try await service.debugCredential(gateway: path.name, try await ManagementRoutes.body(request))
      return ManagementRoutes.json(["token": .string(credential.text)])
    case ("gateways", "listtrace"):
      let body = try await ManagementRoutes.body(request)
      let trace = try await service.trace(gateway: path.name, id: body["traceId"]?.stringValue ?? "")
      return ManagementRoutes.json(trace)
    case ("gateways", "nodes"):
      let nodes = try await service.nodes(gateway: path.name)
      return ManagementRoutes.json(["value": .array(nodes.map(\.json)), "count": .integer(Int64(nodes.count))])
    default: throw ManagementError.notFound("The action '\(action.prefix(80))' was")
    }
  }

  private func keyType(_ request: Request) async throws -> String {
    let text = try await ManagementRoutes.body(request)["keyType"]?.stringValue ?? "primary"
    guard ["primary", "secondary"].contains(text) else {
      throw ManagementError.validation("keyType", "'keyType' must be primary or secondary.")
    }
    return text
  }

  private func secrets(_ values: [(String, String)], _ resource: StoredResource) -> Response {
    var response = ManagementRoutes.json(.object(JSONObject(values.map { ($0.0, JSON.string($0.1)) })))
    response.headers[.eTag] = resource.etag.text
    return response
  }

  private func renew(_ path: ResourcePath, _ name: String, _ value: String) async throws -> Response {
    let resource = try await service.get(path)
    _ = try await service.commit([
      .put(path, resource.properties, secrets: [name: value], if: .unchanged(resource.etag))
    ])
    return Response(status: .noContent)
  }
}

extension NodeStatus {
  /// What the gateway's page and `nodes` show of a process.
  var json: JSON {
    var object: JSONObject = [
      "instanceId": .string(instanceID), "hostName": .string(hostName), "version": .string(version),
      "state": .string(state), "configurationVersion": .integer(configurationVersion),
      "startedAt": .string(startedAt.formatted(.iso8601)), "lastHeartbeat": .string(lastSeen.formatted(.iso8601)),
    ]
    if let configurationError { object["configurationError"] = .string(configurationError) }
    if !address.isEmpty { object["address"] = .string(address) }
    return .object(object)
  }
}
