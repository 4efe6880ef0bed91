import ChildProcesses
import Foundation
import GatewayConfiguration
import Telemetry
import Testing

@testable import Gateway

/// HTTP/2 towards nghttpd, nghttp2's own server.
@Suite(
  .enabled(if: SystemTool.nghttpd.isInstalled && SystemTool.h2load.isInstalled, "scripts/install test"),
  .timeLimit(.minutes(3)))
struct NGHTTP2BackendTests {
  private static let content = String(repeating: "0123456789abcdef", count: 20_000)

  /// A gateway in front of an nghttpd that serves a folder with one file, and echoes what is posted.
  private func serving(
    tls: Bool, _ arguments: [String], _ body: (RunningGateway) async throws -> Void
  ) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "nghttpd-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Self.content.write(to: folder.appending(path: "file.txt"), atomically: true, encoding: .utf8)
    let path = folder.path(percentEncoded: false)
    let port = try FreePort.find()
    var last = ["--no-tls", "\(port)"]
    if tls {
      _ = try await SystemTool.openssl.run([
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
        path + "/key.pem", "-out", path + "/cert.pem", "-days", "2", "-subj", "/CN=localhost",
      ])
      last = ["\(port)", path + "/key.pem", path + "/cert.pem"]
    }
    let server = try ChildProcess(
      SystemTool.nghttpd.path, ["-a", "127.0.0.1", "-d", path] + arguments + last, output: .file(path + "/log"))
    for _ in 0..<500 where (try? RawClient(port: port)) == nil { try await Task.sleep(for: .milliseconds(10)) }
    #expect(server.isRunning, "\(server.log)")
    var backend = Backend(id: "peer", url: "\(tls ? "https" : "http")://127.0.0.1:\(port)")
    backend.validateCertificateChain = false
    backend.validateCertificateName = false
    let operations = ["GET", "POST"].map {
      Operation(id: $0.lowercased(), displayName: $0, method: $0, urlTemplate: "/*")
    }
    let api = API(
      id: "two", displayName: "Two", path: "two", protocols: [.http], subscriptionRequired: false,
      operations: operations,
      policy: PolicyText(
        rawXML: """
          <policies><inbound><base /><set-backend-service backend-id="peer" /></inbound>
          <backend><forward-request http-version="2" timeout="20" /></backend><outbound><base /></outbound></policies>
          """))
    try await RunningGateway.serving([api], backends: [backend], body)
    server.kill()
  }

  @Test(arguments: [(false, [String]()), (true, ["-b", "200", "-c", "0"]), (false, ["-m", "3", "-w", "16"])])
  func `files, missing ones and many streams at once come through, padded or behind narrow windows`(
    tls: Bool, arguments: [String]
  ) async throws {
    try await serving(tls: tls, arguments) { gateway in
      let url = "http://127.0.0.1:\(gateway.httpPort)/two/"
      for client in ["--http1.1", "--http2-prior-knowledge"] {
        let file = try await SystemTool.curl.run(["-s", client, url + "file.txt"])
        #expect(file == Self.content)
        let missing = try await SystemTool.curl.run([
          "-s", client, "-o", "/dev/null", "-w", "%{response_code}", url + "nothing",
        ])
        #expect(missing == "404")
      }
      let load = try await SystemTool.h2load.run(["-n", "200", "-c", "2", "-m", "10", url + "file.txt"])
      #expect(load.contains("200 succeeded, 0 failed, 0 errored, 0 timeout"), "\(load)")
      #expect(load.contains("status codes: 200 2xx"), "\(load)")
      await gateway.server.drain(milliseconds: 0)
      #expect(gateway.records.all.count == 204)
      #expect(gateway.records.all.allSatisfy { $0.backendProtocol == "HTTP/2" })
    }
  }

  @Test func `bodies of requests arrive whole`() async throws {
    try await serving(tls: false, ["--echo-upload"]) { gateway in
      let file = FileManager.default.temporaryDirectory.appending(path: "upload-" + UUID().uuidString)
      try Self.content.write(to: file, atomically: true, encoding: .utf8)
      defer { try? FileManager.default.removeItem(at: file) }
      for more in [[], ["-H", "Transfer-Encoding: chunked"]] {
        let echo = try await SystemTool.curl.run(
          ["-s", "--data-binary", "@" + file.path(percentEncoded: false)] + more
            + ["http://127.0.0.1:\(gateway.httpPort)/two/file.txt"])
        #expect(echo == Self.content)
      }
    }
  }
}
