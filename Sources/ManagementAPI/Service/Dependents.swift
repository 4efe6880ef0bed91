import ControlPlaneStore
import GatewayConfiguration
import PolicyLibrary

/// Policies, backends and others that would no longer work if something were deleted or changed.
struct Dependents {
  let service: ManagementService
  /// The service or the workspace: nothing outside of it can name what stands in it.
  let root: ResourcePath

  /// Refuses to delete what something saved names.
  func refuseDeletion(of resource: StoredResource, _ kind: ResourceKind) async throws(ManagementError) {
    let title = "\(kind.title) '\(resource.name)'"
    switch kind.type {
    case "backends", "certificates":
      for other in try await service.list("backends", in: root) where names(resource, other) {
        throw Self.inUse(title, "the backend '\(other.name)'")
      }
    case "namedValues": try await refuseDeletion(ofNamedValue: resource, title)
    case "schemas", "apis/schemas":
      if let name = try await SchemaRules(service: service, path: resource.path).dependents().first {
        throw Self.inUse(title, "the schema '\(name)'")
      }
      if GraphQLService.schema(resource.properties) != nil,
        let user = try await EventTargets(service: service, path: resource.path).complaints(with: nil).first
      {
        throw Self.inUse(title, "publish-event of the policy at \(user.policy.text)")
      }
    default: break
    }
    if kind.type == "certificates", root == .service {
      for authority in try await service.list("gateways/certificateAuthorities")
      where authority.name.lowercased() == resource.name.lowercased() {
        throw Self.inUse(title, "the gateway '\(authority.path.parent?.name ?? "")' as an authority")
      }
      try await refuseIfShown(resource, title)
    }
    // Policies name schemas of the service only.
    if kind.type == "apis/schemas" { return }
    try await refuse(title) { text, references in
      switch kind.type {
      case "namedValues": text.contains("{{\(resource.string("displayName") ?? resource.name)}}")
      case "policyFragments": references().contains(.fragment, resource.name)
      case "loggers": references().contains(.logger, resource.name)
      case "schemas": references().contains(.schema, resource.name)
      case "certificates":
        references().contains(.certificate, resource.name)
          || references().shows(id: resource.name, thumbprint: resource.string("thumbprint"))
      default: references().contains(.backend, resource.name)
      }
    }
  }

  /// Refuses a certificate in place of another one where it could not do what that one does.
  /// - Parameters:
  ///   - thumbprint: the new certificate's.
  ///   - hasKey: whether the new certificate comes with its private key.
  func refuseChange(
    of certificate: StoredResource, to thumbprint: String, hasKey: Bool
  ) async throws(ManagementError) {
    let old = certificate.string("thumbprint") ?? ""
    let isOther = old != thumbprint
    guard isOther || !hasKey else { return }
    let title = "The thumbprint or the private key of the certificate '\(certificate.name)'"
    for other in try await service.list("backends", in: root) {
      let contract = BackendContract(name: other.name, other.properties)
      if isOther && contract.thumbprints.contains(old) || !hasKey && names(certificate, other) {
        throw Self.inUse(title, "the backend '\(other.name)'")
      }
    }
    if !hasKey, root == .service { try await refuseIfShown(certificate, title) }
    try await refuse(title) { _, references in
      isOther && references().shows(thumbprint: old)
        || !hasKey && references().shows(id: certificate.name, thumbprint: old)
    }
  }

  /// Refuses where a gateway shows a certificate to its clients.
  private func refuseIfShown(_ certificate: StoredResource, _ title: String) async throws(ManagementError) {
    for hostname in try await service.list("gateways/hostnameConfigurations")
    where HostnameRules.certificate(hostname.string("certificateId") ?? "") == certificate.path {
      throw Self.inUse(
        title, "the hostname configuration '\(hostname.name)' of the gateway '\(hostname.path.parent?.name ?? "")'")
    }
  }

  private static func inUse(_ what: String, _ user: String) -> ManagementError {
    ManagementError(
      status: 400, code: "ValidationError", message: "\(what) is used by \(user); change that first.")
  }

  /// Refuses where a saved policy or fragment names something.
  private func refuse(
    _ title: String, _ isNamed: (String, () -> PolicyReferences) -> Bool
  ) async throws(ManagementError) {
    let namedValues = try await service.policyEnvironment(of: root).namedValues
    for kind in ResourceKind.all where kind.collection == "policies" || kind.type == "policyFragments" {
      for policy in try await service.list(kind.type, in: root) {
        let text = policy.string("value") ?? ""
        if isNamed(text, { PolicyReferences(text, namedValues: namedValues) }) {
          throw Self.inUse(title, "the policy at \(policy.path.text)")
        }
      }
    }
  }

  /// Whether a backend is a pool with that member, or shows that certificate.
  private func names(_ resource: StoredResource, _ backend: StoredResource) -> Bool {
    let contract = BackendContract(name: backend.name, backend.properties)
    let isBackend = resource.path.localType == "backends"
    let names = isBackend ? contract.backend.pool.map(\.backendID) : contract.backend.credentials.certificateIDs
    return names.contains { $0.lowercased() == resource.name.lowercased() }
      || !isBackend && resource.string("thumbprint").map(contract.thumbprints.contains) == true
  }

  /// Credentials of backends and loggers hold named values too.
  private func refuseDeletion(ofNamedValue resource: StoredResource, _ title: String) async throws(ManagementError) {
    let name = resource.string("displayName") ?? resource.name
    for resource in try await service.list("backends", in: root) {
      let whole = try await service.get(resource.path, withSecrets: true)
      var backend = BackendContract(name: whole.name, whole.properties).backend
      backend.proxy?.password = whole.secrets[BackendRules.proxyPassword]
      guard (backend.credentials.namedValues + (backend.proxy?.namedValues ?? [])).contains(name) else { continue }
      throw Self.inUse(title, "the backend '\(resource.name)'")
    }
    for logger in try await service.list("loggers", in: root) {
      let whole = try await service.get(logger.path, withSecrets: true)
      if whole.secrets["connectionString"]?.contains("{{\(name)}}") == true {
        throw Self.inUse(title, "the logger '\(logger.name)'")
      }
    }
  }
}
