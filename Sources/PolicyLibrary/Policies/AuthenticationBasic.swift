import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `authentication-basic`: tells the backend user and password.
  static let authenticationBasic = PolicyDefinition("authentication-basic", in: [.inbound]) { element, plan in
    if let authentication = BasicAuthentication(element, plan) { plan.emit(authentication, element) }
  }
}

extension BasicAuthentication: PolicyStep {
  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    try exchange.setAuthorization(try header(exchange), of: "authentication-basic")
    return .proceed
  }
}

extension Exchange {
  /// Puts `Authorization` in place of what the request has.
  func setAuthorization(_ value: String, of policy: String) throws(PolicyError) {
    do {
      try request.set("Authorization", value)
    } catch {
      throw PolicyError.internal(
        source: policy, reason: "InvalidHeader", message: "The credentials cannot stand in a header.")
    }
  }
}
