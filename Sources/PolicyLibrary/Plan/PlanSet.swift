public import Expressions
public import GatewayConfiguration
import PolicySyntax

/// Why the policies of a configuration cannot run.
public struct PlanError: Error, Sendable, CustomStringConvertible {
  /// Every complaint with the document it is about, one a line.
  public var description: String

  public init(description: String) { self.description = description }
}

/// The compiled policies of one configuration: every document is read once, every combination compiled at most once.
public final class PlanSet {
  private let environment: PolicyEnvironment
  /// The document that holds for every operation of the service, or of the workspace.
  private let policy: PolicyText?
  /// The policies around a workspace's; nil for those of the service.
  private let service: PlanSet?
  private let workspace: WorkspaceIdentity?
  private var documents: [String: PolicyDocument] = [:]
  private var plans: [String: PolicyPlan] = [:]
  private let schemas: SchemaStore
  /// By API and revision.
  private var answers: [String: GraphQLAnswer] = [:]

  /// - Parameter limits: the bounds of every evaluation of an expression.
  public init(_ snapshot: Snapshot, limits: EvaluationLimits = EvaluationLimits()) {
    var environment = PolicyEnvironment(snapshot)
    environment.limits = limits
    self.environment = environment
    schemas = SchemaStore(service: environment.schemas)
    policy = snapshot.globalPolicy
    service = nil
    workspace = nil
  }

  /// The policies of a workspace, within those of its service.
  /// - Parameter firstBackend: how many backend entities there are before the workspace's.
  public init(_ workspace: Workspace, of service: PlanSet, firstBackend: Int) {
    var environment = PolicyEnvironment(workspace, firstBackend: firstBackend)
    environment.limits = service.environment.limits
    self.environment = environment
    schemas = SchemaStore(service: environment.schemas)
    policy = workspace.policy
    self.service = service
    self.workspace = workspace.identity
  }

  /// The configuration's backend entities, as the plans name them.
  public var backends: BackendDirectory { environment.directory }

  /// The configuration's certificates.
  public var certificates: CertificateDirectory { environment.certificates }

  /// The effective policy of an operation (nil: no operation matched) in a product's context.
  public func plan(api: API?, operation: GatewayConfiguration.Operation?, product: Product?) throws(PlanError)
    -> PolicyPlan
  {
    let own = operation?.policy == nil ? "" : operation?.id ?? ""
    let offered = product?.policy == nil ? "" : product?.id ?? ""
    let key =
      "\(offered)\n\(api?.policy == nil && api?.graphQL == nil && own.isEmpty ? "" : "\(api?.id ?? "");\(api?.revision ?? "")")\n\(own)"
    if let plan = plans[key] { return plan }
    var scopes = try outerScopes()
    try add(product?.policy, .product, "the policy of product '\(product?.id ?? "")'", to: &scopes)
    try add(api?.policy, .api, "the policy of API '\(api?.id ?? "")'", to: &scopes)
    try add(
      operation?.policy, .operation, "the policy of operation '\(operation?.id ?? "")' of API '\(api?.id ?? "")'",
      to: &scopes)
    let compilation = PolicyCompilation(environment: environment, schemas: schemas)
    if let api { compilation.graphQL = try graphQLAnswer(of: api) }
    let plan = EffectivePolicy(scopes: scopes).compile(compilation)
    guard !compilation.hasErrors else { throw failure(compilation.diagnostics, scopes.last?.name ?? "") }
    plans[key] = plan
    return plan
  }

  /// The documents that hold for every operation.
  private func outerScopes() throws(PlanError) -> [ScopedDocument] {
    guard let service, let workspace else {
      var scopes: [ScopedDocument] = []
      try add(policy, .global, "the global policy", to: &scopes)
      return scopes
    }
    var scopes = try service.outerScopes()
    try add(policy, .workspace, "the policy of workspace '\(workspace.id)'", to: &scopes)
    return scopes
  }

  /// What answers in place of a backend: the resolvers of an API that has some.
  private func graphQLAnswer(of api: API) throws(PlanError) -> GraphQLAnswer? {
    guard let graphQL = api.graphQL, !graphQL.resolvers.isEmpty else { return nil }
    let owner = "\(api.id);\(api.revision)"
    if let known = answers[owner] { return known }
    var resolvers: [String: PolicyPlan] = [:]
    for resolver in graphQL.resolvers {
      guard let policy = resolver.policy else { continue }
      let compilation = PolicyCompilation(environment: environment, schemas: schemas)
      let plan = ResolverPolicy.plan(policy.rawXML, format: .rawxml, compilation)
      guard let plan, !compilation.hasErrors else {
        throw failure(compilation.diagnostics, "the policy of resolver '\(resolver.id)' of API '\(api.id)'")
      }
      resolvers[resolver.path] = plan
    }
    let answer = GraphQLAnswer(schema: schemas.graphQL(graphQL.schema, owner: owner), resolvers: resolvers)
    answers[owner] = answer
    return answer
  }

  /// What an operation says of its messages, for plans that need it.
  public func contract(api: API, operation: GatewayConfiguration.Operation) -> MessageContract {
    MessageContractReader(api: api, schemas: schemas).contract(of: operation)
  }

  private func add(
    _ text: PolicyText?, _ scope: PolicyScope, _ name: String, to scopes: inout [ScopedDocument]
  ) throws(PlanError) {
    guard let text else { return }
    if let document = documents[name] {
      scopes.append(scoped(document, scope, name))
      return
    }
    let (document, complaints) = PolicyDocument.parse(
      text.rawXML, name: name, namedValues: environment.namedValues)
    guard let document, !complaints.contains(where: { $0.severity == .error }) else { throw failure(complaints, name) }
    documents[name] = document
    scopes.append(scoped(document, scope, name))
  }

  private func scoped(_ document: PolicyDocument, _ scope: PolicyScope, _ name: String) -> ScopedDocument {
    ScopedDocument(scope: scope, document: document, name: name, environment: environment, schemas: schemas)
  }

  private func failure(_ diagnostics: [Diagnostic], _ name: String) -> PlanError {
    let errors = diagnostics.filter { $0.severity == .error }
    return PlanError(description: errors.map { "\(name): \($0)" }.joined(separator: "\n"))
  }
}

/// A document with the scope it applies at.
struct ScopedDocument {
  let scope: PolicyScope
  let document: PolicyDocument
  let name: String
  /// What it may name: a workspace's document and the service's see different things.
  let environment: PolicyEnvironment
  let schemas: SchemaStore
}

/// The documents of all scopes of one operation, outermost first, on their way to one flat plan.
struct EffectivePolicy {
  let scopes: [ScopedDocument]

  func compile(_ compilation: PolicyCompilation) -> PolicyPlan {
    let sections = PolicySection.allCases.map { section in
      if section == .outbound { compilation.emitBeginOfOutbound() }
      emit(section, through: scopes.count - 1, compilation)
      if section == .backend { compilation.emitGraphQLAnswer() }
      return compilation.takeInstructions()
    }
    return PolicyPlan(
      sections: sections, places: compilation.places, needsRequestBody: compilation.readsRequestBody,
      needsResponseBody: compilation.readsResponseBody, countsTokens: compilation.countsTokens,
      needsContract: compilation.readsContract)
  }

  /// Emits a section of the innermost document; `<base />` in it stands for the next one outwards.
  private func emit(_ section: PolicySection, through index: Int, _ compilation: PolicyCompilation) {
    guard index >= 0 else {
      // Without a global document the built-in one holds: nothing but the forwarding of the request.
      if section == .backend, scopes.first?.scope != .global { compilation.emitStandardForward() }
      return
    }
    // A section that is missing is empty: it does not inherit.
    guard let element = scopes[index].document.root?.first(section.rawValue) else { return }
    compilation.compile(section: element, section, of: scopes[index]) {
      emit(section, through: index - 1, compilation)
    }
  }
}

extension PolicyCompilation {
  /// Puts what answers in place of a backend behind the policies of its section.
  func emitGraphQLAnswer() {
    guard let graphQL else { return }
    readsRequestBody = true
    emit(
      graphQL,
      at: PlanPlace(
        policy: HTTPDataSource.name, scope: .api, section: .backend, path: HTTPDataSource.name, line: 1, policyID: nil))
  }

  func emitStandardForward() {
    if graphQL != nil { return }
    emit(
      ForwardRequest.standard,
      at: PlanPlace(
        policy: "forward-request", scope: .global, section: .backend, path: "forward-request[1]", line: 1, policyID: nil
      ))
  }
}
