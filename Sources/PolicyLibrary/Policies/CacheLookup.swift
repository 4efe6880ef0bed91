import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `cache-lookup`: answers with a stored response, if there is one for this request.
  static let cacheLookup = PolicyDefinition("cache-lookup", in: [.inbound], isOnce: true) { element, plan in
    let attributes = AttributeReader(element, plan)
    let byDeveloper = attributes.boolean("vary-by-developer", isRequired: true)
    let byGroups = attributes.boolean("vary-by-developer-groups", isRequired: true)
    let choice = CacheChoice(attributes)
    let downstream = attributes.word("downstream-caching-type", among: ["none", "private", "public"])
    let revalidates = attributes.boolean("must-revalidate")
    let allowsPrivate = attributes.boolean("allow-private-response-caching")
    attributes.finish()
    plan.allowChildren(["vary-by-header", "vary-by-query-parameter"], in: element)
    guard let byDeveloper, let byGroups else { return }
    let queries = CacheLookup.names("vary-by-query-parameter", element, plan)
    plan.emit(
      CacheLookup(
        byDeveloper: byDeveloper, byGroups: byGroups, headers: CacheLookup.names("vary-by-header", element, plan),
        queries: element.first("vary-by-query-parameter") == nil ? nil : queries,
        downstream: downstream ?? .literal("none"), revalidates: revalidates ?? .literal(true),
        allowsPrivate: allowsPrivate ?? .literal(false), choice: choice), element)
  }

  /// `cache-store`: keeps the response that `cache-lookup` did not find.
  static let cacheStore = PolicyDefinition("cache-store", in: [.outbound], isOnce: true) { element, plan in
    let attributes = AttributeReader(element, plan)
    let duration = attributes.integer("duration", isRequired: true, in: 1...Int(Int32.max))
    let anyStatus = attributes.boolean("cache-response")
    attributes.finish()
    plan.allowChildren([], in: element)
    plan.readsResponseBody = true
    if let duration { plan.emit(CacheStore(duration: duration, anyStatus: anyStatus ?? .literal(false)), element) }
  }
}

extension CacheChoice {
  /// Reads `caching-type`.
  init(_ attributes: AttributeReader) {
    let word = attributes.word(
      "caching-type", among: ["internal", "external", "prefer-external"], allowsExpression: false)
    self = word?.literal.flatMap(CacheChoice.init(rawValue:)) ?? .preferExternal
  }
}

struct CacheLookup: PolicyStep {
  let byDeveloper: Argument<Bool>
  let byGroups: Argument<Bool>
  let headers: [Argument<String>]
  /// Nil: the whole query counts.
  let queries: [Argument<String>]?
  let downstream: Argument<String>
  let revalidates: Argument<Bool>
  let allowsPrivate: Argument<Bool>
  let choice: CacheChoice

  static func names(_ name: String, _ element: PolicyElement, _ plan: PolicyCompilation) -> [Argument<String>] {
    element.elements(named: name).compactMap { child in
      AttributeReader(child, plan).finish()
      guard let text = child.text else {
        plan.report(child.diagnostic("PL0109", "<\(name)> needs a name as its text."))
        return nil
      }
      return plan.string(text)
    }
  }

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard exchange.request.methodKind == .get else { return .proceed }
    if exchange.request.contains(.authorization), try !allowsPrivate.value(exchange) { return .proceed }
    let kind = try downstream.value(exchange)
    let directive = kind == "none" ? "no-store" : kind + (try revalidates.value(exchange) ? ", must-revalidate" : "")
    exchange.addResponseHeader("Cache-Control", directive)
    let key = try key(exchange)
    exchange.cacheKey = key
    exchange.cacheChoice = choice
    let wait = PolicyWait()
    wait.holds(
      exchange.effects.cached(key, in: choice) { entry in
        wait.complete { (exchange) throws(PolicyError) in
          guard let entry, exchange.readResponse(entry.bytes) else { return .proceed }
          exchange.cacheState = .hit
          return .cached
        }
      })
    exchange.cacheState = .miss
    return .suspend(wait)
  }

  /// Everything that a stored response depends on.
  private func key(_ exchange: Exchange) throws(PolicyError) -> String {
    let facts = exchange.facts
    var key = "response|\(exchange.request.authority)|\(facts.product?.id ?? "")|\(facts.api?.id ?? "")"
    key += ";rev=\(facts.api?.revision ?? "")|\(facts.operation?.id ?? "")|"
    key +=
      exchange.backend.map { backend in
        var url = exchange.currentURL(of: backend)
        url.query = nil
        return url.text
      } ?? exchange.request.path
    if let queries {
      for name in try texts(queries, exchange) {
        // With their lengths: one value with a comma in it is not two values.
        let values = exchange.queryValues(name, of: .current) ?? []
        key += "|\(name)=" + values.map { "\($0.utf8.count):\($0)" }.joined(separator: ",")
      }
    } else {
      key += "|?" + (exchange.request.query ?? "")
    }
    for name in try texts(headers, exchange) { key += "|\(name):" + (exchange.request.value(of: name) ?? "") }
    if try byDeveloper.value(exchange) { key += "|user=\(facts.user?.id ?? "")" }
    if try byGroups.value(exchange) {
      key += "|groups=" + (facts.user?.groups.map(\.id).sorted() ?? []).joined(separator: ",")
    }
    return key
  }

  /// Names, lower case; several may stand in one text with semicolons between them.
  private func texts(_ items: [Argument<String>], _ exchange: Exchange) throws(PolicyError) -> [String] {
    var names: [String] = []
    for item in items {
      names += try item.value(exchange).split(separator: ";").map { String($0).trimmed.lowercased() }
    }
    return names.sorted()
  }
}

struct CacheStore: PolicyStep {
  let duration: Argument<Int>
  let anyStatus: Argument<Bool>

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    guard let key = exchange.cacheKey, exchange.cacheState == .miss, exchange.hasResponse else { return .proceed }
    let keepsAny = try anyStatus.value(exchange)
    guard keepsAny || exchange.response.status == 200 else { return .proceed }
    let body: [UInt8]
    switch exchange.responseBody {
    case .bytes(let bytes): body = bytes
    case .none: body = []
    // A policy has read it without keeping it, or nobody holds it.
    case .consumed, .streaming: return .proceed
    }
    let bytes = exchange.response.serialised(HeadRewrite(body: .length(body.count))) + body
    exchange.effects.cache(
      CachedEntry(bytes: bytes, storedTicks: exchange.effects.now()), as: key,
      in: exchange.cacheChoice, seconds: max(0, try duration.value(exchange)))
    return .proceed
  }
}

extension Exchange {
  /// Puts a response as it stands on the wire in place of whatever there was; false when it is none.
  func readResponse(_ bytes: [UInt8]) -> Bool {
    guard case .complete(let length) = response.parseResponse(bytes.span, limits: .ofAnswers) else { return false }
    hasResponse = true
    isBackendResponse = false
    responseBody = length < bytes.count ? .bytes(Array(bytes[length...])) : .none
    return true
  }
}

/// What the cache had to do with an exchange, for its record.
public enum CacheState: String, Sendable {
  case none, hit, miss
}
