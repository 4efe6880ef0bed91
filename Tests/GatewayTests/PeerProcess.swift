import Foundation

/// A Python peer from `Tests/Peers`, run with the packages of `scripts/peers.txt`; ended with the test.
final class PeerProcess {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let python = root.appending(path: ".build/peers/bin/python3").path()

  /// Whether `scripts/install test` has been here.
  static var areInstalled: Bool { FileManager.default.isExecutableFile(atPath: python) }

  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  /// What the peer prints.
  let lines: AsyncStream<String>

  init(_ script: String, _ arguments: [String] = []) throws {
    process.executableURL = URL(filePath: Self.python)
    process.arguments = [Self.root.appending(path: "Tests/Peers/\(script)").path()] + arguments
    process.standardInput = input
    process.standardOutput = output
    let (lines, continuation) = AsyncStream.makeStream(of: String.self)
    self.lines = lines
    try process.run()
    let reader = output.fileHandleForReading
    Thread.detachNewThread {
      var rest = Data()
      while case let data = reader.availableData, !data.isEmpty {
        rest += data
        while let end = rest.firstIndex(of: 0x0a) {
          continuation.yield(String(decoding: rest[..<end], as: UTF8.self))
          rest = Data(rest[(end + 1)...])
        }
      }
      continuation.finish()
    }
  }

  /// Gives the peer a line to read.
  func send(_ line: String) throws { try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8)) }

  deinit {
    // Not asked but ended: the test runner's own handling of signals is inherited, so that SIGTERM may do nothing.
    kill(process.processIdentifier, SIGKILL)
  }
}
