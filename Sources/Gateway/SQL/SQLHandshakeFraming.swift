import NIOCore
import TDSWire

/// Puts the handshake of TLS into packets of the protocol, as TDS 7 wants it; what comes behind it passes as it is.
final class SQLHandshakeFraming: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// The handshake is over.
  var isTransparent = false
  /// What comes in waits here: those behind are being exchanged.
  private var isHolding = false
  private var held = ByteBuffer()
  private var context: ChannelHandlerContext?
  private var head: [UInt8] = []
  private var missing = 0

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func hold() { isHolding = true }

  /// Passes on what has come meanwhile, and whatever comes from now on.
  func release() {
    isHolding = false
    let buffer = held
    held = ByteBuffer()
    guard let context, buffer.readableBytes > 0 else { return }
    context.fireChannelRead(wrapInboundOut(buffer))
    context.fireChannelReadComplete()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard !isTransparent else { return context.write(data, promise: promise) }
    let bytes = Array(unwrapOutboundIn(data).readableBytesView)
    context.write(wrapOutboundOut(ByteBuffer(bytes: TDSPacket.bytes(.prelogin, bytes))), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    guard !isHolding else {
      held.writeBuffer(&buffer)
      return
    }
    var content = ByteBuffer()
    while buffer.readableBytes > 0 {
      // Behind the last packet of the handshake there may be what is none of it any more.
      guard !isTransparent else {
        context.fireChannelRead(wrapInboundOut(buffer))
        return
      }
      if missing == 0 {
        while head.count < TDSPacket.headBytes, let byte: UInt8 = buffer.readInteger() { head.append(byte) }
        guard head.count == TDSPacket.headBytes else { break }
        let length = Int(head[2]) << 8 | Int(head[3])
        guard head[0] == TDSPacketType.prelogin.rawValue || head[0] == TDSPacketType.response.rawValue,
          length >= TDSPacket.headBytes
        else {
          context.fireErrorCaught(TDSProtocolError(message: "its handshake is not in packets of the protocol"))
          return
        }
        missing = length - TDSPacket.headBytes
        head.removeAll(keepingCapacity: true)
      }
      guard var part = buffer.readSlice(length: min(missing, buffer.readableBytes)) else { break }
      missing -= part.readableBytes
      content.writeBuffer(&part)
      if missing == 0, content.readableBytes > 0 {
        context.fireChannelRead(wrapInboundOut(content))
        // NIOSSL reads what it was given when a read is complete.
        context.fireChannelReadComplete()
        content = ByteBuffer()
      }
    }
    if content.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(content)) }
  }
}
