import Expressions
import GraphQL
import HTTPWire
import JSONSchema
import PolicySyntax

extension PolicyDefinition {
  /// `validate-graphql-request`: size, depth and content of a query, and who may see which field.
  static let validateGraphQLRequest = PolicyDefinition("validate-graphql-request", in: [.inbound]) { element, plan in
    let attributes = AttributeReader(element, plan)
    let variable = attributes.string("error-variable-name")
    let size = attributes.integer("max-size", isRequired: true, in: 1...ValidateGraphQLRequest.largestSize)
    let depth = attributes.integer("max-depth", in: 1...ValidateGraphQLRequest.largestDepth)
    attributes.finish()
    plan.allowChildren(["authorize"], in: element)
    for child in element.elements(named: "authorize").dropFirst() {
      plan.report(child.diagnostic("PL0129", "'\(element.name)' may hold only one <authorize>."))
    }
    let rules = element.first("authorize").map { GraphQLAccessRule.read($0, plan) } ?? []
    plan.readsRequestBody = true
    plan.readsContract = true
    // Fields that are taken out of the request are told in the answer.
    if rules.contains(where: \.mayRemove) { plan.readsResponseBody = true }
    guard let size else { return }
    plan.emit(
      ValidateGraphQLRequest(variable: variable, size: size, depth: depth ?? .literal(6), rules: rules), element)
  }
}

/// Holds a GraphQL request against the API's schema and the rules of access.
struct ValidateGraphQLRequest: PolicyStep {
  /// Bytes.
  static let largestSize = 102_400
  /// Levels that a document can have at all.
  static let largestDepth = 64
  /// Fields on all levels, as the product has it.
  static let fieldLimit = 250

  let variable: Argument<String>?
  let size: Argument<Int>
  let depth: Argument<Int>
  let rules: [GraphQLAccessRule]

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let schema: GraphQLSchema
    switch exchange.contract.graphQL {
    case .success(let found)?: schema = found
    case .failure(let error)?:
      throw fault("The API's GraphQL schema cannot be used: \(error.message)")
    case nil: throw fault("The API has no GraphQL schema.")
    }
    let bytes = min(max(1, try size.value(exchange)), Self.largestSize)
    let levels = min(max(1, try depth.value(exchange)), Self.largestDepth)
    if exchange.offersSocket {
      // The handshake asks for nothing yet: what the client subscribes to is held against the same.
      exchange.graphQLChecks.append(GraphQLCheck(policy: self, bytes: bytes, depth: levels))
      return .proceed
    }
    let message = GraphQLMessage(limit: bytes)
    let request: GraphQLRequest
    do throws(GraphQLError) {
      request = try message.read(exchange)
    } catch {
      throw try refused(GraphQLRequestErrors(errors: [error]), exchange)
    }
    let valid: GraphQLValidRequest
    switch schema.validate(request, limits: GraphQLLimits(depth: levels, fields: Self.fieldLimit)) {
    case .success(let found): valid = found
    case .failure(let errors): throw try refused(errors, exchange)
    }
    guard !rules.isEmpty else { return .proceed }
    let restriction = try valid.restricted { (place) throws(PolicyError) in try decide(place, exchange) }
    switch restriction {
    case .failure(let errors): throw try refused(errors, exchange)
    case .success(let rest) where rest.errors.isEmpty: return .proceed
    case .success(let rest): return try remove(rest, from: request, exchange)
    }
  }

  private func fault(_ message: String) -> PolicyError {
    .internal(source: "validate-graphql-request", reason: "GraphQLSchemaNotUsable", message: message)
  }

  /// The first rule for the field that does not stand back; without any it is allowed.
  func decide(_ place: GraphQLFieldPlace, _ exchange: Exchange) throws(PolicyError) -> GraphQLFieldAccess {
    for rule in rules where rule.path.matches(place) {
      switch try rule.action.value(exchange) {
      case "allow": return .allowed
      case "remove": return .removed
      // The documentation's own example computes this word.
      case "reject", "deny": return .refused
      case "ignore": continue
      case let word:
        throw .internal(
          source: "validate-graphql-request", reason: "InvalidAction",
          message: "'\(word)' is no action; expected \(GraphQLAccessRule.actions.joined(separator: ", ")).")
      }
    }
    return .allowed
  }

  // MARK: - Outcomes

  private func note(_ errors: [GraphQLError], _ exchange: Exchange) throws(PolicyError) {
    let json = String(decoding: JSONValue.array(errors.map(\.json)).bytes, as: UTF8.self)
    guard let value = Value.described("JArray", json, in: exchange) else { return }
    exchange.variables["GraphQLErrors"] = value
    if let name = try variable?.value(exchange), !name.isEmpty { exchange.variables[name] = value }
  }

  private func refused(_ errors: GraphQLRequestErrors, _ exchange: Exchange) throws(PolicyError) -> PolicyError {
    try note(errors.errors, exchange)
    return .graphQL(errors, source: "validate-graphql-request")
  }

  private func remove(
    _ rest: GraphQLRestriction, from request: GraphQLRequest, _ exchange: Exchange
  ) throws(PolicyError) -> StepResult {
    try note(rest.errors, exchange)
    let errors = rest.errors.map(\.json)
    guard let document = rest.document else {
      exchange.beginResponse(200)
      // A name and type of the gateway's own: nothing there that could be refused.
      try? exchange.response.set(.contentType, "application/json")
      let answer = JSONObject([("data", .null), ("errors", .array(errors))])
      exchange.responseBody = .bytes(JSONValue.object(answer).bytes)
      return .respond
    }
    try GraphQLMessage.replaceQuery(with: document.text, exchange)
    exchange.answerReaders.append(GraphQLFieldErrors(errors: errors))
    return .proceed
  }
}

/// `rule`: what is done about the fields at a path.
struct GraphQLAccessRule: Sendable {
  static let actions = ["allow", "remove", "reject", "ignore"]

  let path: GraphQLFieldPattern
  let action: Argument<String>

  /// Whether a field may go without the request being refused.
  var mayRemove: Bool {
    if case .literal(let word) = action { return word == "remove" }
    return true
  }

  static func read(_ element: PolicyElement, _ plan: PolicyCompilation) -> [GraphQLAccessRule] {
    AttributeReader(element, plan).finish()
    plan.allowChildren(["rule"], in: element)
    return element.elements(named: "rule").compactMap { rule in
      let attributes = AttributeReader(rule, plan)
      let path = attributes.literal("path", isRequired: true)
      let action = attributes.word("action", among: actions) ?? .literal("allow")
      attributes.finish()
      plan.allowChildren([], in: rule)
      guard let path else { return nil }
      guard let pattern = GraphQLFieldPattern(path) else {
        let message = "'\(path)' is no path of a field; expected /type/field, /field or /__*."
        let value = rule.attribute("path")?.value
        plan.report(value?.diagnostic("PL0154", message) ?? rule.diagnostic("PL0154", message))
        return nil
      }
      return GraphQLAccessRule(path: pattern, action: action)
    }
  }
}

/// `/type/field`, or `/field` for one at the root; either name may end in `*`.
struct GraphQLFieldPattern: Sendable {
  private struct Name: Sendable {
    let text: String
    let isPrefix: Bool

    init?(_ text: Substring) {
      isPrefix = text.hasSuffix("*")
      self.text = String(isPrefix ? text.dropLast() : text)
      let bytes = self.text.utf8
      guard bytes.allSatisfy({ $0 == 0x5f || (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) }) else {
        return nil
      }
      if bytes.isEmpty, !isPrefix { return nil }
    }

    func matches(_ name: String) -> Bool { isPrefix ? name.hasPrefix(text) : name == text }
  }

  private let type: Name?
  private let field: Name

  init?(_ path: String) {
    guard path.hasPrefix("/") else { return nil }
    let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let last = parts.last, let field = Name(last) else { return nil }
    self.field = field
    if parts.count == 1 {
      type = nil
    } else {
      guard let name = Name(parts[0]) else { return nil }
      type = name
    }
  }

  func matches(_ place: GraphQLFieldPlace) -> Bool {
    guard field.matches(place.name) else { return false }
    guard let type else { return place.isRoot }
    return place.types.contains { type.matches($0) }
  }
}

/// Puts the errors of fields that the backend was not asked for into its answer.
struct GraphQLFieldErrors: AnswerReader {
  let errors: [JSONValue]

  func read(_ exchange: Exchange) {
    guard exchange.isBackendResponse, let bytes = exchange.responseBody.bytes,
      case .bytes(let decoded) = DecodedBody(
        bytes, encoding: exchange.header("Content-Encoding", of: .response), limit: 16 << 20),
      var answer = (try? JSONValue(decoded))?.object
    else { return }
    answer.set("errors", .array((answer["errors"]?.elements ?? []) + errors))
    exchange.responseBody = .bytes(JSONValue.object(answer).bytes)
    exchange.response.remove("Content-Encoding")
  }
}
