import NIOCore

extension ChannelHandlerContext {
  /// Closes the channel once everything written so far has reached the socket: a close at once would throw it away.
  func closeAfterWrites() {
    let written = eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in self.close(promise: nil) }
    writeAndFlush(NIOAny(ByteBuffer()), promise: written)
  }
}
