public import DotNet

/// The request in flight as expressions see it: the `context` of a policy expression.
///
/// Every method answers only what is asked, so that a gateway implements it over received bytes. An evaluation calls it
/// synchronously, on one thread, and keeps nothing beyond its end. Absent things are nil, never empty.
public protocol ContextModel: AnyObject {
  // MARK: Hidden state

  /// The current time in 100-nanosecond ticks since 0001-01-01T00:00:00Z (`DateTime.UtcNow.Ticks`).
  func now() -> Int64
  /// The sixteen bytes of a new random GUID, in the order of its text.
  func newGuid() -> (UInt64, UInt64)
  /// 64 random bits.
  func random() -> UInt64

  // MARK: Members that are text, numbers or switches

  /// A textual member, nil when null or when the object it belongs to is absent.
  func text(_ member: ContextText) -> String?
  /// A numeric member, nil when null or absent. Times are UTC ticks, durations ticks.
  func number(_ member: ContextNumber) -> Int64?
  /// Whether a switch is on.
  func flag(_ member: ContextFlag) -> Bool
  /// Whether a part is present, that is, its expression is not null.
  func isPresent(_ part: ContextPart) -> Bool

  // MARK: Messages

  /// All values of a header joined by `,`; names compare without case. nil when absent.
  func header(_ name: String, of message: ContextMessage) -> String?
  /// The values of a header, one for each line received. nil when absent.
  func headerValues(_ name: String, of message: ContextMessage) -> [String]?
  /// Whether there is such a header.
  func hasHeader(_ name: String, of message: ContextMessage) -> Bool
  /// Names of the headers in order, each once.
  func headerNames(of message: ContextMessage) -> [String]
  /// The body, waiting for nothing: a plan buffers the body before an expression that uses it.
  ///
  /// - Parameter preserve: keep the body for the backend, the client and later reads.
  /// - Returns: nil when the body was consumed before.
  func body(of message: ContextMessage, preserve: Bool) -> [UInt8]?

  // MARK: Addresses

  /// Values of a query parameter, decoded; names compare without case.
  func queryValues(_ name: String, of url: ContextURL) -> [String]?
  /// Names of the query parameters in order, each once.
  func queryNames(of url: ContextURL) -> [String]
  /// The value a path parameter of the operation's template matched.
  func matchedParameter(_ name: String) -> String?
  func matchedParameterNames() -> [String]

  // MARK: Variables

  /// The variable, nil when never set (a variable set to null gives `.null`). Names compare with case.
  func variable(_ name: String) -> Value?
  func setVariable(_ name: String, _ value: Value)
  /// An object of which a value that an evaluation gave is a part: it lives as long as the context's variables, so that
  /// the part's `Parent` and `Path` still tell.
  func keep(_ whole: any RuntimeObject)
  func variableNames() -> [String]

  // MARK: Lists

  func groups(of owner: ContextGroupOwner) -> [ContextGroup]
  func identities() -> [ContextIdentity]
  func productApis() -> [ContextApi]
  /// `context.Api.Protocols`.
  func apiProtocols() -> [String]

  // MARK: Certificates

  /// The client's certificate, if it sent one, with those that came along.
  func clientCertificate() -> CertificateValue?
  /// Ids of the certificates of the deployment.
  func deploymentCertificateNames() -> [String]
  /// A certificate of the deployment, with its private key where it has one.
  func deploymentCertificate(_ name: String) -> CertificateValue?
  /// The authorities that `Verify()` believes.
  var certificateTrust: CertificateTrust { get }

  // MARK: GraphQL resolvers

  /// `context.GraphQL.Arguments` as JSON text; nil outside a resolver.
  func graphQLArguments() -> String?
  /// `context.GraphQL.Parent` as JSON text; nil outside a resolver or at the root.
  func graphQLParent() -> String?

  // MARK: Effects

  /// `context.Trace(message)`.
  func trace(_ message: String)
}

extension ContextModel {
  public var certificateTrust: CertificateTrust { .system }
  public func hasHeader(_ name: String, of message: ContextMessage) -> Bool { headerValues(name, of: message) != nil }
}

extension ContextModel {
  public func keep(_ whole: any RuntimeObject) {}
}
