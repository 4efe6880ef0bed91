import CDescriptors
import Dispatch
import Glibc

/// One end of the connection over which a gateway process hands its work to its successor. Messages are a kind, a length
/// and bytes, and may carry one descriptor.
///
/// Reading and writing wait, at most as long as ``wait(seconds:)`` was told: to be called off the event loops.
final class HandoverChannel: Sendable {
  /// In the order in which they are said.
  enum Kind: UInt8, Sendable {
    /// Successor: who it is; asks for the sockets.
    case hello = 1
    /// Predecessor: a listening socket; the bytes are its kind.
    case listener
    /// Predecessor: those were all; the bytes are its version.
    case listenersEnd
    /// Successor: it has a configuration and could serve at once.
    case prepared
    /// Predecessor: the lock of the file with the quotas; the bytes are the file's path.
    case quotaFile
    /// Predecessor: it accepts nothing any more; the bytes are its counters.
    case counters
    /// Successor: it accepts connections.
    case serving
    /// Predecessor: what it has counted since then. Its last word.
    case remainder
    /// Predecessor, before its counters: what it knows of updates of quotas, if it knows of any.
    case quotaState
  }

  struct Message: Sendable {
    var kind: Kind
    var bytes: [UInt8] = []
    /// The receiver's to close.
    var descriptor: Int32?

    var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  /// What went wrong on the way.
  struct Failure: Error, Sendable, CustomStringConvertible {
    var description: String
  }

  /// Bytes of a message.
  static let bound = 256 << 20
  private static let headBytes = 5

  private let descriptor: Int32

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// How long each further call may wait.
  func wait(seconds: Int) {
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
  }

  /// Whether the other end belongs to the same user, or to root.
  var isTrusted: Bool { postern_peer_is_trusted(descriptor) }

  func send(_ message: Message) throws(Failure) {
    guard message.bytes.count <= Self.bound else { throw Failure(description: "a message is too large") }
    var bytes: [UInt8] = [message.kind.rawValue]
    for shift in stride(from: 0, to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: message.bytes.count >> shift))
    }
    bytes += message.bytes
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        postern_send_descriptor(
          descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent, sent == 0 ? message.descriptor ?? -1 : -1)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Failure(description: "\(message.kind) cannot be sent: \(Self.lastError)") }
      sent += count
    }
  }

  /// The next message, which must be of one of these kinds.
  func receive(_ kinds: Kind...) throws(Failure) -> Message {
    var came: Int32?
    do throws(Failure) {
      let head = try receive(Self.headBytes, descriptor: &came)
      guard let kind = Kind(rawValue: head[0]), kinds.contains(kind) else {
        throw Failure(description: "expected \(kinds[0]), got a message of kind \(head[0])")
      }
      let length = (1...4).reduce(0) { $0 | Int(head[$1]) << (8 * ($1 - 1)) }
      guard length <= Self.bound else { throw Failure(description: "a message is too large") }
      return Message(kind: kind, bytes: try receive(length, descriptor: &came), descriptor: came)
    } catch {
      if let came { close(came) }
      throw error
    }
  }

  private func receive(_ wanted: Int, descriptor came: inout Int32?) throws(Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: min(wanted, 1 << 20))
    while bytes.count < wanted {
      var passed: Int32 = -1
      let room = min(wanted - bytes.count, piece.count)
      let count = piece.withUnsafeMutableBytes {
        postern_receive_descriptor(descriptor, $0.baseAddress, room, &passed)
      }
      if passed >= 0 {
        if let came { close(came) }
        came = passed
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw Failure(description: count == 0 ? "the other process has ended the connection" : Self.lastError)
      }
      bytes += piece[..<count]
    }
    return bytes
  }

  private static var lastError: String {
    errno == EAGAIN ? "the other process does not answer" : String(cString: strerror(errno))
  }

  /// Runs what waits on a thread of its own: the system's queue has no more threads than processors, and would let one
  /// wait for the other.
  static func waiting<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue(label: "handover").async { continuation.resume(with: Result(catching: body)) }
    }
  }
}
