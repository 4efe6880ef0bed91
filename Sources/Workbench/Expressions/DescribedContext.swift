public import DotNet
public import Expressions
import Foundation

/// A `context` described in JSON: its documented members in camelCase, absent ones null.
///
/// Addresses are objects with `scheme`, `host`, `port`, `path`, `queryString` and `query`; headers and query parameters
/// map names to lists; bodies are text (`body`) or base 64 (`bodyBase64`).
public final class DescribedContext: ContextModel {
  private let root: [String: Any]
  private let pinned: Int64?
  private var variables: [String: Value] = [:]
  private var consumed: Set<ContextMessage> = []
  /// Messages given to `context.Trace`.
  public private(set) var traces: [String] = []

  /// - Parameter now: ticks of 100 ns since 0001-01-01 that the clock shows; nil for the real time.
  public init(_ description: [String: Any], now: Int64?) {
    root = description
    pinned = now
    for (name, value) in description["variables"] as? [String: Any] ?? [:] { variables[name] = self.value(value) }
  }

  private func value(_ json: Any) -> Value? {
    if let described = json as? [String: Any], let type = described["$t"] as? String {
      if let texts = described["v"] as? [String] { return .described(texts: texts, isList: type.hasPrefix("List")) }
      if let object = described["v"] as? [String: Any] {
        if type == "Response" { return .response(response(object)) }
        let values = type.contains("object") ? "object" : "string"
        return .described(
          object.keys.sorted().map { name in (name, object[name].flatMap { self.value($0) } ?? .null) }, values: values)
      }
      if type == "bytes", let data = (described["v"] as? String).flatMap({ Data(base64Encoded: $0) }) {
        return .bytes(Array(data))
      }
      let text = (described["v"] as? String) ?? (described["v"] as? NSNumber).map { "\($0)" } ?? ""
      return .described(type, text, in: self)
    }
    switch json {
    case is NSNull: return .null
    case let text as String: return .string(text)
    case let number as NSNumber:
      let kind = String(cString: number.objCType)
      if kind == "c" || kind == "B" { return .bool(number.boolValue) }
      if kind == "d" || kind == "f" { return .double(number.doubleValue) }
      return Int32(exactly: number.int64Value).map { .int32($0) } ?? .int64(number.int64Value)
    default: return nil
    }
  }

  private func response(_ object: [String: Any]) -> ResponseMessage {
    ResponseMessage(
      statusCode: (object["statusCode"] as? NSNumber)?.intValue ?? 200,
      statusReason: object["statusReason"] as? String ?? "",
      headers: lists(object["headers"]).map { (name: $0.key, values: $0.value) }.sorted { $0.name < $1.name },
      body: (object["body"] as? String).map { Array($0.utf8) })
  }

  private func node(_ path: String...) -> Any? { node(path) }

  private func node(_ path: [String]) -> Any? {
    var current: Any? = root
    for name in path { current = (current as? [String: Any])?[name] }
    return current is NSNull ? nil : current
  }

  private func text(_ path: String...) -> String? {
    let node = node(path)
    if let text = node as? String { return text }
    return (node as? NSNumber).map { "\($0)" }
  }

  // MARK: - Hidden state

  public func now() -> Int64 {
    pinned ?? Int64(Date().timeIntervalSince1970 * 10_000_000) + 621_355_968_000_000_000
  }

  public func newGuid() -> (UInt64, UInt64) {
    (
      UInt64.random(in: 0...UInt64.max) & ~0xF000 | 0x4000,
      UInt64.random(in: 0...UInt64.max) & ~(3 << 62) | (2 << 62)
    )
  }

  public func random() -> UInt64 { .random(in: 0...UInt64.max) }

  // MARK: - Members

  public func text(_ member: ContextText) -> String? {
    switch member {
    case .requestId: text("requestId")
    case .requestMethod: text("request", "method")
    case .requestIpAddress: text("request", "ipAddress")
    case .urlScheme: text("request", "url", "scheme")
    case .urlHost: text("request", "url", "host")
    case .urlPath: text("request", "url", "path")
    case .urlQueryString: text("request", "url", "queryString")
    case .originalUrlScheme: text("request", "originalUrl", "scheme")
    case .originalUrlHost: text("request", "originalUrl", "host")
    case .originalUrlPath: text("request", "originalUrl", "path")
    case .originalUrlQueryString: text("request", "originalUrl", "queryString")
    case .serviceUrlScheme: text("api", "serviceUrl", "scheme")
    case .serviceUrlHost: text("api", "serviceUrl", "host")
    case .serviceUrlPath: text("api", "serviceUrl", "path")
    case .serviceUrlQueryString: text("api", "serviceUrl", "queryString")
    case .responseStatusReason: text("response", "statusReason")
    case .apiId: text("api", "id")
    case .apiName: text("api", "name")
    case .apiPath: text("api", "path")
    case .apiRevision: text("api", "revision")
    case .apiVersion: text("api", "version")
    case .apiSubscriptionKeyHeader: text("api", "subscriptionKeyParameterNames", "header")
    case .apiSubscriptionKeyQuery: text("api", "subscriptionKeyParameterNames", "query")
    case .operationId: text("operation", "id")
    case .operationMethod: text("operation", "method")
    case .operationName: text("operation", "name")
    case .operationUrlTemplate: text("operation", "urlTemplate")
    case .productId: text("product", "id")
    case .productName: text("product", "name")
    case .subscriptionId: text("subscription", "id")
    case .subscriptionName: text("subscription", "name")
    case .subscriptionKey: text("subscription", "key")
    case .subscriptionPrimaryKey: text("subscription", "primaryKey")
    case .subscriptionSecondaryKey: text("subscription", "secondaryKey")
    case .userId: text("user", "id")
    case .userEmail: text("user", "email")
    case .userFirstName: text("user", "firstName")
    case .userLastName: text("user", "lastName")
    case .userNote: text("user", "note")
    case .deploymentGatewayId: text("deployment", "gatewayId") ?? text("deployment", "gateway", "id")
    case .deploymentRegion: text("deployment", "region")
    case .deploymentServiceId: text("deployment", "serviceId")
    case .deploymentServiceName: text("deployment", "serviceName")
    case .deploymentGatewayInstanceId: text("deployment", "gateway", "instanceId")
    case .lastErrorSource: text("lastError", "source")
    case .lastErrorReason: text("lastError", "reason")
    case .lastErrorMessage: text("lastError", "message")
    case .lastErrorScope: text("lastError", "scope")
    case .lastErrorSection: text("lastError", "section")
    case .lastErrorPath: text("lastError", "path")
    case .lastErrorPolicyId: text("lastError", "policyId")
    case .privateEndpointName: text("request", "privateEndpointConnection", "name")
    case .privateEndpointGroupId: text("request", "privateEndpointConnection", "groupId")
    case .privateEndpointMemberName: text("request", "privateEndpointConnection", "memberName")
    case .workspaceId: text("workspace", "id")
    case .workspaceName: text("workspace", "name")
    }
  }

  public func number(_ member: ContextNumber) -> Int64? {
    func number(_ value: Any?) -> Int64? { (value as? NSNumber)?.int64Value }
    switch member {
    case .urlPort: return number(node("request", "url", "port"))
    case .originalUrlPort: return number(node("request", "originalUrl", "port"))
    case .serviceUrlPort: return number(node("api", "serviceUrl", "port"))
    case .responseStatusCode: return number(node("response", "statusCode"))
    case .productSubscriptionLimit: return number(node("product", "subscriptionLimit"))
    case .lastErrorHttpCode: return number(node("lastError", "httpErrorCode"))
    case .timestamp: return time("timestamp")
    case .elapsed:
      return text("elapsed").flatMap { try? TimeSpanText.parse($0) } ?? time("timestamp").map { now() - $0 }
    case .subscriptionCreatedDate: return time("subscription", "createdDate")
    case .subscriptionStartDate: return time("subscription", "startDate")
    case .subscriptionEndDate: return time("subscription", "endDate")
    case .userRegistrationDate: return time("user", "registrationDate")
    }
  }

  /// A time in ISO form as ticks.
  private func time(_ path: String...) -> Int64? {
    (node(path) as? String).flatMap { try? DateTimeValue.parse($0).ticks }
  }

  public func flag(_ member: ContextFlag) -> Bool {
    func flag(_ value: Any?) -> Bool { (value as? NSNumber)?.boolValue ?? false }
    switch member {
    case .tracing: return flag(node("tracing"))
    case .apiIsCurrentRevision: return flag(node("api", "isCurrentRevision"))
    case .productApprovalRequired: return flag(node("product", "approvalRequired"))
    case .productSubscriptionRequired: return flag(node("product", "subscriptionRequired"))
    case .productIsPublished: return text("product", "state") == "Published"
    case .deploymentGatewayIsManaged: return flag(node("deployment", "gateway", "isManaged"))
    }
  }

  public func isPresent(_ part: ContextPart) -> Bool {
    switch part {
    case .requestBody: node("request", "body") != nil || node("request", "bodyBase64") != nil
    case .response: node("response") != nil
    case .responseBody: node("response", "body") != nil || node("response", "bodyBase64") != nil
    case .api: node("api") != nil
    case .apiServiceUrl: node("api", "serviceUrl") != nil
    case .operation: node("operation") != nil
    case .product: node("product") != nil
    case .subscription: node("subscription") != nil
    case .user: node("user") != nil
    case .lastError: node("lastError") != nil
    case .clientCertificate: node("request", "certificate") != nil
    case .privateEndpointConnection: node("request", "privateEndpointConnection") != nil
    case .graphQL: node("graphQL") != nil
    case .workspace: node("workspace") != nil
    }
  }

  // MARK: - Messages and addresses

  private func side(_ message: ContextMessage) -> String { message == .request ? "request" : "response" }

  private func side(_ url: ContextURL) -> (String, String) {
    switch url {
    case .current: ("request", "url")
    case .original: ("request", "originalUrl")
    case .service: ("api", "serviceUrl")
    }
  }

  private func lists(_ node: Any?) -> [String: [String]] { node as? [String: [String]] ?? [:] }

  private func values(_ name: String, _ lists: [String: [String]]) -> [String]? {
    lists.first { $0.key.lowercased() == name.lowercased() }?.value
  }

  public func header(_ name: String, of message: ContextMessage) -> String? {
    headerValues(name, of: message)?.joined(separator: ",")
  }
  public func headerValues(_ name: String, of message: ContextMessage) -> [String]? {
    values(name, lists(node(side(message), "headers")))
  }
  public func headerNames(of message: ContextMessage) -> [String] {
    lists(node(side(message), "headers")).keys.sorted()
  }
  public func body(of message: ContextMessage, preserve: Bool) -> [UInt8]? {
    if consumed.contains(message) { return nil }
    if !preserve { consumed.insert(message) }
    if let encoded = node(side(message), "bodyBase64") as? String {
      return Data(base64Encoded: encoded).map { Array($0) }
    }
    return (node(side(message), "body") as? String).map { Array($0.utf8) }
  }
  public func queryValues(_ name: String, of url: ContextURL) -> [String]? {
    values(name, lists(node(side(url).0, side(url).1, "query")))
  }
  public func queryNames(of url: ContextURL) -> [String] {
    lists(node(side(url).0, side(url).1, "query")).keys.sorted()
  }
  public func matchedParameter(_ name: String) -> String? { text("request", "matchedParameters", name) }
  public func matchedParameterNames() -> [String] {
    (node("request", "matchedParameters") as? [String: String] ?? [:]).keys.sorted()
  }

  // MARK: - Variables, lists, certificates and effects

  public func variable(_ name: String) -> Value? { variables[name] }
  public func setVariable(_ name: String, _ value: Value) { variables[name] = value }
  public func variableNames() -> [String] { variables.keys.sorted() }
  public func groups(of owner: ContextGroupOwner) -> [ContextGroup] {
    let list = node(owner == .user ? "user" : "product", "groups") as? [[String: Any]] ?? []
    return list.map { ContextGroup(id: $0["id"] as? String ?? "", name: $0["name"] as? String ?? "") }
  }
  public func identities() -> [ContextIdentity] {
    let list = node("user", "identities") as? [[String: Any]] ?? []
    return list.map { ContextIdentity(id: $0["id"] as? String ?? "", provider: $0["provider"] as? String ?? "") }
  }
  public func productApis() -> [ContextApi] {
    (node("product", "apis") as? [[String: Any]] ?? []).map { api in
      let names = api["subscriptionKeyParameterNames"] as? [String: String]
      return ContextApi(
        id: api["id"] as? String ?? "", name: api["name"] as? String ?? "", path: api["path"] as? String ?? "",
        protocols: api["protocols"] as? [String] ?? [], serviceUrl: address(api["serviceUrl"]),
        subscriptionKeyHeader: names?["header"], subscriptionKeyQuery: names?["query"])
    }
  }

  /// An address described in parts as one text.
  private func address(_ json: Any?) -> String? {
    guard let parts = json as? [String: Any], let scheme = parts["scheme"] as? String,
      let host = parts["host"] as? String
    else { return json as? String }
    let port = (parts["port"] as? NSNumber).map { ":\($0)" } ?? ""
    return scheme + "://" + host + port + (parts["path"] as? String ?? "") + (parts["queryString"] as? String ?? "")
  }

  public func apiProtocols() -> [String] { node("api", "protocols") as? [String] ?? [] }
  public func clientCertificate() -> CertificateValue? { certificate(node("request", "certificate") as? String) }
  private func certificate(_ base64: String?) -> CertificateValue? {
    base64.flatMap { Data(base64Encoded: $0) }.flatMap { try? CertificateValue(Array($0)) }
  }
  public func deploymentCertificateNames() -> [String] {
    (node("deployment", "certificates") as? [String: String] ?? [:]).keys.sorted()
  }
  public func deploymentCertificate(_ name: String) -> CertificateValue? {
    certificate((node("deployment", "certificates") as? [String: String])?[name])
  }
  public func graphQLArguments() -> String? { nil }
  public func graphQLParent() -> String? { nil }
  public func trace(_ message: String) { traces.append(message) }
}
