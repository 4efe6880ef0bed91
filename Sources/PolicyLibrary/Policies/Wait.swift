import PolicySyntax

extension PolicyDefinition {
  /// `wait`: runs its children side by side, until all of them or the first is done.
  static let wait = PolicyDefinition("wait", in: [.inbound, .backend, .outbound]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let mode = attributes.word("for", among: ["all", "any"], allowsExpression: false)
    attributes.finish()
    let allowed = ["send-request", "cache-lookup-value", "choose"]
    plan.allowChildren(allowed, in: element)
    let children = element.elements.filter { allowed.contains($0.name) }
    if children.isEmpty {
      plan.report(element.diagnostic("PL0109", "'wait' needs <send-request>, <cache-lookup-value> or <choose> in it."))
    }
    for child in children { refuseForwarding(in: child, plan) }
    plan.emitParallel(element, endsWithFirst: mode?.literal == "any", children)
  }

  private static func refuseForwarding(in element: PolicyElement, _ plan: PolicyCompilation) {
    for child in element.elements {
      if child.name == "forward-request" {
        plan.report(
          child.diagnostic("PL0128", "'forward-request' cannot run side by side with others; put it behind <wait>."))
      }
      refuseForwarding(in: child, plan)
    }
  }
}
