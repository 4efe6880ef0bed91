import Expressions
import PolicySyntax

/// `content-type-map`: as which type a body is looked at.
struct ContentTypeMap: Sendable {
  private enum Origin: Sendable {
    case type(String)
    case condition(Argument<Bool>)
  }

  private var types: [(origin: Origin, to: String)] = []
  private let any: String?
  private let missing: String?

  init(_ element: PolicyElement, _ plan: PolicyCompilation) {
    let attributes = AttributeReader(element, plan)
    any = attributes.literal("any-content-type-value")
    missing = attributes.literal("missing-content-type-value")
    attributes.finish()
    plan.allowChildren(["type"], in: element)
    for child in element.elements(named: "type") {
      let attributes = AttributeReader(child, plan)
      let from = attributes.literal("from")
      let condition = attributes.boolean("when")
      let to = attributes.literal("to", isRequired: true)
      attributes.finish()
      plan.allowChildren([], in: child)
      guard (from == nil) != (condition == nil) else {
        plan.report(child.diagnostic("PL0109", "'type' needs either 'from' or 'when'."))
        continue
      }
      guard let to else { continue }
      if let from { types.append((.type(from), to)) }
      if let condition { types.append((.condition(condition), to)) }
    }
  }

  /// The type instead of the one received, which is empty where there is none.
  func mapped(_ received: String, _ exchange: Exchange) throws(PolicyError) -> String {
    for (origin, to) in types {
      switch origin {
      case .type(let type): if MediaType.isSame(type, received) { return to }
      case .condition(let condition): if try condition.value(exchange) { return to }
      }
    }
    if received.trimmed.isEmpty, let missing { return missing }
    return any ?? received
  }
}
