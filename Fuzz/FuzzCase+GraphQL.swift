import GraphQL
import JSONSchema

/// GraphQL: a request against a schema, its rest under rules, and its execution; or a schema itself.
extension FuzzCase {
  static let graphQL = FuzzCase(name: "graphql", dictionary: words) { input in
    let text = String(decoding: input, as: UTF8.self)
    if let document = try? GraphQLDocument(text), (try? GraphQLDocument(document.text))?.text != document.text {
      broken("graphql: a document that is written again is another one")
    }
    let own = try? GraphQLSchema(text)
    guard let schema else { return false }
    let request = GraphQLRequest(query: text, variables: JSONObject([("a", .integer(1)), ("b", .text("x"))]))
    let limits = GraphQLLimits(depth: 20, fields: 250)
    guard case .success(let valid) = schema.validate(request, limits: limits) else { return own != nil }
    let rest = valid.restricted { (place) throws(Never) in place.name == "name" ? .removed : .allowed }
    if case .success(let rest) = rest, let document = rest.document, !rest.errors.isEmpty {
      let shorter = GraphQLRequest(query: document.text, variables: request.variables)
      if case .failure(let errors) = schema.validate(shorter, limits: limits) {
        broken("graphql: a request without its removed fields is not valid: \(errors.errors)")
      }
    }
    var isDone = false
    let execution = GraphQLExecution(
      valid, hasResolver: { type, field in type == "Query" || field == "friends" },
      resolve: { call, completion in
        completion(.success(.object(JSONObject([("id", .integer(1)), ("__typename", .text("User"))]))))
      }, done: { _ in isDone = true })
    execution.start()
    if !isDone { broken("graphql: an execution does not end") }
    return true
  }

  private static let schema = try? GraphQLSchema(
    """
    type Query { users(first: Int = 10, in: In): [User!]! user(id: ID!): User node: Node any: Any text: String }
    type Mutation { change(a: Int!, e: E): User } type Subscription { one: Int }
    interface Node { id: ID! } type User implements Node { id: ID! name: String friends: [User] e: E }
    type Other implements Node { id: ID! } union Any = User | Other enum E { A B } input In { a: Int = 1, in: In, l: [E!] }
    """)

  private static let words = [
    "{", "}", "(", ")", "[", "]", "!", ":", "=", "@", "|", "&", "$a", "$b", "...", "... on User {", "query Q($a: Int!)",
    "mutation {", "subscription", "fragment F on User {", "...F", "{ users { id name friends { id } } }",
    "user(id: $b)",
    "@skip(if: true)", "@include(if: $a)", "__typename", "__schema { types { name } }", "__type(name: \"User\")",
    "node",
    "any", "id", "name", "users(in: {a: 1, in: {l: [A]}})", "\"\"\"", "\"", "\\u0041", "# x\n", "null", "true", "1.5e3",
    "type Query { a: Int }", "extend type Query", "input I { i: I = {} }", "union U = A | B", "implements", "schema {",
    "directive @d repeatable on FIELD", "enum E { A }", "interface N", "scalar S",
  ]
}
