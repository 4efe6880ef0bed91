import Expressions
import PolicySyntax

extension PolicyDefinition {
  /// `cache-lookup-value`: a stored value into a variable.
  static let cacheLookupValue = PolicyDefinition("cache-lookup-value", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let key = attributes.string("key", isRequired: true)
    let variable = attributes.literal("variable-name", isRequired: true)
    let fallback = attributes.object("default-value")
    let choice = CacheChoice(attributes)
    attributes.finish()
    plan.allowChildren([], in: element)
    guard let key, let variable else { return }
    plan.emit(
      CacheLookupValue(key: key, variable: variable, fallback: fallback, choice: choice), element)
  }

  /// `cache-store-value`: keeps a value for other exchanges.
  static let cacheStoreValue = PolicyDefinition("cache-store-value", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let key = attributes.string("key", isRequired: true)
    let value = attributes.object("value", isRequired: true)
    let duration = attributes.integer("duration", isRequired: true, in: 1...Int(Int32.max))
    let choice = CacheChoice(attributes)
    attributes.finish()
    plan.allowChildren([], in: element)
    guard let key, let value, let duration else { return }
    plan.emit(CacheStoreValue(key: key, value: value, duration: duration, choice: choice), element)
  }

  /// `cache-remove-value`: forgets a stored value.
  static let cacheRemoveValue = PolicyDefinition("cache-remove-value", in: .everywhere) { element, plan in
    let attributes = AttributeReader(element, plan)
    let key = attributes.string("key", isRequired: true)
    let choice = CacheChoice(attributes)
    attributes.finish()
    plan.allowChildren([], in: element)
    if let key { plan.emit(CacheRemoveValue(key: key, choice: choice), element) }
  }
}

struct CacheLookupValue: PolicyStep {
  let key: Argument<String>
  let variable: String
  let fallback: Argument<String>?
  let choice: CacheChoice

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let wait = PolicyWait()
    wait.holds(
      exchange.effects.cached(CachedValue.name(try key.value(exchange)), in: choice) { entry in
        wait.complete { (exchange) throws(PolicyError) in try end(entry, exchange) }
      })
    return .suspend(wait)
  }

  /// A miss without default leaves the variable as it is, so that ContainsKey tells.
  private func end(_ entry: CachedEntry?, _ exchange: Exchange) throws(PolicyError) -> StepResult {
    if let entry, let value = Value(stored: entry.bytes, in: exchange) {
      exchange.variables[variable] = value
    } else if let fallback {
      exchange.variables[variable] = try fallback.object(exchange)
    }
    return .proceed
  }
}

struct CacheStoreValue: PolicyStep {
  let key: Argument<String>
  let value: Argument<String>
  let duration: Argument<Int>
  let choice: CacheChoice

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let key = try key.value(exchange)
    let value = try value.object(exchange)
    let seconds = try duration.value(exchange)
    CachedValue.put(value, as: key, in: choice, seconds: seconds, exchange)
    return .proceed
  }
}

struct CacheRemoveValue: PolicyStep {
  let key: Argument<String>
  let choice: CacheChoice

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let key = try key.value(exchange)
    exchange.effects.uncache(CachedValue.name(key), in: choice)
    return .proceed
  }
}

/// Values in the cache.
enum CachedValue {
  /// Values and responses share the cache, and never a name.
  static func name(_ key: String) -> String { "value|" + key }

  /// Keeps a value; one that cannot outlive its exchange is left out, and the log says so.
  static func put(_ value: Value, as key: String, in choice: CacheChoice, seconds: Int, _ exchange: Exchange) {
    guard let bytes = value.stored(in: exchange) else {
      return exchange.log(
        .error, source: exchange.place?.policy ?? "cache-store-value",
        message: "The value for '\(key)' has a type that cannot be kept.", metadata: [])
    }
    exchange.effects.cache(
      CachedEntry(bytes: bytes, storedTicks: exchange.effects.now()), as: name(key), in: choice,
      seconds: max(0, seconds))
  }
}

extension Argument where Literal == String {
  /// The value as an object: text, or whatever the expression gives.
  func object(_ exchange: Exchange) throws(PolicyError) -> Value {
    switch self {
    case .literal(let text): return .string(text)
    case .expression(let expression):
      do {
        return try expression.evaluate(exchange, on: exchange.effects.machine)
      } catch {
        throw exchange.expressionFailure(error)
      }
    }
  }
}
