import HTTPWire
import PolicyLibrary
import Testing
import Workbench

/// `authentication-basic`, `authentication-managed-identity` and `validate-client-certificate`.
struct AuthenticationTests {
  @Test func `user and password go to the backend`() throws {
    var seen: String?
    let bench = try PolicyBench(inbound: "<authentication-basic username=\"u\" password=\"@(&quot;p&quot;)\"/>") {
      exchange in
      seen = exchange.request.value(of: "Authorization")
      return .response(status: 200, body: "")
    }
    _ = try bench.run(headers: [("Authorization", "Bearer mine")])
    #expect(seen == "Basic dTpw")
  }

  private static func identity(_ attributes: String = "") -> String {
    "<authentication-managed-identity resource=\"https://vault.example\" \(attributes)/>"
  }

  private static func effects(_ status: Int = 200) -> ScriptedEffects {
    ScriptedEffects { _ in .response(status, "{\"access_token\":\"T\",\"expires_in\":\"3600\"}", after: 5) }
  }

  @Test func `the gateway's identity gets a token, once until it expires`() throws {
    var seen: [String?] = []
    let effects = Self.effects()
    let bench = try PolicyBench(inbound: Self.identity("client-id=\"c 1\""), effects: effects) { exchange in
      seen.append(exchange.request.value(of: "Authorization"))
      return .response(status: 200, body: "")
    }
    for _ in 0..<2 { _ = try bench.run() }
    #expect(seen == ["Bearer T", "Bearer T"])
    let request = try #require(effects.requests.first)
    #expect(request.host == "169.254.169.254")
    #expect(
      request.target
        == "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.example&client_id=c%201"
    )
    #expect(request.headers.map { "\($0.name): \($0.value)" } == ["Metadata: true"])
    #expect(effects.requests.count == 1)
    effects.pass(milliseconds: 3_600_000)
    _ = try bench.run()
    #expect(effects.requests.count == 2)
  }

  @Test func `with a variable the header is left alone`() throws {
    let bench = try PolicyBench(inbound: Self.identity("output-token-variable-name=\"t\""), effects: Self.effects())
    let exchange = try bench.run(headers: [("Authorization", "mine")])
    #expect(exchange.text("t") == "T")
    #expect(exchange.request.value(of: "Authorization") == "mine")
  }

  @Test func `without a token the request fails, unless errors are ignored`() throws {
    #expect(try PolicyBench(inbound: Self.identity(), effects: Self.effects(400)).run().response.status == 500)
    let lenient = try PolicyBench(inbound: Self.identity("ignore-error=\"true\""), effects: Self.effects(400)).run()
    #expect(lenient.response.status == 200)
    #expect(lenient.request.value(of: "Authorization") == nil)
  }

  @Test func `a caller without a certificate is refused, unless errors are ignored`() throws {
    let exchange = try PolicyBench(inbound: "<validate-client-certificate/>").run()
    #expect(exchange.response.status == 403)
    #expect(exchange.lastError?.source == "validate-client-certificate")
    let lenient = try PolicyBench(inbound: "<validate-client-certificate ignore-error=\"true\"/>").run()
    #expect(lenient.response.status == 200)
    #expect(
      PolicyBench.complaints(
        "<validate-client-certificate><identities><identity/></identities></validate-client-certificate>"
      )
      .contains { $0.contains("at least one") })
  }
}
