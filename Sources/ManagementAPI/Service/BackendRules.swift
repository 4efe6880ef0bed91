import ControlPlaneStore
import Foundation
import GatewayConfiguration
import PolicyLibrary
import PolicySyntax

/// What a backend demands of the resources around it: members that exist and are no pools, certificates, named values.
struct BackendRules {
  let service: ManagementService
  let path: ResourcePath

  /// Refuses with every complaint; references become full ids.
  func apply(_ properties: inout JSONObject) async throws(ManagementError) {
    let contract = BackendContract(name: path.name, properties)
    var complaints = contract.complaints
    let others = try await service.list("backends").filter { !isSelf($0.name) }
    complaints += complain(about: contract.backend.pool, among: others)
    if !contract.backend.pool.isEmpty {
      for other in others where pool(other).contains(where: isSelf) {
        complaints.append(
          .init(
            target: "type",
            message: "'\(path.name)' is a member of the pool '\(other.name)': a pool cannot be in a pool."))
      }
    }
    complaints += try await complainAboutCertificates(contract)
    complaints += try await complainAboutNamedValues(contract.backend.credentials)
    guard complaints.isEmpty else { throw .validation(complaints) }
    if let pool = properties["pool"]?.objectValue { properties["pool"] = .object(named(pool, among: others)) }
  }

  private func isSelf(_ name: String) -> Bool { name.lowercased() == path.name.lowercased() }

  /// Names of a stored pool's members.
  private func pool(_ resource: StoredResource) -> [String] {
    BackendContract(name: resource.name, resource.properties).backend.pool.map(\.backendID)
  }

  private func complain(about members: [Backend.PoolMember], among others: [StoredResource])
    -> [ManagementError.Detail]
  {
    members.enumerated().compactMap { index, member in
      let target = "pool.services[\(index)].id"
      if isSelf(member.backendID) { return .init(target: target, message: "A pool cannot be a member of itself.") }
      guard let known = others.first(where: { $0.name.lowercased() == member.backendID.lowercased() }) else {
        return .init(target: target, message: "There is no backend '\(member.backendID)'.")
      }
      guard known.string("type") == "Pool" else { return nil }
      return .init(target: target, message: "'\(known.name)' is a pool: a pool cannot be in a pool.")
    }
  }

  /// The pool with its members' full ids, spelled as the backends are.
  private func named(_ pool: JSONObject, among others: [StoredResource]) -> JSONObject {
    var pool = pool
    pool["services"] = .array(
      (pool["services"]?.arrayValue ?? []).map { service in
        guard var member = service.objectValue, let name = ResourceReference(member.string("id") ?? "")?.path?.name,
          let known = others.first(where: { $0.name.lowercased() == name.lowercased() })
        else { return service }
        member["id"] = .string(ManagementService.resourceID + known.path.text)
        return .object(member)
      })
    return pool
  }

  private func complainAboutCertificates(_ contract: BackendContract) async throws(ManagementError)
    -> [ManagementError.Detail]
  {
    guard !contract.certificateReferences.isEmpty || !contract.thumbprints.isEmpty else { return [] }
    let known = try await service.list("certificates")
    var complaints: [ManagementError.Detail] = []
    for reference in contract.certificateReferences {
      guard let path = ResourceReference(reference)?.path, path.type == "certificates",
        known.contains(where: { $0.name.lowercased() == path.name.lowercased() })
      else {
        complaints.append(
          .init(target: "credentials.certificateIds", message: "There is no certificate '\(reference.prefix(200))'."))
        continue
      }
    }
    for thumbprint in contract.thumbprints where !known.contains(where: { $0.string("thumbprint") == thumbprint }) {
      complaints.append(
        .init(
          target: "credentials.certificate",
          message: "There is no certificate with the thumbprint '\(thumbprint.prefix(80))'."))
    }
    return complaints
  }

  private func complainAboutNamedValues(_ credentials: Backend.Credentials) async throws(ManagementError)
    -> [ManagementError.Detail]
  {
    let missing = credentials.namedValues
    if missing.isEmpty { return [] }
    let known = try await service.policyEnvironment().namedValues
    return missing.filter { known[$0] == nil }.map {
      .init(target: "credentials", message: "There is no named value '\($0)'.")
    }
  }
}

extension Backend.Credentials {
  /// Named values that stand as `{{name}}` in these credentials.
  var namedValues: [String] {
    var found: Set<String> = []
    _ = replacingNamedValues { name in
      found.insert(name)
      return nil
    }
    return found.sorted()
  }

  /// The same with every `{{name}}` replaced that is known.
  func replacingNamedValues(_ value: (String) -> String?) -> Backend.Credentials {
    func replaced(_ text: String) -> String {
      var result = ""
      var rest = Substring(text)
      while let open = rest.range(of: "{{"), let close = rest[open.upperBound...].range(of: "}}") {
        let name = String(rest[open.upperBound..<close.lowerBound])
        result += rest[..<open.lowerBound]
        result += value(name) ?? "{{\(name)}}"
        rest = rest[close.upperBound...]
      }
      return result + rest
    }
    var result = self
    result.headers = headers.mapValues { $0.map(replaced) }
    result.query = query.mapValues { $0.map(replaced) }
    result.authorizationParameter = authorizationParameter.map(replaced)
    return result
  }
}
