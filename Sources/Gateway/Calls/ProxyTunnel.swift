import HTTPWire
import NIOCore
import NIOSSL

/// Asks an HTTP proxy for a tunnel (RFC 9110 §9.3.6), holds back what is written meanwhile, and then makes way for TLS.
final class ProxyTunnel: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// The proxy wants other credentials, or does not let us through.
  struct Refused: Error, CustomStringConvertible {
    var description: String
  }

  private let authority: String
  private let authorization: String?
  private let tls: NIOSSLClientHandler
  private var input = ByteBuffer()
  /// The proxy has agreed.
  private var isOpen = false
  private var held: [(data: NIOAny, promise: EventLoopPromise<Void>?)] = []

  init(host: String, port: Int, authorization: String?, tls: NIOSSLClientHandler) {
    authority = "\(host.contains(":") ? "[\(host)]" : host):\(port)"
    self.authorization = authorization
    self.tls = tls
  }

  func channelActive(context: ChannelHandlerContext) {
    var text = "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n"
    if let authorization { text += "Proxy-Authorization: \(authorization)\r\n" }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
    context.fireChannelActive()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if isOpen { return context.write(data, promise: promise) }
    held.append((data, promise))
  }

  func flush(context: ChannelHandlerContext) {
    if isOpen { context.flush() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    input.writeBuffer(&buffer)
    var head = MessageHead()
    // A span is lent by a local buffer, not by a property others could write.
    let received = input
    switch head.parseResponse(received.readableBytesUInt8Span, limits: .ofAnswers) {
    case .incomplete: return
    case .refused: return fail(context, "the proxy's answer is not valid HTTP")
    case .complete(let length): input.moveReaderIndex(forwardBy: length)
    }
    guard (200..<300).contains(head.status) else { return fail(context, "the proxy answered \(head.status)") }
    let pipeline = context.pipeline.syncOperations
    let (rest, written) = (input, held)
    held = []
    // TLS begins its handshake as soon as it is there, and that must pass.
    isOpen = true
    do {
      try pipeline.addHandler(tls, position: .after(self))
    } catch {
      return fail(context, "\(error)")
    }
    // What was written passes through TLS from now on, and no longer through here.
    pipeline.removeHandler(self, promise: nil)
    for item in written { pipeline.write(item.data, promise: item.promise) }
    pipeline.flush()
    if rest.readableBytes > 0 { pipeline.fireChannelRead(NIOAny(rest)) }
  }

  private func fail(_ context: ChannelHandlerContext, _ message: String) {
    context.fireErrorCaught(Refused(description: message))
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    for item in held { item.promise?.fail(ChannelError.ioOnClosedChannel) }
    held = []
    context.fireChannelInactive()
  }
}
