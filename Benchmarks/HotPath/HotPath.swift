import Glibc

/// Runs one piece of the request path a given number of times and nothing else, or serves whole requests, so that
/// callgrind can count the instructions exactly (`scripts/instruction-gate` is its caller); or measures times.
@main
enum HotPath {
  static func main() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let cases = HotPathCase.all
    switch arguments.first {
    case nil, "list":
      for one in cases { print(one.name) }
      for one in ServedRequests.all { print(one.name) }
    case "time": Timing.report(cases.filter { arguments.count < 2 || arguments.dropFirst().contains($0.name) })
    case "compile": for folder in arguments.dropFirst() { CorpusCompilation.report(folder) }
    case let name?:
      guard arguments.count > 1, let number = Int(arguments[1]) else {
        fail(
          "usage: hotpath list | hotpath CASE COUNT | hotpath request-… BACKEND-PORT | hotpath time [CASE…] "
            + "| hotpath compile FOLDER…")
      }
      if let served = ServedRequests.all.first(where: { $0.name == name }) {
        return try await served.serve(backendPort: number)
      }
      guard let found = cases.first(where: { $0.name == name }) else { fail("no such case: \(name)") }
      let total = found.prepare()(number)
      // The result is looked at, so that no work can be optimised away.
      if total < 0 { fail("\(name) did not do its work") }
    }
  }

  static func fail(_ message: String) -> Never {
    print(message)
    exit(1)
  }
}

/// A piece of the request path.
struct HotPathCase: Sendable {
  /// Also the name of its baseline.
  var name: String
  /// Nanoseconds that CoreCLR 3.1 needs for the same C#, compiled by its JIT and warm: the best of many repetitions.
  var recorded: Double?
  /// Makes the case ready; the result runs it so many times and returns a checksum, negative when it failed.
  var prepare: @Sendable () -> (_ count: Int) -> Int

  init(name: String, recorded: Double? = nil, prepare: @escaping @Sendable () -> (_ count: Int) -> Int) {
    self.name = name
    self.recorded = recorded
    self.prepare = prepare
  }

  static let all = wire + records + expressions + compilations
}
