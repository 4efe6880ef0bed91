import Foundation

/// A real process of the demo, with its output in a file.
@MainActor
final class ChildProcess {
  /// What is said when a process ends though it should run.
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  let name: String
  let logPath: String
  private let process = Process()

  /// Starts this same executable with other arguments.
  init(
    name: String, arguments: [String], environment: [String: String] = [:], logPath: String, append: Bool = false
  ) throws {
    self.name = name
    self.logPath = logPath
    if !append || !FileManager.default.fileExists(atPath: logPath) {
      try Data().write(to: URL(filePath: logPath))
    }
    guard let log = FileHandle(forWritingAtPath: logPath) else {
      throw Failure(description: "cannot write \(logPath)")
    }
    try log.seekToEnd()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = log
    process.standardError = log
    try process.run()
  }

  var isRunning: Bool { process.isRunning }
  var identifier: Int32 { process.processIdentifier }
  var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

  /// Asks it to end and waits; its exit code.
  @discardableResult
  func stop() async -> Int32 {
    if process.isRunning { process.terminate() }
    return await ended(withinSeconds: 20)
  }

  /// Ends it at once, as a power cut would.
  func kill() async {
    if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    _ = await ended(withinSeconds: 10)
  }

  private func ended(withinSeconds seconds: Int) async -> Int32 {
    for _ in 0..<(seconds * 50) where process.isRunning { try? await Task.sleep(for: .milliseconds(20)) }
    if process.isRunning {
      Foundation.kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    return process.terminationStatus
  }
}

/// Ports nobody listens on.
enum FreePort {
  static func find() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw ChildProcess.Failure(description: "no socket can be made") }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard bound else { throw ChildProcess.Failure(description: "no free port was found") }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  /// Whether a port can be listened on, on every address.
  static func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var one: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
