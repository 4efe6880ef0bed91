import DotNet
import HTTPWire
import NIOCore
import NIOSSL
import PolicyLibrary

/// One client's HTTP/1 connection: reads requests one after another, and writes their answers. What happens to a request
/// in between is in ``RequestLifecycle``; this file only moves bytes. Between two requests it holds no buffer.
final class ClientConnection: ChannelDuplexHandler, ConnectedClient {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// What the connection is doing.
  enum Stage {
    /// Between requests, or in the middle of a head.
    case idle
    /// The body is read as a whole before the plan begins.
    case collecting
    /// The plan runs; the backend answers; the answer is written.
    case exchanging
    /// The answer is written, the request's body still comes and is thrown away.
    case discarding
    /// Another protocol is spoken: bytes pass as they come.
    case tunnel
    case http2
    case closed
  }

  let state: LoopState
  let isTLS: Bool
  private(set) var peer = ClientPeer.unknown
  /// Nil where clients are not asked for certificates.
  var presented: PresentedCertificate?
  private var speaksHTTP2 = true
  var context: ChannelHandlerContext?
  let socket = ConnectionSocket()
  var stage = Stage.idle
  /// Everything is its business once the client has shown that it speaks HTTP/2.
  private var http2: HTTP2Session?
  /// Carries the exchange under way.
  var work: RequestLifecycle?
  /// What came and is not worked off.
  private var input: ByteBuffer?
  var framing = BodyFraming()
  var collected: [UInt8] = []
  private var discarded = 0
  /// The answer's body has no length, and no framing of its own.
  var writesChunks = false
  var isReadPending = false
  /// Bytes that may wait for a client of HTTP/2 that takes nothing.
  private var outputBound = 0
  private(set) var isWritable = true
  /// No request has come yet.
  private var isFresh = true
  /// The client waited to be asked for the body, and was.
  var hasInvited = false
  /// More of a request that is refused may come.
  var isRefusing = false
  /// Whether the input is being worked off further up the stack.
  private var isProcessing = false
  var keepsAlive = true
  private(set) var requestBytes = 0
  var headBytes = 0
  var responseBytes = 0
  private var ownDeadline = NIODeadline.distantFuture
  var deadline: NIODeadline {
    get { stage == .http2 ? http2?.deadline ?? ownDeadline : ownDeadline }
    set { ownDeadline = newValue }
  }

  /// Bytes of an unwanted body that are read, so that the client sees the answer.
  static let discardBound = 4 << 20
  /// What may come to wait for a client of HTTP/2 beside the data of answers before it is not listened to any more.
  static let answersBound = 256 << 10
  /// Bytes kept while a request is in work: the next ones, pipelined.
  static let inputBound = 64 << 10
  /// Bytes that are read and thrown away on a connection that is about to be closed.
  static let lingerBound = 1 << 20

  init(state: LoopState, isTLS: Bool) {
    self.state = state
    self.isTLS = isTLS
  }

  /// The handler of a handshake with this certificate, which goes before this one.
  func take(_ certificate: ListenerCertificate, _ chains: PresentedChains) -> NIOSSLServerHandler {
    let handler: NIOSSLServerHandler
    (handler, presented) = certificate.makeHandler(chains)
    speaksHTTP2 = certificate.speaksHTTP2
    return handler
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { begin(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  private func begin(_ context: ChannelHandlerContext) {
    peer = ClientPeer(context.channel)
    socket.open(context, isPlain: !isTLS)
    state.add(self)
    deadline = state.deadline(after: state.timeouts.head)
    if !isTLS { socket.read() }
  }

  // MARK: - Reading

  /// Over TLS the channel asks for the next read.
  func read(context: ChannelHandlerContext) { read() }

  /// Otherwise the connection asks itself, which spares the way through the pipeline.
  func channelReadComplete(context: ChannelHandlerContext) { if !isTLS { read() } }

  private func read() { if mayRead { socket.read() } else { isReadPending = true } }

  var mayRead: Bool {
    switch stage {
    case .exchanging where !framing.isDone: work?.canTakeBody ?? false
    case .tunnel: work?.canTakeBody ?? false
    case .idle: isWritable
    // What the client's windows and its uploads wait for may be behind what it cannot take yet (RFC 9113, section 5.2.2).
    case .http2: isWritable || socket.queuedBytes < outputBound
    default: inputBytes < Self.inputBound
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    if let http2, stage == .http2 { return http2.receive(buffer) }
    input.append(buffer)
    processInput()
  }

  var inputBytes: Int { input?.readableBytes ?? 0 }

  func processInput() {
    // An answer may be complete at once: what is called from here must not begin the next request in between.
    guard !isProcessing else { return }
    isProcessing = true
    while inputBytes > 0 {
      let goesOn =
        switch stage {
        case .idle: readHead()
        case .collecting: collect()
        case .exchanging: passBody()
        case .discarding: discard()
        case .tunnel: passTunnel()
        case .http2: handOver()
        case .closed: dropInput()
        }
      if !goesOn { break }
    }
    isProcessing = false
    // The buffer goes back to the loop as soon as it is read.
    if inputBytes == 0 { input = nil }
  }

  /// The connection is about to end: a client that goes on sending all the same is not listened to for long.
  private func dropInput() -> Bool {
    discarded += inputBytes
    input = nil
    if discarded > (http2 == nil ? Self.discardBound : Self.lingerBound) { abort(.left) }
    return false
  }

  private func readHead() -> Bool {
    // A client that does not take its answers gets no further ones.
    guard isWritable, var received = input else { return false }
    // Some clients send an empty line behind a body (RFC 9112 §2.2).
    if received.readableBytesUInt8Span[0] == 0x0d {
      dropEmptyLines()
      guard let rest = input, rest.readableBytesUInt8Span[0] != 0x0d else { return false }
      received = rest
    }
    let work = state.takeLifecycle()
    let exchange = work.exchange
    switch exchange.request.parseRequest(received.readableBytesUInt8Span, limits: state.limits.head) {
    case .incomplete:
      state.giveBack(work)
      return false
    case .refused(let error):
      if isFresh, speaksHTTP2, received.readableBytesUInt8Span.isHTTP2Preface, let context {
        state.giveBack(work)
        http2 = HTTP2Session(self, state, context, socket)
        stage = .http2
        if state.isDraining { announceEnd() }
        return handOver()
      }
      begin(work)
      refuseRest()
      work.refuse(error, self)
      return false
    case .complete(let length):
      begin(work)
      input?.moveReaderIndex(forwardBy: length)
      requestBytes = length
      keepsAlive = exchange.request.keepsAlive && !state.isDraining
      framing.beginRequest(exchange.request)
      headBytes = length
      if framing.announcedBytes > state.limits.bodyBytes {
        refuseRest()
        work.refuseLength(self)
        return false
      }
      work.begin(self)
      return true
    }
  }

  /// The request is the last one of the connection, and nobody wants what else there is of it.
  private func refuseRest() {
    input = nil
    keepsAlive = false
    isRefusing = true
    framing.end()
  }

  private func dropEmptyLines() {
    while let bytes = input?.getBytes(at: input?.readerIndex ?? 0, length: 2), bytes == [0x0d, 0x0a] {
      input?.moveReaderIndex(forwardBy: 2)
    }
    if inputBytes == 0 { input = nil }
  }

  private func handOver() -> Bool {
    if let data = input.take() { http2?.receive(data) }
    return false
  }

  private func begin(_ work: RequestLifecycle) {
    self.work = work
    isFresh = false
    stage = .exchanging
    deadline = .distantFuture
    requestBytes = 0
    responseBytes = 0
    discarded = 0
    hasInvited = false
  }

  private func collect() -> Bool {
    guard let received = input else { return false }
    let stretch = framing.next(received.readableBytesUInt8Span)
    requestBytes += stretch.end
    input?.moveReaderIndex(forwardBy: stretch.dataStart)
    if let data = input?.readSlice(length: stretch.end - stretch.dataStart) {
      collected.append(contentsOf: data.readableBytesView)
    }
    deadline = state.deadline(after: state.timeouts.body)
    if framing.isRefused || collected.count > state.limits.heldBodyBytes {
      stage = .exchanging
      keepsAlive = false
      collected = []
      work?.refuseBody(isTooLarge: !framing.isRefused)
      return false
    }
    if framing.isDone {
      stage = .exchanging
      deadline = .distantFuture
      let body = collected
      collected = []
      work?.collected(body)
    }
    return true
  }

  private func passBody() -> Bool {
    guard let work, !framing.isDone, work.canTakeBody else { return false }
    let data = takeBody()
    if framing.isRefused {
      keepsAlive = false
      work.refuseBody(isTooLarge: false)
      return false
    }
    if requestBytes - headBytes > state.limits.bodyBytes {
      keepsAlive = false
      work.refuseBody(isTooLarge: true)
      return false
    }
    if let data { work.sendBody(data) }
    if framing.isDone, self.work === work { work.endBody(nil) }
    return true
  }

  /// What has come of the body, as it came; nil for nothing, and if it is malformed.
  func takeBody() -> ByteBuffer? {
    guard !framing.isDone, stage == .exchanging, let received = input else { return nil }
    let count = framing.consume(received.readableBytesUInt8Span)
    if framing.isRefused { return nil }
    requestBytes += count
    deadline = framing.isDone ? work?.deadline ?? ownDeadline : state.deadline(after: state.timeouts.body)
    return input?.readSlice(length: count)
  }

  private func discard() -> Bool {
    guard let received = input else { return false }
    let count = framing.consume(received.readableBytesUInt8Span)
    input?.moveReaderIndex(forwardBy: count)
    discarded += count
    if framing.isRefused || discarded > Self.discardBound {
      shutOut()
      return false
    }
    if framing.isDone { awaitNext() }
    return true
  }

  private func passTunnel() -> Bool {
    guard let work, work.canTakeBody, let data = input.take() else { return false }
    requestBytes += data.readableBytes
    deadline = state.deadline(after: state.timeouts.silence)
    work.sendBody(data)
    return false
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    isWritable = context.channel.isWritable
    if !isWritable, stage == .http2 { outputBound = socket.queuedBytes + Self.answersBound }
    if isWritable {
      if work?.isStreaming == true { awaitAnswer() }
      work?.clientTakesMore()
      http2?.takesMore()
      if stage == .idle || stage == .http2 { resumeReading() }
    }
    context.fireChannelWritabilityChanged()
  }

  // MARK: - Between requests, and the end

  func awaitNext() {
    stage = .idle
    deadline = state.deadline(after: state.timeouts.keepAlive)
  }

  func announceEnd() {
    if stage == .http2 { http2?.announceEnd() } else if stage == .tunnel { work?.announceEnd() }
  }

  func closeIfIdle() {
    if stage == .http2 {
      http2?.closeIfIdle()
    } else if stage == .idle, inputBytes == 0 {
      closeAfterWrites()
    }
  }

  func timedOut() {
    if stage == .http2 { return http2?.timedOut() ?? () }
    deadline = .distantFuture
    switch stage {
    case .exchanging where work?.isStreaming == true && !isWritable: abort(.takesNothing)
    case .exchanging where framing.isDone || !(work?.canTakeBody ?? false): work?.backendTimedOut()
    case .tunnel: work?.tunnelTimedOut()
    default: abort(.sendsNothing)
    }
  }

  /// The HTTP/2 connection has come to its end.
  func endHTTP2() {
    http2?.leave(.left)
    closeAfterWrites()
  }

  /// The HTTP/2 connection cannot go on, and the client has been written why.
  func failHTTP2() {
    http2?.leave(.isMalformed)
    shutOut()
  }

  /// Ends the connection of a client that may still be sending, once it has been written why. Closing it with bytes of
  /// the client unread would reset it, and the client might never see the reason: our half is closed, and what still comes
  /// is thrown away until the client closes the other one, within bounds.
  func shutOut() {
    stage = .closed
    discarded = 0
    deadline = state.deadline(after: isWritable ? state.timeouts.linger : state.timeouts.body)
    context?.closeOutputAfterWrites()
    resumeReading()
  }

  /// Ends the connection when the client has taken what was written for it, or does not do so in time.
  func closeAfterWrites() {
    stage = .closed
    discarded = 0
    deadline = state.deadline(after: state.timeouts.body)
    context?.closeAfterWrites()
  }

  /// Ends the connection in the middle of whatever it does.
  func abort(_ loss: ClientLoss) {
    leave(loss)
    socket.close()
    context?.close(promise: nil)
  }

  /// The client is gone, or has to go: the exchange under way learns it.
  private func leave(_ loss: ClientLoss) {
    let isTunnel = stage == .tunnel
    stage = .closed
    http2?.leave(loss)
    http2 = nil
    let work = work
    self.work = nil
    if isTunnel { work?.tunnelEnded() } else { work?.clientLeft(loss) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    socket.close()
    isWritable = false
    leave(.left)
    state.remove(self)
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    state.remove(self)
    self.context = nil
    socket.end()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { abort(.left) }
}
