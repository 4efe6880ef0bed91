import GatewayConfiguration
import GraphQL
import JSONSchema
import PolicySyntax

extension PolicyDefinition {
  /// `publish-event`: what a resolver's service answered goes to the clients that subscribe to a field.
  static let publishEvent = PolicyDefinition("publish-event", in: [.outbound], isOfResolvers: true) { element, plan in
    AttributeReader(element, plan).finish()
    plan.allowChildren(["targets"], in: element)
    for child in element.elements(named: "targets").dropFirst() {
      plan.report(child.diagnostic("PL0129", "'publish-event' may hold only one <targets>."))
    }
    guard let targets = element.first("targets") else {
      plan.report(element.diagnostic("PL0109", "'publish-event' needs a <targets>."))
      return
    }
    AttributeReader(targets, plan).finish()
    plan.allowChildren(["graphql-subscription"], in: targets)
    var fields: [String] = []
    for target in targets.elements(named: "graphql-subscription") {
      let attributes = AttributeReader(target, plan)
      // The name of a field here, where other policies have a name of their own.
      if let field = attributes.literal("id", isRequired: true) {
        fields.append(field)
        plan.environment.subscriptions.check(field, target, plan)
      }
      attributes.finish()
      plan.allowChildren([], in: target)
    }
    if targets.elements(named: "graphql-subscription").isEmpty {
      plan.report(targets.diagnostic("PL0109", "'targets' needs a <graphql-subscription>."))
    }
    plan.emit(PublishEvent(fields: fields), element)
  }
}

/// Publishes without waiting: whoever gets the event, the resolver goes on.
struct PublishEvent: PolicyStep {
  /// At the root of subscriptions.
  let fields: [String]

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard exchange.publishesEvents, let api = exchange.facts.api,
      case .success(let payload) = GraphQLRun.answer(of: exchange)
    else { return .proceed }
    let size = exchange.responseBody.bytes?.count ?? 0
    for field in fields {
      exchange.effects.publish(
        GraphQLEvent(topic: GraphQLTopic(api.value, field: field), payload: payload, size: size))
    }
    return .proceed
  }
}
