import HTTPWire
import PolicyLibrary
import Testing
import Workbench

/// `cors`, `jsonp` and `redirect-content-urls` (semantics-cases, sections I and K).
struct BrowserTests {
  private static func cors(_ attributes: String = "", origin: String = "http://example.com/", more: String = "")
    -> String
  {
    "<cors \(attributes)><allowed-origins><origin>\(origin)</origin></allowed-origins>\(more)</cors>"
  }

  private func preflight(
    _ policy: String, origin: String = "http://example.com", method: String = "POST", headers: String? = nil
  ) throws -> Exchange {
    try PolicyBench(inbound: policy).preflight([
      ("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", headers ?? ""),
    ])
  }

  @Test func `a preflight that is allowed says so`() throws {
    let exchange = try preflight(
      Self.cors(
        "allow-credentials=\"true\"",
        more: """
          <allowed-methods preflight-result-max-age="300"><method>PATCH</method></allowed-methods>
          <allowed-headers><header>X-One</header></allowed-headers>
          """), method: "PATCH", headers: "x-one")
    #expect(exchange.response.status == 200)
    #expect(exchange.response.value(of: "Access-Control-Allow-Origin") == "http://example.com")
    #expect(exchange.response.value(of: "Access-Control-Allow-Methods") == "PATCH")
    #expect(exchange.response.value(of: "Access-Control-Allow-Headers") == "x-one")
    #expect(exchange.response.value(of: "Access-Control-Max-Age") == "300")
    #expect(exchange.response.value(of: "Access-Control-Allow-Credentials") == "true")
  }

  @Test func `what is not allowed gets an empty 200, unless another cors allows it`() throws {
    for (origin, method, headers) in [
      ("http://evil", "POST", ""), ("http://example.com", "PATCH", ""), ("http://example.com", "GET", "X-B"),
    ] {
      let exchange = try preflight(Self.cors(), origin: origin, method: method, headers: headers)
      #expect(exchange.response.status == 200)
      #expect(exchange.response.value(of: "Access-Control-Allow-Origin") == nil)
    }
    let second = try preflight(
      Self.cors("terminate-unmatched-request=\"false\"", origin: "http://other") + Self.cors(origin: "*"))
    #expect(second.response.value(of: "Access-Control-Allow-Origin") == "*")
  }

  @Test func `a request from an origin that is not allowed ends or goes on as asked`() throws {
    let ended = try PolicyBench(inbound: Self.cors()).run(headers: [("Origin", "http://evil")])
    #expect(ended.response.status == 200 && ended.answer.isEmpty)
    let going = try PolicyBench(inbound: Self.cors("terminate-unmatched-request=\"false\""))
      .run(headers: [("Origin", "http://evil")])
    #expect(going.answer == "from the backend")
    #expect(going.response.value(of: "Access-Control-Allow-Origin") == nil)
    let allowed = try PolicyBench(
      inbound: Self.cors(more: "<expose-headers><header>A</header><header>B</header></expose-headers>")
    ).run(headers: [("Origin", "http://example.com:80")])
    #expect(allowed.answer == "from the backend")
    #expect(allowed.response.value(of: "Access-Control-Allow-Origin") == "http://example.com:80")
    #expect(allowed.response.value(of: "Access-Control-Expose-Headers") == "A,B")
  }

  @Test func `a star among other origins is refused`() {
    let complaints = PolicyBench.complaints(
      "<cors><allowed-origins><origin>*</origin><origin>http://a</origin></allowed-origins></cors>")
    #expect(complaints == ["1:21 The origin * stands for every origin; it must be the only one."])
  }

  @Test func `jsonp wraps the answer in the function that the request names`() throws {
    let bench = try PolicyBench(
      outbound: "<jsonp callback-parameter-name=\"cb\"/>", answer: { _ in .response(status: 200, body: "{}") })
    #expect(try bench.run(query: "cb=a.f").answer == "a.f({});")
    #expect(try bench.run(query: "x=1").answer == "{}")
    let broken = try bench.run(query: "cb=f(1)")
    #expect(broken.lastError?.reason == "CallbackParameterInvalid")
    #expect(broken.lastError?.message == "Value of callback parameter cb is not a valid JavaScript identifier.")
  }

  @Test func `the backend's address in a body becomes the gateway's`() throws {
    let bench = try PolicyBench(
      inbound: "<redirect-content-urls/>", outbound: "<redirect-content-urls/>",
      answer: { exchange in
        #expect(exchange.requestBody.bytes == Array("see http://be/api/y".utf8))
        return .response(
          status: 200, headers: [("Location", "http://be/api/x")], body: "http://be/api/x and http://be/ap")
      })
    let exchange = try bench.run("POST", body: "see http://gw/echo/y")
    #expect(exchange.answer == "http://gw/echo/x and http://be/ap")
    #expect(exchange.response.value(of: "Location") == "http://be/api/x")
  }

  @Test func `the file for plug-ins of browsers is served where it is asked for`() throws {
    let bench = try PolicyBench(
      "<policies><inbound/></policies>",
      global: """
        <policies><inbound><cross-domain><cross-domain-policy><allow-http-request-headers-from domain='*' headers='*'/>\
        </cross-domain-policy></cross-domain></inbound></policies>
        """)
    let exchange = try bench.unrouted("/crossdomain.xml")
    #expect(exchange?.answer.hasPrefix("<cross-domain-policy>") == true)
    #expect(exchange?.response.value(of: "Content-Type") == "text/x-cross-domain-policy")
    #expect(try bench.unrouted("/other.xml") == nil)
  }
}
