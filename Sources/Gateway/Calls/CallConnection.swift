import HTTPWire
import NIOCore
import PolicyLibrary

/// One connection of the policies' HTTP client: carries one call at a time, and collects its response.
final class CallConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let origin: Origin
  private let client: CallClient
  private var context: ChannelHandlerContext?
  private var call: OutgoingCall?
  private var input = ByteBuffer()
  private var body: [UInt8] = []
  private var framing = BodyFraming()
  private var hasHead = false
  private var isHead = false
  private var keepsAlive = true
  private var isReused = false
  private var idleTimeout: Scheduled<Void>?

  init(origin: Origin, client: CallClient) {
    self.origin = origin
    self.client = client
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func begin(_ call: OutgoingCall, _ request: ByteBuffer, isHead: Bool) {
    idleTimeout?.cancel()
    idleTimeout = nil
    guard let context, context.channel.isActive else {
      return call.failed("The connection was closed.", isRetrySafe: isReused)
    }
    self.call = call
    self.isHead = isHead
    hasHead = false
    body = []
    input.clear()
    context.writeAndFlush(wrapOutboundOut(request), promise: nil)
  }

  func close() { context?.close(promise: nil) }

  /// The call is given up in the middle.
  func abandon() {
    call = nil
    close()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    guard let call else { return close() }
    input.writeBuffer(&buffer)
    if !hasHead {
      while true {
        // A span is lent by a local buffer, not by a property others could write.
        let received = input
        switch call.head.parseResponse(received.readableBytesUInt8Span, limits: .ofAnswers) {
        case .incomplete: return
        case .refused(let error): return fail("The answer is not valid HTTP: \(error.explanation).")
        case .complete(let length): input.moveReaderIndex(forwardBy: length)
        }
        // Interim responses are not the answer (RFC 9110 §15.2).
        if call.head.status >= 200 { break }
      }
      hasHead = true
      keepsAlive = call.head.keepsAlive
      framing.beginResponse(call.head, toHead: isHead)
    }
    collect()
  }

  private func collect() {
    while input.readableBytes > 0, !framing.isDone, !framing.isRefused {
      let received = input
      let stretch = framing.next(received.readableBytesUInt8Span)
      input.moveReaderIndex(forwardBy: stretch.dataStart)
      if let data = input.readSlice(length: stretch.end - stretch.dataStart) {
        body.append(contentsOf: data.readableBytesView)
      }
    }
    if framing.isRefused { return fail("The answer's chunked body is malformed.") }
    let bound = min(CallClient.bodyBound, call?.request.answerBound ?? 0)
    if body.count > bound { return fail("The answer is larger than \(bound) bytes.") }
    if framing.isDone { finish() }
  }

  private func finish() {
    guard let call else { return }
    self.call = nil
    let body = body
    self.body = []
    if keepsAlive, input.readableBytes == 0, let context, context.channel.isActive {
      isReused = true
      let box = NIOLoopBound(self, eventLoop: client.loop)
      idleTimeout = client.loop.scheduleTask(in: CallClient.idleTime) { box.value.close() }
      client.put(self)
    } else {
      close()
    }
    call.answered(body)
  }

  private func fail(_ message: String) {
    let call = call
    self.call = nil
    close()
    call?.failed(message, isRetrySafe: isReused && !hasHead && input.readableBytes == 0)
  }

  func channelInactive(context: ChannelHandlerContext) {
    idleTimeout?.cancel()
    if call != nil {
      if hasHead, framing.endsWithConnection {
        framing.end()
        keepsAlive = false
        finish()
      } else {
        fail("The connection was closed before the answer was complete.")
      }
    } else {
      client.remove(self)
    }
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(ConnectionFault.words(error, origin, context.pipeline.syncOperations))
  }
}
