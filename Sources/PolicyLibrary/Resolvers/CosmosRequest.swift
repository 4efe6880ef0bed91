import Expressions
import JSONSchema
import PolicySyntax

/// What one of the four requests of `cosmosdb-data-source` asks for.
struct CosmosRequest: Sendable {
  enum Action: Sendable {
    case query(CosmosQuery)
    case read, delete, insert, replace, upsert
  }

  let action: Action
  let id: CosmosText?
  /// A level after the other; empty where the document says none.
  let partitionKey: [CosmosPartitionKey]
  /// A header of a condition with its tag.
  let condition: (header: String, tag: CosmosText)?
  let body: SetBody?
  /// Those that the document says as they are.
  let headers: [(name: String, value: String)]

  static let levels = [
    "bounded-staleness": "BoundedStaleness", "consistent-prefix": "ConsistentPrefix", "eventual": "Eventual",
    "session": "Session", "strong": "Strong",
  ]
  static let children = [
    "query-request": ["sql-statement", "parameters", "partition-key", "paging"],
    "read-request": ["id", "partition-key"],
    "delete-request": ["etag", "id", "partition-key"],
    "write-request": ["id", "partition-key", "etag", "set-body"],
  ]

  /// Nil after a complaint.
  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    let names = Self.children[element.name] ?? []
    plan.allowChildren(names, in: element)
    plan.allowOnce(names.filter { $0 != "partition-key" }, in: element)
    for extra in element.elements(named: "partition-key").dropFirst(CosmosPartitionKey.levels) {
      plan.report(
        extra.diagnostic(
          "PL0129",
          "'\(element.name)' may hold at most \(CosmosPartitionKey.levels) <partition-key>, one for each level."))
    }
    let attributes = AttributeReader(element, plan)
    var headers: [(name: String, value: String)] = []
    var action = Action.read
    switch element.name {
    case "query-request":
      if let flag = attributes.boolean("enable-low-precision-order-by", allowsExpression: false)?.literal {
        headers.append(("x-ms-documentdb-query-enable-low-precision-order-by", flag ? "True" : "False"))
      }
    case "delete-request":
      action = .delete
      Self.readOptions(attributes, plan, into: &headers)
    case "write-request":
      let type = attributes.word("type", among: ["insert", "replace", "upsert"], allowsExpression: false)?.literal
      action = type == "insert" ? .insert : type == "replace" ? .replace : .upsert
      Self.readOptions(attributes, plan, into: &headers)
      let directive = attributes.word(
        "indexing-directive", among: ["default", "include", "exclude"], allowsExpression: false)
      if let word = directive?.literal, word != "default" {
        headers.append(("x-ms-indexing-directive", word == "include" ? "Include" : "Exclude"))
      }
    default: break
    }
    attributes.finish()
    let query = element.name == "query-request" ? CosmosQuery(element, plan) : nil
    if let query { action = .query(query) }
    let id = element.first("id")
    let needsID = ["read-request", "delete-request"].contains(element.name) || action.isReplace
    if needsID, id == nil {
      let message =
        action.isReplace ? "'write-request' of type replace needs an <id>." : "'\(element.name)' needs an <id>."
      plan.report(element.diagnostic("PL0109", message))
    }
    self.id = id.flatMap { CosmosText($0, plan, AttributeReader($0, plan)) }
    partitionKey = element.elements(named: "partition-key").compactMap { CosmosPartitionKey($0, plan) }
    condition = element.first("etag").flatMap { Self.condition($0, plan) }
    body = element.first("set-body").flatMap { SetBody($0, plan, onResponse: false) }
    self.action = action
    self.headers = headers
    if query == nil, element.name == "query-request" { return nil }
    if needsID, self.id == nil { return nil }
  }

  private static func readOptions(
    _ attributes: AttributeReader, _ plan: PolicyCompilation, into headers: inout [(name: String, value: String)]
  ) {
    let words = levels.keys.sorted()
    if let level = attributes.word("consistency-level", among: words, allowsExpression: false)?.literal {
      headers.append(("x-ms-consistency-level", levels[level] ?? ""))
    }
    for name in ["pre-trigger", "post-trigger"] {
      guard let trigger = attributes.literal(name) else { continue }
      headers.append(("x-ms-documentdb-\(name)-include", trigger))
    }
  }

  private static func condition(
    _ element: PolicyElement, _ plan: PolicyCompilation
  ) -> (header: String, tag: CosmosText)? {
    let attributes = AttributeReader(element, plan)
    let type = attributes.word("type", among: ["match", "no-match"], allowsExpression: false)?.literal
    guard let tag = CosmosText(element, plan, attributes) else { return nil }
    return (type == "no-match" ? "If-None-Match" : "If-Match", tag)
  }
}

extension CosmosRequest.Action {
  var isReplace: Bool { if case .replace = self { true } else { false } }
}

/// A query in Cosmos DB's SQL.
struct CosmosQuery: Sendable {
  let statement: Argument<String>
  let parameters: [(name: String, value: Argument<String>)]
  /// Nil asks for all items.
  let page: Page?

  struct Page: Sendable {
    let size: CosmosText
    let token: CosmosText?
  }

  /// Nil after a complaint.
  init?(_ element: PolicyElement, _ plan: PolicyCompilation) {
    var statement: Argument<String>? = .literal("SELECT * FROM c")
    if element.first("sql-statement") != nil {
      statement = OutgoingRequestReader.text("sql-statement", in: element, plan)
    }
    parameters = element.first("parameters").map { Self.parameters($0, plan) } ?? []
    if let paging = element.first("paging") {
      AttributeReader(paging, plan).finish()
      plan.allowChildren(["max-item-count", "continuation-token"], in: paging)
      plan.allowOnce(["max-item-count", "continuation-token"], in: paging)
      let token = paging.first("continuation-token").flatMap { Self.token($0, plan) }
      guard let count = paging.first("max-item-count") else {
        plan.report(paging.diagnostic("PL0109", "'paging' needs a <max-item-count>."))
        return nil
      }
      if let text = count.text, count.payload == nil, let literal = text.literal, !Self.isCount(literal.trimmed) {
        plan.report(
          text.diagnostic(
            "PL0114", "'\(literal)' is no value of 'max-item-count'; expected -1 or a whole number from 1."))
        return nil
      }
      guard let size = CosmosText(count, plan, AttributeReader(count, plan)) else { return nil }
      page = Page(size: size, token: token)
    } else {
      page = nil
    }
    guard let statement else { return nil }
    self.statement = statement
  }

  /// Nil where it is empty, which asks for the first page.
  private static func token(_ element: PolicyElement, _ plan: PolicyCompilation) -> CosmosText? {
    let attributes = AttributeReader(element, plan)
    if element.text == nil, element.attributes.isEmpty {
      _ = attributes.word("template", among: ["liquid"], allowsExpression: false)
      plan.allowChildren([], in: element)
      return nil
    }
    return CosmosText(element, plan, attributes)
  }

  private static func parameters(
    _ list: PolicyElement, _ plan: PolicyCompilation
  ) -> [(name: String, value: Argument<String>)] {
    AttributeReader(list, plan).finish()
    plan.allowChildren(["parameter"], in: list)
    var found: [(name: String, value: Argument<String>)] = []
    for element in list.elements(named: "parameter") {
      let attributes = AttributeReader(element, plan)
      let name = attributes.literal("name", isRequired: true)
      attributes.finish()
      plan.allowChildren([], in: element)
      let value = ResolverPolicy.value(of: element, plan)
      guard let name, let value else { continue }
      if !name.hasPrefix("@") || name.count < 2 {
        plan.report(
          element.attribute("name")?.value.diagnostic(
            "PL0114", "A parameter's name begins with @, as in the statement.")
            ?? element.diagnostic("PL0114", "A parameter's name begins with @, as in the statement."))
      } else if found.contains(where: { $0.name == name }) {
        plan.report(element.diagnostic("PL0129", "The parameter '\(name)' stands here a second time."))
      }
      found.append((name, value))
    }
    return found
  }

  static func isCount(_ text: String) -> Bool { Int32(text).map { $0 == -1 || $0 > 0 } ?? false }

  /// Statement and parameters as Cosmos DB takes them.
  func body(_ exchange: Exchange) throws(PolicyError) -> [UInt8] {
    var values: [String] = []
    for parameter in parameters {
      let value: String
      if case .literal(let text) = parameter.value {
        value = JSONText.quoted(text)
      } else {
        value = try parameter.value.value(exchange) { (expression) throws(EvaluationError) in
          try expression.evaluateJSON(exchange, on: exchange.effects.machine)
        }
      }
      values.append("{\"name\":\(JSONText.quoted(parameter.name)),\"value\":\(value)}")
    }
    let statement = JSONText.quoted(try statement.value(exchange))
    return Array("{\"query\":\(statement),\"parameters\":[\(values.joined(separator: ","))]}".utf8)
  }
}
