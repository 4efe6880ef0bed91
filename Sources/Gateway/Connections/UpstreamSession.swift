import HTTPWire
import NIOCore
import NIOTLS
import PolicyLibrary

/// One HTTP/2 connection to a backend, shared by many exchanges of its loop.
final class UpstreamSession: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  typealias Report = (Result<any BackendStream, any Error>) -> Void

  private let home: OriginPool
  private let state: LoopState
  /// In plain text nobody is asked which protocol it shall be.
  private let version: HTTPVersion
  private var context: ChannelHandlerContext?
  private var session: HTTP2Wire?
  private var streams: [UInt32: UpstreamStream] = [:]
  /// Wait for the connection to be ready.
  private var waiters: [Report] = []
  /// The head being read, until it is known whose it is.
  private var head = MessageHead()
  private var input = ByteBuffer()
  private var isReady = false
  private var isOver = false
  /// The backend has refused a stream that it had room for: others go elsewhere.
  private var hasRefused = false
  /// Has carried an exchange to its end.
  private var hasServed = false
  private var idleSince = NIODeadline.distantFuture
  private var lastRead: NIODeadline
  private let born: NIODeadline
  /// When the backend was asked whether it is there.
  private var pinged: NIODeadline?

  /// Silence with streams open, before the backend is asked. Servers of gRPC take more frequent questions for abuse.
  static let silence = TimeAmount.minutes(5)
  static let pingTimeout = TimeAmount.seconds(10)

  private static let bounds: HTTP2Engine.Bounds = {
    var bounds = HTTP2Engine.Bounds()
    bounds.concurrentStreams = 100
    bounds.head = .ofAnswers
    // Streams share the connection: one whose client is slow may hold its own window, never the others'.
    bounds.streamWindow = 128 << 10
    bounds.connectionWindow = 16 << 20
    return bounds
  }()

  init(home: OriginPool, state: LoopState, version: HTTPVersion) {
    self.home = home
    self.state = state
    self.version = version
    lastRead = state.clock.now
    born = lastRead
  }

  /// There is one as soon as there are streams.
  var wire: HTTP2Wire {
    guard let session else { preconditionFailure("a stream before its connection") }
    return session
  }

  var isWritable: Bool { context?.channel.isWritable ?? false }

  // MARK: - The beginning

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive, !home.origin.isTLS { begin(context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelActive(context: ChannelHandlerContext) {
    if !home.origin.isTLS { begin(context) }
    context.fireChannelActive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent { choose(negotiated, context) }
    context.fireUserInboundEventTriggered(event)
  }

  private func choose(_ negotiated: String?, _ context: ChannelHandlerContext) {
    if negotiated == "h2" {
      home.speaksHTTP2 = true
      return begin(context)
    }
    guard version == .twoOrOne else { return fail("the backend does not speak HTTP/2") }
    home.speaksHTTP2 = false
    isOver = true
    home.remove(self)
    let waiters = waiters
    self.waiters = []
    let connection = UpstreamConnection(home: home, state: state, born: born)
    do {
      try context.pipeline.syncOperations.addHandler(connection, position: .after(self))
    } catch {
      context.close(promise: nil)
      return waiters.forEach { $0(.failure(error)) }
    }
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
    // The first one has this connection; the others need their own.
    guard let first = waiters.first else { return connection.close() }
    first(.success(connection))
    for waiter in waiters.dropFirst() { state.pool.connect(home, .one, state, waiter) }
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard session == nil else { return }
    let socket = ConnectionSocket()
    socket.open(context, isPlain: !home.origin.isTLS)
    let session = HTTP2Wire(
      HTTP2Engine(role: .client, bounds: Self.bounds), context.eventLoop, socket, now: state.clock.now)
    self.session = session
    session.flush()
  }

  /// Whether another exchange may wait for this connection.
  var takesWaiters: Bool { !isReady && !isOver && waiters.count < Self.bounds.concurrentStreams }

  /// Tells of a stream, once there is one.
  func wait(_ report: @escaping Report) { waiters.append(report) }

  /// The connection could not be opened.
  func connectFailed(_ error: any Error) {
    isOver = true
    home.remove(self)
    let waiters = waiters
    self.waiters = []
    for waiter in waiters { waiter(.failure(error)) }
  }

  /// It has served for as long as a connection shall: others take what is new.
  private var isOld: Bool { born + home.lifetime < state.clock.now }

  /// A stream for a request; nil when the connection takes none now.
  func take() -> UpstreamStream? {
    guard isReady, !isOver, !hasRefused, !isOld, let session, session.engine.canOpenStream else { return nil }
    return UpstreamStream(session: self)
  }

  private func becomeReady() {
    isReady = true
    idleSince = state.clock.now
    let waiters = waiters
    self.waiters = []
    for waiter in waiters {
      if let stream = take() {
        waiter(.success(stream))
      } else {
        state.pool.connect(home, version, state, waiter)
      }
    }
  }

  func open(_ stream: UpstreamStream, _ request: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, ends: Bool)
    -> UInt32
  {
    let id = wire.engine.openStream(request, rewrite, isTLS: home.origin.isTLS, ends: ends)
    if isOver { return id }
    streams[id] = stream
    wire.scheduleFlush()
    return id
  }

  // MARK: - Reading

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let session, !isOver else { return }
    var data = unwrapInboundIn(data)
    if input.readableBytes == 0 { input = data } else { input.writeBuffer(&data) }
    lastRead = state.clock.now
    pinged = nil
    session.tick(lastRead)
    session.isReceiving = true
    var touched: [UpstreamStream] = []
    while !isOver, input.readableBytes > 0 {
      let received = input
      let (bytes, event) = session.engine.receive(received.readableBytesUInt8Span, &head)
      if event == .incomplete { break }
      if let stream = handle(event, received), touched.last !== stream { touched.append(stream) }
      input.moveReaderIndex(forwardBy: min(bytes, input.readableBytes))
    }
    if input.readableBytes == 0 { input = ByteBuffer() }
    // All that came for a stream is told at once: a short answer is complete in one piece.
    for stream in touched { stream.deliver() }
    session.isReceiving = false
    session.flush()
    closeIfDone()
  }

  /// Returns the stream that has something to tell.
  private func handle(_ event: HTTP2Engine.Event, _ received: ByteBuffer) -> UpstreamStream? {
    switch event {
    case .incomplete, .handled, .request, .badRequest: break
    case .ready: becomeReady()
    case .response(let id, let ends):
      let stream = streams[id]
      stream?.answered(ends: ends, &head)
      return stream
    case .data(let id, let offset, let length, let ends):
      guard let stream = streams[id] else {
        wire.consumed(id, length)
        break
      }
      let data = received.getSlice(at: received.readerIndex + offset, length: length) ?? ByteBuffer()
      stream.receive(data, ends: ends)
      return stream
    case .ended(let id):
      streams[id]?.receive(ByteBuffer(), ends: true, trailers: wire.engine.trailers)
      return streams[id]
    case .reset(let id, let error): reset(id, error)
    case .broken(let id, let error):
      guard let stream = streams[id], !stream.hasEnded else { break }
      stream.fail("BackendResponseFailure", "the backend's HTTP/2 is malformed: \(error)", isUntouched: false)
    case .window(0): wire.takeTurns(Array(streams.values), { $0.id }, { $0.takesMore() })
    case .window(let id): streams[id]?.takesMore()
    case .goAway(let last, _):
      for (id, stream) in streams where id > last {
        stream.fail("BackendConnectionFailure", "the backend takes no further requests", isUntouched: true)
      }
    case .failed(let error): fail("the backend's HTTP/2 is malformed: \(error)")
    }
    return nil
  }

  private func reset(_ id: UInt32, _ error: HTTP2Error) {
    // An answer that is complete stays so: the backend only does not want the rest of the request.
    guard let stream = streams[id], !stream.hasEnded else { return }
    if error == .refusedStream { hasRefused = true }
    stream.fail(
      "BackendConnectionFailure", "the backend gave the request up: \(error)", isUntouched: error == .refusedStream)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { for stream in Array(streams.values) { stream.takesMore() } }
    context.fireChannelWritabilityChanged()
  }

  // MARK: - The end

  /// A stream is over for its exchange; what the engine still has of it is given up.
  func remove(_ stream: UpstreamStream, _ error: HTTP2Error) {
    guard stream.id != 0, streams.removeValue(forKey: stream.id) != nil else { return }
    hasServed = true
    wire.reset(stream.id, error)
    if streams.isEmpty { idleSince = state.clock.now }
    if !wire.isReceiving { closeIfDone() }
  }

  private func closeIfDone() {
    if let session, !isOver, streams.isEmpty, hasRefused || session.engine.isClosing { close() }
  }

  /// To be called at every tick: ends a connection that nobody needs, or that is dead.
  func check(_ now: NIODeadline) {
    if isOver { return }
    guard isReady else {
      if lastRead + home.handshakeTime < now { fail("the handshake with the backend took too long") }
      return
    }
    if let pinged {
      if pinged + Self.pingTimeout < now { fail("the backend does not answer any more") }
    } else if streams.isEmpty {
      if idleSince + home.idleTime < now || isOld { close() }
    } else if lastRead + Self.silence < now {
      ask()
    }
  }

  /// Asks the backend whether it is there: an exchange has waited for it in vain.
  func ask() {
    guard pinged == nil, isReady, !isOver, let session else { return }
    pinged = state.clock.now
    session.engine.writePing()
    session.scheduleFlush()
  }

  /// Ends the connection after what was written; the exchanges on it fail.
  func close() {
    if let session, !isOver {
      session.engine.goAway()
      session.flush()
    }
    fail("the connection was closed")
  }

  private func fail(_ message: String) {
    guard !isOver else { return }
    session?.flush()
    session?.end()
    isOver = true
    home.remove(self)
    input = ByteBuffer()
    // At once: a backend that sends without end need not take what is written.
    context?.close(promise: nil)
    let (waiters, streams, isStale) = (waiters, streams.values, hasServed)
    self.waiters = []
    self.streams = [:]
    for waiter in waiters { waiter(.failure(UpstreamFailure(description: message))) }
    for stream in streams {
      if stream.hasEnded {
        stream.deliver()
      } else {
        stream.fail("BackendConnectionFailure", message, isUntouched: false, isStale: isStale)
      }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail("the backend closed the connection before its answer was complete")
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(ConnectionFault.words(error, home.origin, context.pipeline.syncOperations))
  }
}

/// Why there is no connection.
struct UpstreamFailure: Error, CustomStringConvertible {
  let description: String
}
