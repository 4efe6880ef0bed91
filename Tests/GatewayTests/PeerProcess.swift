import ChildProcesses
import Foundation

/// A Python peer from `Tests/Peers`, run with the packages of `scripts/peers.txt`; ended with the test.
final class PeerProcess {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let python = root.appending(path: ".build/peers/bin/python3").path()

  /// Whether `scripts/install test` has been here.
  static var areInstalled: Bool { FileManager.default.isExecutableFile(atPath: python) }

  /// Whether that is so for a package of Python as well, which may be younger than what is installed.
  static func have(_ package: String) -> Bool {
    let library = root.appending(path: ".build/peers/lib").path()
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: library)) ?? []
    return versions.contains { FileManager.default.fileExists(atPath: "\(library)/\($0)/site-packages/\(package)") }
  }

  private let process: ChildProcess
  /// What the peer prints.
  let lines: AsyncStream<String>

  init(_ script: String, _ arguments: [String] = []) throws {
    process = try ChildProcess(
      Self.python, [Self.root.appending(path: "Tests/Peers/\(script)").path()] + arguments, input: .pipe,
      output: .pipe, errors: ChildProcess.Output.none)
    let (lines, continuation) = AsyncStream.makeStream(of: String.self)
    self.lines = lines
    guard let reader = process.output else { return }
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
  func send(_ line: String) throws { try process.input?.write(contentsOf: Data((line + "\n").utf8)) }

  deinit { process.kill() }
}
