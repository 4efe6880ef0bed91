import HTTPWire
import NIOCore
import PolicyLibrary

/// A client's connection that turned out to speak HTTP/2: it takes frames apart into streams and collects what they write,
/// so that everything of one turn of the loop goes out in one write.
final class HTTP2Session {
  unowned let connection: ClientConnection
  let state: LoopState
  var engine = HTTP2Engine()
  private let context: ChannelHandlerContext
  private var streams: [UInt32: HTTP2Stream] = [:]
  private var input = ByteBuffer()
  private var output = ByteBuffer()
  private var isFlushScheduled = false
  private var isReceiving = false
  private var isOver = false
  private var idleDeadline: NIODeadline
  private var lastTick: NIODeadline

  init(_ connection: ClientConnection, _ state: LoopState, _ context: ChannelHandlerContext) {
    self.connection = connection
    self.state = state
    self.context = context
    lastTick = state.clock.now
    idleDeadline = state.deadline(after: ClientConnection.keepAliveTimeout)
  }

  // MARK: - Receiving

  func receive(_ data: ByteBuffer) {
    guard !isOver else { return }
    var data = data
    if input.readableBytes == 0 { input = data } else { input.writeBuffer(&data) }
    if state.clock.now - lastTick >= LoopState.tick {
      lastTick = state.clock.now
      engine.tick()
    }
    isReceiving = true
    var spare: RequestLifecycle?
    while !isOver, input.readableBytes > 0 {
      let work = spare ?? state.takeLifecycle()
      spare = work
      let received = input
      let (bytes, event) = engine.receive(received.readableBytesUInt8Span, &work.exchange.request)
      if event == .incomplete { break }
      if handle(event, received, work) { spare = nil }
      input.moveReaderIndex(forwardBy: min(bytes, input.readableBytes))
    }
    if let spare { state.giveBack(spare) }
    isReceiving = false
    if input.readableBytes == 0 { input = ByteBuffer() }
    flush()
  }

  /// Returns whether the lifecycle is in use now.
  private func handle(_ event: HTTP2Engine.Event, _ received: ByteBuffer, _ work: RequestLifecycle) -> Bool {
    switch event {
    case .incomplete, .handled: break
    case .request(let id, let ends):
      let stream = HTTP2Stream(id: id, session: self, hasEnded: ends)
      streams[id] = stream
      stream.begin(work)
      return true
    case .badRequest(let id, _):
      let stream = HTTP2Stream(id: id, session: self, hasEnded: false)
      streams[id] = stream
      stream.refuse(work, WireError(.headTooLarge))
      return true
    case .data(let id, let offset, let length, let ends):
      guard let stream = streams[id] else {
        engine.consumed(id, length)
        break
      }
      stream.receive(
        received.getSlice(at: received.readerIndex + offset, length: length) ?? ByteBuffer(), ends: ends)
    case .ended(let id): streams[id]?.receive(ByteBuffer(), ends: true)
    case .reset(let id): streams.removeValue(forKey: id)?.leave()
    case .window(0): for stream in Array(streams.values) { stream.sendWaiting() }
    case .window(let id): streams[id]?.sendWaiting()
    case .failed:
      flush()
      connection.endHTTP2()
    }
    return false
  }

  func consumed(_ id: UInt32, _ count: Int) {
    guard count > 0 else { return }
    engine.consumed(id, count)
    if !engine.output.isEmpty { scheduleFlush() }
  }

  // MARK: - Sending

  /// Returns the bytes of the head.
  func writeHead(_ id: UInt32, _ response: borrowing MessageHead, length: Int?, ends: Bool) -> Int {
    takeOutput()
    let before = output.readableBytes
    engine.writeHead(id, response, length: length, ends: ends)
    takeOutput()
    scheduleFlush()
    return output.readableBytes - before
  }

  func writeData(_ id: UInt32, _ data: ByteBuffer, ends: Bool) {
    engine.beginData(id, length: data.readableBytes, ends: ends)
    takeOutput()
    output.writeImmutableBuffer(data)
    if ends { engine.endData(id) }
    scheduleFlush()
  }

  func reset(_ id: UInt32, _ error: HTTP2Error) {
    guard engine.isOpen(id) else { return }
    engine.resetStream(id, error)
    scheduleFlush()
  }

  private func takeOutput() {
    guard !engine.output.isEmpty else { return }
    output.writeBytes(engine.output)
    engine.output.removeAll(keepingCapacity: true)
  }

  /// Sends what was written when this turn of the loop is over.
  func scheduleFlush() {
    guard !isFlushScheduled, !isReceiving, !isOver else { return }
    isFlushScheduled = true
    let box = NIOLoopBound(self, eventLoop: state.loop)
    state.loop.execute {
      box.value.isFlushScheduled = false
      box.value.flush()
    }
  }

  private func flush() {
    takeOutput()
    guard output.readableBytes > 0, !isOver else { return }
    context.writeAndFlush(NIOAny(output), promise: nil)
    output.clear()
  }

  // MARK: - Streams and the end

  func remove(_ stream: HTTP2Stream) {
    guard streams.removeValue(forKey: stream.id) != nil, streams.isEmpty else { return }
    idleDeadline = state.deadline(after: ClientConnection.keepAliveTimeout)
    if state.isClosingIdle { closeIfIdle() }
  }

  var deadline: NIODeadline { streams.isEmpty ? idleDeadline : streams.values.map(\.deadline).min() ?? idleDeadline }

  func timedOut() {
    let now = state.clock.now
    if streams.isEmpty {
      engine.goAway()
      flush()
      return connection.endHTTP2()
    }
    for stream in Array(streams.values) where stream.deadline <= now { stream.timedOut() }
  }

  func takesMore() {
    for stream in Array(streams.values) { stream.sendWaiting() }
  }

  /// Asks the client to begin no further streams; those that are on their way are still taken.
  func announceEnd() {
    engine.announceGoAway()
    flush()
  }

  /// Takes no further streams, and ends with the last one.
  func closeIfIdle() {
    engine.goAway()
    flush()
    if streams.isEmpty { connection.endHTTP2() }
  }

  /// The connection is gone, or has to go.
  func leave() {
    guard !isOver else { return }
    isOver = true
    let left = streams.values
    streams = [:]
    for stream in left { stream.leave() }
  }
}
