import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `cache-value`: a stored value into a variable; where there is none, or an old one, the policies in `value` make it.
  static let cacheValue = PolicyDefinition("cache-value", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let key = attributes.string("key", isRequired: true)
    let variable = attributes.literal("variable-name", isRequired: true)
    let expires = attributes.integer("expires-after", in: 0...Int(Int32.max)) ?? .literal(28_800)
    let refresh = attributes.integer("refresh-after", in: 0...Int(Int32.max))
    let fallback = attributes.object("default-value")
    let choice = CacheChoice(attributes)
    attributes.finish()
    plan.allowChildren(["value"], in: element)
    guard let body = element.first("value") else {
      return plan.report(element.diagnostic("PL0109", "'cache-value' needs a <value> with policies in it."))
    }
    AttributeReader(body, plan).finish()
    guard let key, let variable else { return plan.nested("value", body) }
    plan.emit(FreshValue(key: key, variable: variable, refresh: refresh, choice: choice), element)
    let jump = plan.emitBranch(ValueIsMissing(variable: variable), "value", body)
    plan.land([jump])
    plan.emit(
      KeepValue(key: key, variable: variable, expires: expires, fallback: fallback, choice: choice), element)
  }
}

/// What `cache-value` found before its block runs.
enum FoundValue {
  case fresh
  /// Good enough if the block makes no other.
  case stale(Value)
}

/// Looks the value up, and notes whether it is young enough.
struct FreshValue: PolicyStep {
  let key: Argument<String>
  let variable: String
  let refresh: Argument<Int>?
  let choice: CacheChoice

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    exchange.variables[variable] = nil
    exchange.foundValues[variable] = nil
    let seconds = try refresh?.value(exchange)
    let wait = PolicyWait()
    wait.holds(
      exchange.effects.cached(CachedValue.name(try key.value(exchange)), in: choice) { entry in
        wait.complete { (exchange) throws(PolicyError) in
          guard let entry, let value = Value(stored: entry.bytes, in: exchange) else { return .proceed }
          let age = (exchange.effects.now() - entry.storedTicks) / 10_000_000
          if let seconds, age >= Int64(seconds) {
            exchange.foundValues[variable] = .stale(value)
          } else {
            exchange.variables[variable] = value
            exchange.foundValues[variable] = .fresh
          }
          return .proceed
        }
      })
    return .suspend(wait)
  }
}

/// The block runs when nothing young enough was found.
struct ValueIsMissing: PlanCondition {
  let variable: String

  func holds(_ exchange: Exchange) -> Bool {
    if case .fresh = exchange.foundValues[variable] { return false }
    return true
  }
}

/// Keeps what the block has put into the variable.
struct KeepValue: PolicyStep {
  let key: Argument<String>
  let variable: String
  let expires: Argument<Int>
  let fallback: Argument<String>?
  let choice: CacheChoice

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let found = exchange.foundValues.removeValue(forKey: variable)
    if case .fresh = found { return .proceed }
    if let value = exchange.variables[variable] {
      let seconds = try expires.value(exchange)
      CachedValue.put(value, as: try key.value(exchange), in: choice, seconds: seconds, exchange)
    } else if case .stale(let value) = found {
      exchange.variables[variable] = value
    } else if let fallback {
      exchange.variables[variable] = try fallback.object(exchange)
    }
    return .proceed
  }
}
