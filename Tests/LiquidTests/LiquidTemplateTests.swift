import DotNet
import Liquid
import Testing

/// Templates with `order` as their only variable.
struct LiquidTemplateTests {
  /// An object of a test.
  final class Members: LiquidObject {
    private let values: [(String, LiquidValue)]

    init(_ values: [(String, LiquidValue)]) { self.values = values }

    func member(_ name: String) -> LiquidValue? { values.first { $0.0 == name }?.1 }
    func elements() -> [LiquidValue] { values.map(\.1) }
    func text() -> String { "object" }
  }

  private func rendered(_ template: String) throws -> String {
    let order = Members([
      ("id", .integer(7)), ("name", .text("Tea <b>")), ("price", .real(2.5)), ("paid", .bool(false)),
      ("tags", .array([.text("b"), .text("a"), .text("b")])),
      (
        "lines",
        .array([
          .object(Members([("sku", .text("x")), ("qty", .integer(2))])),
          .object(Members([("sku", .text("y")), ("qty", .integer(1))])),
        ])
      ),
      ("date", .date(try DateTimeValue(year: 2024, month: 1, day: 15, hour: 10, kind: .utc))),
    ])
    return try LiquidTemplate(template).render { $0 == "order" ? .object(order) : nil }
  }

  @Test(arguments: [
    ("a{{ order.id }}b{{order['name']}}{{ order.none.x }}", "a7bTea <b>"),
    ("{{ order.tags[1] }}{{ order.tags[-1] }}", "ab"),
    ("{{ order.tags.size }}{{ order.tags.first }}{{ order.lines.last.sku }}", "3by"), ("{{ order.paid }}", "false"),
    ("{% if order.paid %}a{% elsif order.id > 5 and order.price < 3 %}b{% else %}c{% endif %}", "b"),
    ("{% unless order.paid %}a{% else %}b{% endunless %}", "a"), ("{% if order.tags contains 'a' %}y{% endif %}", "y"),
    ("{% if order.name contains 'Tea' or false %}y{% endif %}", "y"), ("{% if order.none == empty %}y{% endif %}", "y"),
    ("{% case order.id %}x{% when 1, 2 %}a{% when 7 or 8 %}b{% else %}c{% endcase %}", "b"),
    (
      "{% for l in order.lines %}{{ forloop.index }}:{{ l.sku }}{% unless forloop.last %},{% endunless %}{% endfor %}",
      "1:x,2:y"
    ),
    ("{% for i in (1..5) reversed limit:2 offset:1 %}{{ i }}{% endfor %}", "32"),
    (
      "{% for i in (1..5) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}",
      "13"
    ),
    ("{% for i in order.none %}x{% else %}empty{% endfor %}", "empty"),
    (
      "[{% JSONArrayFor l in order.lines %}{\"s\":\"{{ l.sku }}\"}{% endJSONArrayFor %}]",
      "[{\"s\":\"x\"},{\"s\":\"y\"}]"
    ),
    ("{% assign x = order.id | Plus: 1 | Times: 2 %}{{ x }}", "16"),
    ("{% capture c %}<{{ order.id }}>{% endcapture %}{{ c }}{{ c }}", "<7><7>"),
    ("a{% comment %}{{ x }}{% if %}{% endcomment %}b{% raw %}{{ x }}{% endraw %}c", "ab{{ x }}c"),
    ("a {{- 1 -}} b", "a1b"),
    ("{% cycle 'a', 'b' %}{% cycle 'a', 'b' %}", "ab"),
    ("{% for i in (1..3) %}{% cycle 'g': 'a', 'b' %}{% endfor %}", "aba"),
    ("{% increment n %}{% increment n %}{% decrement n %}", "011"),
    ("{% for i in (1..3) %}{% ifchanged %}{{ i | DividedBy: 2 }}{% endifchanged %}{% endfor %}", "01"),
    (
      "{% tablerow i in (1..3) cols:2 %}{{ i }}{% endtablerow %}",
      "<tr class=\"row1\">\n<td class=\"col1\">1</td><td class=\"col2\">2</td></tr>\n<tr class=\"row2\"><td class=\"col1\">3</td></tr>\n"
    ),
    ("{{ order.name | Upcase | Append: '!' }}", "TEA <B>!"), ("{{ order.name | Escape }}", "Tea &lt;b&gt;"),
    ("{{ order.tags | Sort | Uniq | Join: ',' }}", "a,b"), ("{{ order.lines | Map: 'sku' | Join: '-' }}", "x-y"),
    ("{{ order.lines | Where: 'qty', 1 | Map: 'sku' }}", "y"), ("{{ order.lines | Sum: 'qty' }}", "3"),
    ("{{ order.date | Date: 'yyyyMMddTHH:mm:ssZ' }}", "20240115T10:00:00Z"),
    ("{{ '2024-01-15' | Date: 'dd.MM.yyyy' }}", "15.01.2024"),
    ("{{ 'a,b' | Split: ',' | Last }}", "b"), ("{{ 'abc' | Slice: -2, 2 }}", "bc"),
    ("{{ 'a b c' | TruncateWords: 2 }}", "a b..."),
    ("{{ order.none | Default: 'd' }}", "d"), ("{{ 7 | DividedBy: 2 }}{{ 7 | DividedBy: 2.0 }}", "33.5"),
    ("{{ 1.005 | Round: 1 }}", "1"),
    ("{{ 'a b&c' | UrlEncode }}", "a+b%26c"), ("{{ '<p>x</p>' | StripHtml }}", "x"),
    ("{{ 'aXa' | ReplaceFirst: 'a', 'b' }}", "bXa"),
    ("{{ -5 | Abs }}{{ 2.4 | Ceil }}{{ 5 | Modulo: 3 }}", "532"), ("{{ 'héllo' | Capitalize }}", "Héllo"), ("", ""),
  ])
  func `templates render as DotLiquid renders them`(template: String, expected: String) throws {
    #expect(try rendered(template) == expected)
  }

  @Test(arguments: [
    ("{{ x", "'{{' has no end.", 1), ("\n{% if x %}", "The tag 'if' is not closed.", 2),
    ("{{ x | date: 'y' }}", "Unknown filter 'date'; did you mean 'Date'?", 1),
    ("{% nothing %}", "Unknown tag 'nothing'.", 1), ("{% endif %}", "Unknown tag 'endif'.", 1),
    ("{{ x y }}", "Unexpected 'y'.", 1),
    ("{% if x ~ y %}{% endif %}", "Unknown operator '~'.", 1), ("{{ 'x }}", "A text has no closing '.", 1),
    ("{% for x of y %}{% endfor %}", "Expected 'in', found 'of'.", 1),
  ])
  func `what is no template is refused with its line`(template: String, message: String, line: Int) {
    let error = #expect(throws: LiquidError.self) { try LiquidTemplate(template) }
    #expect(error?.message == message)
    #expect(error?.line == line)
  }

  @Test(arguments: [
    "{% for a in (1..10000) %}{% for b in (1..10000) %}x{% endfor %}{% endfor %}",
    "{% for a in (1..100000) %}{% endfor %}", "{{ 1 | DividedBy: 0 }}",
    "{% assign s = 'aaaaaaaaaaaaaaaa' %}{% for a in (1..60) %}{% capture s %}{{ s }}{{ s }}{% endcapture %}{% endfor %}",
  ])
  func `a template that takes too much fails`(template: String) {
    #expect(throws: LiquidError.self) { try rendered(template) }
  }
}
