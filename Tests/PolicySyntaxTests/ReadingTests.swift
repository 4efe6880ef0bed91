import Expressions
import PolicySyntax
import Testing

/// The dialect as people write it.
struct ReadingTests {
  @Test func `quotes, comparisons and generics inside an attribute belong to the code`() throws {
    let element = try read(
      #"<when condition="@(context.Request.Headers.GetValueOrDefault("a", "b") == "c" && 1 < 2)" id="x" />"#)
    #expect(element.code("condition") == #"context.Request.Headers.GetValueOrDefault("a", "b") == "c" && 1 < 2"#)
    #expect(element.attribute("id")?.value.literal == "x")
  }

  @Test(arguments: [
    #"@(")" + ')' + "(")"#, #"@("\")" + @"c:\")"#, #"@($"a{(true ? "}" : ")")}b{{)")"#, #"@($@"x""{1}\")"#,
    "@(1 /* ) \" */ + 2)", "@{ // don't )}\n return 1; }", #"@('"' + '\'')"#, #"@(@$"{"a"}""b")"#,
    "@{ return \"<KeyInfo a='1'>\" + \"</KeyInfo>\"; }", "@{ return \"<!-- \" + \"]]>\"; }",
    #"@($"token={(string)context.Variables["token"]}")"#,
  ])
  func `an island ends with its own bracket`(island: String) throws {
    let text = try read("<set-body>\(island)</set-body>").text
    #expect(text?.expression?.text == island)
    for quote in ["\"", "'"] {
      let element = try read("<a b=\(quote)\(island)\(quote) c='d'></a>")
      #expect(element.attribute("b")?.value.expression?.text == island)
      #expect(element.attribute("c")?.value.literal == "d")
    }
  }

  @Test func `an encoded island is decoded, and its lines stay lines`() throws {
    let element = try read("<a b=\"@{ // it&apos;s\n return &quot;)&quot; + (1 &lt; 2 &amp;&amp; true); }\" />")
    #expect(element.code("b") == " // it's\n return \")\" + (1 < 2 && true); ")
  }

  @Test func `markup in a string of code is code, even where the text happens to be XML`() throws {
    let element = try read("<set-body>@{ return \"<a><b/></a>\"; }</set-body>")
    #expect(element.text?.expression?.code == " return \"<a><b/></a>\"; ")
    #expect(!element.hasElements)
    #expect(try read("<set-body>@{ return \"<a><b/></a>\"; }</set-body>", format: .xml).hasElements)
    let encoded = try read("<set-body>@(&quot;(&quot; + As&lt;string&gt;())<!-- ) --></set-body>")
    #expect(encoded.text?.expression?.code == "\"(\" + As<string>()")
  }

  @Test func `comments, instructions and CDATA sections stand anywhere`() throws {
    let text = """
      <?xml version="1.0"?>
      <!-- before @( not code -- at all -->
      <policies>
        <inbound><!-- in --><base /><?keep it?></inbound>
        <set-body><!-- about --><![CDATA[@( "a&amp;b" + "<x>" )]]></set-body>
      </policies>
      <!-- behind -->
      """
    let root = try read(text)
    #expect(root.name == "policies")
    #expect(root.first("inbound")?.elements.map(\.name) == ["base"])
    #expect(root.first("set-body")?.text?.expression?.code == " \"a&amp;b\" + \"<x>\" ")
  }

  @Test func `byte order mark, CRLF, tabs and blanks around the equals sign are read`() throws {
    let root = try read("\u{FEFF}<policies>\r\n\t<log\r\n\t  name ='a'\tvalue\t=\t\"@( 1 )\"/>\r\n</policies>\r\n")
    let log = try #require(root.first("log"))
    #expect(log.attribute("name")?.value.literal == "a")
    #expect(root.position == SourcePosition(line: 1, column: 1))
    #expect(log.position == SourcePosition(line: 2, column: 2))
    #expect(log.attribute("value")?.position == SourcePosition(line: 3, column: 14))
  }

  @Test func `a lone ampersand and the sign at are themselves`() throws {
    let element = try read(#"<rewrite-uri template="/v2/{a}&{b}?City=city&State=state" x="a@b @* &#x41;&amp;" />"#)
    #expect(element.attribute("template")?.value.literal == "/v2/{a}&{b}?City=city&State=state")
    #expect(element.attribute("x")?.value.literal == "a@b @* A&")
  }

  @Test func `a template keeps its markup`() throws {
    let liquid = try read(
      "<set-body template=\"liquid\">{% if a < b %}<x y=\"{{body.z}}\"/>{% endif %}</set-body>",
      namedValues: NamedValues())
    #expect(liquid.payload == "{% if a < b %}<x y=\"{{body.z}}\"/>{% endif %}")
    let marked = try read("<set-body template=\"liquid\"> <![CDATA[<a>{{ x < y }}&amp;]]></set-body>")
    #expect(marked.payload?.hasSuffix("<a>{{ x < y }}&amp;") == true)
    let stylesheet = "<xsl:stylesheet version=\"1.0\"><xsl:value-of select=\"@id\"/></xsl:stylesheet>"
    let transform = try read("<xsl-transform><parameter name=\"p\">@(1 < 2)</parameter>\(stylesheet)</xsl-transform>")
    #expect(transform.first("xsl:stylesheet")?.outerSource == stylesheet)
    #expect(transform.first("parameter")?.text?.expression?.code == "1 < 2")
  }

  @Test func `a place in code is a place in the document, through entities, named values and line ends`() throws {
    let values = NamedValues(["long": "0123456789", "name": "x"])
    let text = "<a>\r\n  <b c=\"@(&quot;{{long}}&quot; + é{{name}} + &lt;here)\" />\r\n</a>"
    let expression = try #require(try read(text, namedValues: values).first("b")?.attribute("c")?.value.expression)
    #expect(expression.code == "\"0123456789\" + éx + <here")
    #expect(expression.position == SourcePosition(line: 2, column: 11))
    // The compiler counts through what it sees; the author is shown what was written.
    func shown(_ offset: Int) -> Int {
      expression.documentPosition(of: SourcePosition(line: 2, column: 11 + offset)).column
    }
    #expect(shown(0) == 11)
    #expect(shown(1) == 17)
    #expect(shown(5) == 17)
    #expect(shown(12) == 31)
    #expect(shown(15) == 34)
    #expect(shown(16) == 35)
    #expect(shown(19) == 45)
    let block = try read("<a b=\"@{\r\n  one;\r\n  two;\r\n}\"/>").attribute("b")?.value.expression
    #expect(
      block?.documentPosition(of: SourcePosition(line: 3, column: 3)) == SourcePosition(line: 3, column: 3))
  }

  @Test func `named values are text: whole values, parts, numbers, and code that then runs`() throws {
    let values = NamedValues(["limit": "10", "base": "https://a", "code": "@(DateTime.Now.ToString())", "key": "k-1"])
    let element = try read(
      #"<a calls="{{limit}}" url="{{base}}/v2" run="{{code}}" sum="@(1 + {{limit}})" key="@("{{key}}")" t="{{x y}}"/>"#,
      namedValues: values)
    #expect(element.attribute("calls")?.value.literal == "10")
    #expect(element.attribute("url")?.value.literal == "https://a/v2")
    #expect(element.code("run") == "DateTime.Now.ToString()")
    #expect(element.code("sum") == "1 + 10")
    #expect(element.code("key") == "\"k-1\"")
    #expect(element.attribute("t")?.value.literal == "{{x y}}")
  }

  @Test func `a short document may hold a long expression of a named value`() throws {
    let code = "@(\"" + String(repeating: "x", count: 60_000) + "\")"
    let element = try read("<a b='{{long}}'/>", namedValues: NamedValues(["long": code]))
    #expect(element.attribute("b")?.value.expression?.text == code)
  }
}
