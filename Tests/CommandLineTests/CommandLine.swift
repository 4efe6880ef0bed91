import ChildProcesses
import Foundation
import Testing

/// The built executable, run as a user runs it.
struct CommandLine {
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  /// A folder of its own, in which relative paths are meant; removed by ``close()``.
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "postern-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  func close() { try? FileManager.default.removeItem(at: folder) }

  /// Writes a file below the folder.
  func write(_ text: String, to path: String) throws {
    let file = folder.appending(path: path)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  func read(_ path: String) throws -> String { try String(contentsOf: folder.appending(path: path), encoding: .utf8) }

  /// Runs `postern` with arguments, in the folder.
  func run(_ arguments: String...) async throws -> Outcome { try await run(arguments) }

  func run(_ arguments: [String]) async throws -> Outcome {
    let program = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: ".build/debug/postern")
    let errors = folder.appending(path: ".stderr")
    try? FileManager.default.removeItem(at: errors)
    let (status, output) = try await ChildProcess.run(
      program.path(percentEncoded: false), arguments, directory: folder.path(percentEncoded: false),
      errors: .file(errors.path(percentEncoded: false)))
    return Outcome(status: status, output: output, errors: try read(".stderr"))
  }
}

/// Gives a test a folder of its own.
func withCommandLine(_ body: (CommandLine) async throws -> Void) async throws {
  let line = try CommandLine()
  defer { line.close() }
  try await body(line)
}
