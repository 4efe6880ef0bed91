import ArgumentParser
import Expressions
import Foundation
import Workbench

/// `postern policy format`.
struct PolicyFormatCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "format",
    abstract: "Lay out documents and fragments; values, expressions, comments and templates stay as they are.",
    discussion: """
      Without an option the result is printed.
      Exit code 0: done, or nothing to do; 1: a file is not laid out (--check) or cannot be understood; 2: the command line
      is wrong or a file cannot be read.
      """)

  @Argument(help: "Policy documents, fragments, or folders of them.")
  var files: [String]

  @Flag(help: "Change nothing; name the files that are not laid out.")
  var check = false

  @Flag(help: "Write the result into the file.")
  var write = false

  func validate() throws {
    if check, write { throw ValidationError("--check and --write exclude each other.") }
  }

  func run() throws {
    var isFine = true
    for file in try PolicyFiles.list(files) {
      let text = try PolicyFiles.read(file)
      let layout = PolicyLayout(text, file: file)
      guard let result = layout.text else {
        for finding in layout.errors { FileHandle.standardError.write(Data("\(finding.text)\n".utf8)) }
        isFine = false
        continue
      }
      if check, result != text {
        print(file)
        isFine = false
      } else if write, result != text {
        try PolicyFiles.write(result, to: file)
      } else if !check, !write {
        print(result, terminator: "")
      }
    }
    if !isFine { throw ExitCode(1) }
  }
}
