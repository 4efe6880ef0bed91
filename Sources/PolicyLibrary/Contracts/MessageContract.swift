import GraphQL
import JSONSchema
import OData

/// What an operation says of its messages, ready for the policies that hold requests and responses against it: compiled
/// once for a configuration, and only for operations whose policies ask for it.
public final class MessageContract: Sendable {
  /// A parameter of the path or query, or a header.
  struct Parameter: Sendable {
    let name: String
    let isRequired: Bool
    /// The name of the schema among the API's, for messages.
    let definition: String
    let schema: Result<JSONSchema, SchemaFault>
  }

  /// One form that a body may have.
  struct Representation: Sendable {
    /// As the operation writes it.
    let contentType: String
    /// The name of the schema among the API's, for messages.
    let definition: String
    /// Nil where nothing is said of what the body holds.
    let schema: Result<ContentSchema, SchemaFault>?
    /// Bodies to show, in order; at the end one made from the schema where there is none.
    let examples: [[UInt8]]
  }

  struct Response: Sendable {
    let status: Int
    let headers: [Parameter]
    let representations: [Representation]
  }

  let path: [Parameter]
  let query: [Parameter]
  let headers: [Parameter]
  let representations: [Representation]
  let responses: [Response]
  /// The schema of an API of GraphQL, or why it has none that can be used; nil for any other API.
  let graphQL: Result<GraphQLSchema, GraphQLError>?
  /// The model of an API of OData, or why it cannot be used; nil for one without a model.
  let odata: Result<ODataModel, ODataModelProblem>?

  init(
    path: [Parameter] = [], query: [Parameter] = [], headers: [Parameter] = [],
    representations: [Representation] = [], responses: [Response] = [],
    graphQL: Result<GraphQLSchema, GraphQLError>? = nil, odata: Result<ODataModel, ODataModelProblem>? = nil
  ) {
    self.path = path
    self.query = query
    self.headers = headers
    self.representations = representations
    self.responses = responses
    self.graphQL = graphQL
    self.odata = odata
  }

  /// Of an operation that says nothing, and of a request that none matches.
  static let empty = MessageContract()

  func response(_ status: Int) -> Response? { responses.first { $0.status == status } }
}

extension Exchange {
  /// What the operation says of its messages.
  var contract: MessageContract { source?.contract() ?? .empty }
}
