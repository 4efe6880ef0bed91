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
  let command: [UInt8]
  var deadline: NIODeadline
  /// How often it was sent elsewhere.
  var redirections = 0
  private var completion: ((Result<RedisReply, RedisFailure>) -> Void)?

  init(_ command: [UInt8], deadline: NIODeadline, completion: @escaping (Result<RedisReply, RedisFailure>) -> Void) {
    self.command = command
    self.deadline = deadline
    self.completion = completion
  }

  /// Bytes of the command.
  var size: Int { command.count }

  func finish(_ result: Result<RedisReply, RedisFailure>) {
    let completion = completion
    self.completion = nil
    completion?(result)
  }

  func cancel() { completion = nil }
}
