import Expressions
import GatewayConfiguration
import PolicySyntax

extension PolicyDefinition {
  /// `emit-metric`: adds to a custom metric.
  static let emitMetric = PolicyDefinition("emit-metric", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let name = attributes.literal("name", isRequired: true)
    let value = attributes.double("value") ?? .literal(1)
    let namespace = attributes.literal("namespace") ?? MetricDimension.namespace
    attributes.finish()
    let dimensions = MetricDimension.read(element, plan, 1...10)
    if let name {
      plan.emit(EmitMetric(name: name, value: value, namespace: namespace, dimensions: dimensions), element)
    }
  }
}

struct EmitMetric: PolicyStep {
  let name: String
  let value: Argument<Double>
  let namespace: String
  let dimensions: [MetricDimension]

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let value = try value.value(exchange)
    guard value.isFinite else {
      throw .internal(source: "emit-metric", reason: "InvalidValue", message: "'\(value)' is no value of a metric.")
    }
    exchange.effects.emit(
      EmittedMetric(
        name: name, namespace: namespace, value: value, dimensions: try MetricDimension.values(dimensions, exchange)))
    return .proceed
  }
}

/// One dimension of a custom metric: a value of its own, or one that the exchange knows.
struct MetricDimension: Sendable {
  let name: String
  let value: Argument<String>?

  static let namespace = "API Management"
  /// Dimensions that need no value.
  static let known = [
    "API ID", "Operation ID", "Product ID", "User ID", "Subscription ID", "Location", "Gateway ID",
  ]

  static func read(_ element: PolicyElement, _ plan: PolicyCompilation, _ count: ClosedRange<Int>) -> [MetricDimension]
  {
    plan.allowChildren(["dimension"], in: element)
    let children = element.elements(named: "dimension")
    if !count.contains(children.count) {
      plan.report(
        element.diagnostic(
          "PL0131",
          "'\(element.name)' has \(children.count) dimensions; expected \(count.lowerBound) to \(count.upperBound)."))
    }
    return children.compactMap { child in
      let attributes = AttributeReader(child, plan)
      let name = attributes.literal("name", isRequired: true)
      let value = attributes.string("value")
      attributes.finish()
      plan.allowChildren([], in: child)
      guard let name else { return nil }
      if child.attribute("value") == nil, !known.contains(name) {
        let message =
          "The dimension '\(name)' needs a value; only \(known.joined(separator: ", ")) have one of their own."
        plan.report(child.diagnostic("PL0109", message, suggestion: Spelling.nearest(to: name, among: known)))
      }
      return MetricDimension(name: name, value: value)
    }
  }

  static func values(
    _ dimensions: [MetricDimension], _ exchange: Exchange
  ) throws(PolicyError) -> [EmittedMetric.Dimension] {
    var values: [EmittedMetric.Dimension] = []
    for dimension in dimensions {
      let value = try dimension.value?.value(exchange) ?? dimension.ownValue(exchange)
      values.append(.init(name: dimension.name, value: value))
    }
    return values
  }

  private func ownValue(_ exchange: Exchange) -> String {
    let facts = exchange.facts
    return switch name {
    case "API ID": facts.api?.id ?? ""
    case "Operation ID": facts.operation?.id ?? ""
    case "Product ID": facts.product?.id ?? ""
    case "User ID": facts.user?.id ?? ""
    case "Subscription ID": facts.subscription?.id ?? ""
    case "Location": facts.deployment?.gateway.location ?? ""
    case "Gateway ID": facts.deployment?.gateway.id ?? ""
    default: ""
    }
  }
}
