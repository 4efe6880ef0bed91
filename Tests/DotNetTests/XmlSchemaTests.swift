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
}
