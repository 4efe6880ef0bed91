import ChildProcesses
import Foundation
import GatewayConfiguration
import NIOCore
import Testing

@testable import Gateway

/// Versions and cipher suites as the settings say them, over handshakes of OpenSSL.
@Suite(.enabled(if: SystemTool.openssl.isInstalled, "scripts/install test"))
struct TLSChoiceTests {
  private static let api = API(
    id: "time", displayName: "Time", path: "time", protocols: [.https], subscriptionRequired: false,
    operations: [.init(id: "any", displayName: "Any", method: "GET", urlTemplate: "/*")],
    policy: PolicyText(rawXML: "<policies><inbound><return-response /></inbound></policies>"))

  /// Version and suite that a handshake of OpenSSL's client comes to; `none` where it fails.
  private static func handshake(_ port: Int, _ options: [String]) async throws -> String {
    let words = options.map { "'\($0)'" }.joined(separator: " ")
    let text = try await SystemTool(path: "/bin/sh").run([
      "-c",
      "'\(SystemTool.openssl.path)' s_client -connect 127.0.0.1:\(port) -cipher DEFAULT:@SECLEVEL=0 \(words) </dev/null 2>&1",
    ])
    // `New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256`
    let line = text.split(separator: "\n").first { $0.hasPrefix("New, TLS") } ?? ""
    let words2 = line.split(separator: " ").map { $0.trimmingCharacters(in: .punctuationCharacters) }
    return words2.count == 5 ? "\(words2[1]) \(words2[4])" : "none"
  }

  @Test func `the settings say which versions and suites clients may have`() async throws {
    for (suites, expected) in [
      (nil, ["-tls1_3": "TLSv1.3 TLS_AES", "-tls1_2": "TLSv1.2 ECDHE", "-tls1_1": "none"]),
      (
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        ["-tls1_3": "none", "-tls1_2": "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384", "-tls1_1": "none"]
      ),
      (
        "TLS_AES_256_GCM_SHA384,TLS_CHACHA20_POLY1305_SHA256,TLS_AES_128_GCM_SHA256",
        ["-tls1_3": "TLSv1.3 TLS_AES", "-tls1_2": "none"]
      ),
    ] as [(String?, [String: String])] {
      let choice = try suites.map { try TLSChoice(suites: $0) } ?? TLSChoice()
      try await RunningGateway.serving([Self.api], tls: choice) { gateway in
        for (option, wanted) in expected {
          let found = try await Self.handshake(gateway.httpsPort, [option])
          #expect(found.hasPrefix(wanted), "\(suites ?? "default") \(option): \(found)")
        }
      }
    }
  }

  @Test func `a client that offers no suite of the settings gets no handshake, one that offers any gets it`()
    async throws
  {
    let choice = try TLSChoice(suites: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")
    try await RunningGateway.serving([Self.api], tls: choice) { gateway in
      for (cipher, wanted) in [
        ("ECDHE-ECDSA-AES128-GCM-SHA256", "none"),
        ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305"),
      ] {
        let found = try await Self.handshake(gateway.httpsPort, ["-cipher", cipher])
        #expect(found == wanted)
      }
    }
  }

  @Test func `backends are reached with the versions that the settings allow, 1.2 and 1.3 unless they say more`()
    async throws
  {
    let authority = try TestAuthority()
    let issued = try authority.issue("backend")
    let folder = try TemporaryFolder()
    let certificate = try folder.file("backend.pem", issued.pem)
    let key = try folder.file("backend.key", issued.keyPEM)
    for (version, switches, isReached) in [
      ("-tls1_3", [false, false, true, true], true), ("-tls1_2", [false, false, true, true], true),
      ("-tls1_1", [false, false, true, true], false), ("-tls1_1", [true, true, true, true], true),
      ("-tls1_2", [false, false, false, true], false), ("-tls1_3", [false, false, true, false], false),
    ] {
      let port = try FreePort.find()
      let server = try ChildProcess(
        SystemTool.openssl.path,
        [
          "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate, "-key", key, version, "-www", "-quiet",
          "-cipher", "DEFAULT:@SECLEVEL=0",
        ])
      try await Self.awaitListener(port)
      var connections = BackendConnections()
      try connections.tls.allow(versions: switches)
      var api = Self.api
      api.serviceURL = "https://127.0.0.1:\(port)"
      api.policy = PolicyText(
        rawXML: """
          <policies><inbound><set-backend-service backend-id="old" /></inbound>
          <backend><forward-request timeout="10" /></backend><on-error>
          <set-header name="X-Error"><value>@(context.LastError.Message)</value></set-header></on-error></policies>
          """)
      let backend = Backend(
        id: "old", url: "https://127.0.0.1:\(port)", validateCertificateChain: false, validateCertificateName: false)
      api.protocols = [.http]
      let served = api
      try await RunningGateway.serving([served], backends: [backend], backendConnections: connections) { gateway in
        let client = try RawClient(port: gateway.httpPort)
        client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
        let answer = try #require(client.answer())
        #expect((answer.status == 200) == isReached, "\(version) \(switches): \(answer.head)")
      }
      server.terminate()
    }
  }

  private static func awaitListener(_ port: Int) async throws {
    for _ in 0..<200 {
      if (try? RawClient(port: port)) != nil { return }
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  @Test func `choices that cannot be made say why`() {
    for (text, part) in [
      ("TLS_RSA_WITH_RC4_128_MD5", "'TLS_RSA_WITH_RC4_128_MD5' is not among"), (" , ", "expected names"),
    ] {
      do throws(TLSChoice.Failure) {
        _ = try TLSChoice(suites: text)
        Issue.record("\(text) was taken")
      } catch {
        #expect(error.message.contains(part))
      }
    }
    for versions in [[false, false, false, false], [true, false, true, false]] {
      var choice = TLSChoice()
      #expect(throws: TLSChoice.Failure.self) { try choice.allow(versions: versions) }
    }
  }
}
