import PolicySyntax

extension PolicyDefinition {
  /// `forward-request`: sends the request to the backend; the plan goes on with its answer.
  static let forwardRequest = PolicyDefinition("forward-request", in: [.backend]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let timeout = attributes.integer("timeout", in: 0...86_400)
    let milliseconds = attributes.integer("timeout-ms", in: 0...86_400_000)
    // The gateway itself invites clients that wait for 100 (Continue), and asks no backend for it.
    _ = attributes.integer("continue-timeout", in: 0...240)
    var settings = ForwardSettings()
    switch attributes.word("http-version", among: ["1", "2", "2or1"], allowsExpression: false)?.literal {
    case "2": settings.httpVersion = .two
    case "2or1": settings.httpVersion = .twoOrOne
    default: break
    }
    let redirects = attributes.boolean("follow-redirects", allowsExpression: true)
    if attributes.boolean("buffer-request-body", allowsExpression: false)?.literal == true {
      plan.readsRequestBody = true
    }
    // Responses are passed on as they come unless a policy reads them: either value gives the same bytes.
    _ = attributes.boolean("buffer-response", allowsExpression: false)
    if case .literal(let fails) = attributes.boolean("fail-on-error-status-code", allowsExpression: false) {
      settings.failsOnErrorStatus = fails
    }
    attributes.finish()
    plan.allowChildren([], in: element)
    if milliseconds != nil, timeout != nil {
      plan.report(element.diagnostic("PL0124", "'forward-request' has either timeout or timeout-ms, not both."))
    }
    // Resolvers answer in place of a backend.
    if plan.graphQL != nil { return }
    plan.emit(
      ForwardRequest(
        settings: settings, timeoutSeconds: timeout ?? .literal(300), timeoutMilliseconds: milliseconds,
        redirects: redirects ?? .literal(false)), element)
  }
}

struct ForwardRequest: PolicyStep {
  let settings: ForwardSettings
  let timeoutSeconds: Argument<Int>
  let timeoutMilliseconds: Argument<Int>?
  let redirects: Argument<Bool>

  /// What stands in the backend section of a service without a global document.
  static let standard = ForwardRequest(
    settings: ForwardSettings(), timeoutSeconds: .literal(300), timeoutMilliseconds: nil, redirects: .literal(false))

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    var settings = settings
    if let timeoutMilliseconds {
      settings.timeoutMilliseconds = try timeoutMilliseconds.value(exchange)
    } else {
      settings.timeoutMilliseconds = try timeoutSeconds.value(exchange) * 1_000
    }
    settings.followsRedirects = try redirects.value(exchange)
    exchange.redirects = 0
    return .forward(settings)
  }
}
