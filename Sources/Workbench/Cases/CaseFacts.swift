import DotNet
import GatewayConfiguration
import HTTPWire
import PolicyLibrary
import Telemetry

/// What is known of a case's request, and its place in the exchange.
final class CaseFacts: ExchangeSource {
  static let apiPath = "/echo"
  private let parameters: [(name: String, value: String)]
  private let messages: MessageContract?
  private let certificate: CertificateValue?
  /// A browser asks before a request whether it may make it, and the operation itself is not about such questions.
  let isPreflight: Bool
  /// Plug-ins of browsers ask for this file, whatever the operations are.
  let isCrossDomainFile: Bool

  init(
    _ step: PolicyCase.Step, _ configuration: CaseConfiguration, _ deployment: Deployment,
    _ certificates: CertificateDirectory, _ contract: MessageContract?, _ exchange: Exchange
  ) throws(CaseProblem) {
    messages = contract
    certificate = step.caller.certificateID.flatMap { certificates[$0]?.value.withoutPrivateKey }
    if let id = step.caller.certificateID, certificate == nil {
      throw CaseProblem(line: step.request.line, message: "There is no '### certificate \(id)'.")
    }
    let request = step.request
    let words = request.words
    isCrossDomainFile = words.count == 2 && words[1].lowercased() == "/crossdomain.xml"
    guard words.count >= 2, words[1].hasPrefix(Self.apiPath) || isCrossDomainFile else {
      throw CaseProblem(line: request.line, message: "Expected a request such as 'GET /echo/resource?a=1'.")
    }
    var fields = request.headers.map { "\($0.name): \($0.value)\r\n" }.joined()
    if !request.headers.contains(where: { $0.name.lowercased() == "host" }) { fields += "Host: gw\r\n" }
    let head = Array("\(words[0]) \(words[1]) HTTP/1.1\r\n\(fields)\r\n".utf8)
    guard exchange.request.parseRequest(head.span, limits: HeadLimits()) == .complete(bytes: head.count) else {
      throw CaseProblem(line: request.line, message: "This is no HTTP request.")
    }
    let template = OperationTemplate(text: isCrossDomainFile ? "/*" : configuration.operation.urlTemplate)
    let path = isCrossDomainFile ? "/" : String(exchange.request.path.dropFirst(Self.apiPath.count))
    guard let parameters = template.match(path: path.isEmpty ? "/" : path, query: exchange.request.query) else {
      throw CaseProblem(line: request.line, message: "The operation '\(template.text)' does not match the request.")
    }
    self.parameters = parameters
    isPreflight =
      words[0] == "OPTIONS" && configuration.operation.method != "OPTIONS"
      && exchange.request.contains(.origin) && exchange.request.contains("Access-Control-Request-Method")
    exchange.begin()
    exchange.facts = Self.facts(step.caller, configuration, deployment, exchange)
    exchange.backend = exchange.facts.backend
    exchange.apiPathLength = Self.apiPath.utf8.count
    if let body = request.body { exchange.requestBody = .bytes(Array(body.utf8)) }
  }

  private static func facts(
    _ caller: CaseCaller, _ configuration: CaseConfiguration, _ deployment: Deployment, _ exchange: Exchange
  ) -> ExchangeFacts {
    var facts = ExchangeFacts()
    facts.deployment = deployment
    facts.api = Shared(configuration.api)
    facts.operation = Shared(configuration.operation)
    facts.product = (caller.product ?? configuration.product).map { Shared($0) }
    facts.subscription = caller.subscription(to: facts.product?.id).map { ServedSubscription($0) }
    facts.user = caller.user.map { Shared($0) }
    facts.backend = try? BackendTarget(url: "http://be/api")
    facts.clientAddress = caller.address
    facts.localPort = 80
    facts.receivedTicks = exchange.effects.now()
    facts.requestID = RequestID(
      randomHigh: exchange.effects.random(), randomLow: exchange.effects.random())
    facts.apiPathLength = apiPath.utf8.count
    return facts
  }

  func matchedParameters() -> [(name: String, value: String)] { parameters }
  func clientCertificate() -> CertificateValue? { certificate }
  func contract() -> MessageContract? { messages }
}
