import ChildProcesses
import Foundation
import GatewayConfiguration
import Testing

@testable import Gateway

/// `validate-client-certificate` before OpenSSL's responder and its revocation lists, over real connections.
@Suite(.enabled(if: SystemTool.curl.isInstalled && SystemTool.openssl.isInstalled, "scripts/install test"))
struct RevocationTests {
  private static func api(_ id: String, _ attributes: String) -> API {
    API(
      id: id, displayName: id, path: id, protocols: [.https], subscriptionRequired: false,
      operations: [.init(id: "any", displayName: "Any", method: "GET", urlTemplate: "/*")],
      policy: PolicyText(
        rawXML: """
          <policies>
            <inbound>
              <validate-client-certificate \(attributes) />
              <return-response><set-body>@(context.Request.Certificate.Subject)</set-body></return-response>
            </inbound>
            <on-error><set-body>@(context.LastError.Message)</set-body></on-error>
          </policies>
          """))
  }

  private func withGateway(
    _ authority: RevokingAuthority, checksRevocation: Bool = true, _ body: (RunningGateway) async throws -> Void
  ) async throws {
    try await RunningGateway.serving(
      [Self.api("strict", ""), Self.api("lenient", "validate-revocation=\"false\"")],
      certificates: [try authority.entity("root")],
      authorities: [CertificateAuthority(certificateID: "root", isTrusted: true)], negotiatesClientCertificate: true,
      checksRevocation: checksRevocation, body)
  }

  private func get(
    _ gateway: RunningGateway, _ authority: RevokingAuthority, _ file: String, path: String = "strict"
  ) async throws -> String {
    try await SystemTool.curl.run([
      "-sk", "-w", " %{http_code}", "--cert", authority.path("\(file).pem"), "--key", authority.path("\(file).key"),
      "https://localhost:\(gateway.httpsPort)/\(path)/",
    ])
  }

  private static let undecided = "Whether the client certificate is revoked could not be found out. "

  @Test func `a responder decides who is let in, and is asked once for each certificate`() async throws {
    let authority = try await RevokingAuthority()
    let responder = try await authority.responder()
    let address = responder.url
    for (file, serial) in [("device", "1001"), ("lost", "1002"), ("stranger", "1003"), ("late", "1001")] {
      try await authority.issue(file, serial: serial, responder: address)
    }
    try await withGateway(authority) { gateway in
      let device = try await get(gateway, authority, "device")
      #expect(device == "CN=device 200")
      let lost = try await get(gateway, authority, "lost")
      #expect(lost == "The client certificate is revoked. 403")
      let lenient = try await get(gateway, authority, "lost", path: "lenient")
      #expect(lenient == "CN=lost 200")
      let stranger = try await get(gateway, authority, "stranger")
      #expect(stranger == "\(Self.undecided)\(address): The responder does not know the certificate. 403")
      #expect(responder.count == 3)
      await responder.stop()
      // What is known stays known; of another certificate nothing is.
      let again = try await get(gateway, authority, "device")
      #expect(again == "CN=device 200")
      let lostAgain = try await get(gateway, authority, "lost")
      #expect(lostAgain == "The client certificate is revoked. 403")
      let late = try await get(gateway, authority, "late")
      #expect(late.hasPrefix("\(Self.undecided)\(address): ") && late.hasSuffix(" 403"))
    }
  }

  @Test func `where the gateway's setting says so nobody is asked`() async throws {
    let authority = try await RevokingAuthority()
    let responder = try await authority.responder()
    try await authority.issue("lost", serial: "1002", responder: responder.url)
    try await withGateway(authority, checksRevocation: false) { gateway in
      let lost = try await get(gateway, authority, "lost")
      #expect(lost == "CN=lost 200")
      #expect(responder.count == 0)
    }
    await responder.stop()
  }

  @Test func `a list is fetched once for all certificates, also where the responder is gone`() async throws {
    let authority = try await RevokingAuthority()
    let lists = try await authority.listServer()
    for (file, serial) in [("device", "1001"), ("lost", "1002")] {
      try await authority.issue(file, serial: serial, lists: [lists.url])
    }
    let gone = try FreePort.find()
    try await authority.issue("second", serial: "1004", responder: "http://127.0.0.1:\(gone)/", lists: [lists.url])
    try await withGateway(authority) { gateway in
      let device = try await get(gateway, authority, "device")
      #expect(device == "CN=device 200")
      let lost = try await get(gateway, authority, "lost")
      #expect(lost == "The client certificate is revoked. 403")
      let second = try await get(gateway, authority, "second")
      #expect(second == "CN=second 200")
      #expect(lists.count == 1)
    }
    await lists.stop()
  }

  @Test func `an answer without end is cut off, and its responder left alone for a while`() async throws {
    let authority = try await RevokingAuthority()
    let responder = try await ByteServer(type: "application/ocsp-response") { _ in
      Array(repeating: 0x30, count: 1 << 20)
    }
    try await authority.issue("device", serial: "1001", responder: responder.url)
    try await withGateway(authority) { gateway in
      for _ in 0..<2 {
        let answer = try await get(gateway, authority, "device")
        #expect(answer == "\(Self.undecided)\(responder.url): The answer is larger than 65536 bytes. 403")
      }
      #expect(responder.count == 1)
    }
    await responder.stop()
  }
}
