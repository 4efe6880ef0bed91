import GatewayConfiguration
import PolicyLibrary
import PolicySyntax

/// What a case runs on: the API `echo` at `http://be/api` with one operation, in the workspace `team` if the case has one; a
/// product if a policy stands at its scope.
struct CaseConfiguration {
  let snapshot: Snapshot
  let api: API
  let operation: GatewayConfiguration.Operation
  let product: Product?

  /// - Parameters:
  ///   - text: the document of a scope.
  ///   - service: what the service's policies may name.
  ///   - workspace: what those of the API's workspace may name; nil for an API outside of one.
  init(
    _ policyCase: PolicyCase, _ text: (PolicyScope) -> PolicyText?, service: PolicyEnvironment,
    certificates: [Certificate], workspace: PolicyEnvironment?
  ) {
    let path = policyCase.steps.first?.request.words.dropFirst().first ?? "/echo/resource"
    let own = path.split(separator: "?", maxSplits: 1)[0].dropFirst(CaseFacts.apiPath.count)
    operation = GatewayConfiguration.Operation(
      id: "operation", displayName: "Operation", method: policyCase.operation?.method ?? "GET",
      urlTemplate: policyCase.operation?.template ?? (own.isEmpty ? "/" : String(own)), policy: text(.operation),
      contract: policyCase.contract.map { OperationContract(json: $0) })
    let identity = workspace.map { _ in WorkspaceIdentity(id: "team", displayName: "Team") }
    api = API(
      id: "echo", displayName: "Echo", path: "echo", protocols: [.http, .https], serviceURL: "http://be/api",
      operations: [operation], schemas: policyCase.schemas, graphQL: policyCase.graphQL,
      odata: policyCase.odataSchema.map { ODataService(metadata: $0) }, policy: text(.api), workspace: identity)
    product = text(.product).map { Product(id: "starter", displayName: "Starter", apiIDs: ["echo"], policy: $0) }
    let products = product.map { [$0] } ?? []
    var snapshot = Snapshot(
      version: 1, service: ServiceIdentity(name: "postern", resourceID: "/service"),
      gateway: GatewayIdentity(id: "plant", location: "Hall 7", certificateAuthorities: policyCase.authorities),
      namedValues: service.listedNamedValues, policyFragments: service.listedFragments,
      backends: Array(service.backends.values), certificates: certificates, schemas: service.schemas,
      eventHubs: Array(service.eventHubs.values), globalPolicy: text(.global))
    if let workspace, let identity {
      snapshot.workspaces = [
        Workspace(
          identity: identity, apis: [api], products: products, namedValues: workspace.listedNamedValues,
          policyFragments: workspace.listedFragments, backends: Array(workspace.backends.values),
          schemas: workspace.schemas, eventHubs: Array(workspace.eventHubs.values), policy: text(.workspace))
      ]
    } else {
      snapshot.apis = [api]
      snapshot.products = products
    }
    self.snapshot = snapshot
  }
}

extension PolicyEnvironment {
  /// With what a case gives names to.
  init(
    _ names: PolicyCase.Names, certificates: [Certificate] = [], schemas: [SchemaDocument] = [],
    eventHubs: [String: EventHub] = [:]
  ) {
    self.init(
      namedValues: PolicySyntax.NamedValues(names.namedValues),
      fragments: names.fragments.mapValues { $0.map(\.text).joined(separator: "\n") },
      backends: names.entities, certificates: certificates, schemas: schemas, eventHubs: eventHubs)
  }

  fileprivate var listedNamedValues: [NamedValue] {
    namedValues.names.map { NamedValue(displayName: $0, value: namedValues[$0] ?? "", isSecret: false) }
  }

  fileprivate var listedFragments: [PolicyFragment] { fragments.map { PolicyFragment(id: $0, rawXML: $1) } }
}
