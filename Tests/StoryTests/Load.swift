import Foundation
import Synchronization

/// Constant load on a gateway: each worker sends a request, reads its answer, and looks at it. Nothing is tried twice.
final class Load: Sendable {
  struct Outcome: Sendable {
    var answered = 0
    /// Answers that said they were the connection's last.
    var closed = 0
    /// What went wrong; the first hundred.
    var failures: [String] = []
  }

  private struct State {
    var outcome = Outcome()
    var running = 0
    var isOver = false
  }

  private let state = Mutex(State())
  private let port: Int
  private let path: String
  private let check: @Sendable (PlainConnection.Answer, _ earlier: PlainConnection.Answer?) -> String?

  /// - Parameters:
  ///   - fresh: further workers that open a connection for each request.
  ///   - stopsAtClose: a worker whose connection was closed with notice does not open another.
  ///   - check: says what is wrong with an answer; the earlier one came over the same connection.
  init(
    port: Int, path: String = "/time/now", workers: Int, fresh: Int = 0, stopsAtClose: Bool = false,
    check: @escaping @Sendable (PlainConnection.Answer, _ earlier: PlainConnection.Answer?) -> String? = { _, _ in nil }
  ) {
    self.port = port
    self.path = path
    self.check = check
    state.withLock { $0.running = workers + fresh }
    for worker in 0..<(workers + fresh) {
      Thread.detachNewThread { [self] in
        work(worker, isFresh: worker >= workers, stopsAtClose: stopsAtClose)
        state.withLock { $0.running -= 1 }
      }
    }
  }

  private func work(_ worker: Int, isFresh: Bool, stopsAtClose: Bool) {
    var connection: PlainConnection?
    var earlier: PlainConnection.Answer?
    var number = 0
    while !state.withLock({ $0.isOver }) {
      number += 1
      do {
        let open = try connection ?? PlainConnection(port: port)
        let name = "\(worker)-\(number)"
        let answer = try open.ask(
          "GET", path, headers: ["X-Request: \(name)"] + (isFresh ? ["Connection: close"] : []))
        var problem = answer.status == 200 ? check(answer, earlier) : "status \(answer.status): \(answer.text)"
        if answer.status == 200, answer.text != name { problem = "the answer of \(answer.text) came to \(name)" }
        state.withLock { state in
          state.outcome.answered += 1
          if answer.closes, !isFresh { state.outcome.closed += 1 }
        }
        if let problem { fail(problem) }
        if answer.closes, stopsAtClose { return }
        (connection, earlier) = answer.closes ? (nil, nil) : (open, answer)
        if isFresh { Thread.sleep(forTimeInterval: 0.002) }
      } catch {
        fail("worker \(worker), request \(number): \(error)")
        (connection, earlier) = (nil, nil)
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
  }

  private func fail(_ problem: String) {
    state.withLock { if $0.outcome.failures.count < 100 { $0.outcome.failures.append(problem) } }
  }

  /// Lets every worker finish its request.
  func stop() async throws -> Outcome {
    state.withLock { $0.isOver = true }
    return try await finish()
  }

  /// Waits for the workers to come to their end.
  func finish() async throws -> Outcome {
    for _ in 0..<1_500 where state.withLock({ $0.running }) > 0 { try await Task.sleep(for: .milliseconds(10)) }
    return state.withLock { $0.outcome }
  }

  var answered: Int { state.withLock { $0.outcome.answered } }
}
