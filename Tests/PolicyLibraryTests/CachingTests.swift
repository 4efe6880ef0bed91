import Expressions
import HTTPWire
import PolicyLibrary
import Testing
import Workbench

/// The cache policies (semantics-cases, section G).
struct CachingTests {
  private static let lookup = "<cache-lookup vary-by-developer=\"false\" vary-by-developer-groups=\"false\""

  /// A bench whose backend counts its calls in what it answers.
  private func bench(
    lookup attributes: String = "/>", store: String = "duration=\"60\"", status: Int = 200,
    effects: ScriptedEffects = ScriptedEffects()
  ) throws -> PolicyBench {
    var calls = 0
    return try PolicyBench(
      inbound: Self.lookup + attributes + "<set-header name=\"X-In\"><value>1</value></set-header>",
      outbound: "<set-variable name=\"before\" value=\"1\"/><cache-store \(store)/>"
        + "<set-header name=\"X-After\"><value>1</value></set-header>", effects: effects,
      answer: { _ in
        calls += 1
        return .response(status: status, headers: [("X-Own", "\(calls)")], body: "call \(calls)")
      })
  }

  @Test func `the second request is served from the cache, and goes on behind cache-store`() throws {
    let bench = try bench()
    let first = try bench.run()
    #expect(first.answer == "call 1")
    #expect(first.cacheState == .miss)
    let second = try bench.run()
    #expect(second.answer == "call 1")
    #expect(second.cacheState == .hit)
    #expect(second.response.value(of: "X-Own") == "1")
    #expect(second.response.value(of: "X-After") == "1")
    #expect(second.variables["before"] == nil)
    #expect(second.request.value(of: "X-In") == nil)
  }

  @Test func `other methods, other statuses and requests with credentials are left alone`() throws {
    for (method, headers, status) in [("POST", [], 200), ("GET", [("Authorization", "x")], 200), ("GET", [], 201)] {
      let bench = try bench(status: status)
      #expect(try bench.run(method, headers: headers).answer == "call 1")
      #expect(try bench.run(method, headers: headers).answer == "call 2")
    }
  }

  @Test func `any status is kept with cache-response, and credentials with allow-private-response-caching`() throws {
    let any = try bench(store: "duration=\"60\" cache-response=\"true\"", status: 404)
    _ = try any.run()
    #expect(try any.run().answer == "call 1")
    #expect(try any.run().response.status == 404)
    let shared = try bench(lookup: " allow-private-response-caching=\"true\"/>")
    _ = try shared.run(headers: [("Authorization", "x")])
    #expect(try shared.run(headers: [("Authorization", "x")]).answer == "call 1")
  }

  @Test func `an entry is over after its duration`() throws {
    let effects = ScriptedEffects()
    let bench = try bench(effects: effects)
    _ = try bench.run()
    effects.pass(milliseconds: 59_999)
    #expect(try bench.run().answer == "call 1")
    effects.pass(milliseconds: 1)
    #expect(try bench.run().answer == "call 2")
  }

  @Test func `headers and parameters that are named tell entries apart, others do not`() throws {
    let bench = try bench(
      lookup:
        "><vary-by-header>Accept</vary-by-header><vary-by-query-parameter>a;b</vary-by-query-parameter></cache-lookup>")
    #expect(try bench.run(query: "a=1&b=2&c=3", headers: [("Accept", "x")]).answer == "call 1")
    #expect(try bench.run(query: "a=1&b=2&c=4", headers: [("Accept", "x")]).answer == "call 1")
    #expect(try bench.run(query: "a=1&b=2&c=4", headers: [("Accept", "y")]).answer == "call 2")
    #expect(try bench.run(query: "a=2&b=2&c=4", headers: [("Accept", "y")]).answer == "call 3")
  }

  @Test func `what clients may keep is said in Cache-Control`() throws {
    #expect(try bench().run().response.value(of: "Cache-Control") == "no-store")
    let shared = try bench(lookup: " downstream-caching-type=\"public\"/>")
    #expect(try shared.run().response.value(of: "Cache-Control") == "public, must-revalidate")
  }

  // MARK: - Values

  @Test(arguments: [
    "text", "@(5)", "@(5L)", "@(1.5)", "@(1.5m)", "@(true)", "@((object)null)", "@(new byte[] { 0, 255 })",
    "@(new JObject(new JProperty(&quot;a&quot;, 1)))", "@(TimeSpan.FromSeconds(90))",
    "@(new DateTime(2026, 1, 2, 3, 4, 5))", "@(Guid.Parse(&quot;0f8fad5b-d9cb-469f-a165-70867728950e&quot;))", "@('x')",
  ])
  func `a value comes back as the same .NET value`(value: String) throws {
    let bench = try PolicyBench(
      inbound: """
        <set-variable name="v" value="\(value)"/><cache-store-value key="k" value="\(value)" duration="60"/>
        <cache-lookup-value key="k" variable-name="w"/>
        """)
    let exchange = try bench.run()
    let kept = try #require(exchange.variables["v"]?.stored(in: exchange))
    #expect(exchange.variables["w"]?.stored(in: exchange) == kept)
    #expect(kept.count > 4 && kept.contains(0x0a))
  }

  @Test func `a response comes back with status, headers and body`() throws {
    let effects = ScriptedEffects { _ in .response(203, "body", headers: [("X-A", ["1", "2"])]) }
    let bench = try PolicyBench(
      inbound: """
        <send-request response-variable-name="r"><set-url>http://one/</set-url><set-method>GET</set-method></send-request>
        <cache-store-value key="k" value="@(context.Variables["r"])" duration="60"/>
        <cache-lookup-value key="k" variable-name="w"/><return-response response-variable-name="w"/>
        """, effects: effects)
    let exchange = try bench.run()
    #expect(exchange.response.status == 203)
    #expect(exchange.response.values(of: "X-A") == ["1", "2"])
    #expect(exchange.answer == "body")
  }

  @Test func `a miss leaves the variable unset unless there is a default, and removing is a miss`() throws {
    let bench = try PolicyBench(
      inbound: """
        <cache-store-value key="k" value="1" duration="60"/><cache-remove-value key="k"/>
        <cache-lookup-value key="k" variable-name="a"/><cache-lookup-value key="k" variable-name="b" default-value="-no-"/>
        <cache-store-value key="e" value="1" duration="60" caching-type="external"/>
        <cache-lookup-value key="e" variable-name="c" caching-type="external"/>
        """)
    let exchange = try bench.run()
    #expect(exchange.variables["a"] == nil)
    #expect(exchange.text("b") == "-no-")
    #expect(exchange.variables["c"] == nil)
  }

  @Test func `cache-value makes its value once, and makes it anew when it is old`() throws {
    let effects = ScriptedEffects.answering(200, "made")
    let bench = try PolicyBench(
      inbound: """
        <cache-value key="k" variable-name="v" expires-after="100" refresh-after="50"><value>
          <send-request response-variable-name="r"><set-url>http://one/</set-url><set-method>GET</set-method></send-request>
          <choose><when condition="@(((IResponse)context.Variables["r"]).StatusCode == 200)">
            <set-variable name="v" value="@(((IResponse)context.Variables["r"]).Body.As<string>())"/></when></choose>
        </value></cache-value>
        """, effects: effects)
    for (wait, calls) in [(0, 1), (49_000, 1), (2_000, 2), (101_000, 3)] {
      effects.pass(milliseconds: wait)
      #expect(try bench.run().text("v") == "made")
      #expect(effects.requests.count == calls)
    }
  }
}
