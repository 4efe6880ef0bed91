import DotNet
import Testing

struct XmlSchemaTests {
  private static let order = """
    <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:o" elementFormDefault="qualified">
      <xs:element name="order"><xs:complexType><xs:sequence>
        <xs:element name="id" type="xs:int"/><xs:element name="item" type="xs:string" maxOccurs="unbounded"/>
      </xs:sequence></xs:complexType></xs:element>
    </xs:schema>
    """

  @Test func `a document is checked and every mistake has its line`() throws {
    let schema = try XmlSchema(Self.order)
    let valid = "<order xmlns='urn:o'><id>7</id><item>a</item></order>"
    #expect(schema.problems(in: Array(valid.utf8)).isEmpty)
    let problems = schema.problems(in: Array("<order xmlns='urn:o'>\n<id>x</id>\n<thing/></order>".utf8))
    #expect(problems.map(\.line).contains(2))
    #expect(problems.map(\.line).contains(3))
    #expect(problems.allSatisfy { !$0.message.isEmpty })
    let malformed = schema.problems(in: Array("<order>\n<id></order>".utf8))
    #expect(malformed.first?.line == 2)
    #expect((malformed.first?.column ?? 0) > 0)
  }

  @Test func `of a SOAP message the elements in the body are checked`() throws {
    let schema = try XmlSchema(Self.order)
    func envelope(_ content: String) -> [UInt8] {
      Array(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>\(content)</s:Body></s:Envelope>".utf8)
    }
    #expect(
      schema.problems(in: envelope("<order xmlns='urn:o'><id>7</id><item>a</item></order>"), part: .soapBody).isEmpty)
    #expect(
      !schema.problems(in: envelope("<order xmlns='urn:o'><id>x</id><item>a</item></order>"), part: .soapBody).isEmpty)
    #expect(!schema.problems(in: Array("<order xmlns='urn:o'/>".utf8), part: .soapBody).isEmpty)
  }

  @Test func `a schema that is wrong is refused, and none loads another`() {
    #expect(throws: XmlProblem.self) {
      try XmlSchema(
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><xs:element name=\"a\" type=\"none\"/></xs:schema>")
    }
    #expect(throws: XmlProblem.self) { try XmlSchema("<xs:schema") }
    #expect(throws: XmlProblem.self) {
      try XmlSchema(
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><xs:include schemaLocation=\"/etc/hostname\"/></xs:schema>"
      )
    }
  }

  @Test func `a schema in parts is put together from what is at hand, however often parts refer to each other`() throws
  {
    func text(_ id: String, _ content: String) -> XmlSchemaText {
      XmlSchemaText(
        location: "/schemas/\(id)",
        text: "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>\n\(content)</xs:schema>")
    }
    let parts = [
      "a": text("a", "<xs:include schemaLocation='b'/><xs:include schemaLocation='c'/><xs:element name='x' type='T'/>"),
      "b": text("b", "<xs:include schemaLocation='c'/><xs:include schemaLocation='a'/>"),
      "c": text("c", "<xs:simpleType name='T'><xs:restriction base='xs:int'/></xs:simpleType>"),
    ]
    let schema = try XmlSchema(try #require(parts["a"])) { location, _ in parts[location] }
    #expect(schema.problems(in: Array("<x>1</x>".utf8)).isEmpty)
    #expect(schema.problems(in: Array("<x>one</x>".utf8)).count == 1)
    #expect(XmlSchema.locations(in: parts["b"]?.text ?? "") == ["c", "a"])
    // A mistake in a part tells the part and the line there.
    let wrong = text("c", "<xs:simpleType name='T'>\n<xs:restriction base='none'/></xs:simpleType>")
    let problem = #expect(throws: XmlProblem.self) {
      try XmlSchema(try #require(parts["a"])) { location, _ in location == "c" ? wrong : parts[location] }
    }
    #expect(problem?.message.hasPrefix("/schemas/c: ") == true)
    #expect(problem?.line == 2)
  }

  @Test func `the parts of a schema are bounded in number and bytes`() {
    func including(_ next: Int, padding: Int = 0) -> XmlSchemaText {
      XmlSchemaText(
        location: "/schemas/\(next - 1)",
        text: "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:include schemaLocation='\(next)'/>"
          + String(repeating: " ", count: padding) + "</xs:schema>")
    }
    for padding in [0, 4 << 20] {
      let problem = #expect(throws: XmlProblem.self) {
        try XmlSchema(including(1)) { location, _ in including((Int(location) ?? 0) + 1, padding: padding) }
      }
      #expect(problem?.message.hasPrefix("A schema has at most 64 documents and 16777216 bytes") == true)
    }
  }
}
