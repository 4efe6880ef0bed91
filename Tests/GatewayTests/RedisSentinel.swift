import ChildProcesses
import Foundation
import GatewayConfiguration

/// A real sentinel on a free port of loopback that watches one server as `plant`, and decides alone when that is down.
final class RedisSentinel {
  let port: Int
  private let folder: URL
  private let process: ChildProcess

  init(watching server: RedisServer) async throws {
    port = try FreePort.find()
    folder = FileManager.default.temporaryDirectory.appending(path: "sentinel-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // It writes into its own configuration what it learns.
    let file = folder.appending(path: "sentinel.conf")
    let text = """
      port \(port)
      bind 127.0.0.1
      dir \(folder.path(percentEncoded: false))
      sentinel monitor plant 127.0.0.1 \(server.port) 1
      sentinel down-after-milliseconds plant 1500
      sentinel failover-timeout plant 10000

      """
    try Data(text.utf8).write(to: file)
    process = try ChildProcess("/usr/bin/redis-server", [file.path(percentEncoded: false), "--sentinel"])
    for _ in 0..<250 {
      if (try? RawClient(port: port)) != nil { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw RedisConnection.Failure(message: "the sentinel did not start")
  }

  /// What redis-cli prints.
  func ask(_ words: String...) async throws -> String {
    try await SystemTool(path: "/usr/bin/redis-cli").run(["-p", "\(port)"] + words)
  }

  deinit {
    process.kill()
    try? FileManager.default.removeItem(at: folder)
  }
}
