import JSONSchema
import Testing

@testable import GraphQL

@Suite struct GraphQLDocumentTests {
  @Test(arguments: [
    "{ a }",
    "query Q($a: [Int!]! = [1, 2], $b: B = {x: 1, y: \"z\"}) @d { a: f(x: $a, y: null, z: ENUM) @e(f: true) { g } }",
    "{ ...F ... on T { a } ... @skip(if: true) { b } } fragment F on T { c(d: -1.5e3) }",
    "mutation { a(b: \"\\u00e9\\n\\\"\") } subscription S { a }",
    "{ a(b: \"\"\"\n    one\n      two\n    \"\"\") }",
  ])
  func `a document is written as it was read`(text: String) throws {
    let document = try GraphQLDocument(text)
    let again = try GraphQLDocument(document.text)
    #expect(document.text == again.text)
  }

  @Test(arguments: [
    ("", "Syntax Error: Expected a query, mutation, subscription or fragment, found the end.", 1, 1),
    ("{", "Syntax Error: Expected a name, found the end.", 1, 2),
    ("{ }", "Syntax Error: Expected a name, found '}'.", 1, 3),
    ("{ a\n  ?b }", "Syntax Error: Unexpected character '?'.", 2, 3),
    ("{ a(b: 01) }", "Syntax Error: A number does not begin with 0.", 1, 10),
    ("{ a(b: 1x) }", "Syntax Error: A number ends in 'x'.", 1, 9),
    ("{ a(b: \"x", "Syntax Error: A string does not end.", 1, 10),
    ("{ a(b: \"\\q\") }", "Syntax Error: Unknown escape in a string.", 1, 9),
    ("fragment on on T { a }", "Syntax Error: Expected the name of a fragment, found 'on'.", 1, 10),
    ("query ($a: Int = $b) { a }", "Syntax Error: Expected a value, found '$'.", 1, 18),
    ("{ a .. b }", "Syntax Error: Unexpected '.'.", 1, 5),
  ])
  func `what is no document is refused with its place`(text: String, message: String, line: Int, column: Int) {
    let expected = GraphQLError(message, at: [GraphQLPosition(line: line, column: column)])
    #expect(throws: expected) { try GraphQLDocument(text) }
  }

  @Test func `more levels than the bound are refused, not followed`() {
    let selections = String(repeating: "{a", count: 100_000)
    let values = "{ a(b: " + String(repeating: "[", count: 100_000)
    let types = "query ($a: " + String(repeating: "[", count: 100_000)
    for text in [selections, values, types] {
      #expect(throws: GraphQLError.self) { try GraphQLDocument(text) }
    }
  }

  @Test func `a text between triple quotes loses the indentation that its lines share`() throws {
    let document = try GraphQLDocument("{ a(b: \"\"\"\n    one\n      two \\\"\"\"\n\n  \"\"\") }")
    #expect(document.text == "query { a(b: \"one\\n  two \\\"\\\"\\\"\") }")
  }

  @Test(arguments: [
    ("type A { b: C }", "The schema has no query type."),
    ("type Query { a: Missing }", "Unknown type Missing of Query.a."),
    ("type Query { a: I } input I { b: Int }", "Type I cannot be the type of Query.a."),
    ("type Query { a(b: Query): Int }", "Type Query cannot be the type of Query.a(b:)."),
    ("type Query { a: Int a: Int }", "Field Query.a can only be defined once."),
    ("type Query { a: Int } type Query { b: Int }", "There can be only one type named Query."),
    (
      "type Query implements N { a: Int } interface N { b: Int }",
      "Interface field N.b expected but Query does not provide it."
    ),
    ("union U = Int type Query { a: U }", "Union U has the member Int, which is no object type."),
    ("type Query { a(i: I): Int } input I { i: I = {} }", "The default of I.i leads back to itself."),
    ("extend type Query { a: Int }", "Cannot extend type Query: it is not defined as that kind."),
    ("type __Mine { a: Int } type Query { a: Int }", "The name __Mine is reserved for introspection."),
    ("schema { query: Missing } type Query { a: Int }", "The query type Missing is not an object type of the schema."),
    ("tpye Query { a: Int }", "Syntax Error: Unexpected 'tpye'."),
  ])
  func `a schema that does not fit together is refused`(text: String, message: String) {
    var found: String?
    do { _ = try GraphQLSchema(text) } catch { found = error.message }
    #expect(found == message)
  }

  @Test func `a schema is put together from definitions, extensions and roots of any name`() throws {
    let schema = try GraphQLSchema(
      """
      "All of it" schema { query: Root mutation: Change }
      scalar Date @specifiedBy(url: "https://example.org")
      "The root" type Root { "An a" a(b: [E!] = [X]): Date @deprecated(reason: "old") }
      extend type Root { c: U }
      type Change { d(i: I!): Boolean }
      input I @oneOf { e: Int f: E }
      enum E { X Y @deprecated }
      union U = | Root | Change
      interface N { a: Int } type M implements & N { a: Int }
      directive @mine(a: Int) repeatable on FIELD | OBJECT
      """)
    #expect(schema.query == "Root")
    #expect(schema.hasField("c", of: "Root"))
    #expect(schema.mutation == "Change")
  }
}
