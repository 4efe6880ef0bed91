import DotNet

/// The context of a machine that evaluates nothing: it has no request.
final class AbsentContext: ContextModel, Sendable {
  static let shared = AbsentContext()

  func now() -> Int64 { 0 }
  func newGuid() -> (UInt64, UInt64) { (0, 0) }
  func random() -> UInt64 { 0 }
  func text(_ member: ContextText) -> String? { nil }
  func number(_ member: ContextNumber) -> Int64? { nil }
  func flag(_ member: ContextFlag) -> Bool { false }
  func isPresent(_ part: ContextPart) -> Bool { false }
  func header(_ name: String, of message: ContextMessage) -> String? { nil }
  func headerValues(_ name: String, of message: ContextMessage) -> [String]? { nil }
  func headerNames(of message: ContextMessage) -> [String] { [] }
  func body(of message: ContextMessage, preserve: Bool) -> [UInt8]? { nil }
  func queryValues(_ name: String, of url: ContextURL) -> [String]? { nil }
  func queryNames(of url: ContextURL) -> [String] { [] }
  func matchedParameter(_ name: String) -> String? { nil }
  func matchedParameterNames() -> [String] { [] }
  func variable(_ name: String) -> Value? { nil }
  func setVariable(_ name: String, _ value: Value) {}
  func variableNames() -> [String] { [] }
  func groups(of owner: ContextGroupOwner) -> [ContextGroup] { [] }
  func identities() -> [ContextIdentity] { [] }
  func productApis() -> [ContextApi] { [] }
  func apiProtocols() -> [String] { [] }
  func clientCertificate() -> CertificateValue? { nil }
  func deploymentCertificateNames() -> [String] { [] }
  func deploymentCertificate(_ name: String) -> CertificateValue? { nil }
  func graphQLArguments() -> String? { nil }
  func graphQLParent() -> String? { nil }
  func trace(_ message: String) {}
}
