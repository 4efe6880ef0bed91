import Foundation
import Gateway
import GatewayConfiguration
import Testing

/// Tokens of OpenID Connect issuers that others wrote, before a gateway with validate-jwt.
@Suite(.enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"))
struct TokenIssuerTests {
  /// The issuers of `issuer.py`.
  private final class Issuers {
    let provider: String
    let issuer: String
    let secret: String
    private let process: PeerProcess
    private var lines: AsyncStream<String>.AsyncIterator

    init() async throws {
      process = try PeerProcess("issuer.py")
      lines = process.lines.makeAsyncIterator()
      let first = try #require(await lines.next())
      let addresses = try #require(try JSONSerialization.jsonObject(with: Data(first.utf8)) as? [String: String])
      provider = try #require(addresses["provider"])
      issuer = try #require(addresses["issuer"])
      secret = try #require(addresses["secret"])
    }

    /// Its answer to a command.
    func ask(_ command: String) async throws -> String {
      try process.send(command)
      return try #require(await lines.next())
    }
  }

  private func api(_ id: String, _ children: String) -> API {
    API(
      id: id, displayName: id, path: id, protocols: [.http], serviceURL: "http://127.0.0.1:1",
      subscriptionRequired: false,
      operations: [Operation(id: "get", displayName: "Get", method: "GET", urlTemplate: "/")],
      policy: PolicyText(
        rawXML: """
          <policies>
            <inbound>
              <validate-jwt header-name="Authorization" require-scheme="Bearer" output-token-variable-name="jwt">
                \(children)
              </validate-jwt>
              <return-response>
                <set-status code="200" reason="OK" />
                <set-body>@(((Jwt)context.Variables["jwt"]).Subject)</set-body>
              </return-response>
            </inbound>
          </policies>
          """))
  }

  private func discovered(_ id: String, _ address: String) -> API {
    api(
      id,
      "<openid-config url=\"\(address)/.well-known/openid-configuration\" /><audiences><audience>echo</audience></audiences>"
    )
  }

  private func withGateway(_ body: (RunningGateway, Issuers) async throws -> Void) async throws {
    let issuers = try await Issuers()
    let apis = [
      discovered("provider", issuers.provider), discovered("issuer", issuers.issuer),
      api("secret", "<issuer-signing-keys><key>\(issuers.secret)</key></issuer-signing-keys>"),
    ]
    try await RunningGateway.serving(apis) { gateway in try await body(gateway, issuers) }
  }

  /// Status and body of a request with a token.
  private func answer(_ gateway: RunningGateway, _ path: String, _ token: String) async throws -> (Int, String) {
    let client = try RawClient(port: gateway.httpPort)
    client.send("GET /\(path) HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer \(token)\r\nConnection: close\r\n\r\n")
    let answer = try #require(client.answer())
    return (answer.status, answer.body)
  }

  /// Whether a gateway lets a token through, as Ada's.
  private func passes(_ gateway: RunningGateway, _ path: String, _ token: String) async throws -> Bool {
    let (status, body) = try await answer(gateway, path, token)
    if status == 200 { return body == "ada" }
    #expect(status == 401)
    return false
  }

  private func refuses(_ gateway: RunningGateway, _ path: String, _ token: String) async throws -> Bool {
    try await passes(gateway, path, token) == false
  }

  @Test func `a person's token of an OpenID provider passes`() async throws {
    try await withGateway { gateway, issuers in
      let token = try await issuers.ask("user")
      #expect(try await passes(gateway, "provider", token))
      // The other issuer has other keys.
      #expect(try await refuses(gateway, "issuer", token))
    }
  }

  @Test func `every algorithm passes, and no other key does`() async throws {
    try await withGateway { gateway, issuers in
      for algorithm in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"] {
        let own = try await issuers.ask("token \(algorithm)")
        let foreign = try await issuers.ask("foreign \(algorithm)")
        #expect(try await passes(gateway, "issuer", own), "\(algorithm)")
        #expect(try await refuses(gateway, "issuer", foreign), "\(algorithm)")
      }
      for algorithm in ["HS256", "HS384", "HS512"] {
        let token = try await issuers.ask("token \(algorithm)")
        #expect(try await passes(gateway, "secret", token), "\(algorithm)")
        // A published key is never taken for a shared secret.
        #expect(try await refuses(gateway, "issuer", token), "\(algorithm)")
      }
    }
  }

  private static let changes = [
    "exp=1000", "nbf=99999999999", "aud=\"other\"", "iss=\"https://elsewhere.example\"", "exp=\"soon\"",
  ]

  @Test(arguments: changes)
  func `a token whose claims do not hold is refused`(change: String) async throws {
    try await withGateway { gateway, issuers in
      let token = try await issuers.ask("token RS256 \(change)")
      #expect(try await refuses(gateway, "issuer", token))
    }
  }

  /// Whether a gateway that begins now lets a token through.
  private func isServed(_ issuers: Issuers, _ token: String) async throws -> Bool {
    var isServed = false
    try await RunningGateway.serving([discovered("issuer", issuers.issuer)]) { gateway in
      isServed = try await passes(gateway, "issuer", token)
    }
    return isServed
  }

  @Test func `an issuer that goes away stops nobody, and one that was never there refuses`() async throws {
    try await withGateway { gateway, issuers in
      let (first, second) = (try await issuers.ask("token ES256"), try await issuers.ask("token RS256"))
      #expect(try await passes(gateway, "issuer", first))
      _ = try await issuers.ask("stop")
      #expect(try await passes(gateway, "issuer", second))
      #expect(try await isServed(issuers, first) == false)
      _ = try await issuers.ask("start")
      #expect(try await isServed(issuers, first))
    }
  }

  @Test func `after a rotation the new keys pass and the old do not`() async throws {
    try await withGateway { _, issuers in
      let old = try await issuers.ask("token RS256")
      _ = try await issuers.ask("rotate")
      let new = try await issuers.ask("token RS256")
      #expect(try await isServed(issuers, new))
      #expect(try await isServed(issuers, old) == false)
    }
  }
}
