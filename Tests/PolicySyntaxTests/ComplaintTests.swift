import Expressions
import PolicySyntax
import Testing

/// Everything that is wrong with a text is told at once, with its place.
struct ComplaintTests {
  @Test func `one answer holds all errors of a text`() {
    let text = """
      <policies>
        <inbound>
          <set-header name="a" name="b">
            <value>&nbsp;</value>
          </set-header>
          <set-body>@(1 + (2</set-body>
          <when condition="@(a ">
          <trace source=x />
          <a b />
        </inbond>
        <backend><base /></backend>
      </policies>
      """
    #expect(
      complaints(text) == [
        "3:26 PL0005 name", "4:14 PL0008 &nbsp;", "6:15 PL0007 @(", "7:5 PL0003 <when", "7:22 PL0007 @(",
        "8:19 PL0006 x", "9:8 PL0006 b", "10:3 PL0004 </inbond>",
      ], "\(complaints(text))")
  }

  @Test func `a misspelt end tag is guessed and closes its element`() throws {
    let (document, diagnostics) = PolicyDocument.parse("<policies><inbound></inbond><backend /></policies>")
    #expect(diagnostics.map(\.suggestion) == ["</inbound>"])
    #expect(document?.root?.elements.map(\.name) == ["inbound", "backend"])
  }

  @Test(arguments: [
    ("", "1:1 PL0013 "), ("<!-- only -->", "1:1 PL0013 "), ("text", "1:1 PL0014 text"),
    ("<a>\n<!DOCTYPE x>", "2:1 PL0011 <!DOCTYPE x>"), ("<a><!-- ", "1:4 PL0012 <!--"),
    ("<a><![CDATA[ ]]", "1:4 PL0012 <![CDATA["), ("</a>", "1:1 PL0004 </a>"), ("<a b='1", "1:6 PL0006 '"),
    ("<a>< </a>", "1:4 PL0002 <"), ("<a>\u{1}</a>", "1:4 PL0019 \u{1}"),
    ("<a><!--\u{1}--></a>", "1:8 PL0019 \u{1}"), ("<?a \u{1}?><a/>", "1:5 PL0019 \u{1}"),
    ("<a b='@(1))'/>", "1:11 PL0007 )"),
    ("<a>&quto;</a>", "1:4 PL0008 &quto;"), ("<a b='x @(1)'/>", "1:7 PL0016 x @(1)"),
  ])
  func `a broken text has its complaint`(text: String, expected: String) {
    #expect(complaints(text).contains(expected), "\(complaints(text))")
  }

  @Test func `an unknown named value is told with the nearest name, in Liquid it is left alone`() {
    let values = NamedValues(["backend-url": "x"])
    let (_, diagnostics) = PolicyDocument.parse(
      "<a>\n  <b c='{{backend-ulr}}/{{backend-url}}' />\n</a>", namedValues: values)
    #expect(diagnostics.map(\.code) == ["PL0017"])
    #expect(diagnostics.first?.position == SourcePosition(line: 2, column: 9))
    #expect(diagnostics.first?.offendingText == "{{backend-ulr}}")
    #expect(diagnostics.first?.suggestion == "{{backend-url}}")
    #expect(complaints("<set-body template='liquid'>{{body.name}}</set-body>", namedValues: values).isEmpty)
  }

  @Test func `format xml wants entities and says which`() {
    let text = #"<a b="@(c["d"] && e < f)" />"#
    #expect(complaints(text).isEmpty)
    #expect(
      complaints(text, format: .xml) == [
        "1:11 PL0015 \"", "1:13 PL0015 \"", "1:16 PL0015 &", "1:17 PL0015 &", "1:21 PL0015 <",
      ])
  }

  @Test func `a message never shows a secret`() {
    let values = NamedValues(["pin": "hunter2"], secrets: ["pin"])
    #expect(values.redacting("no hunter2 here") == "no {{pin}} here")
  }
}
