import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `rate-limit-by-key`: a sliding window for each value of a key.
  static let rateLimitByKey = PolicyDefinition("rate-limit-by-key", in: [.inbound]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let calls = attributes.integer("calls", isRequired: true, in: 1...Int(Int32.max))
    let period = attributes.integer("renewal-period", isRequired: true, in: 1...300)
    let key = attributes.string("counter-key", isRequired: true)
    let condition = attributes.boolean("increment-condition")
    let count = attributes.integer("increment-count", in: 0...Int(Int32.max))
    let report = LimitReport(attributes)
    attributes.finish()
    plan.allowChildren([], in: element)
    guard let calls, let period, let key else { return }
    plan.emit(
      RateLimitByKey(
        calls: calls, period: period, key: key, condition: condition, increment: count ?? .literal(1), report: report),
      element)
  }

  /// `rate-limit`: a sliding window for each subscription, counted apart for product, API and operation.
  static let rateLimit = PolicyDefinition("rate-limit", in: [.inbound], at: [.product, .api, .operation], isOnce: true)
  {
    element, plan in
    let attributes = AttributeReader(element, plan)
    let calls = attributes.integer("calls", isRequired: true, in: 1...Int(Int32.max), allowsExpression: false)
    let period = attributes.integer("renewal-period", isRequired: true, in: 1...300, allowsExpression: false)
    let report = LimitReport(attributes)
    attributes.finish()
    let parts = SubscriptionLimitPart.read(element, plan, names: ["calls", "renewal-period"])
    guard case .literal(let calls) = calls, case .literal(let period) = period else { return }
    plan.emit(RateLimit(calls: calls, period: period, scope: plan.scope, parts: parts, report: report), element)
  }
}

/// The headers and variables in which a limit tells callers and later policies how it stands.
struct LimitReport: Sendable {
  let retryAfterHeader: String
  let retryAfterVariable: String?
  let remainingHeader: String?
  let remainingVariable: String?
  let totalHeader: String?

  init(_ attributes: AttributeReader) {
    retryAfterHeader = attributes.literal("retry-after-header-name") ?? "Retry-After"
    retryAfterVariable = attributes.literal("retry-after-variable-name")
    remainingHeader = attributes.literal("remaining-calls-header-name")
    remainingVariable = attributes.literal("remaining-calls-variable-name")
    totalHeader = attributes.literal("total-calls-header-name")
  }

  func tell(_ admission: Admission, limit: Int, _ exchange: Exchange) {
    if let remainingVariable { exchange.variables[remainingVariable] = .int32(Int32(clamping: admission.remaining)) }
    if let remainingHeader { exchange.addResponseHeader(remainingHeader, "\(admission.remaining)") }
    if let totalHeader { exchange.addResponseHeader(totalHeader, "\(limit)") }
    if !admission.isAllowed, let retryAfterVariable {
      exchange.variables[retryAfterVariable] = .int32(Int32(clamping: admission.retryAfterSeconds))
    }
  }

  /// The 429 of an exceeded rate.
  func exceeded(_ admission: Admission, source: String) -> PolicyError {
    PolicyError(
      source: source, reason: "RateLimitExceeded", message: "Rate limit is exceeded", status: 429,
      responseMessage: "Rate limit is exceeded. Try again in \(admission.retryAfterSeconds) seconds.",
      headers: [.init(retryAfterHeader, "\(admission.retryAfterSeconds)")])
  }
}

struct RateLimitByKey: PolicyStep {
  let calls: Argument<Int>
  let period: Argument<Int>
  let key: Argument<String>
  let condition: Argument<Bool>?
  let increment: Argument<Int>
  let report: LimitReport
  /// How the names of its counters begin; nil where an expression says the period.
  private let prefix: String?

  init(
    calls: Argument<Int>, period: Argument<Int>, key: Argument<String>, condition: Argument<Bool>?,
    increment: Argument<Int>, report: LimitReport
  ) {
    self.calls = calls
    self.period = period
    self.key = key
    self.condition = condition
    self.increment = increment
    self.report = report
    prefix = period.literal.map { Self.prefix($0) }
  }

  /// Windows of another length are other counters: they have no common measure.
  private static func prefix(_ seconds: Int) -> String { "rate-limit-by-key|\(seconds)|" }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let limit = try calls.value(exchange)
    let seconds = try period.value(exchange)
    guard limit > 0, (1...300).contains(seconds) else {
      throw .internal(
        source: "rate-limit-by-key", reason: "InvalidLimit",
        message: "calls must be positive and renewal-period 1 to 300; they are \(limit) and \(seconds).")
    }
    let name = (prefix ?? Self.prefix(seconds)) + (try key.value(exchange))
    var count = try increment.value(exchange)
    if let condition {
      if condition.waitsForResponse {
        exchange.afterResponse.append(
          DeferredRate(name: name, limit: limit, seconds: seconds, condition: condition, increment: increment))
        count = 0
      } else if try !condition.value(exchange) {
        count = 0
      }
    }
    guard let counters = exchange.effects.sharedCounters else {
      return try decide(
        exchange.effects.admit(name, limit: limit, windowSeconds: seconds, increment: max(0, count)), limit, exchange)
    }
    let ask = CounterAsk(name, limit: limit, window: .sliding(seconds: seconds), increment: max(0, count))
    return counters.suspend([ask]) { (exchange, admissions) throws(PolicyError) in
      try decide(admissions[0], limit, exchange)
    }
  }

  private func decide(_ admission: Admission, _ limit: Int, _ exchange: Exchange) throws(PolicyError) -> StepResult {
    report.tell(admission, limit: limit, exchange)
    guard admission.isAllowed else { throw report.exceeded(admission, source: "rate-limit-by-key") }
    return .proceed
  }
}

/// A count whose condition looks at the response.
struct DeferredRate: DeferredCount {
  let name: String
  let limit: Int
  let seconds: Int
  let condition: Argument<Bool>
  let increment: Argument<Int>

  func count(_ exchange: Exchange) {
    do throws(PolicyError) {
      guard try condition.value(exchange) else { return }
      exchange.effects.note(
        CounterAsk(
          name, limit: limit, window: .sliding(seconds: seconds), increment: max(0, try increment.value(exchange))))
    } catch {
      exchange.log(.error, source: error.source, message: error.message)
    }
  }
}

struct RateLimit: PolicyStep {
  let calls: Int
  let period: Int
  let scope: PolicyScope
  let parts: [SubscriptionLimitPart]
  let report: LimitReport

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    // Without a subscription's key there is nobody to count for.
    guard let subscription = exchange.facts.subscription else { return .proceed }
    let name = "rate-limit|\(subscription.id)|" + scope.counterName(exchange)
    var windows = [(name: name, calls: calls, seconds: period)]
    for part in parts {
      for (suffix, values) in part.matches(exchange) {
        if let calls = values["calls"], let period = values["renewal-period"] {
          windows.append((name + suffix, calls, period))
        }
      }
    }
    if let counters = exchange.effects.sharedCounters {
      let asks = windows.map {
        CounterAsk(
          $0.name, group: "rate-limit|\(subscription.id)", limit: $0.calls, window: .sliding(seconds: $0.seconds),
          increment: 1)
      }
      return counters.suspend(asks) { [windows] (exchange, admissions) throws(PolicyError) in
        try decide(exchange, windows) { index, _ in admissions[index] }
        return .proceed
      }
    }
    // A call that one of several limits refuses counts for none of them.
    if windows.count > 1 { try admit(exchange, windows, increment: 0) }
    try admit(exchange, windows, increment: 1)
    return .proceed
  }

  private typealias Window = (name: String, calls: Int, seconds: Int)

  private func admit(_ exchange: Exchange, _ windows: [Window], increment: Int) throws(PolicyError) {
    try decide(exchange, windows) { _, window in
      exchange.effects.admit(window.name, limit: window.calls, windowSeconds: window.seconds, increment: increment)
    }
  }

  /// Tells how the nearest limit stands, and refuses when one is exceeded.
  private func decide(
    _ exchange: Exchange, _ windows: [Window], _ admission: (Int, Window) -> Admission
  ) throws(PolicyError) {
    var nearest: (admission: Admission, calls: Int)?
    for (index, window) in windows.enumerated() {
      let admission = admission(index, window)
      guard admission.isAllowed else {
        report.tell(admission, limit: window.calls, exchange)
        throw report.exceeded(admission, source: "rate-limit")
      }
      if admission.remaining < nearest?.admission.remaining ?? Int.max { nearest = (admission, window.calls) }
    }
    if let nearest { report.tell(nearest.admission, limit: nearest.calls, exchange) }
  }
}

extension Argument where Literal == Bool {
  /// Whether the condition can only be known once the response is.
  var waitsForResponse: Bool {
    if case .expression(let expression) = self { return expression.usage.contains(.response) }
    return false
  }
}

extension PolicyScope {
  /// What this scope is for an exchange, for the names of counters.
  func counterName(_ exchange: Exchange) -> String {
    switch self {
    case .global: ""
    case .workspace: "workspace/\(exchange.facts.api?.workspace?.id ?? "")"
    case .product: "product/\(exchange.facts.product?.id ?? "")"
    case .api: "api/\(exchange.facts.api?.id ?? "")"
    case .operation: "api/\(exchange.facts.api?.id ?? "")/operation/\(exchange.facts.operation?.id ?? "")"
    }
  }
}
