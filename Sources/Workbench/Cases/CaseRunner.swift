import DotNet
import Expressions
import GatewayConfiguration
import HTTPWire
import PolicyLibrary
import PolicySyntax
import Telemetry

/// Runs a case in this process: scripted backends and services, a clock that moves only when something is waited for, and
/// random numbers that are the same each time.
struct CaseRunner {
  /// What came of one request.
  struct Outcome {
    var received: [SeenMessage]
    var called: [SeenMessage]
    var response: SeenMessage
    var log: [String]
    var trace: ExchangeTrace
  }

  private let policyCase: PolicyCase
  private let documents: [CaseDocument]
  private let environment: PolicyEnvironment
  private let certificates: [Certificate]
  /// What callers may show.
  private let clients: CertificateDirectory

  /// - Parameter surroundings: named values and fragments of files, instead of the case's own.
  init(_ policyCase: PolicyCase, surroundings: PolicySurroundings? = nil) {
    self.policyCase = policyCase
    documents = PolicyScope.allCases.compactMap { scope in
      let parts = policyCase.parts.filter { $0.scope == scope }
      return parts.isEmpty
        ? nil : CaseDocument(scope, parts)
    }
    certificates = surroundings?.certificates ?? policyCase.certificates
    clients = CertificateDirectory(policyCase.certificates)
    environment =
      surroundings?.environment
      ?? PolicyEnvironment(
        namedValues: PolicySyntax.NamedValues(policyCase.namedValues),
        fragments: policyCase.fragments.mapValues { $0.map(\.text).joined(separator: "\n") },
        backends: Dictionary(uniqueKeysWithValues: policyCase.backends.map { ($0, Backend(id: $0, url: $1)) }),
        certificates: policyCase.certificates,
        schemas: policyCase.namedSchemas, eventHubs: policyCase.hubs)
  }

  /// Every complaint about the policies and fragments, with the line of the case it is about.
  func diagnostics() -> [(line: Int, diagnostic: Diagnostic)] {
    var found: [(line: Int, diagnostic: Diagnostic)] = []
    for document in documents {
      for diagnostic in PolicyCheck.diagnostics(document.text, at: document.scope, in: environment) {
        found.append((document.caseLine(diagnostic.position.line), diagnostic))
      }
    }
    for (id, lines) in policyCase.fragments.sorted(by: { $0.key < $1.key }) {
      let text = lines.map(\.text).joined(separator: "\n")
      for diagnostic in PolicyCheck.diagnostics(fragment: text, id: id, in: environment) {
        let index = min(diagnostic.position.line, lines.count) - 1
        found.append((index < 0 ? 1 : lines[index].number, diagnostic))
      }
    }
    for resolver in policyCase.resolvers {
      let lines = resolver.lines
      let text = lines.map(\.text).joined(separator: "\n")
      for diagnostic in PolicyCheck.diagnostics(resolver: text, in: environment) {
        let index = min(diagnostic.position.line, lines.count) - 1
        found.append((index < 0 ? 1 : lines[index].number, diagnostic))
      }
    }
    return found
  }

  /// Runs every request, one after the other.
  func run() throws(CaseProblem) -> [Outcome] {
    let snapshot = try snapshot()
    let plans = PlanSet(snapshot)
    let plan: PolicyPlan
    do {
      plan = try plans.plan(
        api: snapshot.apis.first, operation: snapshot.apis.first?.operations.first, product: snapshot.products.first)
    } catch {
      throw CaseProblem(line: 1, message: error.description)
    }
    let contract: MessageContract? =
      if plan.needsContract, let api = snapshot.apis.first, let operation = api.operations.first {
        plans.contract(api: api, operation: operation)
      } else {
        nil
      }
    let script = CaseScript()
    let deployment = Deployment(
      service: snapshot.service, gateway: snapshot.gateway, instanceID: "one", certificates: plans.certificates)
    let effects = ScriptedEffects(startTicks: policyCase.startTicks ?? 639_028_224_000_000_000) { script.answer($0) }
    effects.externalCache = policyCase.externalCache
    effects.counters = policyCase.counters
    // A case brings its own authorities: those of the machine it runs on are not believed.
    effects.trust = plans.certificates.trust(snapshot.gateway.certificateAuthorities, besides: effects.trust)
    var outcomes: [Outcome] = []
    for step in policyCase.steps {
      if let state = step.externalCache { effects.externalCache = state }
      effects.pass(milliseconds: step.wait * 1_000)
      script.begin(step)
      let logged = effects.log.count
      outcomes.append(try run(step, plan, contract, snapshot, deployment, script, effects, logged))
    }
    return outcomes
  }

  private func run(
    _ step: PolicyCase.Step, _ plan: PolicyPlan, _ contract: MessageContract?, _ snapshot: Snapshot,
    _ deployment: Deployment, _ script: CaseScript, _ effects: ScriptedEffects, _ logged: Int
  ) throws(CaseProblem) -> Outcome {
    let exchange = Exchange(effects: effects)
    let facts = try CaseFacts(step, snapshot, deployment, clients, contract, exchange)
    exchange.source = facts
    let trace = ExchangeTrace()
    exchange.trace = trace
    do {
      if facts.isPreflight, plan.hasPreflightAnswer {
        plan.answerPreflight(exchange)
      } else {
        try PlanRunner(effects: effects, backend: { script.forward($0) }).run(plan, exchange)
      }
    } catch {
      throw CaseProblem(line: step.request.line, message: "The exchange waits for something that never happens.")
    }
    trace.end(exchange)
    exchange.trace = nil
    // What nobody waits for, such as a message for an event hub, is sent and answered too.
    effects.pass(milliseconds: 0)
    if let problem = script.problem { throw problem }
    return Outcome(
      received: script.received, called: script.called, response: SeenMessage(responseOf: exchange),
      log: effects.log[logged...].map { "\($0.severity.rawValue) \($0.source): \($0.message)" }, trace: trace)
  }

  /// The API `echo` at `http://be/api` with one operation; a product if a policy stands at its scope.
  private func snapshot() throws(CaseProblem) -> Snapshot {
    func text(_ scope: PolicyScope) -> PolicyText? {
      documents.first { $0.scope == scope }.map { PolicyText(rawXML: $0.text) }
    }
    let path = policyCase.steps.first?.request.words.dropFirst().first ?? "/echo/resource"
    let own = path.split(separator: "?", maxSplits: 1)[0].dropFirst(CaseFacts.apiPath.count)
    let operation = GatewayConfiguration.Operation(
      id: "operation", displayName: "Operation", method: policyCase.operation?.method ?? "GET",
      urlTemplate: policyCase.operation?.template ?? (own.isEmpty ? "/" : String(own)), policy: text(.operation),
      contract: policyCase.contract.map { OperationContract(json: $0) })
    let api = API(
      id: "echo", displayName: "Echo", path: "echo", protocols: [.http, .https], serviceURL: "http://be/api",
      operations: [operation], schemas: policyCase.schemas, graphQL: policyCase.graphQL, policy: text(.api))
    let product = text(.product).map { Product(id: "starter", displayName: "Starter", apiIDs: ["echo"], policy: $0) }
    return Snapshot(
      version: 1, service: ServiceIdentity(name: "postern", resourceID: "/service"),
      gateway: GatewayIdentity(id: "plant", location: "Hall 7", certificateAuthorities: policyCase.authorities),
      apis: [api], products: product.map { [$0] } ?? [],
      namedValues: environment.namedValues.names.map {
        NamedValue(displayName: $0, value: environment.namedValues[$0] ?? "", isSecret: false)
      },
      policyFragments: environment.fragments.map { PolicyFragment(id: $0, rawXML: $1) },
      backends: Array(environment.backends.values), certificates: certificates, schemas: environment.schemas,
      eventHubs: Array(environment.eventHubs.values), globalPolicy: text(.global))
  }
}

/// What is known of a case's request, and its place in the exchange.
final class CaseFacts: ExchangeSource {
  static let apiPath = "/echo"
  private let parameters: [(name: String, value: String)]
  private let messages: MessageContract?
  private let certificate: CertificateValue?
  /// A browser asks before a request whether it may make it, and the operation itself is not about such questions.
  let isPreflight: Bool

  init(
    _ step: PolicyCase.Step, _ snapshot: Snapshot, _ deployment: Deployment, _ certificates: CertificateDirectory,
    _ contract: MessageContract?, _ exchange: Exchange
  ) throws(CaseProblem) {
    messages = contract
    certificate = step.caller.certificateID.flatMap { certificates[$0]?.value.withoutPrivateKey }
    if let id = step.caller.certificateID, certificate == nil {
      throw CaseProblem(line: step.request.line, message: "There is no '### certificate \(id)'.")
    }
    let request = step.request
    let words = request.words
    guard words.count >= 2, words[1].hasPrefix(Self.apiPath) else {
      throw CaseProblem(line: request.line, message: "Expected a request such as 'GET /echo/resource?a=1'.")
    }
    var fields = request.headers.map { "\($0.name): \($0.value)\r\n" }.joined()
    if !request.headers.contains(where: { $0.name.lowercased() == "host" }) { fields += "Host: gw\r\n" }
    let head = Array("\(words[0]) \(words[1]) HTTP/1.1\r\n\(fields)\r\n".utf8)
    guard exchange.request.parseRequest(head.span, limits: HeadLimits()) == .complete(bytes: head.count) else {
      throw CaseProblem(line: request.line, message: "This is no HTTP request.")
    }
    let template = OperationTemplate(text: snapshot.apis[0].operations[0].urlTemplate)
    let path = String(exchange.request.path.dropFirst(Self.apiPath.count))
    guard let parameters = template.match(path: path.isEmpty ? "/" : path, query: exchange.request.query) else {
      throw CaseProblem(line: request.line, message: "The operation '\(template.text)' does not match the request.")
    }
    self.parameters = parameters
    isPreflight =
      words[0] == "OPTIONS" && snapshot.apis[0].operations[0].method != "OPTIONS"
      && exchange.request.contains(.origin) && exchange.request.contains("Access-Control-Request-Method")
    exchange.begin()
    exchange.facts = Self.facts(step.caller, snapshot, deployment, exchange)
    exchange.backend = exchange.facts.backend
    exchange.apiPathLength = Self.apiPath.utf8.count
    if let body = request.body { exchange.requestBody = .bytes(Array(body.utf8)) }
  }

  private static func facts(
    _ caller: CaseCaller, _ snapshot: Snapshot, _ deployment: Deployment, _ exchange: Exchange
  ) -> ExchangeFacts {
    var facts = ExchangeFacts()
    facts.deployment = deployment
    facts.api = snapshot.apis.first.map { Shared($0) }
    facts.operation = snapshot.apis.first?.operations.first.map { Shared($0) }
    facts.product = (caller.product ?? snapshot.products.first).map { Shared($0) }
    facts.subscription = caller.subscription(to: facts.product?.id).map { Shared($0) }
    facts.user = caller.user.map { Shared($0) }
    facts.backend = try? BackendTarget(url: "http://be/api")
    facts.clientAddress = caller.address
    facts.localPort = 80
    facts.receivedTicks = exchange.effects.now()
    facts.requestID = RequestID(
      randomHigh: exchange.effects.random(), randomLow: exchange.effects.random())
    facts.apiPathLength = apiPath.utf8.count
    return facts
  }

  func matchedParameters() -> [(name: String, value: String)] { parameters }
  func clientCertificate() -> CertificateValue? { certificate }
  func contract() -> MessageContract? { messages }
}
