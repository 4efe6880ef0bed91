import DotNet
import GatewayConfiguration
import GraphQL
import JSONSchema
import OData

/// A schema that contents are held against.
enum ContentSchema: Sendable {
  case json(JSONSchema)
  case xml(XmlSchema)
}

/// Why there is no schema where one is referred to.
enum SchemaFault: Error, Equatable {
  /// There is no document of that name, or it is neither JSON nor XML Schema.
  case notFound
  /// The document has no schemas with names.
  case withoutDefinitions
  /// The document has no schema of that name.
  case undefined
  /// The schema is there, but is none.
  case unusable(String)
}

/// The schemas of one configuration on their way to policies: each document is read once, and each schema in it compiled
/// at most once, however many plans and operations refer to it.
final class SchemaStore {
  /// Which schema of a document is meant.
  enum Selection: Hashable {
    case whole
    /// Of that name among `components/schemas` or `definitions`.
    case definition(String)
    /// At a pointer.
    case pointer(String)
  }

  private enum Content {
    case json(JSONValue)
    case xml(XmlSchema)
    case broken(String)
  }

  private struct Key: Hashable {
    /// The API and revision; empty for the service.
    let owner: String
    let document: String
    var selection = Selection.whole
  }

  /// The service's schemas, which all others may refer to.
  let service: [SchemaDocument]
  private var contents: [Key: Content] = [:]
  private var schemas: [Key: Result<ContentSchema, SchemaFault>] = [:]
  private var graphQL: [String: Result<GraphQLSchema, GraphQLError>] = [:]
  private var odata: [String: Result<ODataModel, ODataModelProblem>] = [:]

  /// The collections of named schemas in documents of OpenAPI and Swagger.
  private static let collections = ["/components/schemas", "/definitions"]

  init(service: [SchemaDocument] = []) { self.service = service }

  /// A schema of the document of that name.
  ///
  /// - Parameter owner: whose documents they are: names of different APIs may be the same.
  func schema(
    _ selection: Selection, of id: String, among documents: [SchemaDocument], owner: String
  ) -> Result<ContentSchema, SchemaFault> {
    guard let document = documents.first(where: { $0.id.lowercased() == id.lowercased() }) else {
      return .failure(.notFound)
    }
    let key = Key(owner: owner, document: document.id, selection: selection)
    if let known = schemas[key] { return known }
    let made = compile(selection, document, SchemaScope(service: service, own: documents, owner: owner))
    schemas[key] = made
    return made
  }

  /// A value such as the schema describes; nil for what is no schema of JSON.
  func sample(
    _ selection: Selection, of id: String, among documents: [SchemaDocument], owner: String
  ) -> JSONValue? {
    let scope = SchemaScope(service: service, own: documents, owner: owner)
    guard let document = documents.first(where: { $0.id.lowercased() == id.lowercased() }),
      case .json(let value) = content(document, scope), let pointer = try? Self.pointer(selection, value).get()
    else { return nil }
    var sample = JSONSample(value, location: scope.location(of: document), others: others(scope))
    return sample.value(at: pointer)
  }

  /// The schema of an API of GraphQL.
  ///
  /// - Parameter owner: the API and revision.
  func graphQL(_ text: String, owner: String) -> Result<GraphQLSchema, GraphQLError> {
    if let known = graphQL[owner] { return known }
    let made: Result<GraphQLSchema, GraphQLError>
    do { made = .success(try GraphQLSchema(text)) } catch { made = .failure(error) }
    graphQL[owner] = made
    return made
  }

  /// The model of an API of OData.
  ///
  /// - Parameter owner: the API and revision.
  func odata(_ metadata: String, owner: String) -> Result<ODataModel, ODataModelProblem> {
    if let known = odata[owner] { return known }
    let made: Result<ODataModel, ODataModelProblem>
    do { made = .success(try ODataModel(metadata)) } catch { made = .failure(error) }
    odata[owner] = made
    return made
  }

  private func content(_ document: SchemaDocument, _ scope: SchemaScope) -> Content {
    let key = Key(owner: scope.owner, document: document.id)
    if let known = contents[key] { return known }
    let made = read(document, scope)
    contents[key] = made
    return made
  }

  private func read(_ document: SchemaDocument, _ scope: SchemaScope) -> Content {
    switch document.kind {
    case .json:
      do { return .json(try JSONValue(Array(document.text.utf8))) } catch {
        return .broken("line \(error.line), column \(error.column): \(error.message)")
      }
    case .xml:
      do throws(XmlProblem) {
        return .xml(
          try XmlSchema(XmlSchemaText(location: scope.location(of: document), text: document.text)) { location, from in
            guard let (other, itsScope) = scope.document(at: location, from: from), other.kind == .xml else {
              return nil
            }
            return XmlSchemaText(location: itsScope.location(of: other), text: other.text)
          })
      } catch {
        return .broken("\(error)")
      }
    }
  }

  private func compile(
    _ selection: Selection, _ document: SchemaDocument, _ scope: SchemaScope
  ) -> Result<ContentSchema, SchemaFault> {
    switch content(document, scope) {
    case .broken(let message): return .failure(.unusable(message))
    // Any element of the document's own may be the root.
    case .xml(let schema): return .success(.xml(schema))
    case .json(let value):
      return Self.pointer(selection, value).flatMap { pointer in
        do throws(JSONSchemaError) {
          return .success(.json(try compile(value, at: pointer, of: document, scope)))
        } catch {
          return .failure(.unusable("\(error.pointer): \(error.message)"))
        }
      }
    }
  }

  private func compile(
    _ value: JSONValue, at pointer: String, of document: SchemaDocument, _ scope: SchemaScope
  ) throws(JSONSchemaError) -> JSONSchema {
    try JSONSchema(value, at: pointer, location: scope.location(of: document), others: others(scope))
  }

  /// The documents that schemas may refer to.
  private func others(_ scope: SchemaScope) -> JSONSchema.Others {
    { location, from in
      guard let (other, itsScope) = scope.document(at: location, from: from),
        case .json(let value) = self.content(other, itsScope)
      else { return nil }
      return (itsScope.location(of: other), value)
    }
  }

  private static func pointer(_ selection: Selection, _ document: JSONValue) -> Result<String, SchemaFault> {
    switch selection {
    case .whole: return .success("")
    case .pointer(let pointer): return document[at: pointer] == nil ? .failure(.undefined) : .success(pointer)
    case .definition(let name):
      let escaped = name.replacing("~", with: "~0").replacing("/", with: "~1")
      let present = collections.filter { document[at: $0]?.object != nil }
      guard !present.isEmpty else { return .failure(.withoutDefinitions) }
      let found = present.map { "\($0)/\(escaped)" }.first { document[at: $0] != nil }
      return found.map { .success($0) } ?? .failure(.undefined)
    }
  }

  // MARK: - Checks

  /// What keeps a document from being used; every schema with a name in it is tried.
  ///
  /// - Parameters:
  ///   - documents: those that it stands among.
  ///   - owner: whose they are.
  func complaints(
    about document: SchemaDocument, among documents: [SchemaDocument], owner: String
  ) -> [String] {
    let scope = SchemaScope(service: service, own: documents, owner: owner)
    switch content(document, scope) {
    case .broken(let message): return [message]
    case .xml: return []
    case .json(let value):
      var pointers: [String] = []
      for collection in Self.collections {
        for member in value[at: collection]?.object?.members ?? [] {
          pointers.append(collection + "/" + member.name.replacing("~", with: "~0").replacing("/", with: "~1"))
        }
      }
      if pointers.isEmpty { pointers = [""] }
      return pointers.compactMap { pointer in
        do throws(JSONSchemaError) {
          _ = try compile(value, at: pointer, of: document, scope)
          return nil
        } catch {
          return "\(error.pointer): \(error.message)"
        }
      }
    }
  }
}
