public import DotNet
public import GatewayConfiguration
public import Telemetry

/// What is known of a request before any policy runs: references into the configuration, and a few numbers.
public struct ExchangeFacts: Sendable {
  /// The service and the gateway; nil before the first configuration.
  public var deployment: Deployment?
  public var api: Shared<API>?
  public var operation: Shared<GatewayConfiguration.Operation>?
  /// The product in whose context the call is made.
  public var product: Shared<Product>?
  public var subscription: ServedSubscription?
  /// The subscription's owner.
  public var user: Shared<User>?
  /// Where the API would send the request, if no policy says otherwise.
  public var backend: BackendTarget?
  /// The caller's address without port.
  public var clientAddress = ""
  public var isTLS = false
  /// The port the request came in on.
  public var localPort = 0
  /// Ticks (100 ns since 0001-01-01) when the request's first byte came.
  public var receivedTicks: Int64 = 0
  /// As in the log.
  public var requestID: RequestID = .none
  /// Bytes at the start of the request's path that name the API.
  public var apiPathLength = 0

  public init() {}

  /// Where the request goes. What is as it was for the request before stays untouched.
  public mutating func route(
    api: Shared<API>?, operation: Shared<GatewayConfiguration.Operation>?, backend: BackendTarget?, apiPathLength: Int
  ) {
    self.api.renew(api)
    self.operation.renew(operation)
    self.backend.renew(backend)
    self.apiPathLength = apiPathLength
  }

  /// Who calls, and in which product's context. What is as it was for the request before stays untouched.
  public mutating func admit(product: Shared<Product>?, subscription: ServedSubscription?, user: Shared<User>?) {
    self.product.renew(product)
    self.subscription.renew(subscription)
    self.user.renew(user)
  }
}

/// The service a gateway belongs to, and the gateway.
public final class Deployment: Sendable {
  public let service: ServiceIdentity
  public let gateway: GatewayIdentity
  /// The identifier of the running gateway process.
  public let instanceID: String
  /// `context.Deployment.Certificates`.
  public let certificates: CertificateDirectory
  /// The same for policies of workspaces, by the workspaces' identifiers.
  public let workspaceCertificates: [String: CertificateDirectory]
  /// The authorities that the gateway believes beside its machine's, and those that may stand between: of certificates that
  /// backends show, or clients.
  public let authorities: [CertificateValue]
  /// Whom the gateway believes when clients show certificates; nil for its machine's authorities alone.
  public let trust: CertificateTrust?

  public init(
    service: ServiceIdentity, gateway: GatewayIdentity, instanceID: String,
    certificates: CertificateDirectory = .empty, workspaceCertificates: [String: CertificateDirectory] = [:]
  ) {
    self.service = service
    self.gateway = gateway
    self.instanceID = instanceID
    self.certificates = certificates
    self.workspaceCertificates = workspaceCertificates
    let authorities = gateway.certificateAuthorities
    trust = authorities.isEmpty ? nil : certificates.trust(authorities)
    self.authorities = authorities.compactMap { certificates[$0.certificateID]?.value }
  }
}

/// Where facts come from that few policies ask for; read only when asked.
public protocol ExchangeSource: AnyObject {
  /// The parameters of the operation's template with their values, decoded, in template order.
  func matchedParameters() -> [(name: String, value: String)]
  /// The certificate the client showed, with those that came along; nil without one that can be read.
  func clientCertificate() -> CertificateValue?
  /// What the operation says of its messages; nil unless its plan asks for it.
  func contract() -> MessageContract?
}
