import Foundation
import GatewayConfiguration
import Testing

@testable import Gateway

/// Hostname configurations, over handshakes of Python's TLS, curl and OpenSSL.
@Suite(
  .enabled(
    if: PeerProcess.areInstalled && SystemTool.openssl.isInstalled && SystemTool.curl.isInstalled,
    "scripts/install test"))
struct HostnameTests {
  private static let policy = """
    <policies><inbound><return-response>
      <set-body>@(context.Request.Certificate?.Subject ?? "nobody")</set-body>
    </return-response></inbound></policies>
    """

  private static let api = API(
    id: "time", displayName: "Time", path: "time", protocols: [.https, .http], subscriptionRequired: false,
    operations: [.init(id: "any", displayName: "Any", method: "GET", urlTemplate: "/*")],
    policy: PolicyText(rawXML: policy))

  /// The certificates `exact`, `wild` and `all`, each signed by an authority below the root.
  private struct Certificates {
    let authority: TestAuthority
    let issuing: TestAuthority
    let issued: [String: TestAuthority.Issued]
    let folder: TemporaryFolder
    let rootPath: String

    init() throws {
      authority = try TestAuthority()
      issuing = try authority.intermediate("Issuing")
      let issuing = issuing
      issued = Dictionary(uniqueKeysWithValues: try ["exact", "wild", "all"].map { ($0, try issuing.issue($0)) })
      folder = try TemporaryFolder()
      rootPath = try folder.file("root.pem", authority.root.pem)
    }

    var entities: [Certificate] {
      issued.map { $0.value.entity($0.key, chain: [issuing.root]) }.sorted { $0.id < $1.id }
    }

    func name(_ thumbprint: String?) -> String { issued.first { $0.value.thumbprint == thumbprint }?.key ?? "other" }

    func snapshot(_ hostnames: [HostnameConfiguration], certificates: [Certificate]? = nil, version: UInt64 = 2)
      -> Snapshot
    {
      var snapshot = RunningGateway.snapshot([HostnameTests.api], [], certificates ?? entities, version: version)
      snapshot.gateway.hostnameConfigurations = hostnames
      return snapshot
    }
  }

  private static let three = [
    HostnameConfiguration(id: "1", hostname: "api.contoso.com", certificateID: "exact"),
    HostnameConfiguration(id: "2", hostname: "*.contoso.com", certificateID: "wild"),
    HostnameConfiguration(id: "3", hostname: "*", certificateID: "all"),
  ]

  private func withGateway(
    _ hostnames: [HostnameConfiguration], negotiates: Bool = false,
    _ body: (RunningGateway, Certificates, TLSPeer) async throws -> Void
  ) async throws {
    let certificates = try Certificates()
    try await RunningGateway.serving(
      [Self.api], certificates: certificates.entities, hostnames: hostnames, negotiatesClientCertificate: negotiates
    ) { gateway in
      try await body(gateway, certificates, try TLSPeer(port: gateway.httpsPort))
    }
  }

  @Test func `the most specific hostname says which certificate is shown, with its chain`() async throws {
    try await withGateway(Self.three) { _, certificates, peer in
      for (server, expected) in [
        ("api.contoso.com", "exact"), ("API.Contoso.COM", "exact"), ("other.contoso.com", "wild"),
        ("deep.other.contoso.com", "all"), ("contoso.com", "all"), ("example.org", "all"), (nil, "all"),
      ] {
        let shown = try await peer.open("c", server: server, ["authority": certificates.rootPath])
        #expect(certificates.name(shown["thumbprint"]) == expected, "\(server ?? "no name"): \(shown)")
        let answer = try await peer.ask("c")
        #expect(answer == "200 nobody")
      }
    }
  }

  @Test func `without a hostname that fits the certificate of the settings is shown`() async throws {
    try await withGateway(Array(Self.three.prefix(2))) { _, certificates, peer in
      for (server, expected) in [("api.contoso.com", "exact"), ("example.org", "other"), (nil, "other")] {
        let shown = try await peer.open("c", server: server)
        #expect(certificates.name(shown["thumbprint"]) == expected, "\(shown)")
        let answer = try await peer.ask("c")
        #expect(answer == "200 nobody")
      }
    }
  }

  @Test func `intermediates are sent in the order of the chain, however the file has them`() async throws {
    let certificates = try Certificates()
    let second = try certificates.issuing.intermediate("Second")
    let leaf = try second.issue("leaf")
    let entity = leaf.entity("leaf", chain: [certificates.issuing.root, certificates.authority.root, second.root])
    try await RunningGateway.serving(
      [Self.api], certificates: [entity],
      hostnames: [HostnameConfiguration(id: "1", hostname: "*", certificateID: "leaf")]
    ) { gateway in
      let shown = try await SystemTool(path: "/bin/sh").run([
        "-c",
        "'\(SystemTool.openssl.path)' s_client -connect 127.0.0.1:\(gateway.httpsPort) -tls1_2 -showcerts -CAfile "
          + "'\(certificates.rootPath)' -verify_return_error </dev/null 2>&1",
      ])
      let subjects = shown.split(separator: "\n").filter { $0.wholeMatch(of: /\s*\d s:.*/) != nil }
      #expect(
        subjects.map { $0.split(separator: " ").last ?? "" } == ["leaf", "Second", "Issuing", "Root"], "\(shown)")
      #expect(shown.contains("Verify return code: 0 (ok)"))
    }
  }

  @Test func `clients are asked for a certificate where their hostname says so`() async throws {
    let hostnames = [
      HostnameConfiguration(
        id: "1", hostname: "asks.contoso.com", certificateID: "exact", negotiateClientCertificate: true),
      HostnameConfiguration(id: "2", hostname: "quiet.contoso.com", certificateID: "wild"),
    ]
    try await withGateway(hostnames, negotiates: true) { gateway, certificates, _ in
      let device = try certificates.issuing.issue("device 7")
      let (chain, key) = try (
        certificates.folder.file("d.pem", device.pem), certificates.folder.file("d.key", device.keyPEM)
      )
      for (server, expected) in [
        ("asks.contoso.com", "CN=device 7 2"), ("quiet.contoso.com", "nobody 2"), ("example.org", "CN=device 7 2"),
      ] {
        let answer = try await SystemTool.curl.run([
          "-sk", "--http2", "--cert", chain, "--key", key, "-w", " %{http_version}", "--connect-to",
          "\(server):443:127.0.0.1:\(gateway.httpsPort)", "https://\(server)/time/",
        ])
        #expect(answer == expected, "\(server)")
      }
    }
  }

  @Test func `old versions of TLS are let in where the hostname says so`() async throws {
    let hostnames = [
      HostnameConfiguration(id: "1", hostname: "oldest", certificateID: "exact", tls10Enabled: true),
      HostnameConfiguration(id: "2", hostname: "old", certificateID: "wild", tls11Enabled: true),
      HostnameConfiguration(id: "3", hostname: "*", certificateID: "all"),
    ]
    try await withGateway(hostnames) { _, _, peer in
      for (server, highest, expected) in [
        ("oldest", "1.0", "TLSv1"), ("oldest", "1.1", "TLSv1.1"), ("old", "1.0", nil), ("old", "1.1", "TLSv1.1"),
        ("new", "1.0", nil), ("new", "1.1", nil), ("new", "1.2", "TLSv1.2"), ("old", nil, "TLSv1.3"),
      ] {
        let shown = try await peer.open("c", server: server, highest.map { ["highest": $0] } ?? [:])
        #expect(shown["version"] == expected, "\(server), \(highest ?? "newest"): \(shown)")
        guard expected != nil else { continue }
        let answer = try await peer.ask("c")
        #expect(answer == "200 nobody")
      }
    }
  }

  @Test func `HTTP/2 is spoken where the hostname says so`() async throws {
    let hostnames = [
      HostnameConfiguration(id: "1", hostname: "two", certificateID: "exact"),
      HostnameConfiguration(id: "2", hostname: "one", certificateID: "wild", http2Enabled: false),
    ]
    try await withGateway(hostnames) { _, _, peer in
      for (server, expected) in [("two", "h2"), ("one", "http/1.1"), ("other", "h2")] {
        let shown = try await peer.open("c", server: server, ["alpn": ["h2", "http/1.1"]])
        #expect(shown["alpn"] == expected, "\(server): \(shown)")
      }
      // Nor without asking for it.
      _ = try await peer.open("c", server: "one")
      let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0"
      let received = try await peer.call(["send": "c", "bytes": preface])["received"]
      #expect(received?.hasPrefix("HTTP/1.1 505 ") == true, "\(received ?? "")")
    }
  }

  @Test func `a change is for new connections, and those that are open go on`() async throws {
    try await withGateway(Self.three) { gateway, certificates, peer in
      _ = try await peer.open("open", server: "api.contoso.com")
      let first = try await peer.ask("open")
      #expect(first == "200 nobody")
      var changed = Self.three
      changed[0].certificateID = "wild"
      try await gateway.server.apply(certificates.snapshot(changed))
      let shown = try await peer.open("new", server: "api.contoso.com")
      #expect(certificates.name(shown["thumbprint"]) == "wild")
      let second = try await peer.ask("open")
      #expect(second == "200 nobody")
      try await gateway.server.apply(certificates.snapshot([], version: 3))
      let last = try await peer.open("last", server: "api.contoso.com")
      #expect(certificates.name(last["thumbprint"]) == "other")
      let third = try await peer.ask("open")
      #expect(third == "200 nobody")
    }
  }

  @Test func `what did not change keeps the sessions of its clients`() async throws {
    try await withGateway(Self.three) { gateway, certificates, _ in
      let session = "\(certificates.folder.path)/session"
      func run(_ more: String) async throws -> String {
        try await SystemTool(path: "/bin/sh").run([
          "-c",
          "'\(SystemTool.openssl.path)' s_client -connect 127.0.0.1:\(gateway.httpsPort) -tls1_2 -servername "
            + "api.contoso.com \(more) </dev/null 2>&1",
        ])
      }
      let first = try await run("-sess_out '\(session)'")
      #expect(first.contains("\nNew, TLSv1.2"))
      try await gateway.server.apply(certificates.snapshot(Array(Self.three.prefix(2))))
      let again = try await run("-sess_in '\(session)'")
      #expect(again.contains("\nReused, TLSv1.2"), "\(again)")
      var changed = Self.three
      changed[0].http2Enabled = false
      try await gateway.server.apply(certificates.snapshot(changed, version: 3))
      let changedSession = try await run("-sess_in '\(session)'")
      #expect(changedSession.contains("\nNew, TLSv1.2"))
    }
  }

  @Test func `a version whose certificate cannot be shown is refused, and the former one serves on`() async throws {
    try await withGateway(Self.three) { gateway, certificates, peer in
      let exact = try #require(certificates.issued["exact"])
      let other = try #require(certificates.issued["wild"])
      var foreign = exact.entity("exact")
      foreign.privateKeyPEM = other.keyPEM
      var broken = exact.entity("exact")
      broken.certificatePEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
      let hostnames = [Self.three[0]]
      for (certificate, complaint) in [
        (foreign, "not its own"), (broken, "cannot be read"), (exact.entity("exact", hasKey: false), "private key"),
        (exact.entity("another"), "no certificate 'exact'"),
      ] {
        let error = await #expect(throws: HostnameTable.Failure.self) {
          try await gateway.server.apply(certificates.snapshot(hostnames, certificates: [certificate]))
        }
        let text = error?.description ?? ""
        #expect(text.contains("'1' for 'api.contoso.com'") && text.contains(complaint), "\(text)")
      }
      let shown = try await peer.open("c", server: "example.org")
      #expect(certificates.name(shown["thumbprint"]) == "all")
    }
  }

  @Test(arguments: [1, 16, 400])
  func `a greeting in pieces is put together`(size: Int) async throws {
    try await withGateway(Self.three) { _, certificates, peer in
      let shown = try await peer.open("c", server: "other.contoso.com", ["pieces": size])
      #expect(certificates.name(shown["thumbprint"]) == "wild", "\(shown)")
      let answer = try await peer.ask("c")
      #expect(answer == "200 nobody")
    }
  }

  @Test func `what is no TLS ends the connection and nothing else`() async throws {
    try await withGateway(Self.three) { gateway, _, peer in
      for text in ["EHLO g\r\n\r\n", "\u{16}\u{3}\u{1}\u{3f}", "\u{16}\u{3}\u{1}\0\u{4}\u{1}\0\0\0"] {
        let client = try RawClient(port: gateway.httpsPort)
        client.send(text)
        client.finishSending()
        // Perhaps an alert of TLS, then the end; never an answer of HTTP.
        while let bytes = client.receive(), !bytes.isEmpty { #expect(bytes.first == 21) }
      }
      let shown = try await peer.open("c", server: "example.org")
      #expect(shown["version"] == "TLSv1.3")
    }
  }
}

/// Connections of Python's TLS.
private struct TLSPeer {
  private let process: PeerProcess
  private let port: Int

  init(port: Int) throws {
    process = try PeerProcess("tls_client.py")
    self.port = port
  }

  /// Gives an order; its answer, with numbers as text.
  func call(_ order: [String: Any]) async throws -> [String: String] {
    try process.send(String(decoding: try JSONSerialization.data(withJSONObject: order), as: UTF8.self))
    var lines = process.lines.makeAsyncIterator()
    let line = try #require(await lines.next())
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    return object.mapValues { "\($0)" }
  }

  func open(_ name: String, server: String?, _ more: [String: Any] = [:]) async throws -> [String: String] {
    var order = more
    order["open"] = name
    order["port"] = port
    order["server"] = server
    return try await call(order)
  }

  /// Status and body of an answer.
  func ask(_ name: String) async throws -> String {
    let answer = try await call(["ask": name, "path": "/time/"])
    return answer["error"] ?? "\(answer["status"] ?? "") \(answer["body"] ?? "")"
  }
}
