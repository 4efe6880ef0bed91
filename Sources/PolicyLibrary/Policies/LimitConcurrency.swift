import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `limit-concurrency`: so many exchanges at most run its policies at the same time.
  static let limitConcurrency = PolicyDefinition("limit-concurrency", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let key = attributes.string("key", isRequired: true)
    let limit = attributes.integer("max-count", isRequired: true, in: 1...1_000_000, allowsExpression: false)
    attributes.finish()
    if element.elements.isEmpty {
      plan.report(element.diagnostic("PL0109", "'limit-concurrency' needs policies in it."))
    }
    guard let key, case .literal(let count) = limit else { return plan.compileChildren(of: element) }
    let place = plan.emit(element) { EnterConcurrency(key: key, limit: count, place: $0) }
    plan.compileChildren(of: element)
    plan.emit(LeaveConcurrency(place: place), element)
  }
}

struct EnterConcurrency: PolicyStep {
  let key: Argument<String>
  let limit: Int
  let place: Int

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    if exchange.enterConcurrency(try key.value(exchange), limit: limit, place: place) { return .proceed }
    throw PolicyError(
      source: "limit-concurrency", reason: "ConcurrencyLimitExceeded", message: "Concurrency limit is exceeded.",
      status: 429)
  }
}

struct LeaveConcurrency: PolicyStep {
  let place: Int

  func run(_ exchange: Exchange) -> StepResult {
    exchange.leaveConcurrency(place: place)
    return .proceed
  }
}
