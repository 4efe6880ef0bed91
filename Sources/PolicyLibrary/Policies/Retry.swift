import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `retry`: runs its policies, and again while the condition holds and attempts are left.
  static let retry = PolicyDefinition("retry", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let condition = attributes.boolean("condition", isRequired: true)
    let count = attributes.integer("count", isRequired: true, in: 1...50)
    let interval = attributes.integer("interval", isRequired: true, in: 0...86_400)
    let maxInterval = attributes.integer("max-interval", in: 0...86_400)
    let delta = attributes.integer("delta", in: 0...86_400)
    let firstFast = attributes.boolean("first-fast-retry")
    attributes.finish()
    if element.elements.isEmpty {
      plan.report(element.diagnostic("PL0109", "'retry' needs policies in it."))
    }
    plan.emitRetry(element) { places in
      guard let condition, let count, let interval else { return nil }
      return Retry(
        condition: condition, count: count, interval: interval, maxInterval: maxInterval, delta: delta,
        firstFast: firstFast, places: places)
    } _: {
      plan.compileChildren(of: element)
    }
  }
}

/// When a block of policies runs again.
final class Retry: Sendable {
  let condition: Argument<Bool>
  /// Attempts after the first.
  let count: Argument<Int>
  /// Seconds.
  let interval: Argument<Int>
  let maxInterval: Argument<Int>?
  let delta: Argument<Int>?
  let firstFast: Argument<Bool>?
  /// The places of the block.
  let places: Range<Int>

  init(
    condition: Argument<Bool>, count: Argument<Int>, interval: Argument<Int>, maxInterval: Argument<Int>?,
    delta: Argument<Int>?, firstFast: Argument<Bool>?, places: Range<Int>
  ) {
    self.condition = condition
    self.count = count
    self.interval = interval
    self.maxInterval = maxInterval
    self.delta = delta
    self.firstFast = firstFast
    self.places = places
  }
}

/// A `retry` under way: which attempt, and how long to wait before the next.
struct RetryAttempts {
  let retry: Retry
  /// Where the body begins, and where the plan goes on behind it.
  let body: Int
  let end: Int
  let place: Int
  private let count: Int
  private let interval: Double
  private let maxInterval: Double?
  private let delta: Double?
  private let firstFast: Bool
  private var retries = 0

  init(_ retry: Retry, _ exchange: Exchange, body: Int, end: Int, place: Int) throws(PolicyError) {
    self.retry = retry
    self.body = body
    self.end = end
    self.place = place
    // Expressions may give any number; the bounds of the literals hold for them too.
    count = min(max(0, try retry.count.value(exchange)), 50)
    interval = Self.seconds(try retry.interval.value(exchange))
    maxInterval = try retry.maxInterval.map { (value) throws(PolicyError) in Self.seconds(try value.value(exchange)) }
    delta = try retry.delta.map { (value) throws(PolicyError) in Self.seconds(try value.value(exchange)) }
    firstFast = try retry.firstFast?.value(exchange) ?? false
  }

  private static func seconds(_ value: Int) -> Double { Double(min(max(0, value), 86_400)) }

  /// Milliseconds to wait before another attempt; nil when there shall be none.
  mutating func next(_ exchange: Exchange) throws(PolicyError) -> Int? {
    guard retries < count, try retry.condition.value(exchange) else { return nil }
    retries += 1
    if firstFast, retries == 1 { return 0 }
    return Int(wait(exchange) * 1_000)
  }

  /// Fixed, linear or exponential, by which attributes there are (retry-policy, semantics-cases F3 to F5).
  private func wait(_ exchange: Exchange) -> Double {
    let n = Double(firstFast ? retries - 2 : retries - 1)
    guard let delta else { return min(interval, maxInterval ?? interval) }
    guard let maxInterval else { return interval + n * delta }
    let spread = 0.8 + 0.4 * Double(exchange.effects.random() >> 11) / Double(1 << 53)
    var power = 1.0
    for _ in 0..<Int(n) { power *= 2 }
    return min(interval + (power - 1) * delta * spread, maxInterval)
  }
}
