import Foundation
import GatewayConfiguration
import NIOCore
import Telemetry
import Testing

@testable import Gateway

/// gRPC through the gateway, between a client and a server of grpcio.
@Suite(
  .enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"),
  .timeLimit(.minutes(3)))
struct GRPCTests {
  private func call(
    _ gateway: RunningGateway, prefix: String, key: String = "", silentFor seconds: Double? = nil
  ) async throws -> [String: Any] {
    let client = try PeerProcess(
      "grpc_client.py", ["\(gateway.httpPort)", prefix, key] + (seconds.map { ["\($0)"] } ?? []))
    var lines = client.lines.makeAsyncIterator()
    let line = try #require(await lines.next())
    return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  private func serving(
    tls: Bool = false, path: String = "", policy: PolicyText? = nil, timeouts: ClientTimeouts = ClientTimeouts(),
    _ body: (RunningGateway, inout AsyncStream<String>.Iterator) async throws -> Void
  ) async throws {
    let server = try PeerProcess("grpc_server.py", tls ? ["tls"] : [])
    var lines = server.lines.makeAsyncIterator()
    let port = try #require(await lines.next())
    var backend = Backend(id: "echo", url: "\(tls ? "https" : "http")://127.0.0.1:\(port)")
    backend.validateCertificateChain = false
    backend.validateCertificateName = false
    let chosen = PolicyText(
      rawXML: """
        <policies>
          <inbound><base /><set-backend-service backend-id="echo" /></inbound>
          <backend><base /></backend><outbound><base /></outbound>
        </policies>
        """)
    let api = API(
      id: "echo", displayName: "Echo", path: path, protocols: [.http, .https], kind: .grpc, policy: policy ?? chosen)
    try await RunningGateway.serving([api], backends: [backend], timeouts: timeouts) { gateway in
      try await body(gateway, &lines)
    }
    withExtendedLifetime(server) {}
  }

  @Test(arguments: [false, true])
  func `all four kinds of calls pass, with metadata, trailers, cancellation and deadlines`(tls: Bool) async throws {
    try await serving(tls: tls, path: tls ? "shop" : "") { gateway, lines in
      let found = try await call(gateway, prefix: tls ? "/shop" : "", key: "first")
      #expect(found["unary"] as? [String] == ["echo:a", "t", "00ff"], "\(found)")
      #expect(found["server"] as? [String] == ["s0", "s1", "s2"])
      #expect(found["client"] as? String == "1+2+3")
      #expect(found["both"] as? [String] == (0..<5).map { "got \($0)" })
      #expect((found["fail"] as? [Any])?.first as? Int == 9)
      #expect((found["fail"] as? [Any])?.last as? String == "not today, ä")
      #expect(found["meta"] as? String == "x-own=1,x-forwarded-for=127.0.0.1")
      #expect(found["large"] as? Int == 64 * 65_536)
      #expect(found["big"] as? Int == 1_000_005)
      #expect((found["none"] as? [Any])?.first as? Int == 12)
      #expect(found["cancelled"] as? Int == 1)
      #expect((found["late"] as? [Any])?.first as? Int == 4)
      #expect((found["late"] as? [Any])?.last as? Bool == true)
      #expect((found["midway"] as? [Any])?.first as? [String] == ["first"], "\(found)")
      #expect((found["midway"] as? [Any])?[1] as? Int == 4)
      #expect((found["midway"] as? [Any])?.last as? Bool == true)
      // The server learned of all three: nobody waits for what nobody wants.
      var said: [String] = []
      while said.count < 6, let line = await lines.next() { said.append(line) }
      #expect(said.filter { $0 == "cancelled" }.count == 3, "\(said)")
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.allSatisfy { $0.clientProtocol == "HTTP/2" })
      #expect(gateway.records.all.filter { $0.backendProtocol == "HTTP/2" }.count == 12)
    }
  }

  @Test func `a call whose client is silent for longer than a body may be is not cut off`() async throws {
    var timeouts = ClientTimeouts()
    timeouts.body = .milliseconds(200)
    try await serving(timeouts: timeouts) { gateway, _ in
      let found = try await call(gateway, prefix: "", key: "first", silentFor: 1.5)
      #expect(found["both"] as? [String] == ["got a", "got b"], "\(found)")
      #expect(found["client"] as? String == "1+2")
      #expect(found["ticks"] as? [String] == ["tick", "end"])
    }
  }

  @Test func `a call whose client only listens goes on for as long as its server speaks`() async throws {
    var timeouts = ClientTimeouts()
    // Of the server, which speaks ten times a second: far more than a busy machine keeps it from that.
    timeouts.silence = .seconds(4)
    try await serving(timeouts: timeouts) { gateway, _ in
      let found = try await call(gateway, prefix: "", key: "first", silentFor: 10)
      #expect(found["ticks"] as? [String] == ["tick", "end"], "\(found)")
      // Where both are silent the call ends.
      #expect((found["both"] as? [Any])?.first is Int)
    }
  }

  @Test func `calls that the gateway refuses have a status of gRPC, and records have that of HTTP`() async throws {
    try await serving { gateway, _ in
      let found = try await call(gateway, prefix: "")
      let refused = try #require(found["unary"] as? [Any])
      #expect(refused.first as? Int == 16)
      #expect((refused.last as? String)?.contains("missing subscription key") == true, "\(refused)")
      let unknown = try await call(gateway, prefix: "/nowhere/at/all;rev=9", key: "first")
      #expect((unknown["both"] as? [Any])?.first as? Int ?? 0 != 0)
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.first?.responseCode == 401)
    }
    let limited = PolicyText(
      rawXML: """
        <policies>
          <inbound><base /><return-response><set-status code="503" reason="Closed for the night" /></return-response></inbound>
          <backend><base /></backend><outbound><base /></outbound>
        </policies>
        """)
    try await serving(policy: limited) { gateway, _ in
      let found = try await call(gateway, prefix: "", key: "first")
      #expect((found["server"] as? [Any])?.first as? Int == 14)
      #expect((found["server"] as? [Any])?.last as? String == "Closed for the night")
    }
  }

  @Test func `a server that is not there is unavailable`() async throws {
    let api = API(
      id: "echo", displayName: "Echo", path: "", protocols: [.http], kind: .grpc, serviceURL: "http://127.0.0.1:1",
      subscriptionRequired: false)
    try await RunningGateway.serving([api]) { gateway in
      let found = try await call(gateway, prefix: "")
      #expect((found["client"] as? [Any])?.first as? Int == 14)
      #expect((found["client"] as? [Any])?.last as? String == "The backend cannot be reached.")
    }
  }
}
