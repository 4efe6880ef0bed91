import JSONSchema
import Testing

struct JSONSchemaTests {
  private func complaints(
    _ schema: String, _ value: String, _ options: JSONSchemaOptions = JSONSchemaOptions()
  ) throws -> [String] {
    let schema = try JSONSchema(try JSONValue(Array(schema.utf8)))
    return schema.validate(try JSONValue(Array(value.utf8)), options: options).map { "\($0.pointer) \($0.keyword)" }
  }

  @Test(arguments: [
    ("{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"a\":1}", ""),
    (
      "{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"b\":{\"type\":\"integer\"}}}", "{\"b\":\"x\"}",
      " required,/b type"
    ),
    ("{\"minimum\":1,\"exclusiveMaximum\":5}", "5", " maximum"),
    ("{\"minimum\":1,\"exclusiveMinimum\":true}", "1", " minimum"),
    ("{\"multipleOf\":0.1}", "0.3", ""), ("{\"multipleOf\":2}", "3", " multipleOf"),
    ("{\"type\":\"integer\"}", "1.0", ""),
    ("{\"type\":[\"string\",\"null\"]}", "null", ""), ("{\"type\":\"string\",\"nullable\":true}", "null", ""),
    ("{\"minLength\":2,\"maxLength\":3}", "\"😀\"", " minLength"), ("{\"pattern\":\"^a+$\"}", "\"ab\"", " pattern"),
    ("{\"format\":\"date-time\"}", "\"2024-02-30T10:00:00Z\"", " format"),
    ("{\"format\":\"date-time\"}", "\"2024-02-29T10:00:00Z\"", ""),
    ("{\"format\":\"ipv6\"}", "\"::1\"", ""), ("{\"format\":\"ipv6\"}", "\"1::2::3\"", " format"),
    ("{\"format\":\"ipv4\"}", "\"1.2.3.256\"", " format"),
    ("{\"format\":\"uuid\"}", "\"x\"", " format"), ("{\"format\":\"email\"}", "\"a@b.c\"", ""),
    ("{\"format\":\"unknown\"}", "\"x\"", ""),
    ("{\"items\":{\"type\":\"integer\"},\"minItems\":1,\"uniqueItems\":true}", "[1,1.0,\"x\"]", "/2 type, uniqueItems"),
    ("{\"items\":[{\"type\":\"integer\"}],\"additionalItems\":false}", "[1,2]", "/1 "),
    ("{\"prefixItems\":[true],\"items\":false}", "[1,2]", "/1 "),
    ("{\"contains\":{\"const\":1},\"maxContains\":1}", "[1,1]", " maxContains"),
    ("{\"contains\":{\"const\":1}}", "[2]", " contains"),
    (
      "{\"additionalProperties\":false,\"properties\":{\"a\":true},\"patternProperties\":{\"^x\":true}}",
      "{\"a\":1,\"xy\":1,\"b\":1}", "/b additionalProperties"
    ),
    ("{\"propertyNames\":{\"maxLength\":1}}", "{\"ab\":1}", " maxLength"),
    ("{\"dependencies\":{\"a\":[\"b\"]}}", "{\"a\":1}", " dependentRequired"),
    ("{\"dependentSchemas\":{\"a\":{\"required\":[\"b\"]}}}", "{\"a\":1}", " required"),
    ("{\"enum\":[1,{\"a\":[2]}]}", "{\"a\":[2.0]}", ""),
    ("{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "4", " maximum"),
    ("{\"anyOf\":[{\"type\":\"string\"},{\"minimum\":2}]}", "1", " anyOf"),
    ("{\"oneOf\":[{\"minimum\":1},{\"minimum\":2}]}", "3", " oneOf"), ("{\"not\":{\"type\":\"integer\"}}", "1", " not"),
    ("{\"if\":{\"minimum\":5},\"then\":{\"multipleOf\":5},\"else\":{\"const\":1}}", "7", " multipleOf"),
    ("{\"allOf\":[{\"properties\":{\"a\":true}}],\"unevaluatedProperties\":false}", "{\"a\":1,\"b\":2}", "/b "),
    ("{\"prefixItems\":[true],\"unevaluatedItems\":false}", "[1,2]", "/1 "), ("false", "1", " "),
    (
      "{\"$ref\":\"#/definitions/n\",\"definitions\":{\"n\":{\"type\":\"object\",\"properties\":{\"next\":{\"$ref\":\"#/definitions/n\"}}}}}",
      "{\"next\":{\"next\":1}}", "/next/next type"
    ),
    ("{\"$ref\":\"#a\",\"$defs\":{\"x\":{\"$anchor\":\"a\",\"type\":\"string\"}}}", "1", " type"),
    (
      "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"$ref\":\"#/definitions/s\",\"minLength\":9,\"definitions\":{\"s\":{\"type\":\"string\"}}}",
      "\"x\"", ""
    ),
    ("{\"properties\":{\"a/b~c\":{\"type\":\"null\"}}}", "{\"a/b~c\":1}", "/a~1b~0c type"),
  ])
  func `values are held against every keyword`(schema: String, value: String, expected: String) throws {
    #expect(try complaints(schema, value).joined(separator: ",") == expected)
  }

  @Test func `names may ignore case and extra properties may be refused or let in`() throws {
    let schema = "{\"properties\":{\"Name\":{\"type\":\"string\"}},\"required\":[\"Name\"]}"
    #expect(try complaints(schema, "{\"name\":1}", JSONSchemaOptions(ignoresCaseOfNames: true)) == ["/name type"])
    #expect(
      try complaints(schema, "{\"Name\":\"x\",\"b\":1}", JSONSchemaOptions(allowsAdditionalProperties: false))
        == ["/b additionalProperties"])
    #expect(
      try complaints(
        "{\"properties\":{\"a\":true},\"additionalProperties\":false}", "{\"b\":1}",
        JSONSchemaOptions(allowsAdditionalProperties: true)
      ).isEmpty)
  }

  @Test(arguments: [
    "{\"$ref\":\"#/nowhere\"}", "{\"$ref\":\"http://x/y\"}", "{\"type\":\"text\"}", "{\"pattern\":\"(\"}",
    "{\"minLength\":-1}", "[1]",
    "{\"multipleOf\":0}",
  ])
  func `what is no schema is refused`(schema: String) throws {
    let document = try JSONValue(Array(schema.utf8))
    #expect(throws: JSONSchemaError.self) { try JSONSchema(document) }
  }

  @Test func `a hostile schema ends`() throws {
    #expect(try complaints("{\"$ref\":\"#\"}", "1") == [" $ref"])
    let doubling = (0..<40).map {
      "\"d\($0)\":{\"allOf\":[{\"$ref\":\"#/$defs/d\($0 + 1)\"},{\"$ref\":\"#/$defs/d\($0 + 1)\"}]}"
    }
    let schema =
      "{\"$ref\":\"#/$defs/d0\",\"$defs\":{\(doubling.joined(separator: ",")),\"d40\":{\"type\":\"string\"}}}"
    #expect(try complaints(schema, "\"x\"") == [" "])
  }

  @Test(arguments: [
    ("{\"a\": [1,\n  {\"b\": \"x\\\"}\", \"b\": true} ]}", "/a/1/b", 2, 25), ("{\n \"ä\": 12 }", "/ä", 2, 8),
    (" [true, {\"c\": [[]]}]", "/1/c", 1, 15), ("7 ", "", 1, 1),
  ])
  func `an error has the place of its value`(text: String, pointer: String, line: Int, position: Int) throws {
    let bytes = Array(text.utf8)
    let value = try JSONValue(bytes)
    // A schema that refuses exactly this value.
    let steps = pointer.split(separator: "/")
    let schema = steps.reversed().reduce("false") { inner, step in
      Int(step) == nil ? "{\"properties\":{\"\(step)\":\(inner)}}" : "{\"prefixItems\":[true,\(inner)]}"
    }
    let error = try #require(try JSONSchema(try JSONValue(Array(schema.utf8))).validate(value).first)
    #expect(error.pointer == pointer)
    let place = try #require(error.place(in: bytes))
    #expect(place.line == line && place.position == position, "\(place)")
    #expect(error.place(in: Array("[]".utf8)) == nil || pointer.isEmpty)
  }

  @Test(arguments: [
    ("{\"type\":\"integer\"}", ["7"], "7"), ("{\"type\":\"integer\"}", ["7.5"], nil),
    ("{\"type\":\"number\"}", ["7.5"], "7.5"), ("{\"type\":\"number\"}", ["7"], "7"),
    ("{\"type\":\"boolean\"}", ["true"], "true"), ("{\"type\":\"boolean\"}", ["yes"], nil),
    ("{}", ["7"], "\"7\""), ("{\"type\":[\"integer\",\"null\"]}", [""], "null"),
    ("{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}", ["1,2"], "[1,2]"),
    ("{\"type\":\"array\"}", ["1,2", "3"], "[\"1,2\",\"3\"]"),
    ("{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}", ["1,x"], nil),
    ("{\"$ref\":\"#/a\",\"a\":{\"type\":\"object\"}}", ["{\"b\":1}"], "{\"b\":1}"),
    ("{\"type\":\"object\"}", ["b"], nil),
  ])
  func `texts of parameters become values of the schema's type`(
    schema: String, texts: [String], expected: String?
  ) throws {
    let schema = try JSONSchema(try JSONValue(Array(schema.utf8)))
    guard let expected else {
      #expect(throws: JSONTextError.self) { try schema.value(of: texts) }
      return
    }
    #expect(String(decoding: try schema.value(of: texts).bytes, as: UTF8.self) == expected)
  }

  @Test(arguments: [
    (
      "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":3},\"b\":{\"$ref\":\"#\"}}}",
      "{\"a\":3}"
    ),
    (
      "{\"allOf\":[{\"properties\":{\"a\":{\"const\":1}}},{\"properties\":{\"b\":{\"type\":\"boolean\"}}}]}",
      "{\"a\":1,\"b\":true}"
    ),
    ("{\"oneOf\":[{\"type\":\"string\",\"format\":\"uuid\"}]}", "\"00000000-0000-0000-0000-000000000000\""),
    ("{\"type\":[\"null\",\"array\"],\"items\":{\"enum\":[\"x\",\"y\"]}}", "[\"x\"]"),
    ("{\"properties\":{\"a\":{\"type\":\"string\",\"writeOnly\":true}},\"example\":{\"b\":2}}", "{\"b\":2}"),
  ])
  func `a sample is made from a schema`(schema: String, expected: String) throws {
    let document = try JSONValue(Array(schema.utf8))
    var sample = JSONSample(document)
    let made = sample.value(at: "")
    #expect(made.map { String(decoding: $0.bytes, as: UTF8.self) } == expected)
    let absent = sample.value(at: "/nowhere")
    #expect(absent == nil)
  }

  @Test func `a sample does not repeat a long example without end`() throws {
    let references = (0..<1_000).map { "\"m\($0)\":{\"$ref\":\"#/definitions/long\"}" }.joined(separator: ",")
    let document = try JSONValue(
      Array(
        """
        {"properties":{\(references)},"definitions":{"long":{"example":"\(String(repeating: "x", count: 100_000))"}}}
        """.utf8))
    var sample = JSONSample(document)
    let bytes = sample.value(at: "")?.bytes.count ?? 0
    #expect(bytes > 4_000_000 && bytes < 4_500_000)
  }

  @Test func `a sample follows references to anchors, identifiers and other documents, in circles too`() throws {
    func json(_ text: String) throws -> JSONValue { try JSONValue(Array(text.utf8)) }
    let documents = [
      "lines": try json(
        #"{"$defs":{"Line":{"$anchor":"line","properties":{"count":{"const":3},"order":{"$ref":"orders"}}}}}"#),
      "orders": try json(#"{"properties":{"id":{"const":1},"lines":{"items":{"$ref":"lines#line"}}}}"#),
    ]
    let root = try json(
      #"""
      {"properties":{
        "pointer":{"$ref":"#/definitions/a%20b"},"anchor":{"$ref":"#here"},"id":{"$ref":"http://x/y"},
        "other":{"$ref":"lines#/$defs/Line"},"nowhere":{"$ref":"none"},"self":{"$ref":"#"}},
       "definitions":{"a b":{"const":"p"},"c":{"$anchor":"here","const":"a"},"d":{"$id":"http://x/y","const":"i"}}}
      """#)
    var asked = 0
    var sample = JSONSample(root) { location, _ in
      asked += 1
      return documents[location].map { (location, $0) }
    }
    let made = sample.value(at: "")
    #expect(
      made.map { String(decoding: $0.bytes, as: UTF8.self) }
        == #"{"pointer":"p","anchor":"a","id":"i","other":{"count":3,"order":{"id":1,"lines":[]}}}"#)
    #expect(asked < 10)
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":}", "01", "\"\u{1}\"", "nul", "1 2", "{a:1}", "\"\\x\"",
    String(repeating: "[", count: 200),
  ])
  func `what is no JSON is refused`(text: String) {
    #expect(throws: JSONError.self) { try JSONValue(Array(text.utf8)) }
  }
}
