import Foundation
import GatewayConfiguration
import PolicyLibrary
import Telemetry
import Testing

@testable import Gateway

/// Certificates that policies show backends, and proxies that they go through, over real sockets.
struct BackendRouteTests {
  private static let answer: @Sendable (String) -> String? = { _ in
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
  }

  private static func api(_ inbound: String) -> API {
    API(
      id: "time", displayName: "Time", path: "time", protocols: [.http], subscriptionRequired: false,
      operations: [
        .init(id: "any", displayName: "Any", method: "GET", urlTemplate: "/*"),
        .init(id: "put", displayName: "Put", method: "PUT", urlTemplate: "/*"),
      ],
      policy: PolicyText(
        rawXML: """
          <policies><inbound><set-backend-service backend-id="b" />\(inbound)</inbound>\
          <backend><forward-request timeout="5" /></backend></policies>
          """))
  }

  private func get(_ gateway: RunningGateway, _ path: String = "now") -> RawClient.Answer? {
    guard let client = try? RawClient(port: gateway.httpPort) else { return nil }
    client.send("GET /time/\(path) HTTP/1.1\r\nHost: gateway\r\nProxy-Authorization: mine\r\n\r\n")
    return client.answer()
  }

  /// A backend behind TLS that lets only certificates of an authority in, and a gateway with the policy.
  private func withDemandingBackend(
    _ inbound: (TestAuthority.Issued) -> String, ownCertificate: Bool = false,
    _ body: (RunningGateway, ScriptedBackend) async throws -> Void
  ) async throws {
    let authority = try TestAuthority()
    let backend = try await ScriptedBackend(tls: authority.backend(demanding: authority), answer: Self.answer)
    let (good, bad) = (try authority.issue("gateway"), try TestAuthority("Others").issue("gateway"))
    let entity = Backend(
      id: "b", url: "https://localhost:\(backend.port)", validateCertificateChain: false,
      credentials: .init(certificateIDs: ownCertificate ? ["bad"] : []))
    try await RunningGateway.serving(
      [Self.api(inbound(good))], backends: [entity], certificates: [good.entity("good"), bad.entity("bad")]
    ) { gateway in
      try await body(gateway, backend)
    }
    await backend.stop()
  }

  @Test func `a backend that demands a certificate gets the one that the policy names by its id`() async throws {
    try await withDemandingBackend({ _ in "<authentication-certificate certificate-id=\"good\" />" }) { gateway, _ in
      #expect(get(gateway)?.body == "hello")
      #expect(get(gateway)?.body == "hello")
    }
  }

  @Test func `or by its thumbprint, in place of the backend entity's own`() async throws {
    try await withDemandingBackend(
      { "<authentication-certificate thumbprint=\"\($0.thumbprint)\" />" }, ownCertificate: true
    ) { gateway, _ in
      #expect(get(gateway)?.body == "hello")
    }
  }

  @Test func `without it, or with another one, there is no connection`() async throws {
    for policy in ["", "<authentication-certificate certificate-id=\"bad\" />"] {
      try await withDemandingBackend({ _ in policy }) { gateway, backend in
        #expect(get(gateway)?.status == 500)
        #expect(backend.received.isEmpty)
      }
    }
  }

  @Test func `connections of two certificates are not mixed up`() async throws {
    let policy = """
      <authentication-certificate certificate-id="@(context.Request.Url.Path.EndsWith("good") ? "good" : "bad")" />
      """
    try await withDemandingBackend({ _ in policy }) { gateway, backend in
      for _ in 0..<2 {
        #expect(get(gateway, "good")?.body == "hello")
        #expect(get(gateway, "bad")?.status == 500)
      }
      #expect(backend.received.count == 2)
    }
  }

  @Test func `a PKCS#12 file of an expression is shown, and one that cannot be read is not`() async throws {
    let authority = try TestAuthority()
    let backend = try await ScriptedBackend(tls: authority.backend(demanding: authority), answer: Self.answer)
    let gatewayCertificate = try authority.issue("gateway")
    let policy = """
      <authentication-certificate password="@(context.Request.Url.Path.EndsWith("good") ? "pw" : "wrong")" body="@{
        var all = context.Deployment.Certificates["mine"];
        return all.Export(X509ContentType.Pfx, "pw");
      }" />
      """
    let entity = Backend(id: "b", url: "https://localhost:\(backend.port)", validateCertificateChain: false)
    try await RunningGateway.serving(
      [Self.api(policy)], backends: [entity], certificates: [gatewayCertificate.entity("mine")]
    ) { gateway in
      #expect(get(gateway, "good")?.body == "hello")
      #expect(get(gateway, "bad")?.status == 500)
    }
    await backend.stop()
  }

  @Test func `a request of a policy shows its own certificate`() async throws {
    let policy = """
      <send-request mode="copy" response-variable-name="r" timeout="5" ignore-error="true">
        <authentication-certificate certificate-id="good" />
      </send-request>
      <send-request mode="copy" response-variable-name="s" timeout="5" ignore-error="true" />
      <return-response>
        <set-body>@(((IResponse)context.Variables["r"])?.Body.As<string>() + "," + (context.Variables["s"] == null))</set-body>
      </return-response>
      """
    try await withDemandingBackend({ _ in policy }) { gateway, backend in
      #expect(get(gateway)?.body == "hello,True")
      #expect(backend.received.count == 1)
    }
  }

  // MARK: - Proxies

  private func withProxy(
    tls: Bool, _ password: String = "p", _ inbound: String = "", byEntity: Bool = false,
    _ body: (RunningGateway, ScriptedProxy, ScriptedBackend) async throws -> Void
  ) async throws {
    let authority = try TestAuthority()
    let backend = try await ScriptedBackend(
      tls: tls ? authority.backend(demanding: nil) : nil, answer: Self.answer)
    let proxy = try await ScriptedProxy(authorization: "Basic dTpw")
    let entity = Backend(
      id: "b", url: "http\(tls ? "s" : "")://127.0.0.1:\(backend.port)/base", validateCertificateChain: false,
      proxy: byEntity
        ? .init(url: "http://127.0.0.1:\(proxy.port)", username: "u", password: password) : nil)
    let policy =
      byEntity
      ? inbound
      : "<proxy url=\"http://127.0.0.1:\(proxy.port)\" username=\"u\" password=\"\(password)\" />\(inbound)"
    try await RunningGateway.serving([Self.api(policy)], backends: [entity]) { try await body($0, proxy, backend) }
    await proxy.stop()
    await backend.stop()
  }

  @Test func `a proxy is asked with the whole address, and its credentials stay with it`() async throws {
    try await withProxy(tls: false) { gateway, proxy, backend in
      #expect(get(gateway, "now?a=1")?.body == "hello")
      let head = try #require(proxy.received.first)
      #expect(head.hasPrefix("GET http://127.0.0.1:\(backend.port)/base/now?a=1 HTTP/1.1\r\n"))
      #expect(head.contains("\r\nHost: 127.0.0.1:\(backend.port)\r\n"))
      #expect(!head.contains("mine"))
      #expect(backend.received.first?.hasPrefix("GET /base/now?a=1 HTTP/1.1\r\n") == true)
    }
  }

  @Test func `behind TLS there is a tunnel, which serves for further requests`() async throws {
    try await withProxy(tls: true) { gateway, proxy, backend in
      for _ in 0..<3 { #expect(get(gateway)?.body == "hello") }
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.flatMap(\.errors).map(\.message) == [])
      #expect(proxy.received.count == 1)
      let head = try #require(proxy.received.first)
      #expect(head.hasPrefix("CONNECT 127.0.0.1:\(backend.port) HTTP/1.1\r\n"))
      #expect(backend.received.count == 3)
      #expect(backend.received.allSatisfy { !$0.contains("dTpw") })
    }
  }

  @Test func `a body goes through either, in one piece and streamed`() async throws {
    for tls in [false, true] {
      try await withProxy(tls: tls) { gateway, _, backend in
        let client = try RawClient(port: gateway.httpPort)
        client.send("PUT /time/now HTTP/1.1\r\nHost: gateway\r\nContent-Length: 8\r\n\r\n")
        client.send("question")
        #expect(client.answer()?.body == "hello", "\(gateway.records.all.flatMap(\.errors))")
        #expect(backend.received.first?.hasSuffix("\r\n\r\nquestion") == true)
      }
    }
  }

  @Test func `the proxy of a backend entity is used as that of a policy, for its health checks too`() async throws {
    for tls in [false, true] {
      try await withProxy(tls: tls, byEntity: true) { gateway, proxy, backend in
        for _ in 0..<2 { #expect(get(gateway)?.body == "hello", "\(gateway.records.all.flatMap(\.errors))") }
        let head = try #require(proxy.received.first)
        #expect(head.hasPrefix(tls ? "CONNECT 127.0.0.1:" : "GET http://127.0.0.1:"))
        #expect(head.contains("\r\nProxy-Authorization: Basic dTpw"))
        #expect(backend.received.count == 2)
        #expect(backend.received.allSatisfy { !$0.contains("CONNECT") })
      }
    }
    try await withProxy(tls: false, "wrong", byEntity: true) { gateway, _, backend in
      #expect(get(gateway)?.status == 407)
      #expect(backend.received.isEmpty)
    }
    let target = try BackendTarget(url: "http://b", proxy: ProxyServer(host: "p", port: 1))
    #expect(OutgoingRequest(method: "GET", target: target, path: "/well").proxy == ProxyServer(host: "p", port: 1))
  }

  @Test func `a proxy that refuses is an error of the backend`() async throws {
    try await withProxy(tls: true, "wrong") { gateway, proxy, backend in
      #expect(get(gateway)?.status == 500)
      #expect(backend.received.isEmpty)
      await gateway.server.drain(milliseconds: 0)
      let error = gateway.records.all.first?.errors.first
      #expect(error?.reason == "BackendConnectionFailure")
      #expect(error?.message.contains("407") == true)
    }
    // Without TLS the proxy's answer is an answer like any other.
    try await withProxy(tls: false, "wrong") { gateway, _, _ in #expect(get(gateway)?.status == 407) }
  }

  @Test func `a request of a policy goes through a proxy of its own alone`() async throws {
    let inbound = """
      <send-request mode="copy" response-variable-name="r" timeout="5" />
      <return-response><set-body>@(((IResponse)context.Variables["r"]).Body.As<string>())</set-body></return-response>
      """
    try await withProxy(tls: false, "p", inbound) { gateway, proxy, backend in
      #expect(get(gateway)?.body == "hello")
      #expect(proxy.received.isEmpty && backend.received.count == 1)
    }
    let nested = """
      <send-request mode="copy" response-variable-name="r" timeout="5">
        <proxy url="@("http://127.0.0.1:" + context.Request.Headers.GetValueOrDefault("P", ""))" username="u" password="p" />
      </send-request>
      <return-response><set-body>@(((IResponse)context.Variables["r"]).Body.As<string>())</set-body></return-response>
      """
    for tls in [false, true] {
      try await withProxy(tls: tls, "wrong", nested) { gateway, proxy, backend in
        let client = try RawClient(port: gateway.httpPort)
        client.send("GET /time/now HTTP/1.1\r\nHost: gateway\r\nP: \(proxy.port)\r\n\r\n")
        #expect(client.answer()?.body == "hello")
        #expect(proxy.received.count == 1 && backend.received.count == 1)
      }
    }
  }
}
