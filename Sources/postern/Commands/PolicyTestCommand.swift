import ArgumentParser
import Foundation
import Workbench

/// `postern policy test`.
struct PolicyTestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Run policy tests: files that hold policies, requests, answers and what is expected.",
    discussion: """
      Exit code 0: everything is as expected; 1: something is not; 2: the command line is wrong or a file cannot be read.
      """)

  @Argument(help: "Test files, or folders of .http files.")
  var files: [String]

  func run() throws {
    let files = try PolicyTests.list(files)
    var failed = 0
    for file in files {
      let result = try PolicyTests.run(file)
      if result.passed { continue }
      failed += 1
      print(result.text)
    }
    FileHandle.standardError.write(Data("\(files.count) tests, \(failed) failed\n".utf8))
    if failed > 0 { throw ExitCode(1) }
  }
}
