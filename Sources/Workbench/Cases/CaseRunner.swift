import DotNet
import Expressions
import GatewayConfiguration
import PolicyLibrary
import PolicySyntax

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
    /// Nil for an API outside of a workspace.
    var workspaceID: String?
  }

  private let policyCase: PolicyCase
  private let documents: [CaseDocument]
  private let environment: PolicyEnvironment
  /// What policies of the API's workspace may name; nil for an API outside of one.
  private let workspace: PolicyEnvironment?
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
        policyCase.service, certificates: policyCase.certificates, schemas: policyCase.namedSchemas,
        eventHubs: policyCase.hubs)
    workspace =
      policyCase.isInWorkspace ? surroundings?.environment ?? PolicyEnvironment(policyCase.workspace) : nil
  }

  /// What a policy of a scope may name.
  private func environment(at scope: PolicyScope) -> PolicyEnvironment {
    scope == .global ? environment : workspace ?? environment
  }

  /// Every complaint about the policies and fragments, with the line of the case it is about.
  func diagnostics() -> [(line: Int, diagnostic: Diagnostic)] {
    var found: [(line: Int, diagnostic: Diagnostic)] = []
    for document in documents {
      let names = environment(at: document.scope)
      for diagnostic in PolicyCheck.diagnostics(document.text, at: document.scope, in: names) {
        found.append((document.caseLine(diagnostic.position.line), diagnostic))
      }
    }
    for (names, environment) in [
      (policyCase.service, environment), (policyCase.workspace, environment(at: .workspace)),
    ] {
      for (id, lines) in names.fragments.sorted(by: { $0.key < $1.key }) {
        let text = lines.map(\.text).joined(separator: "\n")
        for diagnostic in PolicyCheck.diagnostics(fragment: text, id: id, in: environment) {
          let index = min(diagnostic.position.line, lines.count) - 1
          found.append((index < 0 ? 1 : lines[index].number, diagnostic))
        }
      }
    }
    var names = environment(at: .api)
    names.subscriptions = SubscriptionFields(schema: policyCase.graphQLSchema ?? "", api: "echo")
    for resolver in policyCase.resolvers {
      let lines = resolver.lines
      let text = lines.map(\.text).joined(separator: "\n")
      for diagnostic in PolicyCheck.diagnostics(resolver: text, in: names) {
        let index = min(diagnostic.position.line, lines.count) - 1
        found.append((index < 0 ? 1 : lines[index].number, diagnostic))
      }
    }
    return found
  }

  /// Runs every request, one after the other.
  func run() throws(CaseProblem) -> [Outcome] {
    let configuration = configuration()
    let snapshot = configuration.snapshot
    var plans = PlanSet(snapshot)
    let certificates = plans.certificates
    var entities = plans.backends.entities
    if let workspace = snapshot.workspaces.first {
      plans = PlanSet(workspace, of: plans, firstBackend: entities.count)
      entities += plans.backends.entities
    }
    let plan: PolicyPlan
    do {
      plan = try plans.plan(
        api: configuration.api, operation: configuration.operation, product: configuration.product)
    } catch {
      throw CaseProblem(line: 1, message: error.description)
    }
    let contract =
      plan.needsContract ? plans.contract(api: configuration.api, operation: configuration.operation) : nil
    let script = CaseScript()
    let backends = BackendSet(entities)
    let deployment = Deployment(
      service: snapshot.service, gateway: snapshot.gateway, instanceID: "one", certificates: certificates)
    let effects = ScriptedEffects(
      startTicks: policyCase.startTicks ?? 639_028_224_000_000_000, answer: { script.answer($0) },
      queryAnswer: { script.answer($0) })
    effects.externalCache = policyCase.externalCache
    effects.counters = policyCase.counters
    // A case brings its own authorities: those of the machine it runs on are not believed.
    effects.trust = certificates.trust(snapshot.gateway.certificateAuthorities, besides: effects.trust)
    var outcomes: [Outcome] = []
    for step in policyCase.steps {
      if let state = step.externalCache { effects.externalCache = state }
      effects.pass(milliseconds: step.wait * 1_000)
      script.begin(step)
      let exchange = Exchange(effects: effects)
      let facts = try CaseFacts(step, configuration, deployment, clients, contract, exchange)
      let runner = PlanRunner(effects: effects, backends: backends) { script.forward($0, $1) }
      outcomes.append(try run(step, plan, facts, exchange, script, runner))
    }
    return outcomes
  }

  private func run(
    _ step: PolicyCase.Step, _ plan: PolicyPlan, _ facts: CaseFacts, _ exchange: Exchange, _ script: CaseScript,
    _ runner: PlanRunner
  ) throws(CaseProblem) -> Outcome {
    let effects = runner.effects
    let (logged, counted) = (effects.log.count, effects.metrics.count)
    exchange.source = facts
    let trace = ExchangeTrace(startTicks: effects.now())
    exchange.trace = trace
    do {
      if facts.isCrossDomainFile {
        if !plan.answerCrossDomain(exchange) { exchange.beginResponse(404) }
      } else if facts.isPreflight, plan.hasPreflightAnswer {
        plan.answerPreflight(exchange)
      } else {
        try runner.run(plan, exchange)
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
      log: effects.log[logged...].map(Self.line) + effects.metrics[counted...].map(Self.line), trace: trace,
      workspaceID: exchange.facts.api?.value.workspace?.id)
  }

  private static func line(_ entry: ScriptedEffects.LogEntry) -> String {
    let metadata = entry.metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return "\(entry.severity.rawValue) \(entry.source): \(entry.message)"
      + (metadata.isEmpty ? "" : " {\(metadata.joined(separator: ", "))}")
  }

  /// `metric API Management/Calls: 2.5 {API ID=echo}`
  private static func line(_ metric: EmittedMetric) -> String {
    let dimensions = metric.dimensions.map { "\($0.name)=\($0.value)" }
    return "metric \(metric.namespace)/\(metric.name): \(metric.value)"
      + (dimensions.isEmpty ? "" : " {\(dimensions.joined(separator: ", "))}")
  }

  private func configuration() -> CaseConfiguration {
    func text(_ scope: PolicyScope) -> PolicyText? {
      documents.first { $0.scope == scope }.map { PolicyText(rawXML: $0.text) }
    }
    return CaseConfiguration(
      policyCase, text, service: environment, certificates: certificates, workspace: workspace)
  }
}
