import HTTPWire
import NIOCore

/// Stands before TLS on new connections of the HTTPS port and looks at the first bytes: whether they are TLS at all, and, in
/// a gateway with hostname configurations, which name the client asks for. Then it takes its leave; what it has read goes to
/// whatever the name has brought about. A client that speaks HTTP in the clear is told so.
final class GreetingReader: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private var received: ByteBuffer?
  private let readsName: Bool
  private let linger: TimeAmount
  private let onGreeting: (String?, GreetingReader) throws -> Void
  /// Bytes that came behind a refusal, to be thrown away.
  private var discarded: Int?

  /// - Parameters:
  ///   - readsName: wait for the name. Otherwise the first byte says enough.
  ///   - linger: how long a client that was refused may take to read why.
  ///   - onGreeting: puts TLS behind this handler; nil for a client that asks for no name, or does not speak TLS.
  init(readsName: Bool, linger: TimeAmount, onGreeting: @escaping (String?, GreetingReader) throws -> Void) {
    self.readsName = readsName
    self.linger = linger
    self.onGreeting = onGreeting
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    if let discarded { return discard(discarded + buffer.readableBytes, context) }
    if received == nil { received = buffer } else { received?.writeBuffer(&buffer) }
    // A span is lent by a local buffer, not by a property others could write.
    guard let greeting = received else { return }
    switch PlainRequest.look(at: greeting.readableBytesUInt8Span) {
    case .incomplete: return
    case .request(let isHead): return refuse(isHead: isHead, context)
    case .other where !readsName: return goOn(nil, greeting, context)
    case .other: break
    }
    switch ClientHello.read(greeting.readableBytesUInt8Span) {
    case .incomplete: return
    case .complete(let name): goOn(name, greeting, context)
    case .refused: goOn(nil, greeting, context)
    }
  }

  private func goOn(_ name: String?, _ greeting: ByteBuffer, _ context: ChannelHandlerContext) {
    received = nil
    do {
      try onGreeting(name, self)
    } catch {
      context.fireErrorCaught(error)
      return
    }
    context.fireChannelRead(wrapInboundOut(greeting))
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  /// Closing the connection with bytes of the client unread would reset it, and the client might never see the answer: our
  /// half is closed, and what still comes is thrown away until the client closes the other one, within bounds.
  private func refuse(isHead: Bool, _ context: ChannelHandlerContext) {
    received = nil
    discarded = 0
    let json = HealthAnswer(status: 400, message: PlainRequest.explanation).body
    context.write(NIOAny(ByteBuffer(bytes: PlainRequest.refusal(json, isHead: isHead))), promise: nil)
    context.closeOutputAfterWrites()
    context.eventLoop.assumeIsolated().scheduleTask(in: linger) { context.close(promise: nil) }
  }

  private func discard(_ count: Int, _ context: ChannelHandlerContext) {
    discarded = count
    if count > ClientConnection.lingerBound { context.close(promise: nil) }
  }
}
