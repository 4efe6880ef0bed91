import ChildProcesses
import Foundation
import GatewayConfiguration

/// A real Redis server on a free port of loopback, ended with the test.
final class RedisServer {
  private static let path = "/usr/bin/redis-server"

  /// Whether `scripts/install test` has been here.
  static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: path) }

  let port: Int
  private let arguments: [String]
  private let folder: URL
  private var process: ChildProcess?

  init(_ arguments: [String] = []) async throws {
    self.arguments = arguments
    port = try FreePort.find()
    folder = FileManager.default.temporaryDirectory.appending(path: "redis-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try await start()
  }

  /// Starts it, again on the same port, and empty.
  func start() async throws {
    process = try ChildProcess(
      Self.path,
      [
        "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
        folder.path(percentEncoded: false), "--daemonize", "no",
      ] + arguments)
    for _ in 0..<250 {
      if (try? RawClient(port: port)) != nil { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw RedisConnection.Failure(message: "redis-server did not start")
  }

  /// What stands behind one of the arguments.
  func value(of argument: String) -> String? { arguments.firstIndex(of: argument).map { arguments[$0 + 1] } }

  /// Ends it at once.
  func kill() { process?.kill() }

  /// It stands still: connections are taken by the system, and nothing is answered.
  func pause() { process?.signal(SIGSTOP) }
  func resume() { process?.signal(SIGCONT) }

  /// What redis-cli prints.
  func ask(_ words: String...) async throws -> String { try await ask(words) }

  func ask(_ words: [String]) async throws -> String {
    try await SystemTool(path: "/usr/bin/redis-cli").run(["-p", "\(port)"] + words)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// With the longest time for commands there is, unless the options say otherwise: the machine may be busy.
  func connection(_ options: String = "") throws -> RedisConnection {
    try RedisConnection("127.0.0.1:\(port),syncTimeout=1000" + options)
  }

  deinit {
    kill()
    try? FileManager.default.removeItem(at: folder)
  }
}

/// Asks until the answer is yes, at most so long; false when it never was.
func eventually(seconds: Double = 60, _ question: () async throws -> Bool) async rethrows -> Bool {
  let end = ContinuousClock.now + .milliseconds(Int64(seconds * 1_000))
  while ContinuousClock.now < end {
    if try await question() { return true }
    try? await Task.sleep(for: .milliseconds(10))
  }
  return false
}
