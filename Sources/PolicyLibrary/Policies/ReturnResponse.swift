import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `return-response`: ends the exchange with the response described in it.
  static let returnResponse = PolicyDefinition("return-response", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let variable = attributes.literal("response-variable-name")
    attributes.finish()
    plan.allowChildren(["set-status", "set-header", "set-body"], in: element)
    let status = element.first("set-status").flatMap { SetStatus($0, plan) }
    let headers = element.elements(named: "set-header").compactMap { SetHeader($0, plan, onResponse: true) }
    let body = element.first("set-body").flatMap { SetBody($0, plan, onResponse: true) }
    plan.emit(ReturnResponse(variable: variable, status: status, headers: headers, body: body), element)
  }

  /// `set-status`: of the response.
  static let setStatus = PolicyDefinition("set-status", in: .everywhere) { element, plan in
    if let step = SetStatus(element, plan) { plan.emit(step, element) }
  }
}

struct ReturnResponse: PolicyStep {
  /// Holds the response to begin with.
  let variable: String?
  let status: SetStatus?
  let headers: [SetHeader]
  let body: SetBody?

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    if let variable {
      guard let message = exchange.variables[variable]?.response else {
        throw .internal(
          source: "return-response", reason: "ResponseVariableNotFound", message: "'\(variable)' holds no response.")
      }
      exchange.beginResponse(message)
    } else {
      exchange.beginResponse(200)
    }
    try status?.apply(exchange)
    for header in headers { try header.apply(exchange, toResponse: true) }
    try body?.apply(exchange)
    return .respond
  }
}

struct SetStatus: PolicyStep {
  let code: Argument<Int>
  let reason: Argument<String>?

  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    let attributes = AttributeReader(element, plan)
    let code = attributes.integer("code", isRequired: true, in: 100...999)
    reason = attributes.string("reason")
    attributes.finish()
    plan.allowChildren([], in: element)
    guard let code else { return nil }
    self.code = code
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    try apply(exchange)
    return .proceed
  }

  func apply(_ exchange: Exchange) throws(PolicyError) {
    let code = try code.value(exchange)
    let reason = try reason?.value(exchange)
    if !exchange.hasResponse { exchange.beginResponse(200) }
    do {
      try exchange.response.setStatus(code, reason: reason)
    } catch {
      throw .internal(
        source: "set-status", reason: "InvalidStatus", message: "\(code) \(reason ?? "") is no status of a response.")
    }
  }
}
