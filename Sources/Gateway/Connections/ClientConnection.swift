import HTTPWire
import NIOCore
import PolicyLibrary

/// One client's connection: reads requests one after another, and writes their answers. What happens to a request in
/// between is in ``RequestLifecycle``; this file only moves bytes.
final class ClientConnection: ChannelDuplexHandler {
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
    case closed
  }

  let state: LoopState
  let isTLS: Bool
  let exchange: Exchange
  private(set) var context: ChannelHandlerContext?
  private(set) var facts: ClientFacts?
  /// As the client sent them: policies may change the request's own.
  private(set) var originalMethod = ""
  private(set) var originalAuthority = ""
  private(set) var stage = Stage.idle
  private var input = ByteBuffer()
  /// Toward the client; used again for each answer.
  private var output = ByteBuffer()
  private var framing = BodyFraming()
  private var collected: [UInt8] = []
  private var discarded = 0
  private var isReadPending = false
  private(set) lazy var lifecycle = RequestLifecycle(self)
  var isHead = false
  /// Whether the connection goes on after the answer.
  var keepsAlive = true
  var requestBytes = 0
  var responseBytes = 0
  /// When whatever is being waited for has taken too long.
  private(set) var deadline = NIODeadline.distantFuture

  /// Milliseconds for a head or the next bytes of a body, and between two requests.
  static let headTimeout = TimeAmount.seconds(60)
  static let bodyTimeout = TimeAmount.seconds(60)
  static let keepAliveTimeout = TimeAmount.seconds(130)
  /// Bytes of a request body held for policies.
  static let collectBound = 256 << 20
  /// Bytes of an unwanted body that are read, so that the client sees the answer.
  static let discardBound = 4 << 20
  /// Bytes kept while a request is in work: the next ones, pipelined.
  static let inputBound = 64 << 10
  /// Bodies up to this size share one write with their head.
  static let coalesceBound = 4_096

  init(state: LoopState, isTLS: Bool, exchange: Exchange) {
    self.state = state
    self.isTLS = isTLS
    self.exchange = exchange
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { begin() }
  }

  func channelActive(context: ChannelHandlerContext) {
    begin()
    context.fireChannelActive()
  }

  private func begin() {
    facts = context.map { ClientFacts($0.channel) }
    state.add(self)
    deadline = .now() + Self.headTimeout
  }

  var isWritable: Bool { context?.channel.isWritable ?? false }
  var hasSentWholeRequest: Bool { framing.isDone }
  var hasRequestBody: Bool { !framing.isDone }

  // MARK: - Reading

  func read(context: ChannelHandlerContext) {
    if mayRead { context.read() } else { isReadPending = true }
  }

  private var mayRead: Bool {
    if stage == .exchanging, !framing.isDone { return lifecycle.canTakeBody }
    return input.readableBytes < Self.inputBound
  }

  func resumeReading() {
    processInput()
    guard isReadPending, mayRead else { return }
    isReadPending = false
    context?.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var buffer = unwrapInboundIn(data)
    if input.readableBytes == 0 { input = buffer } else { input.writeBuffer(&buffer) }
    processInput()
  }

  private func processInput() {
    while input.readableBytes > 0 {
      switch stage {
      case .idle: if !readHead() { return }
      case .collecting: if !collect() { return }
      case .exchanging: if !passBody() { return }
      case .discarding: if !discard() { return }
      case .closed: return input.clear()
      }
    }
  }

  private func readHead() -> Bool {
    let received = input
    switch exchange.request.parseRequest(received.readableBytesUInt8Span, limits: HeadLimits()) {
    case .incomplete:
      return false
    case .refused(let error):
      input.clear()
      keepsAlive = false
      stage = .exchanging
      framing.end()
      lifecycle.refuse(error)
      return false
    case .complete(let length):
      input.moveReaderIndex(forwardBy: length)
      requestBytes = length
      responseBytes = 0
      discarded = 0
      isHead = exchange.request.methodKind == .head
      originalMethod = exchange.request.method
      originalAuthority = exchange.request.authority
      keepsAlive = exchange.request.keepsAlive && !state.isDraining
      framing.beginRequest(exchange.request)
      stage = .exchanging
      deadline = .distantFuture
      lifecycle.begin()
      return true
    }
  }

  /// Reads the body as a whole; the lifecycle goes on when it is there.
  func collectBody() {
    collected.removeAll(keepingCapacity: true)
    stage = .collecting
    deadline = .now() + Self.bodyTimeout
    invite()
  }

  /// Tells a client that waits for it to send the body.
  func invite() {
    guard exchange.request.expectsContinue, !framing.isDone, input.readableBytes == 0, let context else { return }
    var buffer = context.channel.allocator.buffer(capacity: 32)
    buffer.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
  }

  private func collect() -> Bool {
    let received = input
    let stretch = framing.next(received.readableBytesUInt8Span)
    requestBytes += stretch.end
    input.moveReaderIndex(forwardBy: stretch.dataStart)
    if let data = input.readSlice(length: stretch.end - stretch.dataStart) {
      collected.append(contentsOf: data.readableBytesView)
    }
    deadline = .now() + Self.bodyTimeout
    if framing.isRefused || collected.count > Self.collectBound {
      stage = .exchanging
      keepsAlive = false
      lifecycle.refuseBody(isTooLarge: !framing.isRefused)
      return false
    }
    if framing.isDone {
      stage = .exchanging
      deadline = .distantFuture
      let body = collected
      collected = []
      lifecycle.collected(body)
    }
    return true
  }

  private func passBody() -> Bool {
    guard !framing.isDone, lifecycle.canTakeBody else { return false }
    let received = input
    let count = framing.consume(received.readableBytesUInt8Span)
    requestBytes += count
    deadline = .now() + Self.bodyTimeout
    if framing.isRefused {
      keepsAlive = false
      lifecycle.refuseBody(isTooLarge: false)
      return false
    }
    if framing.isDone { deadline = lifecycle.deadline }
    if let data = input.readSlice(length: count) { lifecycle.sendBody(data) }
    return true
  }

  private func discard() -> Bool {
    let received = input
    let count = framing.consume(received.readableBytesUInt8Span)
    input.moveReaderIndex(forwardBy: count)
    discarded += count
    if framing.isRefused || discarded > Self.discardBound {
      close()
      return false
    }
    if framing.isDone { next() }
    return true
  }

  /// What waits for the backend may take until then.
  func wait(until deadline: NIODeadline) { self.deadline = deadline }

  // MARK: - Writing

  /// Writes the answer's head, and a body that is there already.
  func write(_ rewrite: HeadRewrite, body: [UInt8]?) {
    guard let context else { return }
    let bound = exchange.response.writtenBound(rewrite)
    let inline = (body?.count ?? 0) <= Self.coalesceBound ? body?.count ?? 0 : 0
    output.clear(minimumCapacity: bound + inline)
    output.writeWithOutputRawSpan(minimumWritableBytes: bound) { room in exchange.response.write(rewrite, into: &room) }
    responseBytes += output.readableBytes
    if let body, inline > 0 { output.writeBytes(body) }
    context.write(wrapOutboundOut(output), promise: nil)
    if let body, inline < body.count { context.write(wrapOutboundOut(ByteBuffer(bytes: body)), promise: nil) }
    responseBytes += body?.count ?? 0
    context.flush()
  }

  /// Passes on a piece of a streaming body.
  func write(_ data: ByteBuffer) {
    responseBytes += data.readableBytes
    context?.writeAndFlush(wrapOutboundOut(data), promise: nil)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { lifecycle.resumeUpstream() }
    context.fireChannelWritabilityChanged()
  }

  /// The answer is complete: on to the next request, or the end.
  func finished() {
    guard stage != .closed else { return }
    guard keepsAlive, !state.isDraining else { return close() }
    if framing.isDone {
      next()
    } else {
      stage = .discarding
      deadline = .now() + Self.bodyTimeout
    }
    if input.readableBytes > 0 { resumeReading() }
    if isReadPending, mayRead {
      isReadPending = false
      context?.read()
    }
  }

  private func next() {
    stage = .idle
    deadline = .now() + Self.keepAliveTimeout
  }

  // MARK: - The end

  func closeIfIdle() {
    if stage == .idle, input.readableBytes == 0 { close() }
  }

  func timedOut() {
    deadline = .distantFuture
    switch stage {
    case .exchanging where framing.isDone || !lifecycle.canTakeBody: lifecycle.backendTimedOut()
    case .idle where input.readableBytes > 0: close()
    default: abort()
    }
  }

  func close() {
    stage = .closed
    context?.close(promise: nil)
  }

  /// Ends the connection in the middle of whatever it does.
  func abort() {
    if stage == .exchanging || stage == .collecting { lifecycle.clientLeft() }
    close()
  }

  func channelInactive(context: ChannelHandlerContext) {
    if stage == .exchanging || stage == .collecting { lifecycle.clientLeft() }
    stage = .closed
    state.remove(self)
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    state.remove(self)
    self.context = nil
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { abort() }
}

// MARK: - What a backend connection reports

extension ClientConnection {
  func connected(_ connection: UpstreamConnection) { lifecycle.connected(connection) }
  func backendAnswered(_ connection: UpstreamConnection) { lifecycle.backendAnswered(connection) }
  func backendSent(_ data: ByteBuffer) { lifecycle.backendSent(data) }
  func backendFinished() { lifecycle.backendFinished() }
  func backendFailed(_ reason: String, _ message: String, isRetrySafe: Bool) {
    lifecycle.backendFailed(reason, message, isRetrySafe: isRetrySafe)
  }
}
