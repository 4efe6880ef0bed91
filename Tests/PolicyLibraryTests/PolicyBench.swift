import Expressions
import GatewayConfiguration
import HTTPWire
import PolicyLibrary
import Testing
import Workbench

/// One API `echo` with a policy, at `http://be/api`, and exchanges with it.
struct PolicyBench {
  let effects: ScriptedEffects
  var backend: (Exchange) -> PlanRunner.BackendAnswer = { _ in .response(status: 200, body: "from the backend") }
  private let plan: PolicyPlan
  private let snapshot: Snapshot

  init(
    _ policy: String, global: String? = nil, effects: ScriptedEffects = ScriptedEffects(), backends: [Backend] = [],
    answer: ((Exchange) -> PlanRunner.BackendAnswer)? = nil
  ) throws {
    self.effects = effects
    if let answer { backend = answer }
    let operation = Operation(id: "get", displayName: "Get", method: "GET", urlTemplate: "/resource")
    let api = API(
      id: "echo", displayName: "Echo", path: "echo", protocols: [.http, .https], serviceURL: "http://be/api",
      subscriptionRequired: false, operations: [operation], policy: PolicyText(rawXML: policy))
    snapshot = Snapshot(
      version: 1, service: ServiceIdentity(name: "postern", resourceID: "/service"),
      gateway: GatewayIdentity(id: "plant", location: "Hall 7"), apis: [api], backends: backends,
      globalPolicy: global.map { PolicyText(rawXML: $0) })
    plan = try PlanSet(snapshot).plan(api: api, operation: operation, product: nil)
  }

  /// In `inbound` of a document whose other sections are the usual ones.
  init(
    inbound: String = "", backend section: String = "<forward-request/>", outbound: String = "", onError: String = "",
    effects: ScriptedEffects = ScriptedEffects(), answer: ((Exchange) -> PlanRunner.BackendAnswer)? = nil
  ) throws {
    try self.init(
      """
      <policies><inbound>\(inbound)</inbound><backend>\(section)</backend><outbound>\(outbound)</outbound>\
      <on-error>\(onError)</on-error></policies>
      """, effects: effects, answer: answer)
  }

  func run(
    _ method: String = "GET", _ path: String = "/echo/resource", query: String? = "a=1",
    headers: [(String, String)] = [], body: String? = nil
  ) throws -> Exchange {
    let exchange = try exchange(method, path, query: query, headers: headers)
    if let body { exchange.requestBody = .bytes(Array(body.utf8)) }
    try PlanRunner(effects: effects) { exchange, _ in backend(exchange) }.run(plan, exchange)
    return exchange
  }

  /// The answer to a preflight of the operation.
  func preflight(_ headers: [(String, String)]) throws -> Exchange {
    let exchange = try exchange("OPTIONS", "/echo/resource", query: nil, headers: headers)
    #expect(plan.hasPreflightAnswer)
    plan.answerPreflight(exchange)
    return exchange
  }

  /// The answer to a request that no operation matches; nil when no policy has one.
  func unrouted(_ path: String) throws -> Exchange? {
    let exchange = try exchange("GET", path, query: nil, headers: [])
    let unmatched = try PlanSet(snapshot).plan(api: nil, operation: nil, product: nil)
    return unmatched.answerCrossDomain(exchange) ? exchange : nil
  }

  private func exchange(
    _ method: String, _ path: String, query: String?, headers: [(String, String)]
  ) throws -> Exchange {
    let exchange = Exchange(effects: effects)
    let lines = ([("Host", "gw")] + headers).map { "\($0.0): \($0.1)\r\n" }.joined()
    let head = Array("\(method) \(path)\(query.map { "?" + $0 } ?? "") HTTP/1.1\r\n\(lines)\r\n".utf8)
    #expect(exchange.request.parseRequest(head.span, limits: HeadLimits()) == .complete(bytes: head.count))
    exchange.begin()
    exchange.facts.deployment = Deployment(service: snapshot.service, gateway: snapshot.gateway, instanceID: "one")
    exchange.facts.api = snapshot.apis.first.map { Shared($0) }
    exchange.facts.operation = snapshot.apis.first?.operations.first.map { Shared($0) }
    exchange.facts.backend = try BackendTarget(url: "http://be/api")
    exchange.backend = exchange.facts.backend
    exchange.apiPathLength = "/echo".utf8.count
    return exchange
  }

  /// What is wrong with a policy in `inbound` at a scope.
  static func complaints(_ policy: String, in section: String = "inbound", at scope: PolicyScope = .api) -> [String] {
    PolicyCheck.diagnostics(
      "<policies><\(section)>\(policy)</\(section)></policies>", at: scope, in: PolicyEnvironment()
    ).map { "\($0.position.line):\($0.position.column) \($0.message)" }
  }
}

extension Exchange {
  var answer: String { String(decoding: responseBody.bytes ?? [], as: UTF8.self) }

  func text(_ variable: String) -> String? {
    if case .string(let text) = variables[variable] { return text }
    return nil
  }
}

extension ScriptedEffects {
  /// Effects whose services all answer the same.
  static func answering(_ status: Int, _ body: String = "", after milliseconds: Int = 0) -> ScriptedEffects {
    ScriptedEffects { _ in .response(status, body, after: milliseconds) }
  }
}

extension ScriptedEffects.Answer {
  static func response(
    _ status: Int, _ body: String = "", headers: [(String, [String])] = [], after milliseconds: Int = 0
  ) -> Self {
    let message = ResponseMessage(
      statusCode: status, statusReason: "", headers: headers.map { (name: $0.0, values: $0.1) },
      body: body.isEmpty ? nil : Array(body.utf8))
    return Self(.success(message), milliseconds: milliseconds)
  }
}
