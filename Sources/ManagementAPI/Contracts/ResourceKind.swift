import ControlPlaneStore
import Foundation
import GatewayConfiguration

/// A kind of ARM resource below the service: its place, its members, and what the store keeps apart as secrets.
struct ResourceKind: Sendable {
  /// How a member's value is checked.
  enum Rule: Sendable {
    case text(maximum: Int, isRequired: Bool = false)
    case flag
    case whole(ClosedRange<Int64>)
    case word([String])
    case list
    case object
  }

  /// Below what resources of a kind stand.
  enum Roots { case service, workspaces, both }

  /// Collections below the service or the workspace, joined by `/`, in canonical letters: `apis/operations`.
  let type: String
  /// What messages call one: `Api`.
  let title: String
  var rules: [String: Rule] = [:]
  /// Values that a new resource gets for members left out.
  var defaults: JSONObject = [:]
  /// Members that are kept ciphered and never shown but by the secret-listing calls.
  var secrets: [String] = []
  /// A membership: no members of its own; the other end's collection, as in `products/apis` → `apis`.
  var linkTo: String?
  /// The only name a singleton may have.
  var onlyName: String?
  /// The member that names another resource by its id, and the collection of that: such a link ends with what it names.
  var reference: (member: String, collection: String)?
  /// Below what such resources stand.
  var roots: Roots = .service
  /// Members that clients send back and the service owns.
  var readOnly: Set<String> = ["provisioningState"]

  static let all: [ResourceKind] = [
    ResourceKind(
      type: "workspaces", title: "Workspace",
      rules: [
        "displayName": .text(maximum: 300, isRequired: true), "description": .text(maximum: 1_000),
      ]),
    ResourceKind(
      type: "apis", title: "Api",
      rules: [
        "displayName": .text(maximum: 300, isRequired: true), "path": .text(maximum: 400),
        "description": .text(maximum: 32_768), "serviceUrl": .text(maximum: 2_000), "protocols": .list,
        "subscriptionRequired": .flag, "subscriptionKeyParameterNames": .object, "apiRevision": .text(maximum: 100),
        "isCurrent": .flag,
        "type": .word(["http", "websocket", "graphql", "grpc", "odata"]),
        "apiType": .word(["http", "websocket", "graphql", "grpc", "odata"]),
        "format": .word(["grpc", "odata"]), "value": .text(maximum: SchemaRules.maximumBytes),
        "apiRevisionDescription": .text(maximum: 256),
        "isOnline": .flag,
        "contact": .object, "license": .object, "termsOfServiceUrl": .text(maximum: 2_000),
      ],
      defaults: [
        "apiRevision": "1", "isCurrent": true, "subscriptionRequired": true, "protocols": ["https"],
      ], roots: .both),
    ResourceKind(
      type: "apis/operations", title: "Operation",
      rules: [
        "displayName": .text(maximum: 300, isRequired: true), "method": .text(maximum: 32, isRequired: true),
        "urlTemplate": .text(maximum: 1_000, isRequired: true), "description": .text(maximum: 32_768),
        "templateParameters": .list, "request": .object, "responses": .list, "policies": .text(maximum: 524_288),
      ], defaults: ["templateParameters": [], "responses": []], roots: .both),
    ResourceKind(
      type: "loggers", title: "Logger",
      rules: [
        "loggerType": .word(["azureEventHub"]), "description": .text(maximum: 256), "credentials": .object,
        "isBuffered": .flag, "resourceId": .text(maximum: 1_000),
      ], defaults: ["isBuffered": true], secrets: ["connectionString"], roots: .both),
    ResourceKind(
      type: "caches", title: "Cache",
      rules: [
        "connectionString": .text(maximum: RedisConnection.maximumLength),
        "useFromLocation": .text(maximum: 256, isRequired: true), "description": .text(maximum: 2_000),
        "resourceId": .text(maximum: 2_000),
      ], secrets: ["connectionString"]),
    ResourceKind(
      type: "apis/resolvers", title: "Resolver",
      rules: [
        "displayName": .text(maximum: 300), "path": .text(maximum: 300, isRequired: true),
        "description": .text(maximum: 32_768),
      ]),
    ResourceKind(
      type: "apis/schemas", title: "Schema",
      rules: ["contentType": .text(maximum: 256, isRequired: true), "document": .object], roots: .both),
    ResourceKind(
      type: "schemas", title: "Schema",
      rules: [
        "schemaType": .word(["json", "xml"]), "description": .text(maximum: 1_000),
        "value": .text(maximum: SchemaRules.maximumBytes), "document": .object,
      ], defaults: ["schemaType": "json"], roots: .both),
    .policies("policies", .both), .policies("apis/policies", .both), .policies("apis/operations/policies", .both),
    .policies("apis/resolvers/policies", .service), .policies("products/policies", .both),
    ResourceKind(
      type: "products", title: "Product",
      rules: [
        "displayName": .text(maximum: 300, isRequired: true), "description": .text(maximum: 1_000),
        "terms": .text(maximum: 32_768), "subscriptionRequired": .flag, "approvalRequired": .flag,
        "subscriptionsLimit": .whole(0...1_000_000), "state": .word(["notPublished", "published"]),
      ], defaults: ["subscriptionRequired": true, "approvalRequired": false, "state": "notPublished"], roots: .both),
    ResourceKind(type: "products/apis", title: "Api", linkTo: "apis"),
    ResourceKind(
      type: "products/apiLinks", title: "Api link", rules: ["apiId": .text(maximum: 1_000, isRequired: true)],
      reference: ("apiId", "apis"), roots: .workspaces),
    ResourceKind(
      type: "products/groupLinks", title: "Group link", rules: ["groupId": .text(maximum: 1_000, isRequired: true)],
      reference: ("groupId", "groups"), roots: .workspaces),
    ResourceKind(type: "products/groups", title: "Group", linkTo: "groups"),
    ResourceKind(
      type: "subscriptions", title: "Subscription",
      rules: [
        "displayName": .text(maximum: 100, isRequired: true), "scope": .text(maximum: 1_000, isRequired: true),
        "ownerId": .text(maximum: 1_000), "primaryKey": .text(maximum: 256), "secondaryKey": .text(maximum: 256),
        "state": .word(["suspended", "active", "expired", "submitted", "rejected", "cancelled"]),
        "allowTracing": .flag, "startDate": .text(maximum: 40), "endDate": .text(maximum: 40),
        "expirationDate": .text(maximum: 40), "stateComment": .text(maximum: 1_000),
      ], defaults: ["state": "active", "allowTracing": false], secrets: ["primaryKey", "secondaryKey"],
      roots: .both, readOnly: ["createdDate", "notificationDate"]),
    ResourceKind(
      type: "gateways", title: "Gateway",
      rules: ["description": .text(maximum: 1_000), "locationData": .object], secrets: ["primaryKey", "secondaryKey"]),
    ResourceKind(type: "gateways/apis", title: "Api", linkTo: "apis"),
    ResourceKind(
      type: "gateways/configConnections", title: "Config connection",
      rules: ["sourceId": .text(maximum: 1_000, isRequired: true)], reference: ("sourceId", "workspaces"),
      readOnly: ["provisioningState", "defaultHostname"]),
    ResourceKind(
      type: "gateways/certificateAuthorities", title: "Certificate authority", rules: ["isTrusted": .flag],
      defaults: ["isTrusted": false]),
    ResourceKind(
      type: "gateways/hostnameConfigurations", title: "Hostname configuration",
      rules: [
        "hostname": .text(maximum: 253, isRequired: true), "certificateId": .text(maximum: 1_000, isRequired: true),
        "negotiateClientCertificate": .flag, "tls10Enabled": .flag, "tls11Enabled": .flag, "http2Enabled": .flag,
      ],
      defaults: [
        "negotiateClientCertificate": false, "tls10Enabled": false, "tls11Enabled": false, "http2Enabled": true,
      ]),
    ResourceKind(
      type: "namedValues", title: "Named value",
      rules: [
        "displayName": .text(maximum: 256, isRequired: true), "value": .text(maximum: 4_096), "secret": .flag,
        "tags": .list,
      ], defaults: ["secret": false], secrets: ["value"], roots: .both),
    ResourceKind(
      type: "policyFragments", title: "Policy fragment",
      rules: [
        "value": .text(maximum: 524_288, isRequired: true), "format": .word(["xml", "rawxml"]),
        "description": .text(maximum: 1_000),
      ], defaults: ["format": "rawxml"], roots: .both),
    ResourceKind(
      type: "backends", title: "Backend",
      rules: [
        "type": .word(["Single", "Pool"]), "url": .text(maximum: 2_000), "protocol": .word(["http", "soap"]),
        "title": .text(maximum: 300), "description": .text(maximum: 2_000), "resourceId": .text(maximum: 2_000),
        "tls": .object, "credentials": .object, "proxy": .object, "circuitBreaker": .object, "pool": .object,
        "healthCheck": .object,
      ], defaults: ["type": "Single", "protocol": "http"], secrets: [BackendRules.proxyPassword],
      roots: .both),
    ResourceKind(
      type: "certificates", title: "Certificate",
      rules: ["data": .text(maximum: 1 << 20, isRequired: true), "password": .text(maximum: 1_000)],
      secrets: ["data", "password"], roots: .both,
      readOnly: ["subject", "thumbprint", "expirationDate", "provisioningState"]),
    ResourceKind(
      type: "users", title: "User",
      rules: [
        "firstName": .text(maximum: 100, isRequired: true), "lastName": .text(maximum: 100, isRequired: true),
        "email": .text(maximum: 254, isRequired: true), "note": .text(maximum: 2_000),
        "state": .word(["active", "blocked", "pending", "deleted"]),
      ], defaults: ["state": "active"], readOnly: ["registrationDate", "identities", "groups"]),
    ResourceKind(
      type: "groups", title: "Group",
      rules: [
        "displayName": .text(maximum: 300, isRequired: true), "description": .text(maximum: 1_000),
        "type": .word(["custom", "system", "external"]),
      ], defaults: ["type": "custom"], roots: .both, readOnly: ["builtIn"]),
    ResourceKind(type: "groups/users", title: "User", linkTo: "users", roots: .both),
  ]

  private static func policies(_ type: String, _ roots: Roots) -> ResourceKind {
    ResourceKind(
      type: type, title: "Policy",
      rules: ["value": .text(maximum: 524_288, isRequired: true), "format": .word(["xml", "rawxml"])],
      defaults: ["format": "xml"], onlyName: "policy", roots: roots)
  }

  private static let byType = Dictionary(uniqueKeysWithValues: all.map { ($0.type.lowercased(), $0) })

  static func of(_ path: ResourcePath) -> ResourceKind? {
    guard let kind = byType[path.localType.lowercased()],
      kind.roots == .both || (kind.roots == .workspaces) == path.isInWorkspace
    else { return nil }
    return kind
  }

  /// Where the other end of a membership stands: users are the service's alone.
  func linked(_ path: ResourcePath) -> ResourcePath? {
    linkTo.map { (Self.serviceOnly.contains($0) ? .service : path.root).child($0, path.name) }
  }

  private static let serviceOnly = Set(all.filter { $0.roots == .service }.map(\.type))

  /// The last collection of the type.
  var collection: String { type.split(separator: "/").last.map(String.init) ?? type }

  /// Checks members against the rules; every complaint at once. Unknown members are refused, read-only ones dropped.
  func check(_ properties: JSONObject) throws(ManagementError) -> JSONObject {
    var details: [ManagementError.Detail] = []
    var result: JSONObject = [:]
    for (name, value) in properties {
      if readOnly.contains(name) || value.isNull { continue }
      guard let rule = rules[name] else {
        details.append(.init(target: name, message: "\(title) has no property '\(name)' that this version supports."))
        continue
      }
      if let complaint = rule.complaint(value) {
        details.append(.init(target: name, message: "'\(name)' \(complaint)."))
      }
      result[name] = value
    }
    for (name, rule) in rules {
      guard case .text(_, true) = rule, (result[name]?.stringValue ?? "").isEmpty else { continue }
      details.append(.init(target: name, message: "'\(name)' is required."))
    }
    guard details.isEmpty else { throw .validation(details.sorted { $0.target < $1.target }) }
    return result
  }

  /// Names of resources: letters, digits and a few signs, at most 80 (256 for operations and values).
  static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 256
      && name.unicodeScalars.allSatisfy {
        $0.value > 0x20 && $0.value != 0x7f && !"*#&+:<>?/\\%\"'".unicodeScalars.contains($0)
      }
  }
}

extension ResourceKind.Rule {
  /// What is wrong with a value; nil when nothing is.
  func complaint(_ value: JSON) -> String? {
    switch self {
    case .text(let maximum, _):
      guard let text = value.stringValue else { return "must be a string, not \(value.kindName)" }
      return text.utf8.count > maximum ? "has \(text.utf8.count) bytes; the limit is \(maximum)" : nil
    case .flag: return value.boolValue == nil ? "must be true or false" : nil
    case .whole(let bounds):
      guard let number = value.integerValue, bounds.contains(number) else {
        return "must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)"
      }
      return nil
    case .word(let words):
      guard let text = value.stringValue, words.contains(text) else {
        return "must be one of \(words.joined(separator: ", "))"
      }
      return nil
    case .list: return value.arrayValue == nil ? "must be an array" : nil
    case .object: return value.objectValue == nil ? "must be an object" : nil
    }
  }
}
