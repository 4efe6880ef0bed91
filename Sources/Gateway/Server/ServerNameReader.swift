import HTTPWire
import NIOCore

/// Stands before TLS on connections of a gateway with hostname configurations: it reads the name that the client asks for,
/// then takes its leave. What it has read goes to whatever the name has brought about.
final class ServerNameReader: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private var received = ByteBuffer()
  private let onName: (String?, ServerNameReader) throws -> Void

  /// - Parameter onName: puts TLS behind this handler; nil for a client that asks for no name, or does not speak TLS.
  init(onName: @escaping (String?, ServerNameReader) throws -> Void) { self.onName = onName }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    if received.readableBytes == 0 { received = buffer } else { received.writeBuffer(&buffer) }
    // A span is lent by a local buffer, not by a property others could write.
    let hello = received
    switch ClientHello.read(hello.readableBytesUInt8Span) {
    case .incomplete: return
    case .complete(let name): goOn(name, context)
    case .refused: goOn(nil, context)
    }
  }

  private func goOn(_ name: String?, _ context: ChannelHandlerContext) {
    let all = received
    received = ByteBuffer()
    do {
      try onName(name, self)
    } catch {
      context.fireErrorCaught(error)
      return
    }
    context.fireChannelRead(wrapInboundOut(all))
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }
}
