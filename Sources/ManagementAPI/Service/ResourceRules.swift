import ControlPlaneStore
import DotNet
import Expressions
import Foundation
import GatewayConfiguration
import PolicyLibrary
import PolicySyntax

/// What a kind of resource demands beyond the shape of its members: normal forms, references, generated secrets.
struct ResourceRules {
  let service: ManagementService
  let path: ResourcePath
  let kind: ResourceKind
  let existing: StoredResource?

  func apply(_ properties: inout JSONObject, _ secrets: inout [String: String]) async throws(ManagementError) {
    switch kind.type {
    case "apis": try await api(&properties)
    case "apis/operations": try await operation(&properties)
    case "apis/resolvers": try await resolver(properties)
    case "apis/schemas", "schemas":
      try await SchemaRules(service: service, path: path).apply(properties)
      if GraphQLService.schema(properties) != nil || existing.flatMap({ GraphQLService.schema($0.properties) }) != nil {
        let target = properties["document"] == nil ? "value" : "document"
        try await EventTargets(service: service, path: path).refuse(properties, target: target)
      }
    case "subscriptions": try await subscription(&properties, &secrets)
    case "gateways": try gateway(&properties, &secrets)
    case "loggers": try logger(&properties, &secrets)
    case "caches": try await cache(&properties, &secrets)
    case "namedValues": namedValue(&properties, &secrets)
    case "backends":
      try await BackendRules(service: service, path: path, existing: existing).apply(&properties, &secrets)
    case "certificates":
      let certificate = try CertificateRules.apply(&properties, &secrets)
      if let existing {
        try await Dependents(service: service, root: path.root).refuseChange(
          of: existing, to: certificate.thumbprint, hasKey: certificate.privateKey != nil)
      }
    case "gateways/certificateAuthorities":
      _ = try await service.get(ResourcePath.service.child("certificates", path.name))
    case "gateways/hostnameConfigurations":
      try await HostnameRules(service: service, path: path).apply(&properties)
    case "users":
      properties["registrationDate"] = existing?["registrationDate"] ?? .string(Date.now.formatted(.iso8601))
    case "policyFragments":
      let diagnostics = PolicyCheck.diagnostics(
        fragment: properties.string("value") ?? "",
        format: PolicyFormat(rawValue: properties.string("format") ?? "") ?? .rawxml, id: path.name,
        in: try await service.policyEnvironment(of: path.root))
      try refuse(diagnostics)
      if existing != nil { try await EventTargets(service: service, path: path).refuse(properties, target: "value") }
    default:
      if let reference = kind.reference { try await link(&properties, reference) }
      if kind.collection == "policies" { try await policy(properties) }
    }
  }

  private func api(_ properties: inout JSONObject) async throws(ManagementError) {
    let path = (properties.string("path") ?? "").split(separator: "/").joined(separator: "/")
    properties["path"] = .string(path)
    guard
      path.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7f && !"?#;*{}".unicodeScalars.contains($0) })
    else { throw .validation("path", "'\(path)' cannot be the path of an API.") }
    if let url = properties.string("serviceUrl"), !url.isEmpty {
      do { _ = try BackendTarget(url: url) } catch { throw .validation("serviceUrl", error.message) }
    }
    let protocols = (properties["protocols"]?.arrayValue ?? []).compactMap(\.stringValue)
    // A WebSocket API is one of its own: a request that is no handshake has no place in it.
    let families: [Set<String>] = [["http", "https"], ["ws", "wss"]]
    guard !protocols.isEmpty, families.contains(where: { $0.isSuperset(of: protocols) }) else {
      throw .validation(
        "protocols", "'protocols' must hold http, https or both; or, for a WebSocket API, ws, wss or both.")
    }
    // `apiType` says when an API is made what `type` says of it afterwards.
    let type = properties.string("apiType") ?? properties.string("type") ?? existing?.string("type") ?? "http"
    properties["apiType"] = nil
    properties["type"] = .string(type)
    guard type != "grpc" || families[0].isSuperset(of: protocols) else {
      throw .validation("protocols", "'protocols' of a gRPC API must hold http, https or both.")
    }
    guard type != "websocket" || families[1].isSuperset(of: protocols) else {
      throw .validation("protocols", "'protocols' of a WebSocket API must hold ws, wss or both.")
    }
    let name = Self.baseName(self.path.name)
    // The addresses of a gateway are one space, whoever's APIs it serves.
    for other in try await service.listEverywhere("apis")
    where other.path.root != self.path.root || Self.baseName(other.name) != name {
      if other.string("path")?.lowercased() == path.lowercased() {
        throw .validation(
          "path",
          "Cannot create API '\(self.path.name)' with the same Path '\(path)' as API '\(other.string("displayName") ?? other.name)' unless it's a part of the same version set"
        )
      }
    }
  }

  /// The name of an API without its revision.
  static func baseName(_ name: String) -> String {
    (name.range(of: ";rev=", options: .caseInsensitive).map { String(name[..<$0.lowerBound]) } ?? name).lowercased()
  }

  private func operation(_ properties: inout JSONObject) async throws(ManagementError) {
    let method = (properties.string("method") ?? "").uppercased()
    let template = properties.string("urlTemplate") ?? ""
    guard method.allSatisfy({ $0.isLetter || $0 == "-" || $0 == "*" }) else {
      throw .validation("method", "'\(method)' is no method of HTTP.")
    }
    guard template.hasPrefix("/") else { throw .validation("urlTemplate", "'urlTemplate' must begin with '/'.") }
    properties["method"] = .string(method)
    let complaints = OperationContract(properties).map { ContractCheck.complaints(about: $0) } ?? []
    guard complaints.isEmpty else {
      throw .validation(complaints.map { .init(target: $0.target, message: $0.message) })
    }
    for other in try await service.list("apis/operations", under: path.parent)
    where other.name.lowercased() != path.name.lowercased() {
      if other.string("method") == method, other.string("urlTemplate")?.lowercased() == template.lowercased() {
        throw .validation(
          "urlTemplate", "Operation '\(other.name)' has the same method and URL template: \(method) \(template).")
      }
    }
  }

  private func resolver(_ properties: JSONObject) async throws(ManagementError) {
    let field = properties.string("path") ?? ""
    let parts = field.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2,
      parts.allSatisfy({ name in
        !name.isEmpty
          && name.utf8.allSatisfy { $0 == 0x5f || (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) }
      })
    else { throw .validation("path", "'\(field)' is no field of a schema; expected Type/field.") }
    for other in try await service.list("apis/resolvers", under: path.parent)
    where other.name.lowercased() != path.name.lowercased() && other.string("path") == field {
      throw .validation("path", "Resolver '\(other.name)' is for the same field '\(field)'.")
    }
  }

  private func subscription(
    _ properties: inout JSONObject, _ secrets: inout [String: String]
  ) async throws(ManagementError) {
    let scope = properties.string("scope") ?? ""
    guard let target = ResourceReference(scope, in: path.root), target.isScope, target.root == path.root else {
      let others = path.isInWorkspace ? "or /apis/{id} of the workspace" : "/apis/{id} or the service's id"
      throw .validation("scope", "'\(scope.prefix(300))' is no scope here; expected /products/{id}, /apis, \(others).")
    }
    if let path = target.path { _ = try await service.get(path) }
    properties["scope"] = .string(target.fullID)
    if let owner = properties.string("ownerId") {
      guard let user = ResourceReference(owner)?.path, user.type == "users" else {
        throw .validation("ownerId", "'\(owner)' is no user; expected /users/{id}.")
      }
      _ = try await service.get(user)
      properties["ownerId"] = .string(ManagementService.resourceID + user.text)
    }
    properties["createdDate"] = existing?["createdDate"] ?? .string(Date.now.formatted(.iso8601))
    for name in kind.secrets {
      if let sent = properties.string(name) {
        guard sent.utf8.count >= 8 else { throw .validation(name, "A subscription key has at least 8 characters.") }
        secrets[name] = sent
      } else if existing == nil {
        secrets[name] = Secret.subscriptionKey()
      }
      properties[name] = nil
    }
  }

  private func gateway(_ properties: inout JSONObject, _ secrets: inout [String: String]) throws(ManagementError) {
    guard path.name.lowercased() != "managed" else {
      throw .validation("name", "'managed' is the gateway inside the management service.")
    }
    guard
      path.name.unicodeScalars.allSatisfy({
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_".unicodeScalars.contains($0))
      }), path.name.utf8.count <= 80
    else {
      throw .validation("name", "A gateway's name has at most 80 letters, digits, '-' and '_'.")
    }
    guard let location = properties["locationData"]?["name"]?.stringValue, !location.isEmpty, location.utf8.count <= 256
    else { throw .validation("locationData", "'locationData.name' is required.") }
    if existing == nil {
      for name in kind.secrets { secrets[name] = Secret.gatewayKey() }
    }
  }

  /// The connection string is a secret, as a named value's text is.
  private func logger(
    _ properties: inout JSONObject, _ secrets: inout [String: String]
  ) throws(ManagementError) {
    guard properties.string("loggerType") != nil else {
      throw .validation("loggerType", "'loggerType' is required: azureEventHub.")
    }
    var credentials = properties["credentials"]?.objectValue ?? [:]
    let text = credentials.string("connectionString")
    if let text { secrets["connectionString"] = text }
    credentials["connectionString"] = nil
    properties["credentials"] = .object(credentials)
    // Named values may come later; what they hold is looked at when the gateway gets it.
    if text?.contains("{{") == true || (text == nil && existing != nil) { return }
    do {
      _ = try EventHub(id: path.name, credentials, connectionString: text)
    } catch {
      throw .validation("credentials", error.message)
    }
  }

  /// The connection string is a secret; one cache serves a location.
  private func cache(
    _ properties: inout JSONObject, _ secrets: inout [String: String]
  ) async throws(ManagementError) {
    let text = properties.string("connectionString")
    properties["connectionString"] = nil
    guard text?.isEmpty == false || (text == nil && existing != nil) else {
      throw .validation("connectionString", "'connectionString' is required.")
    }
    let location = ExternalCache.place(properties.string("useFromLocation") ?? "")
    for other in try await service.list("caches") where other.name.lowercased() != path.name.lowercased() {
      if ExternalCache.place(other.string("useFromLocation") ?? "") == location {
        throw .validation("useFromLocation", "The cache '\(other.name)' is for this location already.")
      }
    }
    guard let text else { return }
    secrets["connectionString"] = text
    // Named values may come later; what they hold is looked at when the gateway gets it.
    if text.contains("{{") { return }
    do {
      _ = try RedisConnection(text)
    } catch {
      throw .validation("connectionString", error.message)
    }
  }

  private func namedValue(_ properties: inout JSONObject, _ secrets: inout [String: String]) {
    let value = properties.string("value")
    if properties.bool("secret") == true {
      if let value { secrets["value"] = value }
      properties["value"] = nil
    } else if value == nil {
      properties["value"] = existing?["value"] ?? ""
    }
  }

  private func policy(_ properties: JSONObject) async throws(ManagementError) {
    if kind.type == "apis/resolvers/policies" {
      let format = PolicyFormat(rawValue: properties.string("format") ?? "") ?? .xml
      let api = path.parent?.parent ?? path
      return try refuse(
        PolicyCheck.diagnostics(
          resolver: properties.string("value") ?? "", format: format,
          in: try await service.policyEnvironment(of: path.root, publishingTo: api)))
    }
    let scope: PolicyScope =
      switch kind.type {
      case "apis/policies": .api
      case "apis/operations/policies": .operation
      case "products/policies": .product
      default: path.isInWorkspace ? .workspace : .global
      }
    let format = PolicyFormat(rawValue: properties.string("format") ?? "") ?? .xml
    try refuse(
      PolicyCheck.diagnostics(
        properties.string("value") ?? "", format: format, at: scope,
        in: try await service.policyEnvironment(of: path.root)))
  }

  /// A link names something of its own root, of groups also those every service has, and no two beside each other name the
  /// same.
  private func link(
    _ properties: inout JSONObject, _ reference: (member: String, collection: String)
  ) async throws(ManagementError) {
    let id = properties.string(reference.member) ?? ""
    var found: StoredResource?
    for root in [path.root, .service] where found == nil {
      guard let target = ResourceReference(id, in: root)?.path, target.localType == reference.collection,
        let resource = try await service.find(target)
      else { continue }
      if target.root == path.root || reference.collection == "groups" && resource.bool("builtIn") == true {
        found = resource
      }
    }
    guard let found else {
      throw .validation(reference.member, "'\(id.prefix(300))' names nothing that can be linked here.")
    }
    for other in try await service.list(kind.type, under: path.parent) where other.path != path {
      guard ResourceReference(other.string(reference.member) ?? "")?.path == found.path else { continue }
      throw .validation(reference.member, "The link '\(other.name)' is to the same already.")
    }
    properties[reference.member] = .string(ManagementService.resourceID + found.path.text)
  }

  /// A policy that cannot run is not saved; every complaint is told with its place.
  private func refuse(_ diagnostics: [PolicyDiagnostic]) throws(ManagementError) {
    let errors = diagnostics.filter { $0.severity == .error }
    guard !errors.isEmpty else { return }
    throw .validation(
      errors.map { error in
        let hint = error.suggestion.map { " Did you mean '\($0)'?" } ?? ""
        return .init(
          target: "representation",
          message:
            "Line \(error.position.line), column \(error.position.column): \(error.code): \(error.message)\(hint)")
      })
  }
}
