import HTTPWire
import NIOCore
import PolicyLibrary

/// A client's connection that turned out to speak HTTP/2: it takes frames apart into streams and collects what they write,
/// so that everything of one turn of the loop goes out in one write.
final class HTTP2Session {
  unowned let connection: ClientConnection
  let state: LoopState
  let wire: HTTP2Wire
  private var streams: [UInt32: HTTP2Stream] = [:]
  private var input = ByteBuffer()
  private var idleDeadline: NIODeadline

  init(
    _ connection: ClientConnection, _ state: LoopState, _ context: ChannelHandlerContext, _ socket: ConnectionSocket
  ) {
    self.connection = connection
    self.state = state
    var bounds = HTTP2Engine.Bounds()
    bounds.head = state.limits.head
    wire = HTTP2Wire(HTTP2Engine(bounds: bounds), context.eventLoop, socket, now: state.clock.now)
    idleDeadline = state.deadline(after: state.timeouts.head)
  }

  // MARK: - Receiving

  func receive(_ data: ByteBuffer) {
    guard !wire.isOver else { return }
    var data = data
    if input.readableBytes == 0 { input = data } else { input.writeBuffer(&data) }
    wire.tick(state.clock.now)
    wire.isReceiving = true
    var spare: RequestLifecycle?
    while !wire.isOver, input.readableBytes > 0 {
      let work = spare ?? state.takeLifecycle()
      spare = work
      let received = input
      let (bytes, event) = wire.engine.receive(received.readableBytesUInt8Span, &work.exchange.request)
      if event == .incomplete { break }
      if handle(event, received, work) { spare = nil }
      input.moveReaderIndex(forwardBy: min(bytes, input.readableBytes))
    }
    if let spare { state.giveBack(spare) }
    wire.isReceiving = false
    if input.readableBytes == 0 { input = ByteBuffer() }
    wire.flush()
  }

  /// Returns whether the lifecycle is in use now.
  private func handle(_ event: HTTP2Engine.Event, _ received: ByteBuffer, _ work: RequestLifecycle) -> Bool {
    switch event {
    case .incomplete, .handled, .response, .ready, .goAway: break
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
        wire.consumed(id, length)
        break
      }
      stream.receive(
        received.getSlice(at: received.readerIndex + offset, length: length) ?? ByteBuffer(), ends: ends)
    case .ended(let id): streams[id]?.receive(ByteBuffer(), ends: true, trailers: wire.engine.trailers)
    case .reset(let id, _): lose(id, .left)
    case .broken(let id, _): lose(id, .isMalformed)
    case .window(0): sendWaiting()
    case .window(let id): streams[id]?.sendWaiting()
    case .failed:
      wire.flush()
      connection.failHTTP2()
    }
    return false
  }

  /// Returns the bytes of the head.
  func writeHead(_ id: UInt32, _ response: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, ends: Bool) -> Int {
    let before = wire.pendingBytes
    wire.engine.writeHead(id, response, rewrite, ends: ends)
    wire.scheduleFlush()
    return wire.pendingBytes - before
  }

  /// The stream is over before its end.
  private func lose(_ id: UInt32, _ loss: ClientLoss) {
    guard let stream = streams[id] else { return }
    stream.leave(loss)
    remove(stream)
  }

  /// Spends the connection's window on the streams that wait for it.
  private func sendWaiting() {
    let waiting = streams.values.filter(\.isHeldUp)
    wire.takeTurns(waiting, { $0.id }, { $0.sendWaiting() })
  }

  // MARK: - Streams and the end

  func remove(_ stream: HTTP2Stream) {
    guard streams.removeValue(forKey: stream.id) != nil, streams.isEmpty else { return }
    idleDeadline = state.deadline(after: state.timeouts.keepAlive)
    if state.isClosingIdle { closeIfIdle() }
  }

  var deadline: NIODeadline {
    streams.isEmpty ? idleDeadline : streams.values.lazy.map(\.deadline).min() ?? idleDeadline
  }

  func timedOut() {
    let now = state.clock.now
    if streams.isEmpty {
      wire.engine.goAway()
      wire.flush()
      return connection.endHTTP2()
    }
    for stream in Array(streams.values) where stream.deadline <= now { stream.timedOut() }
  }

  func takesMore() {
    for stream in Array(streams.values) { stream.sendWaiting() }
  }

  /// Asks the client to begin no further streams; those that are on their way are still taken.
  func announceEnd() {
    wire.engine.announceGoAway()
    wire.flush()
  }

  /// Takes no further streams, and ends with the last one.
  func closeIfIdle() {
    wire.engine.goAway()
    wire.flush()
    if streams.isEmpty { connection.endHTTP2() }
  }

  /// The connection is gone, or has to go.
  func leave(_ loss: ClientLoss) {
    guard !wire.isOver else { return }
    wire.end()
    let left = streams.values
    streams = [:]
    for stream in left { stream.leave(loss) }
  }
}
