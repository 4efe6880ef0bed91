import Expressions
import PolicySyntax
import Workbench

/// Policy documents: read and written in both forms, laid out, and checked with every policy and expression in them.
extension FuzzCase {
  static let document = FuzzCase(name: "document", dictionary: words) { input in
    let text = String(decoding: input, as: UTF8.self)
    guard PolicyDocument.parse(text).document != nil else {
      _ = PolicyDocument.parse(text, format: .xml)
      return false
    }
    if let xml = PolicyConversion.convert(text, to: .xml).text {
      let (document, complaints) = PolicyDocument.parse(xml, format: .xml)
      if document == nil || complaints.contains(where: { $0.severity == .error }) {
        broken("document: what is written as xml cannot be read as such: \(complaints)")
      }
      if let document, let raw = PolicyConversion.convert(xml, to: .rawxml).text,
        PolicyDocument.parse(raw).document.map({ PolicyContents($0, hasComments: false) })
          != PolicyContents(document, hasComments: false)
      {
        broken("document: what is written as rawxml is another document")
      }
    }
    // What was written once is written the same way again. The first way may leave alone what was no plain code.
    if let raw = bothWays(text), let written = bothWays(raw), bothWays(written) != written {
      broken("document: rawxml, xml, rawxml gives another text each time")
    }
    if let formatted = PolicyFormatter.format(text).text, PolicyFormatter.format(formatted).text != formatted {
      broken("document: the layout of a laid out document changes")
    }
    return check?.findings(text, file: "document.xml").allSatisfy { !$0.isError } ?? false
  }

  /// The text in `rawxml`, by way of `xml`.
  private static func bothWays(_ text: String) -> String? {
    PolicyConversion.convert(text, to: .xml).text.flatMap { PolicyConversion.convert($0, to: .rawxml).text }
  }

  private static let check = (try? PolicySurroundings()).flatMap { PolicyFileCheck(scope: "api", surroundings: $0) }

  private static let words = [
    "<policies>", "</policies>", "<inbound>", "</inbound>", "<base />", "<backend>", "</backend>", "<outbound>",
    "<on-error>", "<choose>", "<when condition=\"", "<otherwise>", "<set-header name=\"X\" exists-action=\"override\">",
    "<value>", "</value>", "<set-body>", "<set-body template=\"liquid\">", "{{ body.a }}", "{% for x in body %}",
    "<!--", "-->", "<![CDATA[", "]]>", "<?xml version=\"1.0\"?>", "&amp;", "&quot;", "&#x41;", "&#0;", "&", "{{name}}",
    "{{", "}}", "@(", "@{", "\")", "}\"", "@(context.Request.Headers[\"a\"])", "'", "\"", " xmlns:a=\"b\"", "a:b",
    "\u{FEFF}", "\r\n", "/>", "<", ">", "<set-variable name=\"v\" value=\"@(1)\" />", "<rate-limit calls=\"1\" ",
    "<return-response>", "<retry condition=\"@(true)\" count=\"1\" interval=\"1\">",
    "<include-fragment fragment-id=\"f\" />",
  ]
}
