import Expressions
import PolicySyntax

/// A request to a service beside the gateway whose failure the policy may ignore: the Dapr policies.
struct ServiceCall: Sendable {
  let policy: String
  let timeoutSeconds: Argument<Int>
  let variable: String?
  let ignoresErrors: Bool

  /// Reads the attributes that such policies share.
  init(_ policy: String, _ attributes: AttributeReader) {
    self.policy = policy
    ignoresErrors = attributes.boolean("ignore-error", allowsExpression: false)?.literal ?? false
    variable = attributes.literal("response-variable-name")
    timeoutSeconds = attributes.integer("timeout", in: 1...240) ?? .literal(5)
  }

  /// Sends the request and waits for its answer; an error status is a failure too.
  func send(_ request: OutgoingRequest, _ exchange: Exchange) throws(PolicyError) -> StepResult {
    var request = request
    request.timeoutMilliseconds = min(max(1, try timeoutSeconds.value(exchange)), 240) * 1_000
    let wait = PolicyWait()
    wait.holds(
      exchange.effects.send(request) { result in
        wait.complete { (exchange) throws(PolicyError) in
          switch result {
          case .success(let message):
            if let variable { exchange.variables[variable] = .response(message) }
            guard message.statusCode >= 400, !ignoresErrors else { return .proceed }
            throw .internal(
              source: policy, reason: "DaprRequestFailed", message: "The Dapr sidecar answered \(message.statusCode).")
          case .failure(let failure):
            if !ignoresErrors { throw failure.error(source: policy) }
            if let variable { exchange.variables[variable] = .null }
            return .proceed
          }
        }
      })
    return .suspend(wait)
  }
}
