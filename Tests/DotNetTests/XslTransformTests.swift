import DotNet
import Testing

struct XslTransformTests {
  private static func stylesheet(_ templates: String, output: String = "<xsl:output omit-xml-declaration=\"yes\"/>")
    -> String
  {
    """
    <xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
    \(output)<xsl:param name="who"/>
    \(templates)
    </xsl:stylesheet>
    """
  }

  private func result(
    _ templates: String, _ document: String, output: String = "<xsl:output omit-xml-declaration=\"yes\"/>",
    _ parameters: [(name: String, value: String)] = []
  ) throws -> String {
    let transform = try XslTransform(Self.stylesheet(templates, output: output))
    return String(decoding: try transform.apply(to: Array(document.utf8), parameters: parameters), as: UTF8.self)
  }

  private func complaint(_ templates: String, _ document: String = "<r/>") throws -> String {
    let transform = try XslTransform(Self.stylesheet(templates))
    do {
      return "made " + String(decoding: try transform.apply(to: Array(document.utf8), parameters: []), as: UTF8.self)
    } catch {
      return error.description
    }
  }

  @Test func `a document goes through the templates, with parameters as strings`() throws {
    let templates =
      "<xsl:template match=\"/r\"><o who=\"{$who}\"><xsl:for-each select=\"i\"><v><xsl:value-of select=\".\"/></v></xsl:for-each></o></xsl:template>"
    #expect(
      try result(templates, "<r><i>1</i><i>2</i></r>", [("who", "it's \"me\"")])
        == "<o who=\"it's &quot;me&quot;\"><v>1</v><v>2</v></o>\n")
    #expect(
      try result("<xsl:template match=\"/\">a<b/></xsl:template>", "<r/>", output: "<xsl:output method=\"text\"/>")
        == "a")
  }

  @Test func `node-set is there as other processors have it`() throws {
    let templates = """
      <xsl:template match="/" xmlns:m="urn:schemas-microsoft-com:xslt" xmlns:e="http://exslt.org/common">
        <xsl:variable name="t"><a/><a/></xsl:variable>
        <n><xsl:value-of select="count(m:node-set($t)/a) + count(e:node-set($t)/a)"/></n>
      </xsl:template>
      """
    #expect(try result(templates, "<r/>").contains(">4</n>"))
  }

  @Test func `a stylesheet that is wrong is refused with its line`() throws {
    let unknown = #expect(throws: XmlProblem.self) {
      try XslTransform(
        Self.stylesheet("<xsl:template match=\"/\">\n<xsl:nonsense/></xsl:template>\n<xsl:template match=\"a[\"/>"))
    }
    #expect((unknown?.line ?? 0) >= 3)
    let malformed = #expect(throws: XmlProblem.self) { try XslTransform(Self.stylesheet("<xsl:template>")) }
    #expect((malformed?.line ?? 0) >= 3)
    #expect(throws: XmlProblem.self) { try XslTransform("<html/>") }
  }

  @Test(arguments: ["/etc/hostname", "file:///etc/hostname", "http://127.0.0.1:9/x"])
  func `a stylesheet reaches no file and no server`(address: String) throws {
    let said = try complaint(
      "<xsl:template match=\"/\"><o><xsl:copy-of select=\"document('\(address)')\"/></o></xsl:template>")
    #expect(!said.hasPrefix("made ") || said == "made <o/>\n", "\(said)")
    #expect(throws: XmlProblem.self) { try XslTransform(Self.stylesheet("<xsl:include href=\"\(address)\"/>")) }
  }

  @Test func `a document that declares entities is not read`() throws {
    let document = "<!DOCTYPE r [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><r>&e;</r>"
    #expect(
      try complaint("<xsl:template match=\"/\"><xsl:value-of select=\"r\"/></xsl:template>", document).contains(
        "entities"))
    #expect(try !complaint("<xsl:template match=\"/\"/>", "<r>").hasPrefix("made "))
  }

  @Test func `a transformation without end is stopped`() throws {
    let forever =
      "<xsl:template match=\"/\" name=\"again\"><a/><xsl:call-template name=\"again\"/></xsl:template>"
    #expect(try !complaint(forever).hasPrefix("made "))
  }
}
