import Expressions
import Testing

@testable import PolicySyntax

/// The two forms of a text say the same.
struct ConversionTests {
  private static let pairs: [(raw: String, xml: String)] = [
    (#"<a b="@(c["d"] && e < f)" />"#, #"<a b="@(c[&quot;d&quot;] &amp;&amp; e &lt; f)" />"#),
    (#"<a b='@(c["d"] + 'x')' />"#, #"<a b='@(c["d"] + &apos;x&apos;)' />"#),
    ("<a>\n  @(As<string>() + \"&\")\n</a>", "<a>\n  @(As&lt;string&gt;() + \"&amp;\")\n</a>"),
    ("<a b=\"@{ // x\n return \"\"; }\" />", "<a b=\"@{ // x&#xA; return &quot;&quot;; }\" />"),
    (#"<a b="x&amp;y" c="@(d)" />"#, #"<a b="x&amp;y" c="@(d)" />"#),
  ]

  @Test func `raw becomes XML and XML becomes raw`() {
    for (raw, xml) in Self.pairs {
      #expect(PolicyConversion.convert(raw, to: .xml).text == xml)
      #expect(PolicyConversion.convert(xml, to: .rawxml).text == raw)
      #expect(PolicyConversion.convert(raw, to: .rawxml).text == raw)
      #expect(PolicyConversion.convert(xml, to: .xml).text == xml)
    }
  }

  @Test(arguments: [
    #"<a b="@(c["&lt;"])" d='e&f' />"#, "<a>x & y ]]> z @(1 & \"q\")</a>", "<!-- a -- b --><a b='@(\"\")'c='1&'/>",
    "<set-body template=\"liquid\">{% if a < b %}<x>]]></x>{% endif %}&</set-body>",
    "<set-body template=\"liquid\">{{ a & b }}</set-body>", "<a><!-- c -->@(\"<b>\")<!-- d -- --></a>",
    "<set-body>@{ return \"<a>&</a>\"; }</set-body>", "<set-body>@{ return \"<a></a>\"; }</set-body>",
    "<a><![CDATA[@(\"<&>\")]]></a>", "<a b='@(\"&amp;lt;\" + \"x < y\")'/>", "<a b='@(x &amp;&amp; \"&amp;lt;\")'/>",
    "<a><b c='@{\r\n\treturn \"\";\r\n}'/></a>", #"<a n="c@(("")"(")"><y d=""y="@("")"/></a>"#,
  ])
  func `nothing is lost on the way to XML and back`(text: String) throws {
    let document = try #require(PolicyDocument.parse(text).document)
    let xml = try #require(PolicyConversion.convert(text, to: .xml).text)
    let (encoded, diagnostics) = PolicyDocument.parse(xml, format: .xml)
    #expect(diagnostics.allSatisfy { $0.severity == .warning }, "\(xml) \(diagnostics)")
    #expect(encoded?.isEncoded == true)
    let contents = PolicyContents(document, hasComments: false)
    #expect(PolicyContents(try #require(encoded), hasComments: false) == contents, "\(xml)")
    let raw = try #require(PolicyConversion.convert(xml, to: .rawxml).text)
    #expect(PolicyConversion.convert(raw, to: .xml).text != nil, "\(raw)")
    #expect(PolicyContents(try #require(PolicyDocument.parse(raw).document), hasComments: false) == contents, "\(raw)")
  }

  @Test(arguments: ["<a>u<!----->@{}</a>", "<a><!--x---->@(1)<!-- y --- z --></a>", "<!-----><a/>"])
  func `comments are such as XML allows, and are not written anew again`(text: String) throws {
    let xml = try #require(PolicyConversion.convert(text, to: .xml).text)
    #expect(!xml.contains("--->") && WellFormedness.check(Array(xml.utf8), nesting: 9) == nil, "\(xml)")
    let raw = try #require(PolicyConversion.convert(xml, to: .rawxml).text)
    #expect(PolicyConversion.convert(raw, to: .xml).text == xml)
  }

  @Test func `what cannot be read is not converted`() {
    #expect(PolicyConversion.convert("<a b='@('/>", to: .xml).text == nil)
  }
}
