import Glibc
import NIOCore

/// The socket of one connection, past the channel where no other handler has a say.
///
/// While nothing waits to be written, bytes go straight to the socket: one system call, where the way through the channel
/// costs as much as the rest of a message. What the socket does not take at once waits in the channel, and so does all that
/// comes after it; what must pass another handler, as with TLS, always goes that way.
///
/// The next bytes are asked for at the channel itself, too: the way through the pipeline costs a fifteenth of all
/// changes of reference counts of a request.
final class ConnectionSocket {
  private var context: ChannelHandlerContext?
  /// Of the channel; nil where reads pass other handlers.
  // The context holds the channel, and both are set and forgotten together: nothing needs to be counted for each read.
  private unowned(unsafe) var core: (any ChannelCore)?
  /// Its descriptor, as long as it is known to be open; -1 where bytes pass other handlers.
  private var descriptor: CInt = -1
  /// The channel was given bytes, and may still have some.
  private var mayHaveQueued = false

  /// A write never waits, and one to a connection that the peer has closed raises no signal.
  private static let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)

  /// Whether it leads anywhere.
  var isOpen: Bool { context != nil }

  /// From now on bytes may be written.
  /// - Parameter isPlain: no handler between this one and the socket has a say in the bytes. The channel is active then.
  func open(_ context: ChannelHandlerContext, isPlain: Bool) {
    self.context = context
    guard isPlain else { return }
    core = context.channel._channelCore
    let handle = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      $0
    }
    descriptor = handle ?? -1
  }

  /// The socket is closed, or about to be: its number may be another's from now on. To be called before anything else
  /// that a closed channel brings about.
  func close() { descriptor = -1 }

  /// The handler is gone from its channel: what is written from now on is dropped.
  func end() {
    close()
    context = nil
    core = nil
  }

  /// Asks for the next bytes; what has none to give any more does nothing.
  func read() { if let core { core.read0() } else { context?.read() } }

  /// Writes bytes whose owner has another use for their memory afterwards.
  func write(_ bytes: UnsafeRawBufferPointer) {
    let sent = isDirect ? max(0, send(descriptor, bytes.baseAddress, bytes.count, Self.flags)) : 0
    if sent < bytes.count { queue(ByteBuffer(bytes: bytes[sent...])) }
  }

  func write(_ data: ByteBuffer) {
    if data.readableBytes == 0 { return }
    guard isDirect else { return queue(data) }
    let sent = data.withUnsafeReadableBytes { send(descriptor, $0.baseAddress, $0.count, Self.flags) }
    if sent == data.readableBytes { return }
    queue(rest(of: data, behind: sent))
  }

  /// Writes both, in one system call.
  func write(_ first: ByteBuffer, _ second: ByteBuffer) {
    guard isDirect else {
      mayHaveQueued = true
      context?.write(NIOAny(first), promise: nil)
      return context?.writeAndFlush(NIOAny(second), promise: nil) ?? ()
    }
    let sent = first.withUnsafeReadableBytes { a in
      second.withUnsafeReadableBytes { b in
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { parts in
          parts.initializeElement(
            at: 0, to: iovec(iov_base: UnsafeMutableRawPointer(mutating: a.baseAddress), iov_len: a.count))
          parts.initializeElement(
            at: 1, to: iovec(iov_base: UnsafeMutableRawPointer(mutating: b.baseAddress), iov_len: b.count))
          var message = msghdr()
          message.msg_iov = parts.baseAddress
          message.msg_iovlen = 2
          return sendmsg(descriptor, &message, Self.flags)
        }
      }
    }
    if sent < first.readableBytes {
      context?.write(NIOAny(rest(of: first, behind: sent)), promise: nil)
      queue(second)
    } else if sent < first.readableBytes + second.readableBytes {
      queue(rest(of: second, behind: sent - first.readableBytes))
    }
  }

  /// Whether a write now goes straight to the socket.
  var isDirect: Bool {
    if descriptor < 0 { return false }
    if mayHaveQueued { mayHaveQueued = queuedBytes > 0 }
    return !mayHaveQueued
  }

  /// Bytes that were written and that the socket has not taken yet.
  var queuedBytes: Int { (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 1 }

  /// A write that failed as a whole fails once more in the channel, which knows what to do about it.
  private func rest(of data: ByteBuffer, behind sent: Int) -> ByteBuffer {
    var rest = data
    rest.moveReaderIndex(forwardBy: max(0, sent))
    return rest
  }

  private func queue(_ data: ByteBuffer) {
    mayHaveQueued = true
    context?.writeAndFlush(NIOAny(data), promise: nil)
  }
}
