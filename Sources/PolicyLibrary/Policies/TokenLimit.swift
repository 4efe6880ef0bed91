import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `llm-token-limit`: tokens of a language model, by minute and by longer periods.
  static let llmTokenLimit = tokenLimit("llm-token-limit")
  /// `azure-openai-token-limit`: the same under its older name.
  static let azureOpenAITokenLimit = tokenLimit("azure-openai-token-limit")

  private static func tokenLimit(_ name: String) -> PolicyDefinition {
    PolicyDefinition(name, in: [.inbound]) { element, plan in
      let attributes = AttributeReader(element, plan)
      let key = attributes.string("counter-key", isRequired: true)
      let rate = attributes.integer("tokens-per-minute", in: 1...Int(Int32.max))
      let quota = attributes.integer("token-quota", in: 1...Int(Int32.max))
      let period = attributes.word("token-quota-period", among: TokenQuotaPeriod.allCases.map(\.rawValue))
      let estimates = attributes.boolean("estimate-prompt-tokens", isRequired: true, allowsExpression: false)
      let report = TokenReport(attributes)
      attributes.finish()
      plan.allowChildren([], in: element)
      if element.attribute("tokens-per-minute") == nil, element.attribute("token-quota") == nil {
        plan.report(element.diagnostic("PL0109", "'\(name)' needs tokens-per-minute, or token-quota with its period."))
      }
      if (element.attribute("token-quota") == nil) != (element.attribute("token-quota-period") == nil) {
        plan.report(element.diagnostic("PL0109", "token-quota and token-quota-period belong together."))
      }
      plan.readsRequestBody = true
      plan.countsTokens = true
      guard let key else { return }
      plan.emit(
        TokenLimit(
          policy: name, key: key, rate: rate, quota: quota, period: period ?? .literal("Daily"),
          estimates: estimates?.literal ?? false, report: report), element)
    }
  }
}

/// The headers and variables in which a token limit tells how it stands.
struct TokenReport: Sendable {
  let retryAfterHeader: String
  let retryAfterVariable: String?
  let remainingHeader: String?
  let remainingVariable: String?
  let remainingQuotaHeader: String?
  let remainingQuotaVariable: String?
  let consumedHeader: String?
  let consumedVariable: String?

  init(_ attributes: AttributeReader) {
    retryAfterHeader = attributes.literal("retry-after-header-name") ?? "Retry-After"
    retryAfterVariable = attributes.literal("retry-after-variable-name")
    remainingHeader = attributes.literal("remaining-tokens-header-name")
    remainingVariable = attributes.literal("remaining-tokens-variable-name")
    remainingQuotaHeader = attributes.literal("remaining-quota-tokens-header-name")
    remainingQuotaVariable = attributes.literal("remaining-quota-tokens-variable-name")
    consumedHeader = attributes.literal("tokens-consumed-header-name")
    consumedVariable = attributes.literal("tokens-consumed-variable-name")
  }

  /// Tells what is left in a counter.
  func tell(_ remaining: Int, of counter: TokenCounter, _ exchange: Exchange) {
    if counter.window == nil {
      Self.tell(remaining, remainingHeader, remainingVariable, exchange)
    } else {
      Self.tell(remaining, remainingQuotaHeader, remainingQuotaVariable, exchange)
    }
  }

  static func tell(_ number: Int, _ header: String?, _ variable: String?, _ exchange: Exchange) {
    if let header { exchange.addResponseHeader(header, "\(max(0, number))") }
    if let variable { exchange.variables[variable] = .int32(Int32(clamping: max(0, number))) }
  }
}

struct TokenLimit: PolicyStep {
  let policy: String
  let key: Argument<String>
  let rate: Argument<Int>?
  let quota: Argument<Int>?
  let period: Argument<String>
  let estimates: Bool
  let report: TokenReport

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let body = exchange.requestBody.bytes ?? []
    exchange.promptBytes = body.count
    let estimate = estimates ? TokenUsage.estimate(body.count) : 0
    let key = try key.value(exchange)
    var counters: [TokenCounter] = []
    if let limit = try rate?.value(exchange) {
      counters.append(TokenCounter(name: "llm-token-rate|\(key)", group: "llm-token|\(key)", limit: limit, window: nil))
    }
    if let limit = try quota?.value(exchange) {
      let name = try period.value(exchange)
      guard let period = TokenQuotaPeriod(rawValue: name) else {
        throw .internal(
          source: policy, reason: "InvalidPeriod", message: "'\(name)' is no value of token-quota-period.")
      }
      let window = period.window(at: exchange.effects.now())
      counters.append(
        TokenCounter(
          name: "llm-token-quota|\(name)|\(window.start)|\(key)", group: "llm-token|\(key)", limit: limit,
          window: window))
    }
    if let shared = exchange.effects.sharedCounters {
      return shared.suspend(counters.map { $0.ask(estimate) }) {
        [counters] (exchange, admissions) throws(PolicyError) in
        for (counter, admission) in zip(counters, admissions) { try decide(counter, admission, exchange) }
        return proceed(counters, estimate, admissions.map(\.remaining), exchange)
      }
    }
    for counter in counters { try decide(counter, counter.count(estimate, exchange.effects), exchange) }
    return proceed(counters, estimate, nil, exchange)
  }

  /// Tells how a counter stands, and refuses when there is no room.
  private func decide(
    _ counter: TokenCounter, _ admission: Admission, _ exchange: Exchange
  ) throws(PolicyError) {
    report.tell(admission.remaining, of: counter, exchange)
    if admission.isAllowed { return }
    throw counter.window == nil
      ? refused(429, "TokenLimitExceeded", "Token limit is exceeded.", admission, exchange)
      : refused(403, "TokenQuotaExceeded", "Token quota is exceeded.", admission, exchange)
  }

  private func proceed(
    _ counters: [TokenCounter], _ estimate: Int, _ remaining: [Int]?, _ exchange: Exchange
  ) -> StepResult {
    TokenReport.tell(estimate, nil, report.consumedVariable, exchange)
    exchange.tokenReaders.append(
      TokenSettlement(counters: counters, estimate: estimate, remaining: remaining, report: report))
    return .proceed
  }

  private func refused(
    _ status: Int, _ reason: String, _ message: String, _ admission: Admission, _ exchange: Exchange
  ) -> PolicyError {
    TokenReport.tell(admission.retryAfterSeconds, nil, report.retryAfterVariable, exchange)
    return PolicyError(
      source: policy, reason: reason, message: message, status: status,
      responseMessage: "\(message) Try again in \(admission.retryAfterSeconds) seconds.",
      headers: [.init(report.retryAfterHeader, "\(admission.retryAfterSeconds)")])
  }
}

/// Counts what a call really took, beyond what was counted before it.
struct TokenSettlement: TokenReader {
  let counters: [TokenCounter]
  let estimate: Int
  /// What was left in each counter outside of the process when the call was admitted; nil where the process counts.
  let remaining: [Int]?
  let report: TokenReport

  func read(_ usage: TokenUsage, hasPassed: Bool, _ exchange: Exchange) {
    // Behind an answer that has passed there is nobody left to tell.
    if !hasPassed { TokenReport.tell(usage.total, report.consumedHeader, report.consumedVariable, exchange) }
    let more = max(0, usage.total - estimate)
    for (index, counter) in counters.enumerated() {
      let left: Int
      if let remaining {
        // Nobody waits for the answer: others may have counted meanwhile, so that this is what was left for this call.
        if more > 0 { exchange.effects.note(counter.ask(more, limit: TokenCounter.unlimited)) }
        left = remaining[index] - more
      } else {
        left = counter.settle(more, exchange.effects)
      }
      if !hasPassed { report.tell(left, of: counter, exchange) }
    }
  }
}

/// One counter of tokens: a sliding minute, or a window of the calendar.
struct TokenCounter: Sendable {
  /// A limit for what was used already, however much it is.
  static let unlimited = Int(Int32.max) * 2

  let name: String
  /// Of all counters that are asked together with this one.
  let group: String
  let limit: Int
  let window: TokenQuotaPeriod.Window?

  /// The count, for counters outside of the process; with no tokens, whether there is room for one.
  func ask(_ tokens: Int, limit: Int? = nil) -> CounterAsk {
    CounterAsk(
      name, group: group, limit: limit ?? self.limit,
      window: window.map { .fixed(seconds: $0.seconds, start: $0.start) } ?? .sliding(seconds: 60), increment: tokens)
  }

  /// Counts tokens if there is room for them; with none, asks whether there is room for one.
  func count(_ tokens: Int, _ effects: any PolicyEffects) -> Admission { effects.count([ask(tokens)])[0] }

  /// Counts what was used already; gives what is left.
  func settle(_ tokens: Int, _ effects: any PolicyEffects) -> Int {
    if tokens > 0 { _ = effects.count([ask(tokens, limit: Self.unlimited)]) }
    return count(0, effects).remaining
  }
}

/// How often a quota of tokens begins anew, at round times of UTC.
enum TokenQuotaPeriod: String, CaseIterable {
  case hourly = "Hourly"
  case daily = "Daily"
  case weekly = "Weekly"
  case monthly = "Monthly"
  case yearly = "Yearly"

  struct Window: Sendable {
    /// Ticks.
    var start: Int64
    var seconds: Int
  }

  private static let day: Int64 = 864_000_000_000

  /// The window that holds a moment, in ticks.
  func window(at now: Int64) -> Window {
    switch self {
    case .hourly: return Self.even(now, Self.day / 24)
    case .daily: return Self.even(now, Self.day)
    // 0001-01-01 was a Monday.
    case .weekly: return Self.even(now, Self.day * 7)
    case .monthly, .yearly:
      let (year, month) = Self.yearAndMonth(now / Self.day)
      let isYear = self == .yearly
      let start = Self.days(year, isYear ? 1 : month)
      let end = isYear ? Self.days(year + 1, 1) : month == 12 ? Self.days(year + 1, 1) : Self.days(year, month + 1)
      return Window(start: start * Self.day, seconds: Int(end - start) * 86_400)
    }
  }

  private static func even(_ now: Int64, _ length: Int64) -> Window {
    Window(start: now - now % length, seconds: Int(length / 10_000_000))
  }

  /// Days from 0001-01-01 to the first of a month of the Gregorian calendar.
  private static func days(_ year: Int64, _ month: Int64) -> Int64 {
    let before = year - 1
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let ordinal: [Int64] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
    let leapDay: Int64 = isLeap && month > 2 ? 1 : 0
    return before * 365 + before / 4 - before / 100 + before / 400 + ordinal[Int(month) - 1] + leapDay
  }

  private static func yearAndMonth(_ day: Int64) -> (Int64, Int64) {
    var year = day * 400 / 146_097 + 1
    while days(year, 1) > day { year -= 1 }
    while days(year + 1, 1) <= day { year += 1 }
    let month = (1...12).last { days(year, Int64($0)) <= day } ?? 1
    return (year, Int64(month))
  }
}
