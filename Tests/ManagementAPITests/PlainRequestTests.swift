import ChildProcesses
import Foundation
import Logging
import ManagementAPI
import Testing

/// The service's HTTPS port, asked by curl with and without TLS.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/curl"), "scripts/install test"))
struct PlainRequestTests {
  @Test func `a request in the clear is told that the port is for HTTPS`() async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "plain-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let opened = try await ManagementService.open(
      directory: directory, gatewayEndpoint: "https://service:9443", certificateAuthority: nil)
    let server = ManagementServer(
      service: opened.service, settings: .init(address: "127.0.0.1", httpPort: 0, httpsPort: 0),
      certificate: try ServerCertificate(directory: directory, names: ["localhost"]), logger: Logger(label: "test")
    ) { _ in }
    let running = Task { try await server.run() }
    while server.boundHTTPSPort == nil { try await Task.sleep(for: .milliseconds(10)) }
    let port = server.boundHTTPSPort ?? 0
    func curl(_ arguments: String...) async throws -> String {
      try await ChildProcess.run("/usr/bin/curl", ["-sk", "--max-time", "30"] + arguments).output
    }
    for method in ["GET", "DELETE"] {
      let answer = try await curl("-i", "-X", method, "http://127.0.0.1:\(port)/livez")
      #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && answer.contains("\r\nConnection: close\r\n"))
      #expect(
        answer.hasSuffix(
          #"{"error":{"code":"BadRequest","message":"The plain HTTP request was sent to the HTTPS port."}}"#),
        "\(answer)")
    }
    let body = String(repeating: "a", count: 100_000)
    let posted = try await curl("-o", "/dev/null", "-w", "%{http_code}", "-d", body, "http://127.0.0.1:\(port)/livez")
    #expect(posted == "400")
    let secure = try await curl("https://127.0.0.1:\(port)/livez")
    #expect(secure == "OK")
    running.cancel()
    _ = try? await running.value
  }
}
