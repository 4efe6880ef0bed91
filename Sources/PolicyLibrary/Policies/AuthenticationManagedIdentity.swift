import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `authentication-managed-identity`: a token of the gateway's own identity, for the backend or in a variable.
  static let authenticationManagedIdentity = PolicyDefinition(
    "authentication-managed-identity", in: [.inbound, .outbound]
  ) { element, plan in
    if let authentication = ManagedIdentity(element, plan) { plan.emit(authentication, element) }
  }
}

struct ManagedIdentity: PolicyStep, OutgoingAuthentication {
  private let resource: Argument<String>
  private let client: Argument<String>?
  private let variable: String?
  private let ignoresErrors: Bool

  private static let name = "authentication-managed-identity"

  /// nil after a complaint.
  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    let attributes = AttributeReader(element, plan)
    let resource = attributes.string("resource", isRequired: true)
    client = attributes.string("client-id")
    variable = attributes.literal("output-token-variable-name")
    ignoresErrors = attributes.boolean("ignore-error", allowsExpression: false)?.literal ?? false
    attributes.finish()
    plan.allowChildren([], in: element)
    guard let resource else { return nil }
    self.resource = resource
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let wait = PolicyWait()
    fetch(try resource.value(exchange), try client?.value(exchange), exchange) { [self] result in
      wait.complete { (exchange) throws(PolicyError) in
        switch result {
        case .success(let token):
          if let variable {
            exchange.variables[variable] = .string(token)
          } else {
            try exchange.setAuthorization("Bearer " + token, of: Self.name)
          }
        case .failure(let failure):
          if !ignoresErrors { throw failure.error(source: Self.name) }
        }
        return .proceed
      }
    }
    return .suspend(wait)
  }

  func authenticate(
    _ request: OutgoingRequest, _ exchange: Exchange,
    _ completion: @escaping (Result<OutgoingRequest, PolicyError>) -> Void
  ) -> (any PendingEffect)? {
    do throws(PolicyError) {
      fetch(try resource.value(exchange), try client?.value(exchange), exchange) { [self] result in
        switch result {
        case .success(let token):
          var request = request
          if let variable {
            exchange.variables[variable] = .string(token)
          } else {
            request.setHeader("Authorization", "Bearer " + token)
          }
          completion(.success(request))
        case .failure(let failure):
          completion(ignoresErrors ? .success(request) : .failure(failure.error(source: Self.name)))
        }
      }
    } catch {
      completion(.failure(error))
    }
    return nil
  }

  private func fetch(
    _ resource: String, _ client: String?, _ exchange: Exchange,
    _ completion: @escaping (Result<String, OutgoingFailure>) -> Void
  ) {
    exchange.effects.tokens.identity.token(resource, client: client, exchange.effects, completion)
  }
}
