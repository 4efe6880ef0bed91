import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `validate-status-code`: the response's status against those of the operation.
  static let validateStatusCode = PolicyDefinition("validate-status-code", in: [.outbound, .onError]) {
    element, plan in
    let attributes = AttributeReader(element, plan)
    let unspecified = attributes.action("unspecified-status-code-action", isRequired: true)
    let variable = attributes.errorsVariable()
    attributes.finish()
    plan.allowChildren(["status-code"], in: element)
    plan.readsContract = true
    var actions: [Int: ValidationActionArgument] = [:]
    for child in element.elements(named: "status-code") {
      let attributes = AttributeReader(child, plan)
      let code = attributes.integer("code", isRequired: true, in: 100...999, allowsExpression: false)
      let action = attributes.action("action", isRequired: true)
      attributes.finish()
      plan.allowChildren([], in: child)
      if case .literal(let code) = code, let action { actions[code] = action }
    }
    guard let unspecified else { return }
    plan.emit(ValidateStatusCode(unspecified: unspecified, actions: actions, variable: variable), element)
  }
}

struct ValidateStatusCode: PolicyStep {
  let unspecified: ValidationActionArgument
  /// For single statuses, where the operation does not name them.
  let actions: [Int: ValidationActionArgument]
  let variable: String?

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard exchange.hasResponse else { return .proceed }
    let status = exchange.response.status
    if exchange.contract.response(status) != nil { return .proceed }
    var report = ValidationReport(isResponse: true)
    report.add(
      ValidationIssue(
        name: "\(status)", subject: .statusCode, rule: .unspecified,
        details: "Response status code \(status) is not allowed."),
      try (actions[status] ?? unspecified).value(exchange))
    return try report.conclude(exchange, variable: variable)
  }
}
