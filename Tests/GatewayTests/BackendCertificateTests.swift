import Foundation
import GatewayConfiguration
import NIOCore
import NIOPosix
import NIOSSL
import Telemetry
import Testing

@testable import Gateway

/// Certificates of backends: which are believed, and what a record says of those that are not.
@Suite(.timeLimit(.minutes(2)))
struct BackendCertificateTests {
  private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

  private static func context(_ certificate: TestAuthority.Issued, _ chain: [TestAuthority.Issued] = []) throws
    -> NIOSSLContext
  {
    let pem = ([certificate] + chain).map(\.pem).joined(separator: "\n")
    return try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(certificate.keyPEM.utf8), format: .pem))))
  }

  private static func api(_ url: String, _ version: String) -> API {
    API(
      id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: url, subscriptionRequired: false,
      operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/*")],
      policy: PolicyText(
        rawXML: """
          <policies><inbound /><backend><forward-request http-version="\(version)" /></backend></policies>
          """))
  }

  /// The answer of a gateway that believes the authorities, and what its record says.
  private static func ask(
    _ tls: NIOSSLContext, version: String = "1", believing: [(TestAuthority, isTrusted: Bool)] = []
  ) async throws -> (status: Int, reason: String?, message: String) {
    let backend = try await ScriptedBackend(tls: tls) { _ in ok }
    let api = api("https://localhost:\(backend.port)", version)
    var outcome = (status: 0, reason: String?.none, message: "")
    try await RunningGateway.serving(
      [api], certificates: believing.enumerated().map { $1.0.root.entity("ca\($0)", hasKey: false) },
      authorities: believing.enumerated().map {
        CertificateAuthority(certificateID: "ca\($0)", isTrusted: $1.isTrusted)
      }
    ) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      outcome.status = client.answer()?.status ?? 0
      await gateway.server.drain(milliseconds: 0)
      let error = gateway.records.all.first?.errors.last
      (outcome.reason, outcome.message) = (error?.reason, error?.message ?? "")
    }
    await backend.stop()
    return outcome
  }

  @Test func `a backend whose certificate leads to an authority of the gateway is believed, and to another is not`()
    async throws
  {
    let (root, other) = (try TestAuthority(), try TestAuthority("Other"))
    let middle = try root.intermediate("Middle")
    let (leaf, below) = (try root.issue("localhost"), try middle.issue("localhost"))
    let (known, stranger) = (
      try await Self.ask(Self.context(leaf), believing: [(root, true)]),
      try await Self.ask(Self.context(leaf), believing: [(other, true)])
    )
    #expect(known.status == 200 && known.reason == nil)
    #expect(stranger.status == 500 && stranger.reason == "BackendConnectionFailure")
    let (whole, part, helped) = (
      try await Self.ask(Self.context(below, [middle.root]), believing: [(root, true)]),
      try await Self.ask(Self.context(below), believing: [(root, true)]),
      try await Self.ask(Self.context(below), believing: [(root, true), (middle, false)])
    )
    #expect(whole.status == 200 && part.status == 500 && helped.status == 200)
    #expect(part.message.contains("'CN=Middle', which signed it, is unknown"), "\(part.message)")
    // One that may stand between is no root.
    let between = try await Self.ask(Self.context(below), believing: [(middle, false)])
    #expect(between.status == 500)
  }

  @Test(arguments: ["1", "2or1"]) func `a record names the check that a backend's certificate fails`(
    version: String
  ) async throws {
    let root = try TestAuthority()
    for (certificate, words) in [
      (
        try root.issue("late", start: -200_000),
        "validateCertificateChain: the backend's certificate (CN=late) has expired"
      ),
      (
        try root.issue("early", start: 50_000),
        "validateCertificateChain: the backend's certificate (CN=early) is not valid yet"
      ),
      (
        try root.issue("other", host: "other.example"),
        "validateCertificateName: the backend's certificate is not for 'localhost' but for CN=other"
      ),
      (
        try TestAuthority("alone").root,
        "validateCertificateChain: the backend's certificate (CN=alone) is signed by itself, and not trusted"
      ),
      (
        try TestAuthority("Unknown").issue("stranger"),
        "validateCertificateChain: the backend's certificate (CN=stranger) leads to no trusted authority: 'CN=Unknown'"
      ),
    ] {
      let outcome = try await Self.ask(Self.context(certificate), version: version, believing: [(root, true)])
      #expect(outcome.status == 500 && outcome.reason == "BackendConnectionFailure")
      #expect(outcome.message.hasPrefix(words), "\(outcome.message)")
    }
  }

  @Test func `a record says why a backend was not reached, without the insides of a library`() async throws {
    func message(from url: String) async throws -> String? {
      let api = API(
        id: "time", displayName: "Time", path: "time", protocols: [.http], serviceURL: url, subscriptionRequired: false,
        operations: [Operation(id: "now", displayName: "Now", method: "GET", urlTemplate: "/*")])
      var message: String?
      try await RunningGateway.serving([api]) { gateway in
        let client = try RawClient(port: gateway.httpPort)
        client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
        #expect(client.answer()?.status == 500)
        await gateway.server.drain(milliseconds: 0)
        message = gateway.records.all.first?.errors.last?.message
      }
      return message
    }
    let refused = try await message(from: "http://127.0.0.1:1")
    #expect(refused == "the connection to 127.0.0.1:1: Connection refused")
    // Something that answers in the clear.
    try await RunningGateway.serving([]) { other in
      let plain = try await message(from: "https://127.0.0.1:\(other.httpPort)")
      #expect(plain == "the TLS handshake with 127.0.0.1:\(other.httpPort) failed: WRONG_VERSION_NUMBER")
    }
  }

  @Test(arguments: ["1", "2", "2or1"]) func `a backend that does not go on with its handshake is not waited for`(
    version: String
  ) async throws {
    // Takes connections, and says nothing.
    let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    var connections = BackendConnections()
    connections.connect = .milliseconds(300)
    let api = Self.api("https://127.0.0.1:\(silent.localAddress?.port ?? 0)", version)
    try await RunningGateway.serving([api], backendConnections: connections) { gateway in
      let client = try RawClient(port: gateway.httpPort)
      client.send("GET /time/now HTTP/1.1\r\nHost: g\r\n\r\n")
      #expect(client.answer()?.status == 500)
      await gateway.server.drain(milliseconds: 0)
      let error = gateway.records.all.first?.errors.last
      #expect(error?.reason == "BackendConnectionFailure")
      #expect(error?.message.contains("handshake with the backend took too long") == true)
    }
    try await silent.close()
  }
}
