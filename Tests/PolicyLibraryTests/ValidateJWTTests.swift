import Crypto
import Foundation
import HTTPWire
import PolicyLibrary
import Testing
import Workbench
import _CryptoExtras

/// `validate-jwt` (semantics-cases, section J).
struct ValidateJWTTests {
  private static let discovery = "<openid-config url=\"\(TestIssuer.address)\"/>"
  private static let reason = "<set-header name=\"X-Reason\"><value>@(context.LastError.Reason)</value></set-header>"

  private static func policy(_ children: String, _ attributes: String = "") -> String {
    "<validate-jwt header-name=\"Authorization\" \(attributes)>\(children)</validate-jwt>"
  }

  private static func bench(
    _ children: String = discovery, _ attributes: String = "", effects: ScriptedEffects? = nil
  ) throws -> PolicyBench {
    try PolicyBench(
      inbound: policy(children, attributes), onError: reason,
      effects: effects ?? ScriptedEffects { TestIssuer.answer($0, [.first]) })
  }

  /// `200`, or status and reason of what refused the token.
  private func outcome(_ bench: PolicyBench, _ token: String?) throws -> String {
    let exchange = try bench.run(headers: token.map { [("Authorization", $0)] } ?? [])
    let reason = exchange.response.value(of: "X-Reason").map { " " + $0 } ?? ""
    return "\(exchange.response.status)\(reason)"
  }

  @Test(arguments: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"])
  func `tokens of every algorithm are verified with the issuer's keys`(algorithm: String) throws {
    let bench = try Self.bench()
    #expect(try outcome(bench, "Bearer " + TestIssuer.first.token(algorithm)) == "200")
    let forged = try TestIssuer.second.token(algorithm, hasKeyID: false)
    #expect(try outcome(bench, "Bearer " + forged) == "401 TokenSignatureInvalid")
  }

  @Test(arguments: ["HS256", "HS384", "HS512"])
  func `tokens of a shared secret are verified with the policy's key`(algorithm: String) throws {
    let keys = "<issuer-signing-keys><key>\(Data(TestIssuer.secret).base64EncodedString())</key></issuer-signing-keys>"
    let bench = try Self.bench(keys)
    let token = try TestIssuer.first.token(algorithm)
    #expect(try outcome(bench, token) == "200")
    // Another first sign: the last ones of a signature do not all count.
    let parts = token.split(separator: ".")
    let forged = (parts[2].hasPrefix("A") ? "B" : "A") + parts[2].dropFirst()
    #expect(try outcome(bench, "\(parts[0]).\(parts[1]).\(forged)") == "401 TokenSignatureInvalid")
  }

  @Test func `a public key is no shared secret, and no signature is none`() throws {
    // The public key of an RSA issuer, taken for a secret, would let anybody sign.
    let token = try TestIssuer.first.token("HS256")
    #expect(try outcome(try Self.bench(), token) == "401 TokenSignatureKeyNotFound")
    let unsigned = try TestIssuer.first.token("none")
    #expect(try outcome(try Self.bench(), unsigned) == "401 TokenSignatureInvalid")
    #expect(try outcome(try Self.bench(Self.discovery, "require-signed-tokens=\"false\""), unsigned) == "200")
  }

  @Test func `a request without a token is refused in the policy's words`() throws {
    let exchange = try Self.bench().run()
    #expect(exchange.response.status == 401)
    #expect(exchange.answer == "{ \"statusCode\": 401, \"message\": \"JWT not present.\" }")
    let words = "failed-validation-httpcode=\"403\" failed-validation-error-message=\"No\""
    let other = try Self.bench(Self.discovery, words).run()
    #expect(other.answer == "{ \"statusCode\": 403, \"message\": \"No\" }")
    #expect(other.lastError?.reason == "TokenNotPresent")
  }

  @Test(arguments: [
    ("", "garbage", "401 JwtInvalid"), ("", "Bearer a.b.c", "401 JwtInvalid"),
    ("require-scheme=\"Bearer\"", "Basic dTpw", "401 TokenNotPresent"),
  ])
  func `what is no token is refused`(attributes: String, header: String, expected: String) throws {
    #expect(try outcome(try Self.bench(Self.discovery, attributes), header) == expected)
  }

  @Test func `times are looked at, with the skew the policy allows`() throws {
    let expired = try TestIssuer.first.token("ES256", ["exp": TestIssuer.now - 30])
    #expect(try outcome(try Self.bench(), expired) == "401 TokenExpired")
    #expect(try outcome(try Self.bench(Self.discovery, "clock-skew=\"60\""), expired) == "200")
    let early = try TestIssuer.first.token("ES256", ["nbf": TestIssuer.now + 100])
    #expect(try outcome(try Self.bench(), early) == "401 JwtInvalid")
    let endless = try TestIssuer.first.token("ES256", ["exp": nil])
    #expect(try outcome(try Self.bench(), endless) == "401 JwtInvalid")
    #expect(try outcome(try Self.bench(Self.discovery, "require-expiration-time=\"false\""), endless) == "200")
    let odd = try TestIssuer.first.token("ES256", ["exp": "tomorrow"])
    #expect(try outcome(try Self.bench(), odd) == "401 JwtInvalid")
  }

  @Test(arguments: [
    ("<audiences><audience>x</audience><audience>api://orders</audience></audiences>", "200"),
    ("<audiences><audience>x</audience></audiences>", "401 TokenAudienceNotAllowed"),
    (
      "<required-claims><claim name=\"roles\"><value>admin</value><value>reader</value></claim></required-claims>",
      "200"
    ),
    (
      "<required-claims><claim name=\"roles\"><value>admin</value><value>boss</value></claim></required-claims>",
      "401 TokenClaimValueNotAllowed"
    ),
    (
      "<required-claims><claim name=\"roles\" match=\"any\"><value>admin</value><value>boss</value></claim></required-claims>",
      "200"
    ),
    (
      "<required-claims><claim name=\"scp\" separator=\" \"><value>orders.list</value></claim></required-claims>", "200"
    ),
    (
      "<required-claims><claim name=\"scp\"><value>orders.list</value></claim></required-claims>",
      "401 TokenClaimValueNotAllowed"
    ),
    ("<required-claims><claim name=\"group\"/></required-claims>", "401 TokenClaimNotFound"),
    ("<issuers><issuer>https://issuer.example</issuer></issuers>", "200"),
  ])
  func `audiences, issuers and claims are demanded`(children: String, expected: String) throws {
    let bench = try Self.bench(Self.discovery + children)
    #expect(try outcome(bench, try TestIssuer.first.token("ES256")) == expected)
  }

  @Test func `the missing claims are named`() throws {
    let claims = "<required-claims><claim name=\"a\"/><claim name=\"sub\"/><claim name=\"b\"/></required-claims>"
    let exchange = try Self.bench(Self.discovery + claims).run(
      headers: [("Authorization", try TestIssuer.first.token("ES256"))])
    #expect(exchange.lastError?.message == "JWT token is missing the following claims: a, b. Access denied.")
  }

  @Test func `another issuer than the one discovered is refused`() throws {
    let token = try TestIssuer.first.token("ES256", ["iss": "https://elsewhere.example"])
    #expect(try outcome(try Self.bench(), token) == "401 TokenIssuerNotAllowed")
  }

  @Test func `the token goes into a variable, when it is accepted`() throws {
    let bench = try PolicyBench(
      inbound: Self.policy(Self.discovery, "output-token-variable-name=\"jwt\"")
        + "<set-variable name=\"s\" value=\"@(((Jwt)context.Variables[\"jwt\"]).Subject)\"/>",
      effects: ScriptedEffects { TestIssuer.answer($0, [.first]) })
    let exchange = try bench.run(headers: [("Authorization", "Bearer " + TestIssuer.first.token("RS256"))])
    #expect(exchange.text("s") == "ann")
    #expect(try bench.run(headers: [("Authorization", "Bearer a.b.c")]).variables["jwt"] == nil)
  }

  // MARK: - Keys of issuers

  @Test func `keys are fetched once and renewed when a token names an unknown one`() throws {
    var issuers = [TestIssuer.first]
    let effects = ScriptedEffects { TestIssuer.answer($0, issuers) }
    let bench = try Self.bench(effects: effects)
    for _ in 0..<3 { #expect(try outcome(bench, try TestIssuer.first.token("ES256")) == "200") }
    #expect(effects.requests.count == 2)
    // The issuer has new keys, but was asked a moment ago.
    issuers = [.second]
    #expect(try outcome(bench, try TestIssuer.second.token("ES256")) == "401 TokenSignatureKeyNotFound")
    #expect(effects.requests.count == 2)
    effects.pass(milliseconds: 301_000)
    #expect(try outcome(bench, try TestIssuer.second.token("ES256")) == "200")
    #expect(effects.requests.count == 4)
    #expect(try outcome(bench, try TestIssuer.first.token("ES256")) == "401 TokenSignatureKeyNotFound")
  }

  @Test func `an issuer that is away stops nobody whose keys are known`() throws {
    var isAway = false
    let effects = ScriptedEffects { request in
      if isAway { return .response(503) }
      return TestIssuer.answer(request, [.first])
    }
    let bench = try Self.bench(effects: effects)
    #expect(try outcome(bench, try TestIssuer.first.token("ES256")) == "200")
    isAway = true
    effects.pass(milliseconds: 2 * 3_600_000)
    let later = try TestIssuer.first.token("ES256", ["exp": TestIssuer.now + 86_400])
    #expect(try outcome(bench, later) == "200")
    #expect(effects.requests.count == 3)
    // Nor is it asked again for every request.
    #expect(try outcome(bench, later) == "200")
    #expect(effects.requests.count == 3)
  }

  @Test func `without any keys the request is refused, and the issuer is left in peace for a while`() throws {
    let effects = ScriptedEffects { _ in .response(500) }
    let bench = try Self.bench(effects: effects)
    for _ in 0..<2 {
      #expect(try outcome(bench, try TestIssuer.first.token("ES256")) == "401 TokenSignatureKeyNotFound")
    }
    #expect(effects.requests.count == 1)
  }

  @Test func `a token verified a moment ago still expires`() throws {
    let effects = ScriptedEffects { TestIssuer.answer($0, [.first]) }
    let bench = try Self.bench(effects: effects)
    let token = try TestIssuer.first.token("ES256", ["exp": TestIssuer.now + 10])
    #expect(try outcome(bench, token) == "200")
    #expect(try outcome(bench, token) == "200")
    effects.pass(milliseconds: 11_000)
    #expect(try outcome(bench, token) == "401 TokenExpired")
  }

  // MARK: - Encrypted tokens

  @Test func `an encrypted token is opened with the policy's key`() throws {
    let key = Array("fedcba9876543210".utf8)
    let inner = try TestIssuer.first.token("HS256")
    let head = TestIssuer.encoded(Data("{\"alg\":\"dir\",\"enc\":\"A128GCM\"}".utf8))
    let box = try AES.GCM.seal(
      Data(inner.utf8), using: SymmetricKey(data: key), authenticating: Data(head.utf8))
    let token = [
      head, "", TestIssuer.encoded(box.nonce), TestIssuer.encoded(box.ciphertext), TestIssuer.encoded(box.tag),
    ]
    .joined(separator: ".")
    func keys(_ bytes: [UInt8]) -> String {
      """
      <issuer-signing-keys><key>\(Data(TestIssuer.secret).base64EncodedString())</key></issuer-signing-keys>\
      <decryption-keys><key>\(Data(bytes).base64EncodedString())</key></decryption-keys>
      """
    }
    #expect(try outcome(try Self.bench(keys(key)), token) == "200")
    #expect(try outcome(try Self.bench(keys(key.reversed())), token) == "401 JwtInvalid")
  }

  @Test func `AES with HMAC and wrapped keys are understood`() throws {
    let wrapping = Array("0123456789ABCDEF".utf8)
    let content = Array("0123456789abcdefFEDCBA9876543210".utf8)
    let inner = try TestIssuer.first.token("HS256")
    let head = TestIssuer.encoded(Data("{\"alg\":\"A128KW\",\"enc\":\"A128CBC-HS256\"}".utf8))
    let wrapped = try AES.KeyWrap.wrap(SymmetricKey(data: content), using: SymmetricKey(data: wrapping))
    let vector = [UInt8](repeating: 7, count: 16)
    let ciphertext = try AES._CBC.encrypt(
      Data(inner.utf8), using: SymmetricKey(data: content.suffix(16)), iv: AES._CBC.IV(ivBytes: vector))
    let bits = UInt64(head.utf8.count * 8)
    let length = (0..<8).reversed().map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
    let code = HMAC<SHA256>.authenticationCode(
      for: Array(head.utf8) + vector + Array(ciphertext) + length, using: SymmetricKey(data: content.prefix(16)))
    let token = [
      head, TestIssuer.encoded(wrapped), TestIssuer.encoded(vector), TestIssuer.encoded(ciphertext),
      TestIssuer.encoded(Array(code).prefix(16)),
    ].joined(separator: ".")
    let bench = try Self.bench(
      """
      <issuer-signing-keys><key>\(Data(TestIssuer.secret).base64EncodedString())</key></issuer-signing-keys>\
      <decryption-keys><key>\(Data(wrapping).base64EncodedString())</key></decryption-keys>
      """)
    #expect(try outcome(bench, token) == "200")
    #expect(try outcome(bench, String(token.dropLast(3)) + "AAA") == "401 JwtInvalid")
  }

  // MARK: - validate-azure-ad-token

  @Test(arguments: [
    ("https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", "app", "200"),
    ("https://sts.windows.net/11111111-2222-3333-4444-555555555555/", "app", "200"),
    ("https://sts.windows.net/99999999-2222-3333-4444-555555555555/", "app", "401 TokenIssuerNotAllowed"),
    ("https://sts.windows.net/11111111-2222-3333-4444-555555555555/", "other", "401 TokenClaimValueNotAllowed"),
  ])
  func `tokens of an Entra tenant are accepted in both versions`(
    issuer: String, application: String, expected: String
  ) throws {
    let name = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
    let effects = ScriptedEffects { TestIssuer.answer($0, [.first], name: name) }
    let bench = try PolicyBench(
      inbound: """
        <validate-azure-ad-token tenant-id="11111111-2222-3333-4444-555555555555">
          <client-application-ids><application-id>app</application-id></client-application-ids>
          <backend-application-ids><application-id>orders</application-id></backend-application-ids>
        </validate-azure-ad-token>
        """, onError: Self.reason, effects: effects)
    let token = try TestIssuer.first.token("RS256", ["iss": issuer, "appid": application])
    #expect(try outcome(bench, "Bearer " + token) == expected)
    #expect(
      effects.requests.first?.target
        == "/11111111-2222-3333-4444-555555555555/v2.0/.well-known/openid-configuration")
  }

  @Test func `a header of one's own holds the Entra token alone`() throws {
    let name = "https://login.microsoftonline.com/t/v2.0"
    let bench = try PolicyBench(
      inbound: "<validate-azure-ad-token tenant-id=\"t\" header-name=\"X-T\"/>", onError: Self.reason,
      effects: ScriptedEffects { TestIssuer.answer($0, [.first], name: name) })
    let token = try TestIssuer.first.token("RS256", ["iss": name])
    #expect(try bench.run(headers: [("X-T", token)]).response.status == 200)
    #expect(try bench.run(headers: [("X-T", "Bearer " + token)]).response.value(of: "X-Reason") == "JwtInvalid")
  }

  @Test(arguments: [
    ("<validate-jwt/>", "needs one of header-name"),
    ("<validate-jwt header-name=\"a\" token-value=\"b\"/>", "only one"),
    (
      "<validate-jwt header-name=\"a\"><issuer-signing-keys><key>?</key></issuer-signing-keys></validate-jwt>", "Base64"
    ),
    ("<validate-jwt header-name=\"a\"><openid-config url=\"ftp://x\"/></validate-jwt>", "http://"),
    ("<validate-azure-ad-token/>", "tenant-id"),
    ("<validate-jwt header-name=\"a\" clock-skew=\"-1\"/>", "clock-skew"),
  ])
  func `a mistake in the document is complained about`(policy: String, part: String) {
    let complaints = PolicyBench.complaints(policy)
    #expect(complaints.contains { $0.contains(part) }, "\(complaints)")
  }
}
