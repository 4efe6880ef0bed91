import Foundation
import Gateway
import GatewayConfiguration
import Telemetry
import Testing

/// HTTP/2 from clients that others wrote: python-h2, curl, nghttp and h2load.
struct HTTP2Tests {
  private static let policy = """
    <policies>
      <inbound><base /></inbound>
      <backend><base /></backend>
      <outbound>
        <base />
        <set-header name="X-Served-By" exists-action="override"><value>Postern</value></set-header>
      </outbound>
    </policies>
    """
  private static let large = String(repeating: "0123456789abcdef", count: 65_536)

  private func withAPI(_ body: (RunningGateway, ScriptedBackend) async throws -> Void) async throws {
    let backend = try await ScriptedBackend { request in
      if request.contains("/large") {
        return "HTTP/1.1 200 OK\r\nContent-Length: \(Self.large.utf8.count)\r\n\r\n\(Self.large)"
      }
      if request.contains("/chunked") {
        return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n12:0\r\n3\r\n0:0\r\n0\r\n\r\n"
      }
      if request.contains("/none") { return "HTTP/1.1 204 No Content\r\n\r\n" }
      let size = request.utf8.count - (request.range(of: "\r\n\r\n")?.upperBound.utf16Offset(in: request) ?? 0)
      let text = "\(size)"
      return "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
    }
    let operations = ["GET", "POST", "HEAD"].map {
      Operation(id: $0.lowercased(), displayName: $0, method: $0, urlTemplate: "/*")
    }
    let api = API(
      id: "time", displayName: "Time", path: "time", protocols: [.http, .https],
      serviceURL: "http://127.0.0.1:\(backend.port)/clock", operations: operations,
      policy: PolicyText(rawXML: Self.policy))
    try await RunningGateway.serving([api]) { gateway in try await body(gateway, backend) }
    await backend.stop()
  }

  private func python(_ how: String, _ gateway: RunningGateway, _ path: String, _ more: String...) async throws
    -> [String: Any]
  {
    let client = try PeerProcess("http2.py", [how, "\(gateway.httpPort)", path] + more)
    var lines = client.lines.makeAsyncIterator()
    let line = try #require(await lines.next())
    return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  @Test(.enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"))
  func `a hundred streams at once are all answered, and each is recorded`() async throws {
    try await withAPI { gateway, _ in
      let answer = try await python("many", gateway, "/time/now", "100")
      #expect(answer["statuses"] as? [String: Int] == ["200": 100])
      let large = try await python("many", gateway, "/time/large", "20")
      #expect(large["statuses"] as? [String: Int] == ["200": 20])
      #expect(large["sizes"] as? [Int] == [Self.large.utf8.count])
      let chunked = try await python("many", gateway, "/time/chunked", "3")
      #expect(chunked["sizes"] as? [Int] == [7])
      let none = try await python("many", gateway, "/time/none", "3")
      #expect(none["statuses"] as? [String: Int] == ["204": 3])
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.count == 126)
      #expect(gateway.records.all.allSatisfy { $0.clientProtocol == "HTTP/2" && $0.isRequestSuccess })
    }
  }

  @Test(.enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"))
  func `bodies reach the backend with their length, or in chunks, however large`() async throws {
    try await withAPI { gateway, backend in
      let size = 700_000
      let counted = try await python("post", gateway, "/time/set", "\(size)", "length")
      #expect(counted["1"] as? [Int] == [200, 6])
      #expect(backend.received.last?.contains("content-length: 700000\r\n") == true)
      let chunked = try await python("post", gateway, "/time/set", "\(size)")
      #expect((chunked["1"] as? [Int])?.first == 200)
      #expect(backend.received.last?.contains("Transfer-Encoding: chunked\r\n") == true)
      #expect((backend.received.last?.filter { $0 == "x" }.count ?? 0) >= size)
      let trailed = try await python("trailers", gateway, "/time/set", "10")
      #expect((trailed["1"] as? [Int])?.first == 200)
    }
  }

  @Test(.enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"))
  func `a client that opens its window little by little gets everything`() async throws {
    try await withAPI { gateway, _ in
      let answer = try await python("slow", gateway, "/time/large")
      #expect(answer["status"] as? Int == 200)
      #expect(answer["size"] as? Int == Self.large.utf8.count)
    }
  }

  @Test(.enabled(if: PeerProcess.areInstalled, "scripts/install test puts the peers into .build/peers"))
  func `a client that only begins streams and gives them up is told to calm down`() async throws {
    try await withAPI { gateway, _ in
      let answer = try await python("resets", gateway, "/time/now", "2000")
      #expect(answer["goaway"] as? Int == 11)
    }
  }

  @Test(.enabled(if: SystemTool.curl.isInstalled && SystemTool.nghttp.isInstalled, "scripts/install test"))
  func `curl and nghttp agree on HTTP/2 over TLS, and refused requests have their bodies`() async throws {
    try await withAPI { gateway, _ in
      let url = "https://127.0.0.1:\(gateway.httpsPort)/time/now"
      let key = "Ocp-Apim-Subscription-Key: first"
      let format = " %{http_version} %{response_code}"
      #expect(try await SystemTool.curl.run(["-sk", "--http2", "-H", key, "-w", format, url]) == "0 2 200")
      #expect(try await SystemTool.curl.run(["-sk", "--http1.1", "-H", key, "-w", format, url]) == "0 1.1 200")
      let plain = "http://127.0.0.1:\(gateway.httpPort)/time/now"
      #expect(
        try await SystemTool.curl.run(["-s", "--http2-prior-knowledge", "-H", key, "-w", format, plain]) == "0 2 200")
      let refused = try await SystemTool.curl.run(["-sk", "--http2", "-i", url])
      #expect(refused.hasPrefix("HTTP/2 401"))
      #expect(refused.contains("www-authenticate: AzureApiManagementKey realm=\"https://127.0.0.1"))
      #expect(refused.contains("missing subscription key"))
      let head = try await SystemTool.curl.run(["-sk", "--http2", "-I", "-H", key, url])
      #expect(head.contains("x-served-by: Postern"))
      let shown = try await SystemTool.nghttp.run(["-nv", "-H", key, plain])
      #expect(shown.contains(":status: 200"))
    }
  }

  @Test(.enabled(if: SystemTool.curl.isInstalled && SystemTool.nghttp.isInstalled, "scripts/install test"))
  func `a client in the middle of a long body sees why it is refused`() async throws {
    try await withAPI { gateway, backend in
      let folder = try TemporaryFolder()
      let url = "http://127.0.0.1:\(gateway.httpPort)/time/set"
      for size in [900_000, 3_000_000] {
        let file = try folder.file("\(size)", String(repeating: "x", count: size))
        let shown = try await SystemTool.curl.run([
          "-sS", "--http2-prior-knowledge", "-w", " %{response_code}", "--data-binary", "@\(file)", url,
        ])
        #expect(shown.hasSuffix(" 401") && shown.contains("missing subscription key"), "\(shown)")
        // The connection goes on: both are answered on one.
        let other = try await SystemTool.nghttp.run(["-v", "-m", "2", "-d", file, url])
        #expect(other.split(separator: ":status: 401").count == 3, "\(other)")
        #expect(!other.contains("recv GOAWAY"))
      }
      #expect(backend.received.isEmpty)
    }
  }

  @Test(.enabled(if: SystemTool.h2load.isInstalled, "scripts/install test"))
  func `h2load's thousand requests on two connections succeed`() async throws {
    try await withAPI { gateway, _ in
      let url = "http://127.0.0.1:\(gateway.httpPort)/time/now"
      let text = try await SystemTool.h2load.run([
        "-n", "1000", "-c", "2", "-m", "30", "-H", "Ocp-Apim-Subscription-Key: first", url,
      ])
      #expect(text.contains("1000 succeeded, 0 failed, 0 errored, 0 timeout"), "\(text)")
      #expect(text.contains("status codes: 1000 2xx"))
    }
  }
}
