import NIOCore

extension ChannelHandlerContext {
  /// Closes the channel once everything written so far has reached the socket: a close at once would throw it away.
  func closeAfterWrites() {
    let written = eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in self.close(promise: nil) }
    writeAndFlush(NIOAny(ByteBuffer()), promise: written)
  }

  /// Closes this side's half of the channel once everything written so far has reached the socket.
  func closeOutputAfterWrites() {
    let written = eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { result in
      // Over what is broken already nothing more can be said.
      if case .failure = result { return self.close(promise: nil) }
      self.close(mode: .output, promise: nil)
    }
    writeAndFlush(NIOAny(ByteBuffer()), promise: written)
  }
}
