import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `validate-content`: size, type and content of a body.
  static let validateContent = PolicyDefinition("validate-content", in: [.inbound, .outbound, .onError]) {
    element, plan in
    let attributes = AttributeReader(element, plan)
    let unspecified = attributes.action("unspecified-content-type-action", isRequired: true)
    let maximum = attributes.integer("max-size", isRequired: true, in: 1...ValidateContent.largestSize)
    let exceeded = attributes.action("size-exceeded-action", isRequired: true)
    let variable = attributes.errorsVariable()
    attributes.finish()
    plan.allowChildren(["content-type-map", "content"], in: element)
    plan.readsContract = true
    let map = element.first("content-type-map").map { ContentTypeMap($0, plan) }
    let rules = element.elements(named: "content").compactMap { ContentRule($0, plan) }
    guard let unspecified, let maximum, let exceeded else { return }
    plan.emit(
      ValidateContent(
        unspecified: unspecified, maximum: maximum, exceeded: exceeded, variable: variable, map: map, rules: rules,
        body: CurrentBody(plan)), element)
  }
}

/// Looks at the body of the exchange's current message; a message without one is let through.
struct ValidateContent: PolicyStep {
  /// Bytes.
  static let largestSize = 4 << 20
  /// Bytes from which on a body is looked at without keeping the event loop.
  static let longSize = 256 << 10

  let unspecified: ValidationActionArgument
  /// Bytes of the body, decompressed.
  let maximum: Argument<Int>
  let exceeded: ValidationActionArgument
  let variable: String?
  let map: ContentTypeMap?
  let rules: [ContentRule]
  let body: CurrentBody

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    var report = ValidationReport(isResponse: body.isResponse)
    let message = body.isResponse ? exchange.responseBody : exchange.requestBody
    if message == .none || message == .bytes([]) { return .proceed }
    let received = body.contentType(exchange)
    let type = try map?.mapped(received, exchange) ?? received
    var content: [UInt8]?
    if case .bytes(let bytes) = message {
      let limit = try maximum.value(exchange)
      var size = "\(bytes.count)"
      var isTooLarge = bytes.count > limit
      switch DecodedBody(bytes, encoding: body.encoding(exchange), limit: Self.largestSize) {
      case .bytes(let decoded):
        content = decoded
        size = "\(decoded.count)"
        isTooLarge = decoded.count > limit
      case .tooLarge:
        size = "more than \(Self.largestSize)"
        isTooLarge = true
      case .unreadable: break
      }
      if isTooLarge { report.add(tooLarge(size, limit), try exceeded.value(exchange)) }
    }
    guard !report.isPrevented, let (finding, action) = try check(content, type, exchange, &report) else {
      return try report.conclude(exchange, variable: variable)
    }
    switch finding {
    case .issues(let issues): return try conclude(issues, action, report, exchange)
    case .toBeHeld(let work):
      if content?.count ?? 0 < Self.longSize { return try conclude(work(), action, report, exchange) }
      let wait = PolicyWait()
      wait.holds(
        exchange.effects.compute(work) { [self, report] issues in
          wait.complete { (exchange) throws(PolicyError) in try conclude(issues, action, report, exchange) }
        })
      return .suspend(wait)
    }
  }

  private func conclude(
    _ issues: [ValidationIssue], _ action: ValidationAction, _ report: ValidationReport, _ exchange: Exchange
  ) throws(PolicyError) -> StepResult {
    var report = report
    for issue in issues { report.add(issue, action) }
    return try report.conclude(exchange, variable: variable)
  }

  private func tooLarge(_ size: String, _ limit: Int) -> ValidationIssue {
    let text = "\(body.isResponse ? "Response" : "Request")'s body is \(size) bytes long and it exceeds the "
    return ValidationIssue(
      name: "", subject: subject, rule: .sizeLimit, details: text + "configured limit of \(limit) bytes.",
      publicText: text + "limit of \(limit) bytes.")
  }

  private var subject: ValidationIssue.Subject { body.isResponse ? .responseBody : .requestBody }

  /// What the first rule for the content's type says of it; nil when no rule looks at it.
  ///
  /// - Parameter content: nil for a body that an earlier policy has read away, or that cannot be decompressed.
  private func check(
    _ content: [UInt8]?, _ type: String, _ exchange: Exchange, _ report: inout ValidationReport
  ) throws(PolicyError) -> (ContentRule.Finding, ValidationAction)? {
    let contract = exchange.contract
    let known =
      body.isResponse
      ? contract.response(exchange.response.status)?.representations ?? [] : contract.representations
    let representation = known.first { MediaType.isSame($0.contentType, type) }
    let rule =
      rules.first { $0.type.map { MediaType.isSame($0, type) } ?? false }
      ?? (representation == nil ? nil : rules.first { $0.type == nil })
    guard representation != nil || rule?.named != nil else {
      let text = "Unspecified content type \(type) is not allowed."
      let issue = ValidationIssue(
        name: type, subject: subject, rule: .unspecified, details: text, publicText: text)
      report.add(issue, try unspecified.value(exchange))
      return nil
    }
    guard let rule else { return nil }
    let action = try rule.action.value(exchange)
    if action == .ignore { return nil }
    return (try rule.finding(in: content, type, representation, subject, exchange), action)
  }
}
