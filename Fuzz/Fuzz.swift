import Expressions
import Foundation

/// `fuzz [seconds] [case …] [--seed N] [--slowest]`: gives mutated seeds to the parsers of untrusted text until the time
/// is over. `--slowest` shows the input of each case that took longest. `fuzz case --input FILE` tries that one input.
///
/// Every input is a function of the seed, the case and the number of the round: what a run found, another finds again.
/// An input that ends the process has been written to `Fuzz/last-input` before it was tried.
@main
struct Fuzz {
  static func main() throws {
    StackRoom.reserve(steps: EvaluationLimits().steps)
    var seconds = 20.0
    var seed: UInt64 = 1
    var names: [String] = []
    var isTold = false
    var file: String?
    var arguments = Array(CommandLine.arguments.dropFirst())[...]
    while let argument = arguments.popFirst() {
      if argument == "--seed" {
        seed = arguments.popFirst().flatMap { UInt64($0) } ?? seed
      } else if argument == "--input" {
        file = arguments.popFirst()
      } else if argument == "--slowest" {
        isTold = true
      } else if let number = Double(argument) {
        seconds = number
      } else {
        names.append(argument)
      }
    }
    let chosen = names.isEmpty ? FuzzCase.all : FuzzCase.all.filter { names.contains($0.name) }
    guard !chosen.isEmpty, names.allSatisfy({ name in FuzzCase.all.contains { $0.name == name } }) else {
      print("Cases: " + FuzzCase.all.map(\.name).joined(separator: ", "))
      exit(2)
    }
    if let file {
      let input = try [UInt8](Data(contentsOf: URL(filePath: file)))
      for entry in chosen { print("\(entry.name): \(entry.attempt(input) ? "accepted" : "refused")") }
      return
    }
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    for entry in chosen {
      let seeds = try Self.seeds(of: entry, in: folder.appending(path: "Seeds"))
      let run = try FuzzRun(entry, seeds, seed: seed, journal: folder.appending(path: "last-input"))
      try run.run(seconds: seconds / Double(chosen.count))
      print("\(entry.name): \(run.rounds) inputs, \(run.accepted) of them accepted, the slowest in \(run.slowest)")
      if isTold { print(String(decoding: run.slowestInput, as: UTF8.self)) }
    }
  }

  /// The committed inputs of a case: the lines of `NAME.txt`, in which `\n`, `\r` and `\xNN` stand for bytes.
  private static func seeds(of entry: FuzzCase, in folder: URL) throws -> [[UInt8]] {
    let text = try String(contentsOf: folder.appending(path: entry.name + ".txt"), encoding: .utf8)
    return text.split(separator: "\n").map { bytes(of: $0) }
  }

  private static func bytes(of line: Substring) -> [UInt8] {
    let parts = line.split(separator: "\\x", omittingEmptySubsequences: false)
    var result = Array(unescaped(parts[0]).utf8)
    for part in parts.dropFirst() {
      guard part.count >= 2, let byte = UInt8(part.prefix(2), radix: 16) else { continue }
      result.append(byte)
      result += unescaped(part.dropFirst(2)).utf8
    }
    return result
  }

  private static func unescaped(_ text: Substring) -> String {
    text.replacingOccurrences(of: "\\n", with: "\n").replacingOccurrences(of: "\\r", with: "\r")
  }
}
