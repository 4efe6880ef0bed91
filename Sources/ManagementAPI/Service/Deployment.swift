public import ControlPlaneStore
import Foundation
public import GatewayConfiguration

/// What a platform engineer needs to start a self-hosted gateway.
public struct Deployment: Sendable {
  /// The `env.conf`.
  public var environmentFile: String
  /// Ready commands, each for a folder that holds `env.conf`.
  public var docker: String
  public var kubernetes: String
  public var executable: String
}

extension ManagementService {
  /// A token for a gateway, as `generateToken` gives it.
  /// - Parameter expiry: ISO 8601, in the future, at most 30 days away.
  public func token(gateway: String, keyType: String, expiry: String) async throws(ManagementError) -> GatewayToken {
    let resource = try await get(ResourcePath.service.child("gateways", gateway), withSecrets: true)
    guard ["primary", "secondary"].contains(keyType) else {
      throw .validation("keyType", "'keyType' must be primary or secondary.")
    }
    let plain = try? Date(expiry, strategy: .iso8601)
    guard let date = plain ?? (try? Date(expiry, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    else {
      throw .validation(
        "expiry", "'expiry' must be a time such as \(Date.now.addingTimeInterval(29 * 86_400).formatted(.iso8601)).")
    }
    let seconds = Int64(date.timeIntervalSince1970)
    let now = Int64(Date.now.timeIntervalSince1970)
    guard seconds > now, seconds <= now + GatewayToken.maximumLifetime else {
      throw .validation("expiry", "'expiry' must be in the future and at most 30 days away.")
    }
    guard let key = Data(base64Encoded: resource.secrets[keyType + "Key"] ?? "") else { throw .notFound("Gateway key") }
    return GatewayToken(gatewayID: resource.name, expirySeconds: seconds, key: key)
  }

  /// The Deployment page's content.
  public func deployment(gateway: String, keyType: String, expiry: String) async throws(ManagementError) -> Deployment {
    let token = try await token(gateway: gateway, keyType: keyType, expiry: expiry)
    var lines = ["config.service.endpoint=\(gatewayEndpoint)", "config.service.auth=GatewayKey \(token.text)"]
    if let certificateAuthority {
      lines.append("config.service.endpoint.certificateAuthority=\(certificateAuthority.base64EncodedString())")
    }
    let name = token.gatewayID.lowercased()
    return Deployment(
      environmentFile: lines.joined(separator: "\n") + "\n",
      docker: "docker run -d --name \(name) -p 80:8080 -p 443:8081 --env-file env.conf postern gateway",
      kubernetes: """
        kubectl create secret generic \(name)-env --from-env-file=env.conf
        kubectl create deployment \(name) --image=postern --port=8080 -- postern gateway
        kubectl set env deployment/\(name) --from=secret/\(name)-env
        kubectl expose deployment \(name) --port=80 --target-port=8080
        """,
      executable: "postern gateway --env-file env.conf")
  }

  /// The processes of a gateway heard from within the last ten minutes; those silent for 30 s are `disconnected`.
  public func nodes(gateway: String) async throws(ManagementError) -> [NodeStatus] {
    if gateway.lowercased() != "managed" { _ = try await get(ResourcePath.service.child("gateways", gateway)) }
    do throws(StoreError) {
      let now = Date.now
      return try await activity.nodes(ofGateway: gateway, seenSince: now.addingTimeInterval(-600)).map { node in
        var node = node
        if node.lastSeen < now.addingTimeInterval(-30) { node.state = "disconnected" }
        return node
      }
    } catch {
      throw ManagementError(error)
    }
  }
}
