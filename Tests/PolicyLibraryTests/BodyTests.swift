import Expressions
import PolicyLibrary
import Testing
import Workbench

/// `set-body` with a Liquid template and `find-and-replace` (semantics-cases, section I).
struct BodyTests {
  private static let order =
    "{\"id\":7,\"when\":\"2024-01-15T10:30:00Z\",\"lines\":[{\"sku\":\"x\"},{\"sku\":\"y\"}],\"who\":{\"name\":\"Ann\"}}"

  private func request(
    _ policies: String, _ body: String = order, type: String = "application/json"
  ) throws -> (exchange: Exchange, body: String) {
    let bench = try PolicyBench(inbound: policies, effects: ScriptedEffects.answering(200))
    let exchange = try bench.run("POST", headers: [("Content-Type", type), ("X-A", "1")], body: body)
    return (exchange, String(decoding: exchange.requestBody.bytes ?? [], as: UTF8.self))
  }

  @Test(arguments: [
    ("<set-body template=\"liquid\">{{body.who.name}}: {{ body.id }}</set-body>", "Ann: 7"),
    ("<set-body template=\"liquid\">{% for l in body.lines %}{{ l.sku }};{% endfor %}</set-body>", "x;y;"),
    (
      "<set-body template=\"liquid\">[{% JSONArrayFor l in body.lines %}\"{{ l.sku }}\"{% endJSONArrayFor %}]</set-body>",
      "[\"x\",\"y\"]"
    ),
    ("<set-body template=\"liquid\">{{ body.when | Date: \"yyyyMMddTHH:mm:ssZ\" }}</set-body>", "20240115T10:30:00Z"),
    ("<set-body template=\"liquid\" parse-date=\"false\">{{ body.when }}</set-body>", "2024-01-15T10:30:00Z"),
    (
      "<set-body template=\"liquid\">{{ context.Request.Method }} {{ context.Request.Headers['X-A'] }}</set-body>",
      "POST 1"
    ),
    (
      "<set-body template=\"liquid\">{% for h in context.Request.Headers %}{% if h.Key == 'X-A' %}{{ h.Key }}={{ h.Value }}{% endif %}{% endfor %}</set-body>",
      "X-A=1"
    ),
    (
      "<set-variable name=\"v\" value='@(new JObject(new JProperty(\"k\", 5)))' /><set-body template=\"liquid\">{% assign v = context.Variables[\"v\"] %}{{ v['k'] }}</set-body>",
      "5"
    ),
    ("<set-body template=\"liquid\"><soap><n>{{ body.id }}</n></soap></set-body>", "<soap><n>7</n></soap>"),
    ("<set-body template=\"none\">plain {{</set-body>", "plain {{"),
  ])
  func `a template binds body and context`(policies: String, expected: String) throws {
    #expect(try request(policies).body == expected)
  }

  @Test func `a body that is not JSON does not bind`() throws {
    #expect(try request("<set-body template=\"liquid\">[{{ body.id }}]</set-body>", type: "text/plain").body == "[]")
    #expect(try request("<set-body template=\"liquid\">[{{ body.id }}]</set-body>", "no json").body == "[]")
  }

  @Test func `a template that fails is an error of the exchange`() throws {
    let exchange = try request("<set-body template=\"liquid\">{{ 1 | DividedBy: 0 }}</set-body>").exchange
    #expect(exchange.lastError?.source == "set-body")
    #expect(exchange.lastError?.reason == "ExpressionValueEvaluationFailure")
    #expect(exchange.lastError?.message == "Liquid template failed. DividedBy: division by zero.")
  }

  @Test(arguments: [
    ("<set-body template=\"liquid\">{{ x | upcase }}</set-body>", "Unknown filter 'upcase'; did you mean 'Upcase'?"),
    ("<set-body template=\"liquid\">{% if %}</set-body>", "line 1"),
    ("<set-body template=\"liquid\" xsi-nil=\"blanc\">x</set-body>", "'blanc' is no value of 'xsi-nil'"),
    ("<find-and-replace from=\"\" to=\"x\" />", "something to find"),
    ("<find-and-replace from=\"x\" />", "needs the attribute 'to'"),
  ])
  func `what cannot run is refused when the document is saved`(policies: String, part: String) {
    let complaints = PolicyBench.complaints(policies)
    #expect(complaints.contains { $0.contains(part) }, "\(complaints)")
  }

  @Test(arguments: [
    ("<find-and-replace from=\"aa\" to=\"b\" />", "aaaxaa", "baxb"),
    ("<find-and-replace from=\"q\" to=\"b\" />", "a", "a"),
    ("<find-and-replace from='@(\"é\")' to='@(context.Request.Method)' />", "éa", "POSTa"),
    ("<find-and-replace from=\"a\" to=\"\" />", "banana", "bnn"),
  ])
  func `find-and-replace writes one text for another`(policies: String, body: String, expected: String) throws {
    #expect(try request(policies, body, type: "text/plain").body == expected)
  }
}
