import DotNet
import Expressions

/// A context with one request: the headers, query and variables a test gives it.
final class BareContext: ContextModel {
  var headers: [String: [String]] = [:]
  var query: [String: [String]] = [:]
  var texts: [ContextText: String] = [:]
  var present: Set<ContextPart> = []
  var variables: [String: Value] = [:]
  var requestBody: [UInt8]?
  private(set) var traces: [String] = []

  func now() -> Int64 { 638_409_042_000_000_000 }
  func newGuid() -> (UInt64, UInt64) { (0x0f8f_ad5b_d9cb_469f, 0xa165_7086_7728_950e) }
  func random() -> UInt64 { 4 }
  func text(_ member: ContextText) -> String? { texts[member] }
  func number(_ member: ContextNumber) -> Int64? { nil }
  func flag(_ member: ContextFlag) -> Bool { false }
  func isPresent(_ part: ContextPart) -> Bool { present.contains(part) }
  func header(_ name: String, of message: ContextMessage) -> String? {
    headerValues(name, of: message)?.joined(separator: ",")
  }
  func headerValues(_ name: String, of message: ContextMessage) -> [String]? {
    headers.first { $0.key.lowercased() == name.lowercased() }?.value
  }
  func headerNames(of message: ContextMessage) -> [String] { headers.keys.sorted() }
  func body(of message: ContextMessage, preserve: Bool) -> [UInt8]? {
    defer { if !preserve { requestBody = nil } }
    return requestBody
  }
  func queryValues(_ name: String, of url: ContextURL) -> [String]? { query[name] }
  func queryNames(of url: ContextURL) -> [String] { query.keys.sorted() }
  func matchedParameter(_ name: String) -> String? { nil }
  func matchedParameterNames() -> [String] { [] }
  func variable(_ name: String) -> Value? { variables[name] }
  func setVariable(_ name: String, _ value: Value) { variables[name] = value }
  func variableNames() -> [String] { variables.keys.sorted() }
  func groups(of owner: ContextGroupOwner) -> [ContextGroup] { [] }
  func identities() -> [ContextIdentity] { [] }
  func productApis() -> [ContextApi] { [] }
  func apiProtocols() -> [String] { [] }
  func clientCertificate() -> CertificateValue? { nil }
  func deploymentCertificateNames() -> [String] { [] }
  func deploymentCertificate(_ name: String) -> CertificateValue? { nil }
  func graphQLArguments() -> String? { nil }
  func graphQLParent() -> String? { nil }
  func trace(_ message: String) { traces.append(message) }
}

/// The text of an expression's value, or the type of the exception it ends with.
func outcome(
  _ source: String, form: ExpressionForm = .expression, in context: BareContext = BareContext()
) -> String {
  let compilation = ExpressionCompiler().compile(source, form: form, target: .object)
  guard let program = compilation.program else { return "\(compilation.diagnostics)" }
  do {
    return try program.evaluateString(context)
  } catch {
    return error.exceptionType
  }
}

/// The message of the exception an expression ends with.
func complaint(_ source: String) -> String {
  guard let program = ExpressionCompiler().compile(source, form: .expression, target: .object).program else {
    return "not compiled"
  }
  do {
    return "value: " + (try program.evaluateString(BareContext()))
  } catch {
    return error.message
  }
}
