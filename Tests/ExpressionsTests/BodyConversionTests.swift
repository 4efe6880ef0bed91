import Expressions
import Testing

struct BodyConversionTests {
  private func json(_ xml: String, _ options: XmlToJsonOptions = XmlToJsonOptions()) throws -> String {
    String(decoding: try BodyConversion.json(fromXML: Array(xml.utf8), options, in: BareContext()), as: UTF8.self)
  }

  private func xml(_ json: String, _ options: JsonToXmlOptions = JsonToXmlOptions()) throws -> String {
    let text = String(
      decoding: try BodyConversion.xml(fromJSON: Array(json.utf8), options, in: BareContext()), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).map { $0.drop { $0 == " " } }.joined()
  }

  @Test(arguments: [
    ("<r><i>1</i></r>", "{\"r\":{\"i\":\"1\"}}"), ("<r><i>1</i><i>2</i></r>", "{\"r\":{\"i\":[\"1\",\"2\"]}}"),
    ("<r a='1'>t</r>", "{\"r\":{\"@a\":\"1\",\"#text\":\"t\"}}"), ("<r/>", "{\"r\":null}"), ("<r></r>", "{\"r\":\"\"}"),
    ("<r>a<b/>c</r>", "{\"r\":{\"#text\":[\"a\",\"c\"],\"b\":null}}"),
    ("<r><![CDATA[x]]></r>", "{\"r\":{\"#cdata-section\":\"x\"}}"),
    ("<p:r xmlns:p='u'><p:i p:k='1'/></p:r>", "{\"p:r\":{\"@xmlns:p\":\"u\",\"p:i\":{\"@p:k\":\"1\"}}}"),
    ("<r xmlns='u'><i>1</i></r>", "{\"r\":{\"@xmlns\":\"u\",\"i\":\"1\"}}"),
    (
      "<?xml version='1.0' encoding='utf-8'?><r/>",
      "{\"?xml\":{\"@version\":\"1.0\",\"@encoding\":\"utf-8\"},\"r\":null}"
    ),
    (
      "<r xmlns:json='http://james.newtonking.com/projects/json'><i json:Array='true'>1</i></r>",
      "{\"r\":{\"i\":[\"1\"]}}"
    ),
    ("<r><a_x0020_b>1</a_x0020_b></r>", "{\"r\":{\"a b\":\"1\"}}"),
  ])
  func `XML becomes JSON as Newtonsoft writes it`(xml: String, expected: String) throws {
    #expect(try json(xml) == expected)
  }

  @Test func `every child element can be an array`() throws {
    #expect(
      try json("<r><i>1</i><j><k/></j></r>", XmlToJsonOptions(makesArrays: true))
        == "{\"r\":{\"i\":[\"1\"],\"j\":[{\"k\":[null]}]}}")
  }

  @Test func `the friendly form has plain names and no declarations`() throws {
    let options = XmlToJsonOptions(kind: .javaScriptFriendly)
    #expect(
      try json("<?xml version='1.0'?><p:r xmlns:p='u' a='1'>x<p:i>2</p:i>y<!--c--></p:r>", options)
        == "{\"r\":{\"a\":\"1\",\"text\":\"xy\",\"i\":\"2\"}}")
  }

  @Test(arguments: [
    ("{\"r\":{\"i\":[1,2],\"t\":true,\"n\":null,\"d\":1.5}}", "<r><i>1</i><i>2</i><t>true</t><n /><d>1.5</d></r>"),
    ("{\"r\":{\"@a\":\"1\",\"#text\":\"t\"}}", "<r a=\"1\">t</r>"),
    ("{\"a\":1,\"b\":2}", "<Document><a>1</a><b>2</b></Document>"),
    ("[1,2]", "<Document><item>1</item><item>2</item></Document>"), ("{\"r\":[]}", "<Document />"),
    ("{\"a\":[1,2]}", "<Document><a>1</a><a>2</a></Document>"), ("{\"a\":[[1,2]]}", "<a><a>1</a><a>2</a></a>"),
    ("{\"r\":{\"a b\":1}}", "<r><a_x0020_b>1</a_x0020_b></r>"),
    ("{\"r\":{\"first_name\":\"x\"}}", "<r><first_name>x</first_name></r>"),
    ("{\"p:r\":{\"@xmlns:p\":\"u\",\"p:i\":1}}", "<p:r xmlns:p=\"u\"><p:i>1</p:i></p:r>"),
    ("{\"r\":\"2024-01-15T10:30:00.500Z\"}", "<r>2024-01-15T10:30:00.5Z</r>"), ("{\"r\":\"a<b\"}", "<r>a&lt;b</r>"),
  ])
  func `JSON becomes XML`(json: String, expected: String) throws {
    #expect(try xml(json) == expected)
  }

  @Test func `the product's own options: namespaces and a block of attributes`() throws {
    let options = JsonToXmlOptions(
      readsDates: false, namespaceSeparator: ":", namespacePrefix: "xmlns", attributeBlockName: "#attrs")
    let json = """
      {"soapenv:Envelope":{"xmlns:soapenv":"http://schemas.xmlsoap.org/soap/envelope/","xmlns:v1":"http://localdomain.com/core/v1",
      "soapenv:Header":{},"soapenv:Body":{"v1:QueryList":{"#attrs":{"queryName":"test"},
      "v1:QueryItem":{"#attrs":{"name":"dummy text"},"at":"2024-01-15T10:30:00.500Z"}}}}}
      """
    #expect(
      try xml(json, options)
        == "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:v1=\"http://localdomain.com/core/v1\">"
        + "<soapenv:Header /><soapenv:Body><v1:QueryList queryName=\"test\"><v1:QueryItem name=\"dummy text\">"
        + "<at>2024-01-15T10:30:00.500Z</at></v1:QueryItem></v1:QueryList></soapenv:Body></soapenv:Envelope>")
  }

  @Test(arguments: ["<r>", "", "text", "<!DOCTYPE r [<!ENTITY e 'x'>]><r>&e;</r>"])
  func `what is no XML fails with XmlException`(text: String) {
    let failure = #expect(throws: EvaluationError.self) { _ = try json(text) }
    #expect(failure?.exceptionType == "System.Xml.XmlException")
  }

  @Test(arguments: ["{", "", "{\"a\":{\"@x\":[1]}}"])
  func `what is no JSON fails`(text: String) {
    #expect(throws: EvaluationError.self) { _ = try xml(text) }
  }
}
