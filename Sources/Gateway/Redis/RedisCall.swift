import NIOCore
import PolicyLibrary
import RedisWire

/// Why a command has no reply.
enum RedisFailure: Error {
  case unavailable, full, timeout, lost

  var outcome: RedisMeter.Outcome {
    switch self {
    case .unavailable: .unavailable
    case .full: .full
    case .timeout: .timeout
    case .lost: .lost
    }
  }
}

/// A command under way, waiting for its reply in the order of the connection.
final class RedisCall: PendingEffect {
  let deadline: NIODeadline
  /// Bytes of the command.
  let size: Int
  private var completion: ((Result<RedisReply, RedisFailure>) -> Void)?

  init(deadline: NIODeadline, size: Int, completion: @escaping (Result<RedisReply, RedisFailure>) -> Void) {
    self.deadline = deadline
    self.size = size
    self.completion = completion
  }

  func finish(_ result: Result<RedisReply, RedisFailure>) {
    let completion = completion
    self.completion = nil
    completion?(result)
  }

  func cancel() { completion = nil }
}
