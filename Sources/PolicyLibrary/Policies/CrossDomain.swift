import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `cross-domain`: the policy file that plug-ins of browsers ask for at `/crossdomain.xml`.
  static let crossDomain = PolicyDefinition("cross-domain", in: [.inbound], at: [.global]) { element, plan in
    AttributeReader(element, plan).finish()
    plan.allowChildren(["cross-domain-policy"], in: element)
    guard element.first("cross-domain-policy") != nil else {
      return plan.report(element.diagnostic("PL0109", "'cross-domain' needs a <cross-domain-policy>."))
    }
    plan.emit(CrossDomain(file: element.innerSource.trimmed), element)
  }
}

struct CrossDomain: PolicyStep {
  /// As the document has it.
  let file: String

  /// Requests for the file match no operation; others are none of its business.
  func run(_ exchange: Exchange) -> StepResult { .proceed }

  func answer(_ exchange: Exchange) {
    exchange.beginResponse(200)
    exchange.responseBody = .bytes(Array(file.utf8))
    // A name and a value of our own are never refused.
    try? exchange.response.set(.contentType, "text/x-cross-domain-policy")
  }
}
