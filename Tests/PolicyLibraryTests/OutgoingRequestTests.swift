import Expressions
import HTTPWire
import PolicyLibrary
import Testing
import Workbench

/// `send-request`, `send-one-way-request`, `wait` and `limit-concurrency` (semantics-cases, section L).
struct OutgoingRequestTests {
  private static func send(_ variable: String, to host: String = "http://one/x", _ attributes: String = "") -> String {
    """
    <send-request response-variable-name="\(variable)" \(attributes)><set-url>\(host)</set-url>\
    <set-method>GET</set-method></send-request>
    """
  }

  @Test func `a new request holds only what the policy says, and its response is an IResponse`() throws {
    let effects = ScriptedEffects.answering(201, "{\"a\":5}")
    let bench = try PolicyBench(
      inbound: """
        <send-request mode="new" response-variable-name="r" timeout="7">
          <set-url>@("https://token.example:8443/path?b=" + context.Request.Method)</set-url>
          <set-method>POST</set-method>
          <set-header name="X-One" exists-action="override"><value>1</value><value>2</value></set-header>
          <set-body>@("body of " + context.Request.Method)</set-body>
          <authentication-basic username="u" password="p"/>
          <proxy url="http://proxy:3128" username="a" password="b"/>
        </send-request>
        <return-response><set-header name="X-Status">
          <value>@(((IResponse)context.Variables["r"]).StatusCode.ToString())</value></set-header>
          <set-body>@((string)((IResponse)context.Variables["r"]).Body.As<JObject>()["a"])</set-body></return-response>
        """, effects: effects)
    let exchange = try bench.run(headers: [("X-Caller", "yes")])
    #expect(exchange.response.value(of: "X-Status") == "201")
    #expect(exchange.answer == "5")
    let request = try #require(effects.requests.first)
    #expect(request.method == "POST")
    #expect(request.origin == Origin(isTLS: true, host: "token.example", port: 8443))
    #expect(request.host == "token.example:8443")
    #expect(request.target == "/path?b=GET")
    #expect(request.headers.map { "\($0.name): \($0.value)" } == ["X-One: 1,2", "Authorization: Basic dTpw"])
    #expect(request.body == Array("body of GET".utf8))
    #expect(request.timeoutMilliseconds == 7_000)
    #expect(request.proxy == ProxyServer(host: "proxy", port: 3128, authorization: "Basic YTpi"))
  }

  @Test func `a copied request takes method, address, headers and body along`() throws {
    let effects = ScriptedEffects.answering(200)
    let bench = try PolicyBench(
      inbound: "<send-request mode=\"copy\" response-variable-name=\"r\"/>",
      outbound: "<send-one-way-request mode=\"copy\"/>", effects: effects)
    _ = try bench.run("POST", headers: [("X-A", "1"), ("Connection", "close")], body: "content")
    #expect(effects.requests.map(\.method) == ["POST", "POST"])
    #expect(effects.requests.map(\.target) == ["/api/resource?a=1", "/api/resource?a=1"])
    #expect(effects.requests.map(\.host) == ["be", "be"])
    #expect(effects.requests[0].headers.map { "\($0.name): \($0.value)" } == ["X-A: 1"])
    #expect(effects.requests[0].body == Array("content".utf8))
    #expect(effects.requests[1].body == nil)
  }

  @Test func `a service that cannot be reached is null with ignore-error, and an error without`() throws {
    let lenient = try PolicyBench(
      inbound: Self.send("r", "ignore-error=\"true\"")
        + "<return-response><set-body>@((context.Variables[\"r\"] == null).ToString())</set-body></return-response>")
    #expect(try lenient.run().answer == "True")
    let strict = try PolicyBench(
      inbound: Self.send("r"),
      onError: "<set-header name=\"X-Reason\"><value>@(context.LastError.Reason)</value></set-header>")
    let exchange = try strict.run()
    #expect(exchange.response.status == 500)
    #expect(exchange.response.value(of: "X-Reason") == "BackendConnectionFailure")
    #expect(exchange.lastError?.source == "send-request")
  }

  @Test func `a service that is too slow is a timeout, at its own deadline`() throws {
    let effects = ScriptedEffects.answering(200, after: 10_000)
    let exchange = try PolicyBench(inbound: Self.send("r", "timeout=\"3\""), effects: effects).run()
    #expect(exchange.lastError?.reason == "Timeout")
    #expect(effects.milliseconds == 3_000)
  }

  @Test func `an error status is no error, and a response variable becomes the answer`() throws {
    let effects = ScriptedEffects { _ in
      .response(503, "sorry", headers: [("X-Two", ["a", "b"]), ("Content-Length", ["5"])])
    }
    let exchange = try PolicyBench(
      inbound: Self.send("r") + """
        <return-response response-variable-name="r"><set-header name="X-More"><value>1</value></set-header>
        </return-response>
        """, effects: effects
    ).run()
    #expect(exchange.response.status == 503)
    #expect(exchange.answer == "sorry")
    #expect(exchange.response.values(of: "X-Two") == ["a", "b"])
    #expect(exchange.response.value(of: "X-More") == "1")
    #expect(exchange.response.value(of: "Content-Length") == nil)
  }

  @Test func `nobody waits for a one-way request, whatever becomes of it`() throws {
    let effects = ScriptedEffects.answering(200, after: 30_000)
    let bench = try PolicyBench(
      inbound: """
        <send-one-way-request><set-url>http://one/x</set-url><set-method>PUT</set-method></send-one-way-request>
        """, effects: effects)
    #expect(try bench.run().answer == "from the backend")
    #expect(effects.milliseconds == 0)
    #expect(effects.requests.map(\.method) == ["PUT"])
  }

  // MARK: - wait

  @Test func `requests in wait run side by side`() throws {
    let effects = ScriptedEffects.answering(200, after: 1_000)
    let bench = try PolicyBench(
      inbound: "<wait for=\"all\">\(Self.send("a"))\(Self.send("b"))</wait>", effects: effects)
    let exchange = try bench.run()
    #expect(effects.milliseconds == 1_000)
    #expect(exchange.variables["a"]?.response != nil && exchange.variables["b"]?.response != nil)
  }

  @Test func `the first of any goes on, and the other is given up`() throws {
    let effects = ScriptedEffects { .response(200, after: $0.host == "fast" ? 100 : 5_000) }
    let bench = try PolicyBench(
      inbound: "<wait for=\"any\">\(Self.send("a", to: "http://slow/"))\(Self.send("b", to: "http://fast/"))</wait>",
      effects: effects)
    let exchange = try bench.run()
    effects.pass(milliseconds: 10_000)
    #expect(exchange.variables["a"] == nil)
    #expect(exchange.variables["b"]?.response != nil)
  }

  @Test func `a branch of wait may choose, and may end everything`() throws {
    let effects = ScriptedEffects.answering(200, after: 100)
    let bench = try PolicyBench(
      inbound: """
        <wait><choose><when condition="@(true)">\(Self.send("a"))
          <return-response><set-status code="418"/></return-response></when></choose>\(Self.send("b"))</wait>
        """, effects: effects)
    #expect(try bench.run().response.status == 418)
  }

  @Test func `an error in a branch of wait leaves it with the place of the branch`() throws {
    let bench = try PolicyBench(inbound: "<wait>\(Self.send("a"))\(Self.send("b"))</wait>")
    let exchange = try bench.run()
    #expect(exchange.lastError?.path == "wait[1]/send-request[1]")
    #expect(exchange.response.status == 500)
  }

  @Test func `other policies in wait are refused`() {
    #expect(
      PolicyBench.complaints("<wait><set-variable name=\"a\" value=\"b\"/></wait>").contains(
        "1:27 'wait' has no element 'set-variable'; expected <send-request>, <cache-lookup-value>, <choose>."))
  }

  // MARK: - limit-concurrency

  @Test func `a full block refuses with 429, and every way out of it gives the place back`() throws {
    let effects = ScriptedEffects()
    #expect(effects.enter("k", limit: 1))
    let block = "<limit-concurrency key=\"k\" max-count=\"1\">"
    let full = try PolicyBench(
      inbound: block + "<set-variable name=\"a\" value=\"b\"/></limit-concurrency>", effects: effects)
    #expect(try full.run().response.status == 429)
    effects.leave("k")
    #expect(try full.run().response.status == 200)
    #expect(try full.run().response.status == 200)
    for end in [
      "<return-response/>",
      "<check-header name=\"X\" failed-check-httpcode=\"400\" failed-check-error-message=\"no\" ignore-case=\"true\"/>",
    ] {
      let leaving = try PolicyBench(inbound: block + end + "</limit-concurrency>", effects: effects)
      #expect(try leaving.run().response.status != 429)
      #expect(try leaving.run().response.status != 429)
    }
  }

  @Test func `a retry of a block enters it anew`() throws {
    let effects = ScriptedEffects()
    let bench = try PolicyBench(
      backend: """
        <retry condition="@(true)" count="2" interval="0"><limit-concurrency key="k" max-count="1"><forward-request/>
        </limit-concurrency></retry>
        """, effects: effects, answer: { _ in .failure(reason: "Timeout", message: "late") })
    #expect(try bench.run().lastError?.reason == "Timeout")
    #expect(effects.enter("k", limit: 1))
  }

  // MARK: - forward-request

  @Test func `redirects are followed when asked for, with the method that they ask for`() throws {
    var seen: [String] = []
    let bench = try PolicyBench(
      backend: "<forward-request follow-redirects=\"true\" buffer-request-body=\"true\"/>",
      answer: { exchange in
        seen.append("\(exchange.request.method) \(exchange.backend?.url ?? "")|\(exchange.request.target)")
        switch seen.count {
        case 1: return .response(status: 307, headers: [("Location", "/moved?x=1")])
        case 2: return .response(status: 303, headers: [("Location", "http://third/y")])
        default: return .response(status: 200)
        }
      })
    #expect(try bench.run("POST", body: "content").response.status == 200)
    #expect(seen == ["POST http://be/api|/api/resource?a=1", "POST http://be|/moved?x=1", "GET http://third|/y"])
  }

  @Test func `without follow-redirects the client gets the redirect`() throws {
    let bench = try PolicyBench(answer: { _ in .response(status: 302, headers: [("Location", "/x")]) })
    #expect(try bench.run().response.status == 302)
  }

  @Test func `an error status is an error where forward-request says so`() throws {
    let bench = try PolicyBench(
      backend: "<forward-request fail-on-error-status-code=\"true\"/>",
      outbound: "<set-header name=\"X-Out\"><value>1</value></set-header>", onError: "<set-status code=\"502\"/>",
      answer: { _ in .response(status: 404) })
    let exchange = try bench.run()
    #expect(exchange.response.status == 502)
    #expect(exchange.response.value(of: "X-Out") == nil)
  }
}
