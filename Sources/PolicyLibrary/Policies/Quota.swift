import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `quota`: calls and bandwidth of a subscription in fixed windows that begin with the subscription.
  static let quota = PolicyDefinition("quota", in: [.inbound], at: [.product], isOnce: true) { element, plan in
    let attributes = AttributeReader(element, plan)
    let bounds = 0...Int(Int32.max)
    let calls = attributes.integer("calls", in: bounds, allowsExpression: false)
    let bandwidth = attributes.integer("bandwidth", in: bounds, allowsExpression: false)
    let period = attributes.integer("renewal-period", isRequired: true, in: bounds, allowsExpression: false)
    attributes.finish()
    let names = ["calls", "bandwidth", "renewal-period"]
    let parts = SubscriptionLimitPart.read(element, plan, names: names)
    guard calls != nil || bandwidth != nil else {
      // What is given and not a number was complained about already.
      if element.attribute("calls") == nil, element.attribute("bandwidth") == nil {
        plan.report(element.diagnostic("PL0109", "'quota' needs the attribute 'calls' or 'bandwidth'."))
      }
      return
    }
    guard case .literal(let period) = period else { return }
    plan.emit(
      Quota(calls: calls?.literal, bandwidth: bandwidth?.literal, period: period, scope: plan.scope, parts: parts),
      element)
  }

  /// `quota-by-key`: calls and bandwidth of a key in fixed windows.
  static let quotaByKey = PolicyDefinition("quota-by-key", in: [.inbound]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let bounds = 0...Int(Int32.max)
    let calls = attributes.integer("calls", in: bounds, allowsExpression: false)
    let bandwidth = attributes.integer("bandwidth", in: bounds, allowsExpression: false)
    let period = attributes.integer("renewal-period", isRequired: true, in: bounds, allowsExpression: false)
    let key = attributes.string("counter-key", isRequired: true)
    let condition = attributes.boolean("increment-condition")
    let count = attributes.integer("increment-count", in: bounds)
    let start = attributes.literal("first-period-start") ?? "0001-01-01T00:00:00Z"
    attributes.finish()
    plan.allowChildren([], in: element)
    guard calls != nil || bandwidth != nil else {
      // What is given and not a number was complained about already.
      if element.attribute("calls") == nil, element.attribute("bandwidth") == nil {
        plan.report(element.diagnostic("PL0109", "'quota-by-key' needs the attribute 'calls' or 'bandwidth'."))
      }
      return
    }
    if case .literal(let seconds) = period, seconds != 0, seconds < 300 {
      let value = element.attribute("renewal-period")?.value
      let message = "'\(seconds)' is no value of 'renewal-period'; expected 0 (for ever) or at least 300 seconds."
      return plan.report(value?.diagnostic("PL0114", message) ?? element.diagnostic("PL0114", message))
    }
    guard let startTicks = PeriodStart.ticks(start) else {
      let value = element.attribute("first-period-start")?.value
      let message = "'\(start)' is no time; expected yyyy-MM-ddTHH:mm:ssZ."
      return plan.report(value?.diagnostic("PL0114", message) ?? element.diagnostic("PL0114", message))
    }
    guard case .literal(let period) = period, let key else { return }
    plan.emit(
      QuotaByKey(
        calls: calls?.literal, bandwidth: bandwidth?.literal, period: period, start: startTicks, key: key,
        condition: condition, increment: count ?? .literal(1)), element)
  }
}

extension Argument {
  var literal: Literal? {
    if case .literal(let value) = self { return value }
    return nil
  }
}

/// A time in the only form `first-period-start` has.
enum PeriodStart {
  private static let daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]

  /// Ticks since 0001-01-01.
  static func ticks(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 20, bytes[4] == 0x2d, bytes[7] == 0x2d, bytes[10] == 0x54, bytes[13] == 0x3a,
      bytes[16] == 0x3a, bytes[19] == 0x5a
    else { return nil }
    func number(_ range: Range<Int>) -> Int? { Int(String(decoding: bytes[range], as: UTF8.self)) }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
      let minute = number(14..<16), let second = number(17..<19), year >= 1, (1...12).contains(month),
      (1...31).contains(day), (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second)
    else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let past = year - 1
    let days =
      past * 365 + past / 4 - past / 100 + past / 400 + daysBefore[month - 1] + (isLeap && month > 2 ? 1 : 0) + day - 1
    return Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 10_000_000
  }
}

/// The counters of one quota: calls now, bytes once the response is sent.
struct QuotaCounter: DeferredCount {
  let name: String
  /// Of all counters that are asked together with these.
  let group: String
  let calls: Int?
  /// In kilobytes.
  let bandwidth: Int?
  let period: Int
  let start: Int64
  let source: String

  /// Counts the calls and asks for the bytes; throws the 403 of an exhausted quota.
  ///
  /// - Parameter counted: calls that this exchange has counted here before; nil when it comes for the first time.
  func admit(_ exchange: Exchange, increment: Int, counted: Int? = nil) throws(PolicyError) {
    if let calls {
      let admission = exchange.effects.consume(
        name + "|calls", limit: calls + (counted ?? 0), periodSeconds: period, start: start, increment: increment)
      if !admission.isAllowed { throw exceeded(admission, "Out of call volume quota.") }
    }
    if let bandwidth {
      let admission = exchange.effects.consume(
        name + "|bandwidth", limit: bandwidth << 10, periodSeconds: period, start: start, increment: 0)
      if !admission.isAllowed { throw exceeded(admission, "Out of bandwidth quota.") }
      if counted == nil { exchange.afterResponse.append(self) }
    }
  }

  /// What ``admit(_:increment:counted:)`` asks, for counters outside of the process.
  func asks(increment: Int, counted: Int? = nil) -> [CounterAsk] {
    let window = CounterAsk.Window.fixed(seconds: period, start: start)
    var asks: [CounterAsk] = []
    if let calls {
      asks.append(
        CounterAsk(
          name + "|calls", group: group, limit: calls + (counted ?? 0), window: window, increment: increment))
    }
    if let bandwidth {
      asks.append(CounterAsk(name + "|bandwidth", group: group, limit: bandwidth << 10, window: window, increment: 0))
    }
    return asks
  }

  /// Takes the answers to ``asks(increment:counted:)`` off the front; throws the 403 of an exhausted quota.
  func decide(
    _ exchange: Exchange, _ admissions: inout ArraySlice<Admission>, counted: Int? = nil
  ) throws(PolicyError) {
    if calls != nil, let admission = admissions.popFirst(), !admission.isAllowed {
      throw exceeded(admission, "Out of call volume quota.")
    }
    if bandwidth != nil, let admission = admissions.popFirst() {
      if !admission.isAllowed { throw exceeded(admission, "Out of bandwidth quota.") }
      if counted == nil { exchange.afterResponse.append(self) }
    }
  }

  func count(_ exchange: Exchange) {
    // The bytes have passed: they count however many there were, and the next call finds the quota exceeded.
    exchange.effects.note(
      CounterAsk(
        name + "|bandwidth", group: group, limit: .max, window: .fixed(seconds: period, start: start),
        increment: exchange.transferredBytes))
  }

  private func exceeded(_ admission: Admission, _ what: String) -> PolicyError {
    let seconds = admission.retryAfterSeconds
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let days = seconds / 86_400 > 0 ? "\(seconds / 86_400)." : ""
    let clock = "\(days)\(two(seconds / 3_600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    return PolicyError(
      source: source, reason: "QuotaExceeded",
      message: period == 0 ? what : "\(what) Quota will be replenished in \(clock).", status: 403,
      headers: period == 0 ? [] : [.init("Retry-After", "\(seconds)")])
  }
}

struct Quota: PolicyStep {
  let calls: Int?
  let bandwidth: Int?
  let period: Int
  let scope: PolicyScope
  let parts: [SubscriptionLimitPart]

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard let subscription = exchange.facts.subscription else { return .proceed }
    let unixEpoch: Int64 = 621_355_968_000_000_000
    let start = unixEpoch + (subscription.startDate ?? subscription.createdDate) * 10_000_000
    let name = "quota|\(subscription.id)|" + scope.counterName(exchange)
    func counter(_ suffix: String, _ calls: Int?, _ bandwidth: Int?, _ period: Int) -> QuotaCounter {
      QuotaCounter(
        name: name + suffix, group: "quota|\(subscription.id)", calls: calls, bandwidth: bandwidth, period: period,
        start: start, source: "quota")
    }
    var counters = [counter("", calls, bandwidth, period)]
    for part in parts {
      for (suffix, values) in part.matches(exchange) {
        counters.append(
          counter(suffix, values["calls"], values["bandwidth"], values["renewal-period"] ?? period))
      }
    }
    if let shared = exchange.effects.sharedCounters {
      return shared.suspend(counters.flatMap { $0.asks(increment: 1) }) {
        [counters] (exchange, admissions) throws(PolicyError) in
        var rest = admissions[...]
        for counter in counters { try counter.decide(exchange, &rest) }
        return .proceed
      }
    }
    // A call that one of several quotas refuses counts for none of them.
    if counters.count > 1 {
      for counter in counters { try counter.admit(exchange, increment: 0, counted: 0) }
    }
    for counter in counters { try counter.admit(exchange, increment: 1) }
    return .proceed
  }
}

struct QuotaByKey: PolicyStep {
  let calls: Int?
  let bandwidth: Int?
  let period: Int
  let start: Int64
  let key: Argument<String>
  let condition: Argument<Bool>?
  let increment: Argument<Int>

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    // Periods of another length, or with another beginning, are other counters: they have no common measure.
    let name = "quota-by-key|\(period)|\(start / 10_000_000)|" + (try key.value(exchange))
    let counter = QuotaCounter(
      name: name, group: name, calls: calls, bandwidth: bandwidth, period: period,
      start: start, source: "quota-by-key")
    // Several policies about one counter count an exchange once.
    let counted = exchange.quotaCounts[counter.name]
    let shared = exchange.effects.sharedCounters
    if let counted {
      guard let shared else {
        try counter.admit(exchange, increment: 0, counted: counted)
        return .proceed
      }
      return shared.suspend(counter.asks(increment: 0, counted: counted)) {
        (exchange, admissions) throws(PolicyError) in
        var rest = admissions[...]
        try counter.decide(exchange, &rest, counted: counted)
        return .proceed
      }
    }
    var count = max(0, try increment.value(exchange))
    if let condition {
      if condition.waitsForResponse {
        exchange.afterResponse.append(DeferredQuota(counter: counter, condition: condition, increment: increment))
        count = 0
      } else if try !condition.value(exchange) {
        count = 0
      }
    }
    if let shared {
      return shared.suspend(counter.asks(increment: count)) { [count] (exchange, admissions) throws(PolicyError) in
        var rest = admissions[...]
        try counter.decide(exchange, &rest)
        exchange.quotaCounts[counter.name] = count
        return .proceed
      }
    }
    try counter.admit(exchange, increment: count)
    exchange.quotaCounts[counter.name] = count
    return .proceed
  }
}

/// A quota's count whose condition looks at the response.
struct DeferredQuota: DeferredCount {
  let counter: QuotaCounter
  let condition: Argument<Bool>
  let increment: Argument<Int>

  func count(_ exchange: Exchange) {
    do throws(PolicyError) {
      guard try condition.value(exchange), let calls = counter.calls else { return }
      exchange.effects.note(
        CounterAsk(
          counter.name + "|calls", group: counter.group, limit: calls,
          window: .fixed(seconds: counter.period, start: counter.start),
          increment: max(0, try increment.value(exchange))))
    } catch {
      exchange.log(.error, source: error.source, message: error.message)
    }
  }
}
