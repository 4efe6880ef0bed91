public import JSONSchema

/// What a caller sends: a document, which of its operations is meant, and the values of its variables.
public struct GraphQLRequest: Sendable {
  public var query: String
  public var operationName: String?
  public var variables: JSONObject

  public init(query: String, operationName: String? = nil, variables: JSONObject = JSONObject()) {
    self.query = query
    self.operationName = operationName
    self.variables = variables
  }

  /// Reads the body of a POST (GraphQL over HTTP): an object with `query`, `operationName`, `variables` and `extensions`.
  public init(json bytes: [UInt8]) throws(GraphQLError) {
    let value: JSONValue
    do { value = try JSONValue(bytes) } catch {
      throw GraphQLError("The request is no JSON: \(error.message)")
    }
    guard let object = value.object else {
      throw GraphQLError("A GraphQL request is an object of JSON; batches are not supported.")
    }
    guard let query = object["query"]?.text else { throw GraphQLError("The request has no query.") }
    self.query = query
    operationName = try Self.name(object["operationName"])
    variables = try Self.variables(object["variables"])
  }

  /// Reads the parameters of a GET.
  ///
  /// - Parameter variables: a text of JSON.
  public init(query: String?, operationName: String?, variables: String?) throws(GraphQLError) {
    guard let query else { throw GraphQLError("The request has no query.") }
    self.query = query
    self.operationName = operationName.flatMap { $0.isEmpty ? nil : $0 }
    var value = JSONValue.null
    if let variables, !variables.isEmpty {
      do { value = try JSONValue(Array(variables.utf8)) } catch {
        throw GraphQLError("The variables are no JSON: \(error.message)")
      }
    }
    self.variables = try Self.variables(value)
  }

  private static func name(_ value: JSONValue?) throws(GraphQLError) -> String? {
    switch value ?? .null {
    case .null: return nil
    case .text(let name): return name.isEmpty ? nil : name
    default: throw GraphQLError("'operationName' must be a string.")
    }
  }

  private static func variables(_ value: JSONValue?) throws(GraphQLError) -> JSONObject {
    switch value ?? .null {
    case .null: return JSONObject()
    case .object(let object): return object
    default: throw GraphQLError("'variables' must be an object.")
    }
  }
}
