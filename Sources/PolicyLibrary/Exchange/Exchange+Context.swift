public import DotNet
public import Expressions
import GatewayConfiguration
import HTTPWire
import Telemetry

/// The exchange as `context` of policy expressions (expressions.md, section 5).
extension Exchange: ContextModel {
  public func now() -> Int64 { effects.now() }
  public func random() -> UInt64 { effects.random() }
  /// A random GUID of version 4.
  public func newGuid() -> (UInt64, UInt64) {
    (
      effects.random() & ~0xf000 | 0x4000,
      effects.random() & ~(0xc000_0000_0000_0000) | 0x8000_0000_0000_0000
    )
  }

  public func text(_ member: ContextText) -> String? {
    switch member {
    case .requestId: facts.requestID.text
    case .requestMethod: request.method
    case .requestIpAddress: facts.clientAddress
    case .urlScheme, .urlHost, .urlPath, .urlQueryString: currentURL(member)
    case .originalUrlScheme: facts.isTLS ? "https" : "http"
    case .originalUrlHost: String(request.receivedAuthorityText.prefix { $0 != ":" })
    case .originalUrlPath: String(request.receivedTargetText.prefix { $0 != "?" })
    case .originalUrlQueryString: queryPart(request.receivedTargetText)
    case .serviceUrlScheme: facts.backend.map { $0.origin.isTLS ? "https" : "http" }
    case .serviceUrlHost: facts.backend?.origin.host
    case .serviceUrlPath: facts.backend.map { pathText($0.basePath) }
    case .serviceUrlQueryString: facts.backend.map { _ in "" }
    case .responseStatusReason: hasResponse ? response.reason : nil
    case .lastErrorSource: lastError?.source
    case .lastErrorReason: lastError?.reason
    case .lastErrorMessage: lastError?.message
    case .lastErrorScope: lastError?.scope
    case .lastErrorSection: lastError?.section
    case .lastErrorPath: lastError?.path
    case .lastErrorPolicyId: lastError?.policyID
    default: entityText(member)
    }
  }

  private func entityText(_ member: ContextText) -> String? {
    switch member {
    case .apiId: facts.api?.id
    case .apiName: facts.api?.displayName
    case .apiPath: facts.api?.path
    case .apiRevision: facts.api?.revision
    case .apiVersion: facts.api?.version
    case .apiSubscriptionKeyHeader: facts.api?.subscriptionKeyNames.header
    case .apiSubscriptionKeyQuery: facts.api?.subscriptionKeyNames.query
    case .operationId: facts.operation?.id
    case .operationMethod: facts.operation?.method
    case .operationName: facts.operation?.displayName
    case .operationUrlTemplate: facts.operation?.urlTemplate
    case .workspaceId: facts.api?.workspace?.id
    case .workspaceName: facts.api?.workspace?.displayName
    case .productId: facts.product?.id
    case .productName: facts.product?.displayName
    case .subscriptionId: facts.subscription?.id
    case .subscriptionName: facts.subscription?.displayName
    case .subscriptionKey, .subscriptionPrimaryKey: facts.subscription?.primaryKey
    case .subscriptionSecondaryKey: facts.subscription?.secondaryKey
    case .userId: facts.user?.id
    case .userEmail: facts.user?.email
    case .userFirstName: facts.user?.firstName
    case .userLastName: facts.user?.lastName
    case .userNote: facts.user?.note
    case .deploymentGatewayId: facts.deployment?.gateway.id
    case .deploymentRegion: facts.deployment?.gateway.location
    case .deploymentServiceId: facts.deployment?.service.resourceID
    case .deploymentServiceName: facts.deployment?.service.name
    case .deploymentGatewayInstanceId: facts.deployment?.instanceID
    default: nil
    }
  }

  /// Parts of the address the request goes to as it stands now.
  private func currentURL(_ member: ContextText) -> String? {
    switch member {
    case .urlScheme: (backend?.origin.isTLS ?? facts.isTLS) ? "https" : "http"
    case .urlHost: backend?.origin.host ?? String(request.authority.prefix { $0 != ":" })
    case .urlPath:
      isPathBound ? request.path : request.path(replacing: apiPathLength, by: backend?.basePath ?? [])
    default: request.query.map { "?" + $0 } ?? ""
    }
  }

  private func pathText(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private func queryPart(_ target: String) -> String {
    target.firstIndex(of: "?").map { String(target[$0...]) } ?? ""
  }

  public func number(_ member: ContextNumber) -> Int64? {
    let epoch: Int64 = 621_355_968_000_000_000
    func ticks(_ seconds: Int64?) -> Int64? { seconds.map { epoch + $0 * 10_000_000 } }
    switch member {
    case .timestamp: return facts.receivedTicks
    case .elapsed: return max(0, effects.now() - facts.receivedTicks)
    case .urlPort: return Int64(backend?.origin.port ?? facts.localPort)
    case .originalUrlPort:
      let authority = request.receivedAuthorityText
      let port = authority.lastIndex(of: ":").flatMap { Int64(authority[authority.index(after: $0)...]) }
      return port ?? (facts.isTLS ? 443 : 80)
    case .serviceUrlPort: return (facts.backend?.origin.port).map(Int64.init)
    case .responseStatusCode: return hasResponse ? Int64(response.status) : nil
    case .productSubscriptionLimit: return (facts.product?.subscriptionsLimit).map(Int64.init)
    case .subscriptionCreatedDate: return ticks(facts.subscription?.createdDate)
    case .subscriptionStartDate: return ticks(facts.subscription?.startDate)
    case .subscriptionEndDate: return ticks(facts.subscription?.endDate)
    case .userRegistrationDate: return ticks(facts.user?.registrationDate)
    case .lastErrorHttpCode: return (lastError?.status).map(Int64.init)
    }
  }

  public func flag(_ member: ContextFlag) -> Bool {
    switch member {
    case .tracing: false
    case .apiIsCurrentRevision: facts.api?.isCurrentRevision ?? false
    case .productApprovalRequired: facts.product?.approvalRequired ?? false
    case .productSubscriptionRequired: facts.product?.subscriptionRequired ?? false
    case .productIsPublished: facts.product?.isPublished ?? false
    case .deploymentGatewayIsManaged: facts.deployment?.gateway.isManaged ?? false
    }
  }

  public func isPresent(_ part: ContextPart) -> Bool {
    switch part {
    case .requestBody: requestBody != .none
    case .response: hasResponse
    case .responseBody: hasResponse && responseBody != .none
    case .api: facts.api != nil
    case .apiServiceUrl: facts.backend != nil
    case .operation: facts.operation != nil
    case .product: facts.product != nil
    case .subscription: facts.subscription != nil
    case .user: facts.user != nil
    case .lastError: lastError != nil
    case .clientCertificate: source?.clientCertificate() != nil
    case .graphQL: graphQL != nil
    case .workspace: facts.api?.workspace != nil
    case .privateEndpointConnection: false
    }
  }

  // MARK: - Messages

  public func header(_ name: String, of message: ContextMessage) -> String? {
    message == .request ? request.value(of: name) : response.value(of: name)
  }

  public func hasHeader(_ name: String, of message: ContextMessage) -> Bool {
    message == .request ? request.contains(name) : response.contains(name)
  }

  public func headerValues(_ name: String, of message: ContextMessage) -> [String]? {
    let values = message == .request ? request.values(of: name) : response.values(of: name)
    return values.isEmpty ? nil : values
  }

  public func headerNames(of message: ContextMessage) -> [String] {
    var names: [String] = []
    var seen: Set<String> = []
    let collect = { (name: String, _: String) in
      if seen.insert(name.lowercased()).inserted { names.append(name) }
    }
    if message == .request { request.forEachHeader(collect) } else { response.forEachHeader(collect) }
    return names
  }

  public func body(of message: ContextMessage, preserve: Bool) -> [UInt8]? {
    let body = message == .request ? requestBody : responseBody
    switch body {
    case .none: return []
    case .streaming, .consumed: return nil
    case .bytes(let bytes):
      if !preserve {
        if message == .request { requestBody = .consumed } else { responseBody = .consumed }
      }
      return bytes
    }
  }

  // MARK: - Addresses

  private func query(of url: ContextURL) -> QueryText {
    switch url {
    case .current: QueryText(request.query ?? "")
    case .original: QueryText(String(queryPart(request.receivedTargetText).dropFirst()))
    case .service: QueryText("")
    }
  }

  public func queryValues(_ name: String, of url: ContextURL) -> [String]? {
    let values = query(of: url).values(name)
    return values.isEmpty ? nil : values
  }

  public func queryNames(of url: ContextURL) -> [String] {
    var seen: Set<String> = []
    return query(of: url).pairs.map(\.name).filter { seen.insert($0.lowercased()).inserted }
  }

  public func matchedParameter(_ name: String) -> String? {
    source?.matchedParameters().first { $0.name == name }?.value
  }

  public func matchedParameterNames() -> [String] { source?.matchedParameters().map(\.name) ?? [] }

  // MARK: - Variables

  public func variable(_ name: String) -> Value? { variables[name] }
  public func setVariable(_ name: String, _ value: Value) { variables[name] = value }
  public func variableNames() -> [String] { variables.keys.sorted() }

  // MARK: - Lists

  public func groups(of owner: ContextGroupOwner) -> [ContextGroup] {
    let groups = owner == .user ? facts.user?.groups : facts.product?.groups
    return (groups ?? []).map { ContextGroup(id: $0.id, name: $0.displayName) }
  }

  public func identities() -> [ContextIdentity] { [] }
  public func productApis() -> [ContextApi] { [] }
  public func apiProtocols() -> [String] { facts.api?.protocols.map(\.rawValue).sorted() ?? [] }

  // MARK: - Certificates and resolvers

  public func clientCertificate() -> CertificateValue? { source?.clientCertificate() }
  public func deploymentCertificateNames() -> [String] { certificatesInSight?.ids ?? [] }
  public func deploymentCertificate(_ name: String) -> CertificateValue? {
    certificatesInSight?[name]?.value
  }
  /// Those of the workspace for its policies, those of the service for the service's.
  private var certificatesInSight: CertificateDirectory? {
    guard let workspace = facts.api?.workspace, place?.scope != .global else { return facts.deployment?.certificates }
    return facts.deployment?.workspaceCertificates[workspace.id]
  }
  public var certificateTrust: CertificateTrust { effects.trust }
  public func graphQLArguments() -> String? { graphQL?.arguments }
  public func graphQLParent() -> String? { graphQL?.parent }

  public func trace(_ message: String) {
    log(.information, source: place?.policy ?? "", message: message)
  }
}
