import DotNet
import Expressions
import JSONSchema

/// The call of `cosmosdb-data-source`, with Cosmos DB's REST API; its answer becomes the response of the resolver's exchange.
struct CosmosCall: PolicyStep {
  let container: CosmosContainer
  let request: CosmosRequest
  /// `response` makes an answer of whatever Cosmos DB says, be it an error.
  let makesOwnAnswer: Bool

  private static let version = "2018-12-31"
  /// Of a query without `paging`.
  private static let mostPages = 100
  private static let largestAnswer = 16 << 20

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    let account = try container.account(exchange)
    var (request, link) = try message(exchange, account)
    let date: String
    do { date = try DateTimeValue(ticks: exchange.effects.now(), kind: .utc).format("R") } catch {
      throw Self.failure("InvalidDate", "The clock shows no date.")
    }
    request.setHeader("x-ms-date", date)
    request.setHeader("x-ms-version", Self.version)
    request.setHeader("Accept", "application/json")
    let wait = PolicyWait()
    let answersList = exchange.graphQL?.answersList ?? false
    let effects = exchange.effects
    if let key = account.key {
      request.setHeader(
        "Authorization", CosmosAccount.authorization(request.method, "docs", link, date: date, key: key))
      send(request, answersList, effects, wait)
      return .suspend(wait)
    }
    effects.tokens.identity.token(account.identityResource, client: nil, effects) { result in
      switch result {
      case .failure(let failure): end(.failure(failure.error(source: CosmosDataSource.name)), wait)
      case .success(let token):
        request.setHeader("Authorization", CosmosAccount.authorization(identityToken: token))
        send(request, answersList, effects, wait)
      }
    }
    return .suspend(wait)
  }

  // MARK: - Requests

  /// The request but for what proves who asks, and the resource that this is to be proved for.
  private func message(
    _ exchange: Exchange, _ account: CosmosAccount
  ) throws(PolicyError) -> (OutgoingRequest, link: String) {
    let path = try container.path(exchange)
    var (method, item) = ("POST", String?.none)
    let id = try self.request.id?.value(exchange)
    switch self.request.action {
    case .read: (method, item) = ("GET", id ?? "")
    case .delete: (method, item) = ("DELETE", id ?? "")
    case .replace: (method, item) = ("PUT", id ?? "")
    case .query, .insert, .upsert: break
    }
    if let item, !CosmosContainer.isName(item) {
      throw Self.failure("InvalidId", "The text of 'id' cannot be the id of an item in Cosmos DB.")
    }
    var url = account.endpoint
    let segments = path + ["docs"] + (item.map { [$0] } ?? [])
    url.path = segments.map { "/" + QueryText.encode($0) }.joined()
    var request = OutgoingRequest(method: method, url: url)
    request.answerBound = Self.largestAnswer
    for header in self.request.headers { request.setHeader(header.name, header.value) }
    if let condition = self.request.condition {
      let tag = try condition.tag.value(exchange)
      if !tag.isEmpty { try set(condition.header, tag, "etag", &request) }
    }
    let key = try CosmosPartitionKey.header(self.request.partitionKey, exchange)
    if case .query(let query) = self.request.action {
      try add(query, key, exchange, &request)
    } else {
      request.setHeader("x-ms-documentdb-partitionkey", key ?? CosmosPartitionKey.absent)
    }
    switch self.request.action {
    case .insert, .replace, .upsert:
      request.setHeader("Content-Type", "application/json")
      request.body = try self.item(exchange, id: id)
      if case .upsert = self.request.action { request.setHeader("x-ms-documentdb-is-upsert", "True") }
    case .query, .read, .delete: break
    }
    return (request, (item == nil ? path : segments).joined(separator: "/"))
  }

  private func add(
    _ query: CosmosQuery, _ key: String?, _ exchange: Exchange, _ request: inout OutgoingRequest
  ) throws(PolicyError) {
    request.setHeader("Content-Type", "application/query+json")
    request.setHeader("x-ms-documentdb-isquery", "True")
    if let key {
      request.setHeader("x-ms-documentdb-partitionkey", key)
    } else {
      request.setHeader("x-ms-documentdb-query-enablecrosspartition", "True")
    }
    request.body = try query.body(exchange)
    var count = "-1"
    if let page = query.page {
      let size = try page.size.value(exchange)
      guard size.isEmpty || CosmosQuery.isCount(size) else {
        throw Self.failure(
          "InvalidMaxItemCount", "The text of 'max-item-count' is neither -1 nor a whole number from 1.")
      }
      if !size.isEmpty { count = size }
      let token = try page.token?.value(exchange) ?? ""
      if !token.isEmpty { try set("x-ms-continuation", token, "continuation-token", &request) }
    }
    request.setHeader("x-ms-max-item-count", count)
  }

  /// A value that a caller may have made: it must not become a line of its own.
  private func set(
    _ header: String, _ value: String, _ element: String, _ request: inout OutgoingRequest
  ) throws(PolicyError) {
    guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }), value.utf8.count <= 16_384 else {
      throw Self.failure("InvalidHeader", "The text of '\(element)' cannot be sent as a header.")
    }
    request.setHeader(header, value)
  }

  /// The item to write: what `set-body` makes, or the arguments; with the id, where it has none itself.
  private func item(_ exchange: Exchange, id: String?) throws(PolicyError) -> [UInt8] {
    let bytes = try request.body?.bytes(exchange) ?? Array((exchange.graphQL?.arguments ?? "{}").utf8)
    guard let value = try? JSONValue(bytes), var item = value.object else {
      throw Self.failure("InvalidItem", "The item to write is no object of JSON.")
    }
    guard let id, item["id"] == nil else { return bytes }
    item.set("id", .text(id))
    return JSONValue.object(item).bytes
  }

  // MARK: - Answers

  private func send(
    _ request: OutgoingRequest, _ answersList: Bool, _ effects: any PolicyEffects, _ wait: PolicyWait
  ) {
    guard case .query(let query) = self.request.action else {
      return ask(request, CosmosPatience(), effects, wait) { message, _ in end(.success(message), wait) }
    }
    sendPage(
      request, CosmosPages(isSingle: query.page != nil, answersList: answersList), CosmosPatience(), effects, wait)
  }

  /// Sends a request, again where the account is busy.
  /// - Parameter answered: gets what patience is left.
  private func ask(
    _ request: OutgoingRequest, _ patience: CosmosPatience, _ effects: any PolicyEffects, _ wait: PolicyWait,
    _ answered: @escaping (ResponseMessage, CosmosPatience) -> Void
  ) {
    wait.holds(
      effects.send(request) { result in
        switch result {
        case .failure(let failure): end(.failure(failure.error(source: CosmosDataSource.name)), wait)
        case .success(let message):
          var patience = patience
          guard let pause = patience.wait(after: message) else { return answered(message, patience) }
          wait.holds(effects.after(milliseconds: pause) { ask(request, patience, effects, wait, answered) })
        }
      })
  }

  private func sendPage(
    _ request: OutgoingRequest, _ pages: CosmosPages, _ patience: CosmosPatience, _ effects: any PolicyEffects,
    _ wait: PolicyWait
  ) {
    ask(request, patience, effects, wait) { message, patience in
      guard message.statusCode < 400 else { return end(.success(message), wait) }
      var pages = pages
      guard pages.add(message) else {
        return end(
          .failure(Self.failure("InvalidAnswer", "Cosmos DB answered a query with no page of items.")), wait)
      }
      guard !pages.isSingle, let token = pages.token else {
        return end(.success(pages.answer(message, asList: answersList(pages))), wait)
      }
      guard pages.count < Self.mostPages, pages.bytes < Self.largestAnswer else {
        return end(
          .failure(Self.failure("AnswerTooLarge", "The query has too many items for one answer: it needs <paging>.")),
          wait)
      }
      var request = request
      request.setHeader("x-ms-continuation", token)
      sendPage(request, pages, patience, effects, wait)
    }
  }

  private func answersList(_ pages: CosmosPages) -> Bool { pages.answersList && !makesOwnAnswer }

  private func end(_ result: Result<ResponseMessage, PolicyError>, _ wait: PolicyWait) {
    wait.complete { (exchange) throws(PolicyError) in
      let message = try result.get()
      exchange.beginResponse(message)
      guard message.statusCode >= 400, !makesOwnAnswer else { return .proceed }
      if case .read = request.action, message.statusCode == 404, isMissingItem(message) {
        // There is no such item: the field is null.
        exchange.responseBody = .none
        return .proceed
      }
      throw PolicyError(
        source: CosmosDataSource.name, reason: "BackendErrorStatusCode",
        message: "The data source answered \(message.statusCode).", status: 502)
    }
  }

  /// Other 404s, such as that of a container which is not there, have a code of their own.
  private func isMissingItem(_ message: ResponseMessage) -> Bool {
    ["0", nil].contains(message.headerValues("x-ms-substatus")?.first)
  }

  private static func failure(_ reason: String, _ message: String) -> PolicyError {
    .internal(source: CosmosDataSource.name, reason: reason, message: message)
  }
}

/// The answer to a query, as it comes page by page.
private struct CosmosPages {
  /// Only the page that was asked for counts.
  let isSingle: Bool
  let answersList: Bool
  private var items: [JSONValue] = []
  /// What the next page is asked for with; nil behind the last.
  private(set) var token: String?
  private(set) var count = 0
  private(set) var bytes = 0

  init(isSingle: Bool, answersList: Bool) {
    self.isSingle = isSingle
    self.answersList = answersList
  }

  /// False for what is no page.
  mutating func add(_ message: ResponseMessage) -> Bool {
    let body = message.body(preserve: true) ?? []
    guard let page = try? JSONValue(body), let found = page["Documents"]?.elements else { return false }
    items += found
    count += 1
    bytes += body.count
    token = message.headerValues("x-ms-continuation")?.first.flatMap { $0.isEmpty ? nil : $0 }
    return true
  }

  /// What policies and the field see: `items`, `hasNextPage` and `endCursor`, or the items alone.
  func answer(_ last: ResponseMessage, asList: Bool) -> ResponseMessage {
    var value = JSONValue.array(items)
    if !asList {
      value = .object(
        JSONObject([
          ("items", value), ("hasNextPage", .bool(token != nil)), ("endCursor", token.map { .text($0) } ?? .null),
        ]))
    }
    return ResponseMessage(
      statusCode: last.statusCode, statusReason: last.statusReason, headers: last.headers, body: value.bytes)
  }
}
