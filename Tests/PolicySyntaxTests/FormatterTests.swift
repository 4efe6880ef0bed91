import Expressions
import PolicySyntax
import Testing

/// Layout changes, words do not.
struct FormatterTests {
  @Test func `elements are indented and everything else is kept`() {
    let text = """
      <!-- first -->
      <policies><inbound>
            <base/> <!-- all -->


         <set-header   name ='X'
              exists-action="override"><value>  @( "a" +
           "b" ) </value></set-header>
         <set-body template="liquid">
      {{ x }}  </set-body>
      <!-- two
           lines --><trace source="@(1 < 2 ? "a" : "b")"   severity="error">text</trace>
        <set-body><![CDATA[ <x> ]]></set-body></inbound>
        <backend>

        </backend></policies>
      """
    let expected = """
      <!-- first -->
      <policies>
          <inbound>
              <base /> <!-- all -->

              <set-header
                  name='X'
                  exists-action="override">
                  <value>  @( "a" +
           "b" ) </value>
              </set-header>
              <set-body template="liquid">
      {{ x }}  </set-body>
              <!-- two
           lines -->
              <trace source="@(1 < 2 ? "a" : "b")" severity="error">text</trace>
              <set-body><![CDATA[ <x> ]]></set-body>
          </inbound>
          <backend></backend>
      </policies>

      """
    #expect(PolicyFormatter.format(text).text == expected)
    #expect(PolicyFormatter.format(expected).text == expected)
  }

  @Test func `a document with CRLF keeps them`() {
    #expect(PolicyFormatter.format("<a>\r\n<b/>\r\n</a>").text == "<a>\r\n    <b />\r\n</a>\r\n")
  }

  @Test func `a broken document is not touched`() {
    let (text, diagnostics) = PolicyFormatter.format("<a><b></a>")
    #expect(text == nil)
    #expect(diagnostics.map(\.code) == ["PL0003"])
  }
}
