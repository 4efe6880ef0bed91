import Foundation
import Gateway
import GatewayConfiguration
import Telemetry
import Testing

/// HTTP/2 towards backends that others wrote: python-h2 serves, curl, h2load and python-h2 ask.
@Suite(
  .enabled(if: PeerProcess.areInstalled && SystemTool.curl.isInstalled, "scripts/install test"), .timeLimit(.minutes(3))
)
struct HTTP2BackendTests {
  /// A gateway whose only API passes everything on to the peer over the given version.
  private func serving(
    _ arguments: [String] = ["plain"], version: String = "2",
    choice: String = "<set-backend-service backend-id=\"peer\" />", outbound: String = "",
    _ body: (RunningGateway, Peer) async throws -> Void
  ) async throws {
    let process = try PeerProcess("http2_backend.py", arguments)
    var lines = process.lines.makeAsyncIterator()
    let port = try #require(await lines.next())
    let scheme = arguments[0] == "plain" ? "http" : "https"
    let policy = """
      <policies>
        <inbound><base />\(choice)</inbound>
        <backend><forward-request http-version="\(version)" timeout="10" /></backend>
        <outbound><base />\(outbound)</outbound>
      </policies>
      """
    let operations = ["GET", "POST", "HEAD"].map {
      Operation(id: $0.lowercased(), displayName: $0, method: $0, urlTemplate: "/*")
    }
    let api = API(
      id: "two", displayName: "Two", path: "two", protocols: [.http, .https], subscriptionRequired: false,
      operations: operations, policy: PolicyText(rawXML: policy))
    var backend = Backend(id: "peer", url: "\(scheme)://127.0.0.1:\(port)/base")
    backend.validateCertificateChain = false
    backend.validateCertificateName = false
    try await RunningGateway.serving([api], backends: [backend]) { gateway in
      try await body(gateway, Peer(process: process, lines: lines, gateway: gateway))
    }
  }

  /// The backend as tests see it.
  private final class Peer {
    let process: PeerProcess
    private var lines: AsyncStream<String>.Iterator
    private let gateway: RunningGateway

    init(process: PeerProcess, lines: AsyncStream<String>.Iterator, gateway: RunningGateway) {
      self.process = process
      self.lines = lines
      self.gateway = gateway
    }

    /// The next line that begins like that.
    func line(_ prefix: String) async -> String? {
      while let line = await lines.next() {
        if line.hasPrefix(prefix) { return line }
      }
      return nil
    }

    func curl(_ path: String, _ arguments: String...) async throws -> String {
      try await SystemTool.curl.run(["-s"] + arguments + ["http://127.0.0.1:\(gateway.httpPort)/two\(path)"])
    }

    func json(_ path: String, _ arguments: String...) async throws -> [String: Any] {
      let text = try await SystemTool.curl.run(["-s"] + arguments + ["http://127.0.0.1:\(gateway.httpPort)/two\(path)"])
      return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }
  }

  @Test(arguments: ["plain", "tls"])
  func `clients of either protocol reach a backend of HTTP/2, and records say so`(how: String) async throws {
    try await serving([how]) { gateway, peer in
      for client in ["--http1.1", "--http2-prior-knowledge"] {
        let echo = try await peer.json(
          "/echo?a=b", client, "-H", "X-Own: 1", "-H", "Connection: close, X-Drop", "-H", "X-Drop: 2")
        let headers = try #require(echo["headers"] as? [String: String])
        #expect(headers[":path"] == "/base/echo?a=b")
        #expect(headers[":method"] == "GET")
        #expect(headers[":scheme"] == (how == "tls" ? "https" : "http"))
        #expect(headers[":authority"]?.hasPrefix("127.0.0.1:") == true)
        #expect(headers["x-own"] == "1")
        #expect(headers["x-forwarded-for"] == "127.0.0.1")
        #expect(headers["host"] == nil && headers["connection"] == nil)
        if client == "--http1.1" { #expect(headers["x-drop"] == nil) }
      }
      let posted = try await peer.json("/echo", "--data-binary", String(repeating: "x", count: 100_000))
      #expect(posted["size"] as? Int == 100_000)
      #expect((posted["headers"] as? [String: String])?["content-length"] == "100000")
      let chunked = try await peer.json(
        "/echo", "-H", "Transfer-Encoding: chunked", "--data-binary", String(repeating: "y", count: 70_000))
      #expect(chunked["size"] as? Int == 70_000)
      #expect((chunked["headers"] as? [String: String])?["transfer-encoding"] == nil)
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.count == 4)
      #expect(gateway.records.all.allSatisfy { $0.backendProtocol == "HTTP/2" && $0.isRequestSuccess })
    }
  }

  @Test func `answers without a length reach clients of HTTP/1 framed, with their trailers`() async throws {
    try await serving { _, peer in
      let format = " %{response_code} %{size_download}"
      #expect(try await peer.curl("/none", "-w", format, "--max-time", "5") == " 200 0")
      #expect(try await peer.curl("/interim", "-w", format, "--max-time", "5") == "late 200 4")
      #expect(try await peer.curl("/large/300000", "-w", format, "-o", "/dev/null") == " 200 300000")
      #expect(try await peer.curl("/large/300000", "-w", format, "-o", "/dev/null", "--http1.0") == " 200 300000")
      let head = try await peer.curl("/echo", "-I", "--max-time", "5")
      #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
      let raw = try await peer.curl("/trailers", "--raw")
      #expect(raw.hasSuffix("0\r\nx-sum: 42\r\nx-more: 1\r\n\r\n"), "\(raw)")
      let shown = try await peer.curl("/trailers", "-v", "--http2-prior-knowledge")
      #expect(shown.contains("x-sum: 42"))
    }
  }

  @Test func `a policy that reads the answer leaves its trailers behind`() async throws {
    let read =
      "<set-header name=\"X-Length\" exists-action=\"override\"><value>@(context.Response.Body.As&lt;string&gt;(true).Length.ToString())</value></set-header>"
    try await serving(outbound: read) { gateway, peer in
      let client = try PeerProcess("http2.py", ["get", "\(gateway.httpPort)", "/two/trailers"])
      var lines = client.lines.makeAsyncIterator()
      #expect(
        await lines.next() == #"{"status": 200, "size": 4, "trailers": {"x-sum": "42", "x-more": "1"}}"#)
      let one = try await peer.curl("/trailers", "-i")
      #expect(one.hasSuffix("\r\n\r\nbody") && one.contains("X-Length: 4\r\n"))
    }
  }

  @Test func `trailers of requests arrive, whatever the client speaks`() async throws {
    try await serving { gateway, peer in
      let client = try PeerProcess("http2.py", ["trailers", "\(gateway.httpPort)", "/two/echo", "10"])
      var lines = client.lines.makeAsyncIterator()
      #expect(await lines.next()?.contains("200") == true)
      #expect(await peer.line("trailers") == "trailers {'x-checksum': '1'}")
      let raw = try RawClient(port: gateway.httpPort)
      raw.send(
        "POST /two/echo HTTP/1.1\r\nHost: g\r\nTE: trailers\r\nConnection: TE, close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Checksum: 7\r\n\r\n"
      )
      let text = raw.text(until: "}}") ?? ""
      #expect(text.contains(#""trailers": {"x-checksum": "7"}"#), "\(text)")
      #expect(text.contains(#""te": "trailers""#))
    }
  }

  @Test(.enabled(if: SystemTool.h2load.isInstalled, "scripts/install test"))
  func `a thousand requests share one connection, and never more streams than the backend allows`() async throws {
    try await serving(["plain", "5"]) { gateway, peer in
      let url = "http://127.0.0.1:\(gateway.httpPort)/two/large/100"
      let text = try await SystemTool.h2load.run(["-n", "1000", "-c", "1", "-m", "5", url])
      #expect(text.contains("status codes: 1000 2xx"), "\(text)")
      let statistics = try await peer.json("/statistics")
      #expect(statistics["connections"] as? Int == 1)
      #expect(statistics["streams"] as? Int ?? 99 <= 5)
    }
    try await serving(["plain", "2"]) { gateway, _ in
      let url = "http://127.0.0.1:\(gateway.httpPort)/two/large/100"
      let text = try await SystemTool.h2load.run(["-n", "200", "-c", "1", "-m", "20", url])
      #expect(text.contains("status codes: 200 2xx"), "\(text)")
    }
  }

  @Test func `what the backend has not touched is sent again, with its body`() async throws {
    try await serving { gateway, peer in
      for path in ["/refuse/1", "/goaway"] {
        let echo = try await peer.json(path, "--http2-prior-knowledge", "--data-binary", "0123456789")
        #expect(echo["size"] as? Int == 10)
      }
      let never = try await peer.curl("/refuse/99", "-w", "%{response_code}", "-o", "/dev/null", "-d", "x")
      #expect(never == "500")
      let reset = try await peer.curl("/reset/2", "-w", "%{response_code}", "-o", "/dev/null")
      #expect(reset == "500")
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.last?.errors.last?.reason == "BackendConnectionFailure")
    }
  }

  @Test func `a client that leaves cancels its stream, and the connection goes on`() async throws {
    try await serving { _, peer in
      _ = try await peer.curl("/hold", "--max-time", "0.3")
      #expect(await peer.line("reset") == "reset 8")
      let echo = try await peer.json("/echo")
      #expect(echo["size"] as? Int == 0)
      let early = try await peer.curl("/early", "-d", String(repeating: "x", count: 1_000), "--max-time", "5")
      #expect(early == "early")
    }
  }

  @Test func `a client that does not read holds its own stream, no other, and little memory`() async throws {
    try await serving { gateway, peer in
      let client = try PeerProcess("http2.py", ["slow", "\(gateway.httpPort)", "/two/large/8000000"])
      var lines = client.lines.makeAsyncIterator()
      for _ in 0..<5 {
        let echo = try await peer.json("/echo")
        #expect(echo["size"] as? Int == 0)
      }
      #expect(await lines.next()?.contains(#""size": 8000000"#) == true)
    }
  }

  @Test func `2or1 takes what the handshake comes to, and 2 insists`() async throws {
    try await serving(["tls"], version: "2or1") { gateway, peer in
      let echo = try await peer.json("/echo")
      #expect(echo["size"] as? Int == 0)
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.last?.backendProtocol == "HTTP/2")
    }
    try await serving(["tls1"], version: "2or1") { gateway, peer in
      let (first, second) = (try await peer.curl("/x"), try await peer.curl("/x"))
      #expect(first == "one" && second == "one")
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.last?.backendProtocol == "HTTP/1.1")
    }
    try await serving(["tls1"]) { gateway, peer in
      let refused = try await peer.curl("/x", "-w", "%{response_code}", "-o", "/dev/null")
      #expect(refused == "500")
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.last?.errors.last?.message.contains("HTTP/2") == true)
    }
  }

  @Test func `a backend that breaks HTTP/2 costs its own request, nothing else`() async throws {
    let hostile = try PeerProcess("hostile_http2.py")
    var lines = hostile.lines.makeAsyncIterator()
    let list = try #require(await lines.next())
    let choice = """
      <set-backend-service base-url="@(&quot;http://127.0.0.1:&quot; + context.Request.Headers.GetValueOrDefault(&quot;X-Port&quot;, &quot;1&quot;))" />
      """
    try await serving(choice: choice) { gateway, peer in
      for pair in list.split(separator: " ") {
        let (name, port) = (pair.prefix { $0 != "=" }, pair.drop { $0 != "=" }.dropFirst())
        let url = "http://127.0.0.1:\(gateway.httpPort)/two/x"
        let shown = try await SystemTool.curl.run([
          "-s", "-o", "/dev/null", "-w", "%{response_code} %{size_download}", "--max-time", "12", "-H",
          "X-Port: \(port)", url,
        ])
        switch name {
        case "tiny-frames": #expect(shown == "200 3")
        // The head was sound: what is behind it cuts the answer off.
        case "long-frame", "beyond-window", "wrong-length", "empty-data":
          #expect(shown.hasPrefix("200") || shown.hasPrefix("500"), "\(name): \(shown)")
        default: #expect(shown.hasPrefix("500"), "\(name): \(shown)")
        }
        let live = try await SystemTool.curl.run([
          "-s", "-o", "/dev/null", "-w", "%{response_code}",
          "http://127.0.0.1:\(gateway.httpPort)/status-0123456789abcdef",
        ])
        #expect(live == "200", "after \(name)")
      }
    }
  }
}
