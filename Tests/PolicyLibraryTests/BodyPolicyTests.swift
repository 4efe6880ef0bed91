import Expressions
import HTTPWire
import PolicyLibrary
import Testing

/// `xml-to-json`, `json-to-xml` and `xsl-transform` (semantics-cases, I17 to I21).
struct BodyPolicyTests {
  private func body(
    _ policy: String, _ body: String, _ headers: [(String, String)] = []
  ) throws -> (body: String, type: String?) {
    let bench = try PolicyBench(inbound: policy + "<return-response/>")
    let exchange = try bench.run("POST", headers: headers, body: body)
    #expect(exchange.lastError == nil, "\(exchange.lastError?.message ?? "")")
    return (
      String(decoding: exchange.requestBody.bytes ?? [], as: UTF8.self), exchange.request.value(of: "Content-Type")
    )
  }

  @Test func `XML becomes JSON, always or when it is XML`() throws {
    let always = "<xml-to-json kind=\"direct\" apply=\"always\" consider-accept-header=\"false\"/>"
    let converted = try body(always, "<r><i>1</i></r>")
    #expect(converted.body == "{\"r\":{\"i\":\"1\"}}")
    #expect(converted.type == "application/json")
    let typed = "<xml-to-json kind=\"direct\" apply=\"content-type-xml\" consider-accept-header=\"@(false)\"/>"
    #expect(try body(typed, "<r/>", [("Content-Type", "text/plain")]).body == "<r/>")
    #expect(try body(typed, "<r/>", [("Content-Type", "application/soap+xml; charset=utf-8")]).body == "{\"r\":null}")
    let arrays =
      "<xml-to-json kind=\"@(\"direct\")\" apply=\"always\" consider-accept-header=\"false\" always-array-child-elements=\"true\"/>"
    #expect(try body(arrays, "<r><i>1</i></r>").body == "{\"r\":{\"i\":[\"1\"]}}")
  }

  @Test func `Accept decides unless it is not to be considered`() throws {
    let policy = "<json-to-xml apply=\"always\"/>"
    #expect(try body(policy, "{\"a\":1}", [("Accept", "application/json")]).body == "{\"a\":1}")
    #expect(try body(policy, "{\"a\":1}", [("Accept", "text/html, application/xml;q=0.9")]).body == "<a>1</a>")
    #expect(try body(policy, "{\"a\":1}", [("Accept", "application/xml;q=0")]).body == "{\"a\":1}")
    #expect(try body(policy, "{\"a\":1}", [("Accept", "application/xml")]).type == "application/xml")
    let typed = "<json-to-xml apply=\"content-type-json\" consider-accept-header=\"false\"/>"
    #expect(try body(typed, "{\"a\":1}", [("Content-Type", "text/plain")]).body == "{\"a\":1}")
  }

  @Test func `a body goes through the stylesheet with the parameters`() throws {
    let policy = """
      <xsl-transform>
        <parameter name="agent">@(context.Request.Headers.GetValueOrDefault("User-Agent", "none"))</parameter>
        <xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
          <xsl:output omit-xml-declaration="yes"/>
          <xsl:param name="agent"/>
          <xsl:template match="/r"><o by="{$agent}"><xsl:value-of select="."/></o></xsl:template>
        </xsl:stylesheet>
      </xsl-transform>
      """
    #expect(try body(policy, "<r>7</r>", [("User-Agent", "a<b")]).body == "<o by=\"a&lt;b\">7</o>\n")
    #expect(try body(policy, "").body == "")
  }

  @Test func `a body of another kind is an error of the policy`() throws {
    let policy = "<xml-to-json kind=\"direct\" apply=\"always\" consider-accept-header=\"false\"/>"
    let exchange = try PolicyBench(inbound: policy).run("POST", body: "{}")
    #expect(exchange.lastError?.source == "xml-to-json")
    #expect(exchange.response.status == 500)
  }

  @Test(arguments: [
    ("<xml-to-json apply=\"always\"/>", "needs the attribute 'kind'"),
    ("<xml-to-json kind=\"direkt\" apply=\"always\"/>", "no value of 'kind'"),
    ("<json-to-xml/>", "needs the attribute 'apply'"),
    ("<json-to-xml apply=\"content-type-xml\"/>", "no value of 'apply'"),
    ("<json-to-xml apply=\"always\" parse-date=\"@(true)\"/>", "does not allow policy expressions"),
    ("<xsl-transform/>", "needs an <xsl:stylesheet>"),
  ])
  func `what is missing or wrong is refused`(policy: String, part: String) {
    #expect(PolicyBench.complaints(policy).contains { $0.contains(part) })
  }

  @Test func `a mistake in a stylesheet is refused where it stands`() {
    let policy = """

      <xsl-transform>
        <xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
          <xsl:template match="/">
            <xsl:value-of select="a["/>
          </xsl:template>
        </xsl:stylesheet>
      </xsl-transform>
      """
    let complaints = PolicyBench.complaints(policy)
    #expect(complaints.count == 1 && complaints[0].hasPrefix("5:"), "\(complaints)")
  }
}
