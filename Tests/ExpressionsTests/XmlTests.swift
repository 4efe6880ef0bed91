import Expressions
import Testing

struct XmlTests {
  private static let lenient = ExpressionCompiler(options: ExpressionOptions(strictAllowList: false))

  private func value(
    _ source: String, form: ExpressionForm = .expression, in context: BareContext = BareContext()
  ) throws -> String {
    let compilation = Self.lenient.compile(source, form: form, target: .object)
    let program = try #require(compilation.program, "\(source): \(compilation.diagnostics)")
    return try program.evaluateString(context)
  }

  private func failure(_ source: String, form: ExpressionForm = .expression) throws -> String {
    let compilation = Self.lenient.compile(source, form: form, target: .object)
    let program = try #require(compilation.program, "\(source): \(compilation.diagnostics)")
    do {
      return "value: " + (try program.evaluateString(BareContext()))
    } catch {
      return error.exceptionType
    }
  }

  @Test(arguments: [
    ("XElement.Parse(\"<a><b>1</b><c/></a>\").ToString()", "<a>\r\n  <b>1</b>\r\n  <c />\r\n</a>"),
    ("XElement.Parse(\"<a><b/>text<c><d/></c></a>\").ToString()", "<a>\r\n  <b />text<c><d /></c></a>"),
    ("XElement.Parse(\"<a>&lt;&amp;&#65;</a>\").ToString()", "<a>&lt;&amp;A</a>"),
    ("XElement.Parse(\"<a x='1&#10;2\\\"'/>\").ToString()", "<a x=\"1&#xA;2&quot;\" />"),
    ("XElement.Parse(\"<a><![CDATA[x]]><!--c--><?p d?></a>\").ToString()", "<a><![CDATA[x]]><!--c--><?p d?></a>"),
    (
      "XElement.Parse(\"<a xmlns='u' xmlns:p='u'><p:b/></a>\").ToString(SaveOptions.DisableFormatting)",
      "<p:a xmlns=\"u\" xmlns:p=\"u\"><p:b /></p:a>"
    ),
    ("XElement.Parse(\"<a z='1' xmlns:p='u' p:y='2'/>\").ToString()", "<a z=\"1\" xmlns:p=\"u\" p:y=\"2\" />"),
    ("XDocument.Parse(\"<?xml version='1.0' encoding='utf-8'?><!--c--><r/>\").ToString()", "<!--c-->\r\n<r />"),
    (
      "XDocument.Parse(\"<?xml version='1.0' encoding='utf-8'?><r/>\").Declaration.ToString()",
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
    ),
    ("XDocument.Parse(\"<!DOCTYPE r [<!ELEMENT r ANY>]><r/>\").DocumentType.InternalSubset", "<!ELEMENT r ANY>"),
    ("XElement.Parse(\"<a> <b> </b> </a>\", LoadOptions.PreserveWhitespace).ToString()", "<a> <b> </b> </a>"),
    ("XElement.Parse(\"<a> <b> </b> </a>\").ToString(SaveOptions.DisableFormatting)", "<a><b></b></a>"),
  ])
  func `XML is laid out and escaped as XNode ToString does it`(source: String, expected: String) throws {
    #expect(try value(source) == expected)
  }

  @Test(arguments: [
    (
      "new XElement(\"{u}a\", new XElement(\"b\"), new XElement(\"{u}c\")).ToString(SaveOptions.DisableFormatting)",
      "<a xmlns=\"u\"><b xmlns=\"\" /><c /></a>"
    ),
    ("new XElement(\"a\", new XAttribute(\"{u}x\", 1)).ToString()", "<a p1:x=\"1\" xmlns:p1=\"u\" />"),
    (
      "new XElement(\"a\", new XElement(\"b\", new XAttribute(\"{u}x\", 1))).Element(\"b\").ToString()",
      "<b p1:x=\"1\" xmlns:p1=\"u\" />"
    ),
    ("new XElement(\"a\", new XAttribute(XNamespace.Xml + \"lang\", \"en\")).ToString()", "<a xml:lang=\"en\" />"),
    ("XElement.Parse(\"<p:a xmlns:p='u'><p:b/></p:a>\").Elements().First().ToString()", "<p:b xmlns:p=\"u\" />"),
    ("XElement.Parse(\"<a xmlns:p='u' xmlns='d'/>\").GetPrefixOfNamespace(\"u\")", "p"),
    ("XElement.Parse(\"<a xmlns:p='u' xmlns='d'/>\").GetDefaultNamespace().NamespaceName", "d"),
    ("XElement.Parse(\"<a xmlns:p='u'/>\").GetNamespaceOfPrefix(\"p\").NamespaceName", "u"),
    ("XElement.Parse(\"<a><b xmlns:p='u'><c/></b></a>\").Descendants(\"c\").First().GetPrefixOfNamespace(\"u\")", "p"),
    ("(XElement.Parse(\"<a/>\").Name == \"a\") + \"\" + (XElement.Parse(\"<a/>\").Name != \"{u}a\")", "TrueTrue"),
    ("XName.Get(\"a\", \"u\").ToString() + XName.Get(\"{u}b\").LocalName", "{u}ab"),
  ])
  func `namespaces get prefixes as .NET gives them`(source: String, expected: String) throws {
    #expect(try value(source) == expected)
  }

  @Test(arguments: [
    ("(int)XElement.Parse(\"<a> 42 </a>\")", "42"), ("(bool)new XAttribute(\"a\", 1)", "True"),
    ("(int?)XElement.Parse(\"<a/>\").Element(\"b\") ?? 7", "7"), ("(decimal)XElement.Parse(\"<a>1.50</a>\")", "1.50"),
    ("((TimeSpan)XElement.Parse(\"<a>P1DT2H3M4.5S</a>\")).ToString()", "1.02:03:04.5000000"),
    ("((DateTime)XElement.Parse(\"<a>2024-01-15T10:30:00Z</a>\")).ToString(\"o\")", "2024-01-15T10:30:00.0000000Z"),
    ("(Guid)XElement.Parse(\"<a>{0F8FAD5B-D9CB-469F-A165-70867728950E}</a>\")", "0f8fad5b-d9cb-469f-a165-70867728950e"),
    ("(double)XElement.Parse(\"<a>-INF</a>\")", "-Infinity"),
    ("(long)XElement.Parse(\"<a>5000000000</a>\")", "5000000000"),
    (
      "new XElement(\"a\", TimeSpan.FromMinutes(90), 1.5m, double.PositiveInfinity, 'c', false).Value",
      "PT1H30M1.5INFcfalse"
    ),
  ])
  func `values become text of XML and back`(source: String, expected: String) throws {
    #expect(try value(source) == expected)
  }

  @Test(arguments: [
    ("XElement.Parse(\"<a><b>\")", "System.Xml.XmlException"), ("XElement.Parse(\"\")", "System.Xml.XmlException"),
    ("XElement.Parse(\"<a/><b/>\")", "System.Xml.XmlException"),
    ("XElement.Parse(\"<p:a/>\")", "System.Xml.XmlException"),
    ("XElement.Parse(\"<a x='1' x='2'/>\")", "System.Xml.XmlException"),
    ("XElement.Parse(\"<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>\")", "System.Xml.XmlException"),
    ("XElement.Parse(\"<?xml version='1.1'?><a/>\")", "System.Xml.XmlException"),
    ("XElement.Parse(null)", "System.ArgumentNullException"),
    ("new XElement((string)null)", "System.ArgumentNullException"),
    ("new XElement(\"\")", "System.ArgumentException"), ("new XElement(\"a:b\")", "System.Xml.XmlException"),
    ("new XAttribute(\"a\", null)", "System.ArgumentNullException"),
    ("(int)XElement.Parse(\"<a/>\").Element(\"b\")", "System.ArgumentNullException"),
    ("(int)XElement.Parse(\"<a>99999999999</a>\")", "System.OverflowException"),
    ("(bool)XElement.Parse(\"<a>yes</a>\")", "System.FormatException"),
    ("new XElement(\"a\", new XAttribute(\"x\", 1), new XAttribute(\"x\", 2))", "System.InvalidOperationException"),
    ("new XDocument(\"text\")", "System.ArgumentException"),
    ("new XDocument(new XElement(\"a\"), new XElement(\"b\"))", "System.InvalidOperationException"),
    ("new XElement(\"a\", new XDocument())", "System.ArgumentException"),
    ("new XElement(\"a\", new XElement(\"b\")).Element(\"b\").Parent.Parent.Name", "System.NullReferenceException"),
    ("new XElement(\"a\", \"\\u0001\").ToString()", "System.ArgumentException"),
  ])
  func `what .NET refuses fails with its exception`(source: String, expected: String) throws {
    #expect(try failure(source) == expected)
  }

  @Test(arguments: [
    (
      "var x = new XElement(\"a\"); x.Add(\"t\", \"u\", new XElement(\"b\"), \"v\"); x.AddFirst(\"s\"); return x.ToString();",
      "<a>stu<b />v</a>"
    ),
    (
      "var x = XElement.Parse(\"<a><b/><c/></a>\"); x.Element(\"b\").AddAfterSelf(new XElement(\"n\"), \"t\"); x.Element(\"b\").AddBeforeSelf(new XComment(\"k\")); return x.ToString(SaveOptions.DisableFormatting);",
      "<a><!--k--><b /><n />t<c /></a>"
    ),
    (
      "var x = XElement.Parse(\"<a><b/><c/></a>\"); x.Element(\"b\").ReplaceWith(new XElement(\"d\"), new XElement(\"e\")); return x.ToString(SaveOptions.DisableFormatting);",
      "<a><d /><e /><c /></a>"
    ),
    ("var x = XElement.Parse(\"<a><b/></a>\"); x.Element(\"b\").Remove(); return x.ToString();", "<a />"),
    (
      "var x = XElement.Parse(\"<a><b i='1'/></a>\"); var y = new XElement(\"c\", x.Element(\"b\")); y.Element(\"b\").SetAttributeValue(\"i\", 2); return x.ToString(SaveOptions.DisableFormatting) + y.ToString(SaveOptions.DisableFormatting);",
      "<a><b i=\"1\" /></a><c><b i=\"2\" /></c>"
    ),
    (
      "var b = new XElement(\"b\"); var x = new XElement(\"a\", b); b.Value = \"1\"; return x.ToString(SaveOptions.DisableFormatting) + b.Parent.Name;",
      "<a><b>1</b></a>a"
    ),
    ("var x = new XElement(\"a\"); x.Add(x); return x.ToString(SaveOptions.DisableFormatting);", "<a><a /></a>"),
    (
      "var x = XElement.Parse(\"<a i='1'><b>2</b></a>\"); x.SetElementValue(\"b\", null); x.SetElementValue(\"c\", true); x.SetAttributeValue(\"i\", null); x.SetAttributeValue(\"j\", 1.5m); return x.ToString(SaveOptions.DisableFormatting);",
      "<a j=\"1.5\"><c>true</c></a>"
    ),
    (
      "var x = XElement.Parse(\"<a i='1'><b/></a>\"); x.ReplaceAll(new XAttribute(\"k\", 2), \"t\"); return x.ToString();",
      "<a k=\"2\">t</a>"
    ),
    (
      "var x = XElement.Parse(\"<a i='1' j='2'/>\"); x.Attributes().Where(a => a.Name == \"i\").Remove(); return x.FirstAttribute.Name.LocalName;",
      "j"
    ),
    (
      "var d = XDocument.Parse(\"<r><i>3</i></r>\"); var w = new StringWriter(); d.Save(w); return w.ToString();",
      "<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<r>\r\n  <i>3</i>\r\n</r>"
    ),
    (
      "var x = XElement.Parse(\"<a><b/><c/></a>\"); foreach (var e in x.Elements().ToList()) e.Remove(); return x.IsEmpty + \"\";",
      "True"
    ),
    (
      "var d = new XDocument(new XDeclaration(\"1.0\", \"utf-8\", \"yes\"), new XElement(\"r\")); return d.Declaration + d.ToString();",
      "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><r />"
    ),
    (
      "XElement keep = null; { keep = new XElement(\"a\", new XElement(\"b\", new XElement(\"c\"))).Descendants(\"c\").First(); } return string.Join(\"/\", keep.AncestorsAndSelf().Reverse().Select(e => e.Name.LocalName));",
      "a/b/c"
    ),
    (
      "var r = XmlReader.Create(new StringReader(\"<a><b>1</b><b>2</b></a>\")); var s = \"\"; while (r.ReadToFollowing(\"b\")) { s += r.ReadElementContentAsString(); } return s;",
      "1"
    ),
  ])
  func `trees change as LINQ to XML changes them`(source: String, expected: String) throws {
    #expect(try value(source, form: .block) == expected)
  }

  @Test(arguments: [
    (
      "string.Join(\",\", XElement.Parse(\"<a><b><c/></b><d/></a>\").DescendantsAndSelf().Select(e => e.Name.LocalName))",
      "a,b,c,d"
    ),
    (
      "string.Join(\",\", XElement.Parse(\"<a><b/><c/><d/></a>\").Element(\"c\").ElementsBeforeSelf().Select(e => e.Name.LocalName))",
      "b"
    ),
    ("string.Join(\",\", XElement.Parse(\"<a><b/><c/>t<d/></a>\").Element(\"c\").NodesAfterSelf())", "t,<d />"),
    ("XElement.Parse(\"<a><b><i>1</i></b><b><i>2</i></b></a>\").Elements(\"b\").Elements(\"i\").Sum(e => (int)e)", "3"),
    ("XElement.Parse(\"<a><b k='1'/><b k='2'/></a>\").Elements().Attributes(\"k\").Select(k => k.Value).Last()", "2"),
    (
      "string.Join(\",\", XElement.Parse(\"<a><b><c/></b></a>\").Descendants().Reverse().InDocumentOrder().Select(e => e.Name.LocalName))",
      "b,c"
    ),
    ("XNode.DeepEquals(XElement.Parse(\"<a><b/></a>\"), new XElement(\"a\", new XElement(\"b\")))", "True"),
    ("XNode.DeepEquals(XElement.Parse(\"<a><b></b></a>\"), new XElement(\"a\", new XElement(\"b\")))", "False"),
    (
      "XElement.Parse(\"<a><b/><c/></a>\").Element(\"c\").IsAfter(XElement.Parse(\"<a/>\").FirstNode ?? new XElement(\"z\"))",
      "System.InvalidOperationException"
    ),
    ("XElement.Parse(\"<a><!--x-->t</a>\").Nodes().Select(n => n.NodeType).First()", "Comment"),
    ("XDocument.Parse(\"<r><x/></r>\").Descendants(\"x\").First().Document.Root.Name", "r"),
  ])
  func `the axes give nodes in their order`(source: String, expected: String) throws {
    let result = try failure(source)
    #expect(result == "value: " + expected || result == expected)
  }

  @Test func `an entity that a document declares is refused, not expanded`() throws {
    let bomb =
      "XElement.Parse(\"<!DOCTYPE a [<!ENTITY x 'ha'><!ENTITY y '&x;&x;&x;'><!ENTITY f SYSTEM 'file:///etc/passwd'>]><a>&NAME;</a>\").Value"
    for name in ["x", "y", "f"] {
      #expect(try failure(bomb.replacing("NAME", with: name)) == "System.Xml.XmlException")
    }
  }

  @Test func `nesting is bounded, in texts and in trees that are built`() throws {
    let deep = String(repeating: "<a>", count: 300) + String(repeating: "</a>", count: 300)
    #expect(try failure("XElement.Parse(\"\(deep)\").Value") == "System.Xml.XmlException")
    let built = "var x = new XElement(\"a\"); for (var i = 0; i < 300; i++) x = new XElement(\"a\", x); return x.Value;"
    #expect(try failure(built, form: .block) == "System.InvalidOperationException")
  }

  @Test func `reading files is no part of the language`() {
    let sources = [
      "XDocument.Load(\"/etc/x.xml\")", "XElement.Load(\"/etc/x.xml\")", "XmlReader.Create(\"/etc/x.xml\")",
    ]
    for source in sources {
      #expect(Self.lenient.compile(source, form: .expression, target: .object).program == nil)
    }
  }

  @Test func `a body is read as XML`() throws {
    let context = BareContext()
    context.present = [.requestBody]
    context.requestBody = Array("\u{FEFF}<order><id>7</id></order>".utf8)
    #expect(try value("(int)context.Request.Body.As<XElement>(true).Element(\"id\")", in: context) == "7")
    #expect(try value("context.Request.Body.As<XDocument>(true).Root.Name", in: context) == "order")
    #expect(
      try value("((XElement)context.Request.Body.As<XNode>(true)).Value", in: context) == "7")
  }
}
