import ControlPlaneStore
import HTTPWire
import HummingbirdCore
import Logging
import NIOCore

/// Connections of the HTTPS port: one that begins with a request in the clear is told so, the others go on to TLS.
struct PlainRequestCheck<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHandler(PlainRequestHandler())
    }.flatMap { base.setup(channel: channel, logger: logger) }
  }

  func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// Looks at the first bytes of a connection, and takes its leave unless they are a request.
final class PlainRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// How long a client that was refused may take to read why, and how much it may send meanwhile.
  private static let linger = TimeAmount.seconds(2)
  private static let lingerBound = 1 << 20

  private var received: ByteBuffer?
  /// Bytes that came behind a refusal, to be thrown away.
  private var discarded: Int?

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    if let count = discarded {
      discarded = count + buffer.readableBytes
      if count > Self.lingerBound { context.close(promise: nil) }
      return
    }
    if received == nil { received = buffer } else { received?.writeBuffer(&buffer) }
    // A span is lent by a local buffer, not by a property others could write.
    guard let greeting = received else { return }
    switch PlainRequest.look(at: greeting.readableBytesUInt8Span) {
    case .incomplete: return
    case .request(let isHead): refuse(isHead: isHead, context)
    case .other:
      received = nil
      context.fireChannelRead(wrapInboundOut(greeting))
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }
  }

  /// Our half of the connection is closed behind the answer: closing it whole with bytes of the client unread would reset it,
  /// and the client might never see the answer.
  private func refuse(isHead: Bool, _ context: ChannelHandlerContext) {
    received = nil
    discarded = 0
    let error = ManagementError.badRequest("BadRequest", PlainRequest.explanation)
    let answer = PlainRequest.refusal(String(decoding: error.body.bytes, as: UTF8.self), isHead: isHead)
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: nil) }
    context.writeAndFlush(NIOAny(ByteBuffer(bytes: answer)), promise: written)
    context.eventLoop.assumeIsolated().scheduleTask(in: Self.linger) { context.close(promise: nil) }
  }
}
