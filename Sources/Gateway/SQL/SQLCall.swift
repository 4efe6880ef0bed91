import NIOCore
import PolicyLibrary
import TDSWire

/// One statement on its way: it waits for a connection, then for its answer, each within a time of its own.
final class SQLCall: PendingEffect {
  let request: SQLRequest
  private let pool: SQLPool
  private var completion: ((SQLOutcome) -> Void)?
  private var timeout: Scheduled<Void>?
  private var connection: SQLConnection?

  /// Seconds that stand for "for ever".
  private static let longest = 86_400

  init(_ request: SQLRequest, pool: SQLPool, _ completion: @escaping (SQLOutcome) -> Void) {
    self.request = request
    self.pool = pool
    self.completion = completion
  }

  var isOver: Bool { completion == nil }

  private func arm(_ seconds: Int, _ what: String) {
    timeout?.cancel()
    let seconds = seconds == 0 ? Self.longest : seconds
    let box = NIOLoopBound(self, eventLoop: pool.client.loop)
    timeout = pool.client.loop.scheduleTask(in: .seconds(Int64(seconds))) {
      box.value.timedOut("\(what) within \(seconds) s")
    }
  }

  func awaitsConnection() {
    arm(request.settings.connectTimeoutSeconds, "\(request.settings.host) gave no connection")
  }

  /// The statement goes out.
  func began(on connection: SQLConnection) {
    self.connection = connection
    arm(request.settings.commandTimeoutSeconds, "\(request.settings.host) did not answer")
  }

  private func timedOut(_ message: String) {
    giveUp()
    finish(.failure(SQLFailure(reason: .timeout, message: message + ".")))
  }

  /// To be called by whoever has the call: its connection has forgotten it, or the pool has.
  func finish(_ outcome: SQLOutcome) {
    guard let completion else { return }
    self.completion = nil
    connection = nil
    timeout?.cancel()
    timeout = nil
    completion(outcome)
  }

  func cancel() {
    guard completion != nil else { return }
    completion = nil
    timeout?.cancel()
    timeout = nil
    giveUp()
  }

  private func giveUp() {
    if let connection {
      self.connection = nil
      connection.giveUp()
    } else {
      pool.remove(self)
    }
  }
}
