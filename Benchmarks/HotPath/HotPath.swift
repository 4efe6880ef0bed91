import Glibc

/// Runs one piece of the request path a given number of times and nothing else, or serves whole requests, so that
/// callgrind can count the instructions exactly. `scripts/instruction-gate` is its caller.
@main
enum HotPath {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    let cases = HotPathCase.all
    guard let name = arguments.first, name != "list" else {
      for one in cases { print(one.name) }
      for one in ServedRequests.all { print(one.name) }
      return
    }
    guard let number = arguments.dropFirst().first.flatMap({ Int($0) }) else {
      fail("usage: hotpath list | hotpath CASE COUNT | hotpath request-… BACKEND-PORT")
    }
    if let served = ServedRequests.all.first(where: { $0.name == name }) {
      return try await served.serve(backendPort: number)
    }
    guard let found = cases.first(where: { $0.name == name }) else { fail("no such case: \(name)") }
    let count = number
    let total = found.prepare()(count)
    // The result is looked at, so that no work can be optimised away.
    if total < 0 { fail("\(name) did not do its work") }
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
  /// Makes the case ready; the result runs it so many times and returns a checksum, negative when it failed.
  var prepare: @Sendable () -> (_ count: Int) -> Int

  static let all = wire + records
}
