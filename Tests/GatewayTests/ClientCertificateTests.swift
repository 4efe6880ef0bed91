import Foundation
import GatewayConfiguration
import Testing

@testable import Gateway

/// Certificates of clients, over real TLS connections that curl and OpenSSL open.
@Suite(.enabled(if: SystemTool.curl.isInstalled && SystemTool.openssl.isInstalled, "scripts/install test"))
struct ClientCertificateTests {
  private static let policy = """
    <policies><inbound>
      <choose>
        <when condition="@(context.Request.Url.Path.EndsWith("open"))" />
        <otherwise><validate-client-certificate /></otherwise>
      </choose>
      <return-response>
        <set-body>@(context.Request.Certificate?.Subject ?? "nobody")</set-body>
      </return-response>
    </inbound></policies>
    """

  private static let api = API(
    id: "time", displayName: "Time", path: "time", protocols: [.https, .http], subscriptionRequired: false,
    operations: [.init(id: "any", displayName: "Any", method: "GET", urlTemplate: "/*")],
    policy: PolicyText(rawXML: policy))

  /// A gateway that believes the authority; certificates `device` (through an intermediate) and `stranger`, as files.
  private func withGateway(
    negotiates: Bool = true, _ body: (RunningGateway, (String) throws -> [String], TemporaryFolder) async throws -> Void
  ) async throws {
    let (authority, others) = (try TestAuthority(), try TestAuthority("Others"))
    let issuing = try authority.intermediate("Issuing")
    let (device, stranger) = (try issuing.issue("device 7"), try others.issue("stranger"))
    let folder = try TemporaryFolder()
    let files = try [
      "device": [folder.file("d.pem", device.pem + "\n" + issuing.root.pem), folder.file("d.key", device.keyPEM)],
      "stranger": [folder.file("s.pem", stranger.pem), folder.file("s.key", stranger.keyPEM)],
    ]
    try await RunningGateway.serving(
      [Self.api], certificates: [authority.root.entity("root", hasKey: false)],
      authorities: [CertificateAuthority(certificateID: "root", isTrusted: true)],
      negotiatesClientCertificate: negotiates
    ) { gateway in
      try await body(
        gateway,
        { name in
          let pair = try #require(files[name])
          return ["--cert", pair[0], "--key", pair[1]]
        }, folder)
    }
  }

  private func get(_ gateway: RunningGateway, _ arguments: [String], path: String = "") async throws -> String {
    try await SystemTool.curl.run(
      ["-sk", "-w", " %{http_code}"] + arguments + ["https://localhost:\(gateway.httpsPort)/time/\(path)"])
  }

  @Test(arguments: ["--http1.1", "--http2"])
  func `a client is known by its certificate when its authority is believed, and refused otherwise`(
    version: String
  ) async throws {
    try await withGateway { gateway, files, _ in
      let answer1 = try await get(gateway, [version] + files("device"))
      #expect(answer1 == "CN=device 7 200")
      let stranger = try await get(gateway, [version] + files("stranger"))
      #expect(stranger.contains("Invalid client certificate") && stranger.hasSuffix(" 403"))
      let answer2 = try await get(gateway, [version] + files("stranger"), path: "open")
      #expect(answer2 == "CN=stranger 200")
      let answer3 = try await get(gateway, [version])
      #expect(answer3.hasSuffix(" 403"))
      let answer4 = try await get(gateway, [version], path: "open")
      #expect(answer4 == "nobody 200")
    }
  }

  @Test func `all requests of a connection have its certificate`() async throws {
    try await withGateway { gateway, files, _ in
      let url = "https://localhost:\(gateway.httpsPort)/time/"
      let all = try await SystemTool.curl.run(["-sk", "--http1.1", "-w", "\n"] + files("device") + [url, url, url])
      #expect(all == "CN=device 7\nCN=device 7\nCN=device 7\n")
    }
  }

  @Test func `nobody is asked for a certificate unless the listener is told to`() async throws {
    try await withGateway(negotiates: false) { gateway, files, _ in
      let answer5 = try await get(gateway, files("device"), path: "open")
      #expect(answer5 == "nobody 200")
      let answer6 = try await get(gateway, files("device"))
      #expect(answer6.hasSuffix(" 403"))
    }
  }

  @Test(arguments: ["-tls1_2", "-tls1_3"])
  func `a resumed session is its client's`(version: String) async throws {
    try await withGateway { gateway, files, folder in
      let arguments = try files("device").map { $0 == "--cert" ? "-cert" : $0 == "--key" ? "-key" : $0 }
      let chain = ["-cert_chain", arguments[1]]
      let command = ["s_client", "-quiet", version, "-connect", "127.0.0.1:\(gateway.httpsPort)"] + arguments + chain
      let session = "\(folder.path)/session"
      let request = "printf 'GET /time/ HTTP/1.1\\r\\nHost: g\\r\\nConnection: close\\r\\n\\r\\n'"
      let shell = SystemTool(path: "/bin/sh")
      func run(_ more: String) async throws -> String {
        let line = ([SystemTool.openssl.path] + command).map { "'\($0)'" }.joined(separator: " ")
        return try await shell.run(["-c", "(\(request); sleep 1) | \(line) \(more)"])
      }
      let first = try await run("-sess_out \(session)")
      #expect(first.contains("CN=device 7"))
      let second = try await run("-sess_in \(session)")
      #expect(second.contains("CN=device 7"))
    }
  }

  @Test func `what a client sends in place of a certificate does not reach policies`() async throws {
    try await withGateway { gateway, _, folder in
      // A chain whose leaf belongs to another key: the handshake fails.
      let (one, other) = (try TestAuthority("One"), try TestAuthority("Two"))
      let (certificate, key) = try (folder.file("m.pem", one.root.pem), folder.file("m.key", other.root.keyPEM))
      let files = ["--cert", certificate, "--key", key]
      let output = try await get(gateway, files, path: "open")
      #expect(!output.contains("CN=One"))
    }
  }
}
