import ControlPlaneStore
import GatewayConfiguration

/// What a hostname configuration of a gateway demands: a hostname that no other one of the gateway has, and a certificate
/// of the service with its private key.
struct HostnameRules {
  let service: ManagementService
  let path: ResourcePath

  func apply(_ properties: inout JSONObject) async throws(ManagementError) {
    let text = properties.string("hostname") ?? ""
    guard let hostname = HostnameConfiguration.normal(text) else {
      throw .validation(
        "hostname", "'\(text.prefix(300))' is no hostname; expected a name in ASCII, '*.' and a name, or '*'.")
    }
    for other in try await service.list("gateways/hostnameConfigurations", under: path.parent)
    where other.path != path && other.string("hostname") == hostname {
      throw .validation("hostname", "The hostname configuration '\(other.name)' is for '\(hostname)' already.")
    }
    properties["hostname"] = .string(hostname)
    let id = properties.string("certificateId") ?? ""
    guard let target = Self.certificate(id), let stored = try await service.find(target) else {
      throw .validation(
        "certificateId", "'\(id.prefix(300))' is no certificate of the service; expected /certificates/{id}.")
    }
    let whole = try await service.get(stored.path, withSecrets: true)
    guard CertificateRules.certificate(whole)?.privateKeyPEM != nil else {
      throw .validation("certificateId", "The certificate '\(stored.name)' has no private key.")
    }
    properties["certificateId"] = .string(ManagementService.resourceID + stored.path.text)
  }

  /// The certificate of the service that an identifier names; nil for anything else.
  static func certificate(_ id: String) -> ResourcePath? {
    guard let path = ResourceReference(id)?.path, path.root == .service, path.localType.lowercased() == "certificates"
    else { return nil }
    return path
  }
}
