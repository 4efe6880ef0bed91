import GraphQL
import JSONSchema

/// A `validate-graphql-request` that the handshake of a WebSocket has passed: it holds for every request that comes over
/// it.
struct GraphQLCheck {
  let policy: ValidateGraphQLRequest
  /// What `max-size` and `max-depth` came to.
  let bytes: Int
  let depth: Int

  /// Takes out of a request what the rules do not leave; gives the errors that tell it.
  /// - Parameter count: bytes that the request came in.
  func restrict(
    _ request: inout GraphQLRequest, bytes count: Int, _ schema: GraphQLSchema, _ exchange: Exchange
  ) throws(GraphQLRequestErrors) -> [JSONValue] {
    guard count <= bytes else {
      throw Self.failure("Request's body is \(count) bytes long and it exceeds the limit of \(bytes) bytes.")
    }
    let limits = GraphQLLimits(depth: depth, fields: ValidateGraphQLRequest.fieldLimit)
    let valid = try schema.validate(request, limits: limits).get()
    guard !policy.rules.isEmpty else { return [] }
    let outcome: Result<GraphQLRestriction, GraphQLRequestErrors>
    do throws(PolicyError) {
      outcome = try valid.restricted { (place) throws(PolicyError) in try policy.decide(place, exchange) }
    } catch {
      // What an expression fails with is for the log, not for the client.
      exchange.log(.error, source: "validate-graphql-request", message: error.message)
      throw Self.failure("Internal server error")
    }
    let rest = try outcome.get()
    if rest.errors.isEmpty { return [] }
    guard let document = rest.document else { throw GraphQLRequestErrors(errors: rest.errors) }
    request.query = document.text
    return rest.errors.map(\.json)
  }

  private static func failure(_ message: String) -> GraphQLRequestErrors {
    GraphQLRequestErrors(errors: [GraphQLError(message)])
  }
}

extension GraphQLAnswer {
  /// A subscription in the payload of a message, held against the schema and what the handshake has passed; with the
  /// errors of what was taken out of it.
  func subscription(
    _ payload: JSONValue, _ exchange: Exchange
  ) throws(GraphQLRequestErrors) -> (GraphQLValidRequest, removed: [JSONValue]) {
    var removed: [JSONValue] = []
    let bytes = payload.bytes
    let schema: GraphQLSchema
    var request: GraphQLRequest
    do throws(GraphQLError) {
      schema = try self.schema.get()
      request = try GraphQLRequest(json: bytes)
    } catch {
      throw GraphQLRequestErrors(errors: [error])
    }
    for check in exchange.graphQLChecks {
      removed += try check.restrict(&request, bytes: bytes.count, schema, exchange)
    }
    let valid = try schema.validate(request, limits: Self.limits).get()
    guard valid.operation.kind == .subscription else {
      throw GraphQLRequestErrors(
        errors: [
          GraphQLError(
            "Only subscriptions are served over WebSocket; queries and mutations are requests of their own.",
            at: [valid.operation.position])
        ])
    }
    return (valid, removed)
  }
}
