import Expressions
import GraphQL
import HTTPWire
import JSONSchema

/// A GraphQL request on its way over HTTP: a POST with JSON or the document itself, or a GET with parameters.
struct GraphQLMessage {
  /// Bytes of the body, decompressed, or of the query string.
  let limit: Int

  private static let documentType = "application/graphql"

  func read(_ exchange: Exchange) throws(GraphQLError) -> GraphQLRequest {
    let query = exchange.request.query ?? ""
    try check(query.utf8.count)
    let parameters = QueryText(query)
    // What a backend might read in place of what was validated is refused.
    let count = parameters.pairs.count { QueryText.equal($0.name, "query") }
    if count > (exchange.request.methodKind == .get ? 1 : 0) {
      throw GraphQLError("The request has more than one query.")
    }
    switch exchange.request.methodKind {
    case .get:
      func value(_ name: String) -> String? { parameters.pairs.first { QueryText.equal($0.name, name) }?.value }
      return try GraphQLRequest(
        query: value("query"), operationName: value("operationName"), variables: value("variables"))
    case .post:
      let body = try body(exchange)
      let type = exchange.header("Content-Type", of: .request) ?? ""
      if MediaType.isSame(type, Self.documentType) {
        return GraphQLRequest(query: String(decoding: body, as: UTF8.self))
      }
      return try GraphQLRequest(json: body)
    default: throw GraphQLError("A GraphQL request is a GET or a POST.")
    }
  }

  private func body(_ exchange: Exchange) throws(GraphQLError) -> [UInt8] {
    guard let bytes = exchange.requestBody.bytes else { throw GraphQLError("The request has no body.") }
    switch DecodedBody(bytes, encoding: exchange.header("Content-Encoding", of: .request), limit: limit) {
    case .bytes(let decoded):
      try check(decoded.count)
      return decoded
    case .tooLarge: throw tooLarge("more than \(limit)")
    case .unreadable: throw GraphQLError("The body of the request cannot be decompressed.")
    }
  }

  private func check(_ count: Int) throws(GraphQLError) { if count > limit { throw tooLarge("\(count)") } }

  private func tooLarge(_ size: String) -> GraphQLError {
    GraphQLError("Request's body is \(size) bytes long and it exceeds the limit of \(limit) bytes.")
  }

  /// Puts another document in place of the request's own, which has been read before.
  static func replaceQuery(with text: String, _ exchange: Exchange) throws(PolicyError) {
    let failure = PolicyError.internal(
      source: exchange.place?.policy ?? "", reason: "InvalidRequest", message: "The shortened query cannot be written.")
    if exchange.request.methodKind == .get {
      var query = QueryText(exchange.request.query ?? "")
      for (index, pair) in query.pairs.enumerated() where QueryText.equal(pair.name, "query") {
        query.pairs[index].value = text
      }
      do { return try exchange.request.setTarget(path: exchange.request.path, query: query.text) } catch {
        throw failure
      }
    }
    let type = exchange.header("Content-Type", of: .request) ?? ""
    if MediaType.isSame(type, documentType) {
      exchange.requestBody = .bytes(Array(text.utf8))
    } else {
      let encoding = exchange.header("Content-Encoding", of: .request)
      guard let bytes = exchange.requestBody.bytes,
        case .bytes(let decoded) = DecodedBody(bytes, encoding: encoding, limit: GraphQLDocument.byteLimit),
        var object = (try? JSONValue(decoded))?.object
      else { throw failure }
      object.set("query", .text(text))
      exchange.requestBody = .bytes(JSONValue.object(object).bytes)
    }
    exchange.request.remove("Content-Encoding")
  }
}

extension PolicyError {
  /// A GraphQL request that is not answered: the body has `errors`, and no `data`.
  static func graphQL(_ errors: GraphQLRequestErrors, source: String, status: Int = 400) -> PolicyError {
    var error = PolicyError(
      source: source, reason: "Bad request",
      message: errors.errors.first?.message ?? "The GraphQL request is not valid.", status: status)
    error.responseBody = String(decoding: errors.answer.bytes, as: UTF8.self)
    return error
  }
}
