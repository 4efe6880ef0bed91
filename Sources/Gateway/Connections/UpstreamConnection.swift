import HTTPWire
import NIOCore
import NIOTLS
import PolicyLibrary

/// One connection to a backend: reads the answers and hands them to the exchange it works for, by direct calls on their
/// common loop.
final class UpstreamConnection: ChannelDuplexHandler, BackendStream {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let home: OriginPool
  private let state: LoopState
  private var context: ChannelHandlerContext?
  private let socket = ConnectionSocket()
  /// Whom it works for; nil while it is idle.
  private var work: RequestLifecycle?
  private var partial = ByteBuffer()
  private var framing = BodyFraming()
  private var hasHead = false
  private var keepsAlive = true
  private var isReadPending = false
  private(set) var isWritable = true
  private var isOpen = true
  /// The protocol has changed: bytes pass as they come.
  private var isTunnel = false
  /// It has carried an exchange before: the backend may have closed it meanwhile.
  private var isReused = false
  /// The data is wanted without its framing.
  private var decodes = false
  /// The request's body comes without framing and without a length: it goes on in chunks.
  private var encodes = false
  /// Ends a connection whose TLS handshake, that of a tunnel before it included, takes too long.
  private var handshake: Scheduled<Void>?
  var idleSince = NIODeadline.distantFuture

  /// When it was asked for.
  let born: NIODeadline

  init(home: OriginPool, state: LoopState, born: NIODeadline) {
    self.home = home
    self.state = state
    self.born = born
  }

  /// The channel asks for no reads: the connection does, which spares the way through the pipeline.
  private var readsItself: Bool { !home.origin.isTLS }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func channelActive(context: ChannelHandlerContext) {
    if !socket.isOpen { open(context) }
    if readsItself {
      socket.read()
    } else {
      let box = NIOLoopBound(self, eventLoop: context.eventLoop)
      handshake = context.eventLoop.scheduleTask(in: home.handshakeTime) {
        box.value.fail("BackendConnectionFailure", "the TLS handshake with the backend took too long")
      }
    }
    context.fireChannelActive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent { endHandshake() }
    context.fireUserInboundEventTriggered(event)
  }

  private func endHandshake() {
    handshake?.cancel()
    handshake = nil
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    socket.end()
  }

  var protocolName: StaticString { "HTTP/1.1" }
  var sendsBareBody: Bool { false }
  var endsWithConnection: Bool { framing.endsWithConnection }

  func begin(_ work: RequestLifecycle) {
    self.work = work
    hasHead = false
    decodes = false
    // The exchange may learn of the connection before the connection itself does.
    if !socket.isOpen, let context { open(context) }
  }

  private func open(_ context: ChannelHandlerContext) { socket.open(context, isPlain: readsItself) }

  func write(_ head: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, body: ByteBuffer?, ends: Bool) {
    encodes = rewrite.body == .chunked
    _ = state.write(head, rewrite, body: body, to: socket)
  }

  /// Writes a request whose head is put together already.
  func write(message: ByteBuffer, _ body: BodyDeclaration) {
    encodes = body == .chunked
    send(message)
  }

  func write(_ data: ByteBuffer) { send(encodes ? ChunkedBody.chunk(data) : data) }

  func endBody(_ trailers: TrailerFields?) {
    if encodes { send(ChunkedBody.end(trailers)) }
  }

  private func send(_ buffer: ByteBuffer) { socket.write(buffer) }

  func close() {
    isOpen = false
    socket.close()
    context?.close(promise: nil)
  }

  func end() {
    work = nil
    isOpen = false
    context?.closeAfterWrites()
  }

  func timedOut() { abandon() }

  func abandon() {
    work = nil
    close()
  }

  // MARK: - Reading

  func channelReadComplete(context: ChannelHandlerContext) { if readsItself { read() } }

  func read(context: ChannelHandlerContext) { read() }

  /// Withholds reading while the client cannot take more.
  private func read() { if let work, !work.canTakeAnswer { isReadPending = true } else { socket.read() } }

  func resumeReading() {
    guard isReadPending else { return }
    isReadPending = false
    socket.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    guard let work else { return close() }
    if isTunnel { return work.backendSent(buffer, ends: false) }
    if hasHead { return pass(buffer, to: work, isFirst: false) }
    if partial.readableBytes > 0 {
      partial.writeBuffer(&buffer)
      swap(&partial, &buffer)
      partial = ByteBuffer()
    }
    let exchange = work.exchange
    while true {
      switch exchange.response.parseResponse(buffer.readableBytesUInt8Span, limits: .ofAnswers) {
      case .incomplete:
        partial = buffer
        return
      case .refused(let error):
        return fail("BackendResponseFailure", "the backend's answer is not valid HTTP: \(error.explanation)")
      case .complete(let length):
        buffer.moveReaderIndex(forwardBy: length)
        let status = exchange.response.status
        if status == 101, work.asksUpgrade {
          isTunnel = true
          return work.backendUpgraded(self, first: buffer)
        }
        // Interim responses are for us, not for the client (RFC 9110 §15.2); another 101 was never asked for.
        if status < 200 { continue }
      }
      break
    }
    hasHead = true
    keepsAlive = exchange.response.keepsAlive
    framing.beginResponse(exchange.response, toHead: work.isHead)
    decodes = work.wantsBareAnswer
    if decodes { framing.keepTrailers() }
    pass(buffer, to: work, isFirst: true)
  }

  /// Hands on what of the body is in the buffer. An answer that is complete leaves the connection free first: all is told
  /// in one call, which may end the exchange and begin the next.
  private func pass(_ piece: consuming ByteBuffer, to work: RequestLifecycle, isFirst: Bool) {
    if decodes {
      piece = takeData(&piece)
    } else {
      let count = framing.consume(piece.readableBytesUInt8Span)
      if count < piece.readableBytes {
        piece = piece.readSlice(length: count) ?? ByteBuffer()
        if !framing.isRefused { keepsAlive = false }
      }
    }
    if framing.isRefused { return fail("BackendResponseFailure", "the backend's chunked body is malformed") }
    let isComplete = framing.isDone
    if isComplete { release(work) }
    let trailers = isComplete && decodes ? framing.takeTrailers() : nil
    if isFirst {
      work.backendAnswered(isComplete ? nil : self, first: piece, trailers: trailers)
    } else if isComplete || piece.readableBytes > 0 {
      work.backendSent(piece, ends: isComplete, trailers: trailers)
    }
  }

  /// The data of the body in the buffer, without framing.
  private func takeData(_ buffer: inout ByteBuffer) -> ByteBuffer {
    var data = ByteBuffer()
    while buffer.readableBytes > 0, !framing.isDone, !framing.isRefused {
      let stretch = framing.next(buffer.readableBytesUInt8Span)
      buffer.moveReaderIndex(forwardBy: stretch.dataStart)
      guard var part = buffer.readSlice(length: stretch.end - stretch.dataStart) else { break }
      if data.readableBytes == 0 { data = part } else { data.writeBuffer(&part) }
    }
    if buffer.readableBytes > 0 { keepsAlive = false }
    return data
  }

  /// The answer is complete: the connection serves others, or ends.
  private func release(_ work: RequestLifecycle) {
    self.work = nil
    isReused = true
    if keepsAlive, isOpen, work.hasSentWholeRequest { home.put(self, state.clock.now) } else { close() }
  }

  private func fail(_ reason: String, _ message: String) {
    let work = work
    self.work = nil
    close()
    let isStale = isReused && !hasHead && partial.readableBytes == 0
    work?.backendFailed(reason, message, isStale ? .ifIdempotent : .never)
  }

  func channelInactive(context: ChannelHandlerContext) {
    socket.close()
    endHandshake()
    isOpen = false
    isWritable = false
    if let work {
      if isTunnel {
        self.work = nil
        work.tunnelEnded()
      } else if hasHead, framing.endsWithConnection {
        framing.end()
        keepsAlive = false
        release(work)
        work.backendSent(ByteBuffer(), ends: true)
      } else {
        fail("BackendConnectionFailure", "the backend closed the connection before its answer was complete")
      }
    } else {
      home.remove(self)
    }
    context.fireChannelInactive()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    isWritable = context.channel.isWritable
    if isWritable { work?.backendTakesMore() }
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(
      "BackendConnectionFailure", ConnectionFault.words(error, home.origin, context.pipeline.syncOperations))
  }
}
