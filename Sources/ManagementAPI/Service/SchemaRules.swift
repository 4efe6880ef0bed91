import ControlPlaneStore
import GatewayConfiguration
import PolicyLibrary

/// What schemas of the service and of APIs demand: they can be compiled, and so can those that refer to them.
struct SchemaRules {
  let service: ManagementService
  let path: ResourcePath

  /// Bytes of the largest schema.
  static let maximumBytes = 4 << 20

  private var isOfService: Bool { path.localType == "schemas" }

  func apply(_ properties: JSONObject) async throws(ManagementError) {
    let target = properties["document"] == nil ? "value" : "document"
    if let text = GraphQLService.schema(properties) {
      guard let complaint = ContractCheck.complaint(aboutGraphQL: text) else { return }
      throw .validation(target, complaint)
    }
    if let text = ODataService.metadata(properties) {
      guard let complaint = ContractCheck.complaint(aboutOData: text) else { return }
      throw .validation(target, complaint)
    }
    guard let document = SchemaDocument(properties, id: path.name) else {
      throw .validation(target, "The schema has no content.")
    }
    guard document.text.utf8.count <= Self.maximumBytes else {
      throw .validation(target, "A schema has at most \(Self.maximumBytes) bytes.")
    }
    let scopes = try await scopes(with: document)
    let home = isOfService ? SchemaScope(service: try await documents(with: document)) : scopes[0]
    var complaints = ContractCheck.complaints(about: document, in: home)
    if complaints.isEmpty {
      for scope in scopes {
        for other in scope.dependents(of: document.id, isOfService: isOfService) {
          complaints += ContractCheck.complaints(about: other, in: scope).map {
            "Schema '\(other.id)', which refers to this one, could no longer be used: \($0)"
          }
        }
      }
    }
    guard complaints.isEmpty else { throw .validation(complaints.map { .init(target: target, message: $0) }) }
  }

  /// The names of the schemas that refer to this one.
  func dependents() async throws(ManagementError) -> [String] {
    var names: [String] = []
    for scope in try await scopes(with: nil) {
      names += scope.dependents(of: path.name, isOfService: isOfService).map(\.id)
    }
    return names
  }

  /// The service's schemas, this one as it is to be.
  private func documents(with changed: SchemaDocument?) async throws(ManagementError) -> [SchemaDocument] {
    var documents: [SchemaDocument] = []
    for resource in try await service.list("schemas", in: path.root)
    where changed == nil || !isOfService || !isSelf(resource) {
      if let document = SchemaDocument(resource.properties, id: resource.name) { documents.append(document) }
    }
    if isOfService, let changed { documents.append(changed) }
    return documents
  }

  /// Where a reference to this schema may stand: among the schemas of its API; or, for one of the service, anywhere.
  private func scopes(with changed: SchemaDocument?) async throws(ManagementError) -> [SchemaScope] {
    let shared = try await documents(with: changed)
    var byAPI: [String: [SchemaDocument]] = [:]
    for resource in try await service.list("apis/schemas", in: path.root) {
      guard let parent = resource.path.parent, isOfService || parent == path.parent else { continue }
      if changed != nil && isSelf(resource) { continue }
      if let document = SchemaDocument(resource.properties, id: resource.name) {
        byAPI[parent.name, default: []].append(document)
      }
    }
    if !isOfService, let changed, let parent = path.parent { byAPI[parent.name, default: []].append(changed) }
    let scopes = byAPI.sorted { $0.key < $1.key }.map { SchemaScope(service: shared, own: $0.value, owner: $0.key) }
    return isOfService ? [SchemaScope(service: shared)] + scopes : scopes
  }

  private func isSelf(_ resource: StoredResource) -> Bool {
    resource.path.parent == path.parent && resource.path.type == path.type
      && resource.name.lowercased() == path.name.lowercased()
  }
}
