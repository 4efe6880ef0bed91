import Expressions
import GatewayConfiguration
import HTTPWire
import PolicySyntax

extension PolicyDefinition {
  /// `rewrite-uri`: path and query for the backend, relative to its base URL.
  static let rewriteURI = PolicyDefinition("rewrite-uri", in: [.inbound]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let template = attributes.string("template", isRequired: true)
    let copies = attributes.boolean("copy-unmatched-params", allowsExpression: false)
    attributes.finish()
    plan.allowChildren([], in: element)
    if let template { plan.emit(RewriteURI(template: template, copiesUnmatched: copies?.literal ?? true), element) }
  }

  /// `set-query-parameter`: of the request.
  static let setQueryParameter = PolicyDefinition("set-query-parameter", in: [.inbound, .backend]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let name = attributes.string("name", isRequired: true)
    let action = attributes.word("exists-action", among: SetHeader.actions) ?? .literal("override")
    attributes.finish()
    plan.allowChildren(["value"], in: element)
    let values = element.elements(named: "value").map { $0.text.flatMap { plan.string($0) } ?? .literal("") }
    if action.literal != "delete", values.isEmpty {
      plan.report(element.diagnostic("PL0123", "'set-query-parameter' needs a <value>, or exists-action=\"delete\"."))
    }
    if let name { plan.emit(SetQueryParameter(name: name, action: action, values: values), element) }
  }

  /// `set-method`: of the request.
  static let setMethod = PolicyDefinition("set-method", in: [.inbound, .backend, .onError]) { element, plan in
    AttributeReader(element, plan).finish()
    plan.allowChildren([], in: element)
    guard let text = element.text else {
      return plan.report(element.diagnostic("PL0109", "'set-method' needs a method as its text."))
    }
    if let method = plan.string(text) { plan.emit(SetMethod(method: method), element) }
  }
}

struct RewriteURI: PolicyStep {
  let template: Argument<String>
  let copiesUnmatched: Bool

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let text = try template.value(exchange)
    let parameters = exchange.source?.matchedParameters() ?? []
    var filled = ""
    var rest = Substring(text)
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      filled += rest[..<open]
      let name = rest[rest.index(after: open)..<close].drop { $0 == "*" }
      guard let value = parameters.first(where: { $0.name == name || $0.name == "*\(name)" })?.value else {
        throw .internal(
          source: "rewrite-uri", reason: "InvalidTemplate",
          message: "The template of the operation has no parameter '\(name)'.")
      }
      filled += QueryText.encode(value, keepsSlashes: rest[open...].hasPrefix("{*"))
      rest = rest[rest.index(after: close)...]
    }
    filled += rest
    var path = String(filled.prefix { $0 != "?" })
    if !path.hasPrefix("/") { path = "/" + path }
    var query = QueryText(filled.firstIndex(of: "?").map { String(filled[filled.index(after: $0)...]) } ?? "")
    if copiesUnmatched {
      let inTemplate = exchange.facts.operation.map { QueryText.names(ofTemplate: $0.urlTemplate) } ?? []
      for pair in QueryText(exchange.request.query ?? "").pairs
      where !inTemplate.contains(pair.name.lowercased()) && query.values(pair.name).isEmpty {
        query.pairs.append(pair)
      }
    }
    do {
      try exchange.request.setTarget(path: QueryText.escapeUnsafe(path), query: query.text)
    } catch {
      throw .internal(source: "rewrite-uri", reason: "InvalidUri", message: "'\(text)' gives no usable path.")
    }
    exchange.apiPathLength = 0
    return .proceed
  }
}

struct SetQueryParameter: PolicyStep {
  let name: Argument<String>
  let action: Argument<String>
  let values: [Argument<String>]

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let name = try name.value(exchange)
    let action = try action.value(exchange)
    var query = QueryText(exchange.request.query ?? "")
    let exists = query.pairs.contains { QueryText.equal($0.name, name) }
    switch action {
    case "skip" where exists: return .proceed
    case "delete", "override": query.pairs.removeAll { QueryText.equal($0.name, name) }
    default: break
    }
    if action != "delete" {
      for value in values { query.pairs.append((name, try value.value(exchange), true)) }
    }
    do {
      try exchange.request.setTarget(path: exchange.request.path, query: query.text)
    } catch {
      throw .internal(
        source: "set-query-parameter", reason: "InvalidUri", message: "'\(name)' gives no usable query string.")
    }
    return .proceed
  }
}

struct SetMethod: PolicyStep {
  let method: Argument<String>

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let text = try method.value(exchange).trimmed
    do {
      try exchange.request.setMethod(text)
    } catch {
      throw .internal(source: "set-method", reason: "InvalidMethod", message: "'\(text)' is no method of HTTP.")
    }
    return .proceed
  }
}
