import JSONSchema
import Testing

@testable import GraphQL

@Suite struct GraphQLValidationTests {
  private static let schema = """
    type Query { dog: Dog pet: Pet pets(filter: Filter, kinds: [Kind!]): [Pet!]! any: Any human: Human number(n: Int! = 1): Int }
    interface Pet { name: String! }
    type Dog implements Pet { name: String! barks: Boolean owner: Human knows(command: Kind): Boolean }
    type Cat implements Pet { name: String! meows: Int owner: Human }
    type Human { name: String nick: String age: Int }
    union Any = Dog | Human
    enum Kind { SIT DOWN }
    input Filter { name: String!, limit: Int = 5, not: Filter }
    type Subscription { one: Int two: Int }
    """

  private func complaints(_ query: String, _ variables: String = "{}") throws -> [String] {
    let schema = try GraphQLSchema(Self.schema)
    let values = try JSONValue(Array(variables.utf8)).object ?? JSONObject()
    let result = schema.validate(
      GraphQLRequest(query: query, variables: values), limits: GraphQLLimits(depth: 10, fields: 250))
    switch result {
    case .success: return []
    case .failure(let errors): return errors.errors.map(\.message)
    }
  }

  @Test(arguments: [
    "{ dog { ...F } } fragment F on Pet { name ... on Dog { barks } }",
    "{ any { ... on Pet { name } ... on Human { age } } }",
    "{ pet { ... on Dog { a: barks owner { x: name } } ... on Cat { b: meows owner { x: nick } } __typename } }",
    "query ($f: Filter, $k: Kind!) { pets(filter: $f, kinds: [$k, SIT]) { name } }",
    "query ($n: String!) { pets(filter: {name: $n, not: {name: \"x\"}}) { name } }",
    "query ($n: Int = 2) { number(n: $n) }",
    "{ pets(kinds: SIT) { name @include(if: true) @skip(if: false) } }",
  ])
  func `what the standard allows passes`(query: String) throws {
    let found = try complaints(query, variables(query))
    #expect(found == [])
  }

  private func variables(_ query: String) -> String {
    query.contains("$k") ? #"{"k": "SIT", "f": {"name": "a"}}"# : query.contains("$n: String") ? #"{"n": "a"}"# : "{}"
  }

  @Test(arguments: [
    ("{ dog { ... on Cat { meows } } }", "A fragment on 'Cat' cannot stand in 'Dog': no object is both."),
    ("{ dog { ... on Kind { a } } }", "A fragment cannot be on 'Kind', which has no fields."),
    ("{ dog { ... on Nothing { a } } }", "Unknown type 'Nothing'."),
    ("{ dog }", "Field 'dog' of type 'Dog' must have a selection of subfields."),
    ("{ number { a } }", "Field 'number' has no subfields: its type is 'Int'."),
    ("{ number(n: null) }", "Expected a value of type 'Int!', found null."),
    ("{ number(n: 3000000000) }", "Expected a value of type 'Int', found 3000000000."),
    ("{ number(n: 1, n: 2) }", "There can be only one argument named 'n'."),
    ("{ pets(kinds: [RUN]) { name } }", "Expected a value of type 'Kind', found RUN."),
    ("{ pets(filter: {}) { name } }", "Field 'Filter.name' of required type 'String!' was not provided."),
    ("{ pets(filter: {name: \"a\", x: 1}) { name } }", "Field 'x' is not defined by type 'Filter'."),
    ("{ pets(filter: 1) { name } }", "Expected a value of type 'Filter', found 1."),
    ("{ human @deprecated { name } }", "Directive '@deprecated' may not be used here."),
    ("{ human @nothing { name } }", "Unknown directive '@nothing'."),
    ("{ human @skip(if: true) @skip(if: true) { name } }", "Directive '@skip' can be used only once here."),
    ("{ human @skip { name } }", "Argument 'if' of type 'Boolean!' is required on directive '@skip', but missing."),
    ("query ($n: String) { number(n: $n) }", "Variable '$n' of type 'String' is used where 'Int!' is expected."),
    ("query ($n: Dog) { number(n: $n) }", "Variable '$n' cannot be of the type 'Dog'."),
    ("query ($n: Int, $n: Int) { number(n: $n) }", "There can be only one variable named '$n'."),
    ("query A { human { name } } query A { human { name } }", "There can be only one operation named 'A'."),
    ("{ human { name } } query A { human { name } }", "An operation without a name must be the only one."),
    ("subscription { one two }", "A subscription has exactly one field at its root."),
    ("mutation { a }", "The schema has no mutation type."),
    ("{ pet { barks } }", "Cannot query field 'barks' on type 'Pet'."),
    (
      "{ human { a: name a: age } }",
      "Fields 'a' conflict because 'name' and 'age' are different fields. Use different aliases on the fields."
    ),
    (
      "{ a: number(n: 1) a: number(n: 2) }",
      "Fields 'a' conflict because they have differing arguments. Use different aliases on the fields."
    ),
    (
      "{ pet { ... on Dog { x: barks } ... on Cat { x: meows } } }",
      "Fields 'x' conflict because they return conflicting types 'Boolean' and 'Int'. Use different aliases on the fields."
    ),
  ])
  func `what the standard forbids is refused`(query: String, message: String) throws {
    let found = try complaints(query)
    #expect(found.first == message, "\(found)")
  }

  @Test(arguments: [
    (#"{"f": {"name": "a", "limit": "x"}}"#, "Variable '$f' got an invalid value at 'limit': it is no 'Int'."),
    (
      #"{"f": {"name": "a", "not": {"limit": 1}}}"#,
      "Variable '$f' got an invalid value at 'not': 'Filter.name' is required."
    ),
    (
      #"{"f": {"name": "a", "not": {"name": 1}}}"#,
      "Variable '$f' got an invalid value at 'not.name': it is no 'String'."
    ),
    (#"{"f": {"name": "a", "other": 1}}"#, "Variable '$f' got an invalid value: 'Filter' has no field 'other'."),
    (#"{"f": [1]}"#, "Variable '$f' got an invalid value: 'Filter' is an object."),
  ])
  func `a variable's value is refused with its place`(variables: String, message: String) throws {
    let found = try complaints("query ($f: Filter) { pets(filter: $f) { name } }", variables)
    #expect(found == [message])
  }

  @Test func `fragments that multiply cost no time`() throws {
    var query = "{ human { ...F0 } }"
    for index in 0..<60 { query += " fragment F\(index) on Human { ...F\(index + 1) ...F\(index + 1) }" }
    query += " fragment F60 on Human { name }"
    let found = try complaints(query)
    #expect(found == ["The query has more than 250 fields."])
  }

  @Test func `a chain of fragments as long as the document is followed without the stack`() throws {
    var query = "{ human { ...F0 } }"
    for index in 0..<20_000 { query += " fragment F\(index) on Human { ...F\(index + 1) }" }
    query += " fragment F20000 on Human { ...F0 }"
    let found = try complaints(query)
    #expect(found == ["Fragment 'F0' spreads itself."])
  }
}
