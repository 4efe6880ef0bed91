import ControlPlaneStore
import Foundation
import GatewayConfiguration
import PolicyLibrary
import PolicySyntax

/// What a backend demands of the resources around it: members that exist and are no pools, certificates, named values.
struct BackendRules {
  let service: ManagementService
  let path: ResourcePath
  let existing: StoredResource?

  /// The name under which the password of the proxy is kept.
  static let proxyPassword = "proxyPassword"

  /// Refuses with every complaint; references become full ids, and the proxy's password a secret.
  func apply(
    _ properties: inout JSONObject, _ secrets: inout [String: String]
  ) async throws(ManagementError) {
    let contract = BackendContract(name: path.name, properties)
    var complaints = contract.complaints
    let others = try await service.list("backends", in: path.root).filter { !isSelf($0.name) }
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
    complaints += try await complainAboutNamedValues(contract.backend)
    guard complaints.isEmpty else { throw .validation(complaints) }
    if let pool = properties["pool"]?.objectValue { properties["pool"] = .object(named(pool, among: others)) }
    hidePassword(&properties, &secrets)
  }

  /// A password that is not sent stays as it was, for the same proxy and the same user only.
  private func hidePassword(_ properties: inout JSONObject, _ secrets: inout [String: String]) {
    var proxy = properties["proxy"]?.objectValue ?? [:]
    let old = existing?["proxy"]
    if let sent = proxy.string("password") {
      secrets[Self.proxyPassword] = sent
    } else if old?["url"]?.stringValue != proxy.string("url")
      || old?["username"]?.stringValue != proxy.string("username")
    {
      secrets[Self.proxyPassword] = ""
    }
    proxy["password"] = nil
    if !proxy.isEmpty { properties["proxy"] = .object(proxy) }
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
    let known = try await service.list("certificates", in: path.root)
    var complaints: [ManagementError.Detail] = []
    for reference in contract.certificateReferences {
      guard let path = ResourceReference(reference, in: self.path.root)?.path, path.localType == "certificates",
        path.root == self.path.root,
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

  private func complainAboutNamedValues(_ backend: Backend) async throws(ManagementError)
    -> [ManagementError.Detail]
  {
    let inCredentials = backend.credentials.namedValues
    let inProxy = backend.proxy?.namedValues ?? []
    if inCredentials.isEmpty, inProxy.isEmpty { return [] }
    let known = try await service.policyEnvironment(of: path.root).namedValues
    return [("credentials", inCredentials), ("proxy", inProxy)].flatMap { target, names in
      names.filter { known[$0] == nil }.map { .init(target: target, message: "There is no named value '\($0)'.") }
    }
  }
}

extension Backend {
  /// Named values that stand as `{{name}}` in a text, in order.
  fileprivate static func namedValues(_ replacing: ((String) -> String?) -> Void) -> [String] {
    var found: Set<String> = []
    replacing { name in
      found.insert(name)
      return nil
    }
    return found.sorted()
  }

  /// A text with every `{{name}}` replaced that is known.
  fileprivate static func replacing(_ text: String, _ value: (String) -> String?) -> String {
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
}

extension Backend.Proxy {
  /// Named values that stand as `{{name}}` in user name and password.
  var namedValues: [String] { Backend.namedValues { _ = replacingNamedValues($0) } }

  /// The same with every `{{name}}` replaced that is known.
  func replacingNamedValues(_ value: (String) -> String?) -> Backend.Proxy {
    Backend.Proxy(
      url: url, username: username.map { Backend.replacing($0, value) },
      password: password.map { Backend.replacing($0, value) })
  }
}

extension Backend.Credentials {
  /// Named values that stand as `{{name}}` in these credentials.
  var namedValues: [String] { Backend.namedValues { _ = replacingNamedValues($0) } }

  /// The same with every `{{name}}` replaced that is known.
  func replacingNamedValues(_ value: (String) -> String?) -> Backend.Credentials {
    func replaced(_ text: String) -> String { Backend.replacing(text, value) }
    var result = self
    result.headers = headers.mapValues { $0.map(replaced) }
    result.query = query.mapValues { $0.map(replaced) }
    result.authorizationParameter = authorizationParameter.map(replaced)
    return result
  }
}
