import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

/// An `api` or `operation` inside `rate-limit` or `quota`: a limit of its own for a part of the product.
struct SubscriptionLimitPart: Sendable {
  /// `api` or `operation`.
  let kind: String
  let name: String?
  /// Wins over the name.
  let id: String?
  let values: [String: Int]
  let operations: [SubscriptionLimitPart]

  /// Reads the children of a limit; `names` are the numeric attributes they may have.
  static func read(
    _ element: PolicyElement, _ plan: PolicyCompilation, names: [String], kinds: [String] = ["api"]
  ) -> [SubscriptionLimitPart] {
    let kinds = plan.scope == .api && kinds == ["api"] ? ["api", "operation"] : kinds
    plan.allowChildren(kinds, in: element)
    return element.elements.filter { kinds.contains($0.name) }.map { child in
      let attributes = AttributeReader(child, plan)
      let name = attributes.literal("name")
      let id = attributes.literal("id")
      var values: [String: Int] = [:]
      for key in names {
        let argument = attributes.integer(key, in: 0...Int(Int32.max), allowsExpression: false)
        if case .literal(let value) = argument { values[key] = value }
      }
      attributes.finish()
      if name == nil, id == nil {
        plan.report(child.diagnostic("PL0109", "'\(child.name)' needs the attribute 'name' or 'id'."))
      }
      return SubscriptionLimitPart(
        kind: child.name, name: name, id: id, values: values,
        operations: child.name == "api" ? read(child, plan, names: names, kinds: ["operation"]) : [])
    }
  }

  /// The counters of this part that an exchange belongs to.
  func matches(_ exchange: Exchange) -> [(suffix: String, values: [String: Int])] {
    let facts = exchange.facts
    if kind == "api" {
      guard let api = facts.api, id.map({ $0 == api.id }) ?? (name == api.displayName) else { return [] }
      return [("|api/\(api.id)", values)] + operations.flatMap { $0.matches(exchange) }
    }
    guard let operation = facts.operation, id.map({ $0 == operation.id }) ?? (name == operation.displayName) else {
      return []
    }
    return [("|operation/\(operation.id)", values)]
  }
}
