import Foundation
import Gateway
import GatewayConfiguration
import Telemetry
import Testing

/// WebSocket through the gateway, between a client and a server that others wrote.
@Suite(.enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"))
struct WebSocketTests {
  private static let policy = """
    <policies>
      <inbound>
        <base />
        <set-header name="X-Caller" exists-action="override"><value>@(context.Subscription.Id)</value></set-header>
      </inbound>
      <backend><base /></backend>
      <outbound><base /></outbound>
    </policies>
    """

  private func withSocketAPI(
    protocols: Set<API.Scheme> = [.ws],
    _ body: (RunningGateway, inout AsyncStream<String>.AsyncIterator) async throws -> Void
  ) async throws {
    let server = try PeerProcess("websocket.py", ["serve"])
    var lines = server.lines.makeAsyncIterator()
    let port = try #require(await lines.next().flatMap { Int($0) })
    let api = API(
      id: "chat", displayName: "Chat", path: "chat", protocols: protocols, serviceURL: "ws://127.0.0.1:\(port)/room",
      policy: PolicyText(rawXML: Self.policy))
    try await RunningGateway.serving([api]) { gateway in try await body(gateway, &lines) }
  }

  private func lastLine(_ how: String, _ gateway: RunningGateway, _ path: String) async throws -> String? {
    let client = try PeerProcess("websocket.py", [how, "ws://127.0.0.1:\(gateway.httpPort)\(path)"])
    var last: String?
    for await line in client.lines { last = line }
    return last
  }

  @Test func `messages of every size pass both ways until the server closes, and the handshake is recorded`()
    async throws
  {
    try await withSocketAPI { gateway, lines in
      let end = try await lastLine("talk", gateway, "/chat/one?x=1")
      #expect(end == "closed 4000")
      let seen = try #require(await lines.next())
      let object = try #require(try JSONSerialization.jsonObject(with: Data(seen.utf8)) as? [String: String])
      #expect(object == ["path": "/room/one?x=1", "caller": "canteen", "protocol": "chat"])
      await gateway.server.drain(milliseconds: 1_000)
      let record = try #require(gateway.records.all.first)
      #expect(record.responseCode == 101)
      #expect(record.operationId == "onHandshake")
      #expect(record.isRequestSuccess)
      #expect(record.requestSize > 1 << 20)
      #expect(record.responseSize > 1 << 20)
      #expect(record.errors.isEmpty)
    }
  }

  @Test func `policies and keys decide on the handshake`() async throws {
    try await withSocketAPI { gateway, _ in
      let end = try await lastLine("talk", gateway, "/chat/nokey")
      #expect(end == "refused 401")
    }
  }

  @Test func `an API of HTTP takes no upgrade`() async throws {
    try await withSocketAPI(protocols: [.http]) { gateway, _ in
      // No operation of an HTTP API is made up.
      let end = try await lastLine("talk", gateway, "/chat/one")
      #expect(end == "refused 404")
    }
  }

  @Test func `a client that leaves ends the connection to the server`() async throws {
    try await withSocketAPI { gateway, lines in
      do {
        let client = try RawClient(port: gateway.httpPort)
        client.send(
          "GET /chat/x HTTP/1.1\r\nHost: g\r\nOcp-Apim-Subscription-Key: first\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        let text = try #require(client.text(until: "\r\n\r\n"))
        try #require(text.hasPrefix("HTTP/1.1 101 "))
        #expect(text.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(text.contains("Connection: Upgrade\r\n"))
      }
      _ = await lines.next()
      // Draining waits for connections: it is over at once only if the tunnel is.
      let start = ContinuousClock.now
      await gateway.server.drain(milliseconds: 120_000)
      #expect(ContinuousClock.now - start < .seconds(100))
      #expect(gateway.records.all.first?.responseCode == 101)
    }
  }
}
