import ChildProcesses
import Foundation

/// The real process with management service, portal and managed gateway, for as long as a story takes.
struct RunningService {
  let portal: String
  /// Of the managed gateway.
  let gatewayHTTPPort: Int
  let gatewayHTTPSPort: Int
  /// The administrator's, as the service has printed it.
  let credential: String

  private static let executable = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: ".build/debug/postern").path(percentEncoded: false)

  static func serving(_ story: (RunningService) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "portal-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let ports = try (0..<4).map { _ in try FreePort.find() }
    let log = directory.appending(path: "log")
    let service = try ChildProcess(
      executable,
      [
        "serve", "--data-directory", directory.appending(path: "data").path(), "--address", "127.0.0.1",
        "--http-port", "\(ports[0])", "--https-port", "\(ports[1])", "--gateway-http-port", "\(ports[2])",
        "--gateway-https-port", "\(ports[3])",
      ], output: .file(log.path(percentEncoded: false)))
    let outcome: Result<Void, any Error>
    do {
      try await story(
        RunningService(
          portal: "http://127.0.0.1:\(ports[0])", gatewayHTTPPort: ports[2], gatewayHTTPSPort: ports[3],
          credential: try await credential(in: log)))
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    await service.stop()
    try FileManager.default.removeItem(at: directory)
    try outcome.get()
  }

  /// What the service prints when it listens; empty if it does not do so in 20 seconds.
  private static func credential(in log: URL) async throws -> String {
    for _ in 0..<400 {
      try await Task.sleep(for: .milliseconds(50))
      let text = try String(contentsOf: log, encoding: .utf8)
      if let range = text.range(of: "Administrator credential: "), text.contains("management service listens on") {
        return String(text[range.upperBound...].prefix { !$0.isWhitespace })
      }
    }
    return ""
  }
}
