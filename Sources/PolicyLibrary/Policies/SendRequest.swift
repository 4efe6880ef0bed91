import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `send-request`: a request of its own, whose response goes into a variable.
  static let sendRequest = PolicyDefinition("send-request", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let request = OutgoingRequestReader(element, plan, attributes)
    let variable = attributes.literal("response-variable-name")
    let ignoresErrors = attributes.boolean("ignore-error", allowsExpression: false)?.literal ?? false
    attributes.finish()
    guard let template = request.template else { return }
    plan.emit(SendRequest(template: template, variable: variable, ignoresErrors: ignoresErrors), element)
  }

  /// `send-one-way-request`: a request whose response nobody waits for.
  static let sendOneWayRequest = PolicyDefinition("send-one-way-request", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let request = OutgoingRequestReader(element, plan, attributes)
    attributes.finish()
    if let template = request.template { plan.emit(SendOneWayRequest(template: template), element) }
  }
}

struct SendRequest: PolicyStep {
  let template: OutgoingRequestTemplate
  let variable: String?
  let ignoresErrors: Bool

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let wait = PolicyWait()
    let end = { (result: Result<ResponseMessage, PolicyError>) in
      wait.complete { (exchange) throws(PolicyError) in
        switch result {
        case .success(let message):
          if let variable { exchange.variables[variable] = .response(message) }
        case .failure(let error):
          guard ignoresErrors else { throw error }
          if let variable { exchange.variables[variable] = .null }
        }
        return .proceed
      }
    }
    let request: OutgoingRequest
    do throws(PolicyError) {
      request = try template.request(exchange)
    } catch {
      // A request that cannot be made is a mistake in the policy, but ignore-error asks to live with it.
      guard ignoresErrors, error.reason == OutgoingRequestTemplate.invalidURL else { throw error }
      if let variable { exchange.variables[variable] = .null }
      return .proceed
    }
    template.authenticate(request, exchange, wait) { result in
      switch result {
      case .failure(let error): end(.failure(error))
      case .success(let request):
        wait.holds(exchange.effects.send(request) { end($0.mapError { $0.error(source: "send-request") }) })
      }
    }
    return .suspend(wait)
  }
}

struct SendOneWayRequest: PolicyStep {
  let template: OutgoingRequestTemplate

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let effects = exchange.effects
    // Goes on by itself, whatever becomes of the exchange.
    template.authenticate(try template.request(exchange), exchange, nil) { result in
      switch result {
      case .failure(let error):
        effects.log(.error, source: "send-one-way-request", message: error.message, metadata: [])
      case .success(let request):
        _ = effects.send(request) { result in
          guard case .failure(let failure) = result else { return }
          effects.log(.information, source: "send-one-way-request", message: failure.message, metadata: [])
        }
      }
    }
    return .proceed
  }
}

extension OutgoingFailure {
  /// The failure as an error of the policy that sent the request.
  func error(source: String) -> PolicyError { .internal(source: source, reason: reason.rawValue, message: message) }
}
