import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import PolicyLibrary
import TDSWire

/// One connection to a server: its way in, then one statement at a time.
final class SQLConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    case connecting
    /// The first words have been said.
    case greeting
    case securing(isLoginAlone: Bool)
    case entering
    case idle
    case busy(SQLCall)
    /// A statement was given up; its answer is dropped until the server says that it has stopped.
    case stopping
    case closed
  }

  private let pool: SQLPool
  private let token: String?
  private var state = State.connecting
  private var context: ChannelHandlerContext?
  private var reader = TDSMessageReader(bound: SQLClient.answerBound)
  /// Where it leads; the server may have sent it elsewhere.
  private let host: String
  private let port: Int
  private let isRouted: Bool
  private let instance: String?
  private var prelogin = TDSPrelogin(encryption: .on)
  private var echoesToken = false
  private var packetSize = TDSPacket.firstSize
  private var collation = TDSCollation.standard
  private var isUsed = false
  private var timer: Scheduled<Void>?
  private var deadline: NIODeadline
  private var framing: SQLHandshakeFraming?
  private var tls: NIOSSLClientHandler?

  /// How long a server may take to stop what it was told to stop, and what it may still send.
  private static let stopTime = TimeAmount.seconds(5)
  private static let stopBytes = 32 << 20

  /// - Parameter token: who enters, where the settings have no user.
  init(pool: SQLPool, token: String?) {
    self.pool = pool
    self.token = token
    let settings = pool.route.settings
    (host, port, isRouted, instance) = (settings.host, settings.port, false, nil)
    let seconds = settings.connectTimeoutSeconds == 0 ? 86_400 : settings.connectTimeoutSeconds
    deadline = .now() + .seconds(Int64(seconds))
  }

  /// The same connection in the place that its server has named.
  private init(_ former: SQLConnection, at route: TDSResponse.Route) {
    (pool, token, deadline) = (former.pool, former.token, former.deadline)
    (host, port, isRouted, instance) = (route.host, route.port, true, route.instance)
  }

  private var settings: TDSSettings { pool.route.settings }
  private var loop: any EventLoop { pool.client.loop }

  // MARK: - The way in

  func connect() {
    let box = NIOLoopBound(self, eventLoop: loop)
    timer = loop.scheduleTask(deadline: deadline) { box.value.timedOut() }
    ClientBootstrap(group: loop)
      .channelOption(.socketOption(.tcp_nodelay), value: 1)
      .channelOption(.socketOption(.so_keepalive), value: 1)
      .connectTimeout(max(.milliseconds(1), deadline - .now()))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let connection = box.value
          if connection.settings.encryption == .strict {
            try channel.pipeline.syncOperations.addHandler(try connection.makeTLS())
          }
          try channel.pipeline.syncOperations.addHandler(connection)
        }
      }
      .connect(host: host, port: port)
      .whenFailure { error in box.value.end("\(error)") }
  }

  private func makeTLS() throws -> NIOSSLClientHandler {
    let kind = SQLTLS(
      isStrict: settings.encryption == .strict, isChecked: settings.checksCertificate,
      certificate: pool.route.certificate)
    return try pool.client.makeTLS(kind, host: settings.certificateHost ?? host)
  }

  func channelActive(context: ChannelHandlerContext) {
    guard case .connecting = state else { return context.close(promise: nil) }
    self.context = context
    state = .greeting
    let encryption: TDSPrelogin.Encryption =
      switch settings.encryption {
      case .optional: .off
      case .mandatory: .on
      // It is encrypted already.
      case .strict: .notSupported
      }
    prelogin = TDSPrelogin(encryption: encryption, takesToken: token == nil ? nil : true)
    write(.prelogin, prelogin.bytes)
    context.fireChannelActive()
  }

  private func write(_ type: TDSPacketType, _ payload: [UInt8], resets: Bool = false) {
    guard let context else { return }
    let bytes = TDSPacket.bytes(type, payload, size: packetSize, resets: resets)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
  }

  private func greeted(_ payload: [UInt8], _ context: ChannelHandlerContext) throws {
    let answer = try TDSPrelogin(payload)
    echoesToken = answer.takesToken ?? false
    if settings.encryption == .strict { return enter() }
    switch prelogin.agreement(with: answer) {
    case .refused(let reason): end(reason)
    case .nothing: enter()
    case .everything: try secure(isLoginAlone: false, context)
    case .loginAlone: try secure(isLoginAlone: true, context)
    }
  }

  private func secure(isLoginAlone: Bool, _ context: ChannelHandlerContext) throws {
    state = .securing(isLoginAlone: isLoginAlone)
    let (framing, tls) = (SQLHandshakeFraming(), try makeTLS())
    (self.framing, self.tls) = (framing, tls)
    let pipeline = context.pipeline.syncOperations
    try pipeline.addHandler(framing, position: .before(self))
    try pipeline.addHandler(tls, position: .after(framing))
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .securing(let isLoginAlone) = state, case .handshakeCompleted = event as? TLSUserEvent {
      framing?.isTransparent = true
      if isLoginAlone { framing?.hold() }
      enter()
      if isLoginAlone, let tls {
        // The login is out; everything behind it, either way, is as it is. Not in the middle of the handler's own work.
        let box = NIOLoopBound((self, tls), eventLoop: loop)
        loop.execute {
          let (connection, tls) = box.value
          guard let pipeline = connection.context?.pipeline.syncOperations else { return }
          pipeline.removeHandler(tls).whenComplete { _ in box.value.0.framing?.release() }
        }
      }
      tls = nil
    }
    context.fireUserInboundEventTriggered(event)
  }

  private func enter() {
    state = .entering
    if let token, token.utf16.count > TDSLogin.tokenBound { return end("the token is too long for it") }
    let server = instance.map { "\(host)\\\($0)" } ?? host
    write(.login, TDSLogin(settings, server: server, token: token, echoesToken: echoesToken).bytes)
  }

  private func entered(_ response: TDSResponse) {
    guard response.isLoginAccepted, response.errors.allSatisfy({ $0.severity <= 10 }) else {
      if let error = response.errors.first(where: { $0.severity > 10 }) { return end(SQLFailure(error)) }
      return end("it let nobody in and gave no reason")
    }
    if token != nil, !response.isTokenAccepted { return end("it took no notice of the token") }
    if let route = response.route {
      guard !isRouted else { return end("it was sent elsewhere for a second time") }
      let next = SQLConnection(self, at: route)
      state = .closed
      timer?.cancel()
      context?.close(promise: nil)
      return next.connect()
    }
    timer?.cancel()
    timer = nil
    if let size = response.packetSize { packetSize = size }
    if let collation = response.collation { self.collation = collation }
    state = .idle
    pool.ready(self, isNew: true)
  }

  // MARK: - Statements

  var isUsable: Bool {
    guard case .idle = state else { return false }
    return context?.channel.isActive ?? false
  }

  func begin(_ call: SQLCall) {
    timer?.cancel()
    timer = nil
    state = .busy(call)
    call.began(on: self)
    write(.rpc, call.request.call.bytes(collation), resets: isUsed)
    isUsed = true
  }

  /// Nobody has anything to do for it.
  func rest() {
    let box = NIOLoopBound(self, eventLoop: loop)
    // Gone for the pool at once: with TLS it takes a while until a connection is closed.
    timer = loop.scheduleTask(in: SQLPool.idleTime) { box.value.end("nobody needs it") }
  }

  /// Nobody waits for the answer any more.
  func giveUp() {
    guard case .busy = state else { return }
    stop()
  }

  private func stop() {
    state = .stopping
    reader.drop()
    write(.attention, [])
    let box = NIOLoopBound(self, eventLoop: loop)
    timer = loop.scheduleTask(in: Self.stopTime) { box.value.close() }
  }

  private func answered(_ payload: [UInt8], _ call: SQLCall) {
    let response: TDSResponse
    do throws(TDSProtocolError) { response = try TDSResponseReader.read(payload) } catch {
      state = .closed
      close()
      pool.lost(self, nil)
      return call.finish(
        .failure(SQLFailure(reason: .connection, message: "The answer of \(host) cannot be read: \(error).")))
    }
    // A transaction that was left open ends with its connection; from severity 20 on the server closes it itself.
    let isOver = response.isInTransaction || response.errors.contains { $0.severity >= 20 }
    if isOver {
      state = .closed
      close()
      pool.lost(self, nil)
    } else {
      state = .idle
    }
    // Free before anybody goes on: who asks again gets this one.
    if !isOver { pool.ready(self, isNew: false) }
    if let error = response.errors.first(where: { $0.severity > 10 }) {
      call.finish(.failure(SQLFailure(error)))
    } else if response.hasFailed {
      call.finish(.failure(SQLFailure(reason: .refused, message: "\(host) gave up a statement without a reason.")))
    } else {
      call.finish(.success(SQLResult(columns: response.columns.map(\.name), rows: response.rows)))
    }
  }

  // MARK: - What comes in

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    do {
      for message in try reader.read(buffer.readableBytesUInt8Span) { try received(message, context) }
    } catch {
      return end("\(error)")
    }
    guard reader.isDropping else { return }
    switch state {
    case .busy(let call):
      stop()
      call.finish(
        .failure(
          SQLFailure(reason: .tooLarge, message: "The answer of \(host) is larger than \(SQLClient.answerBound) bytes.")
        ))
    case .stopping where reader.dropped > Self.stopBytes: close()
    case .stopping, .closed: break
    default: end("it says more than it should")
    }
  }

  private func received(_ message: TDSMessage, _ context: ChannelHandlerContext) throws {
    guard message.type == TDSPacketType.response.rawValue else {
      throw TDSProtocolError(message: "it answers with a packet of the type \(message.type)")
    }
    switch state {
    case .greeting: try greeted(message.payload, context)
    case .entering: entered(try TDSResponseReader.read(message.payload))
    case .busy(let call) where !message.isCut: answered(message.payload, call)
    case .busy(let call):
      // Too large, and over already: nothing is left to stop.
      state = .idle
      call.finish(
        .failure(
          SQLFailure(reason: .tooLarge, message: "The answer of \(host) is larger than \(SQLClient.answerBound) bytes.")
        ))
      pool.ready(self, isNew: false)
    case .stopping:
      // The answer itself may be over without the word that was waited for.
      guard message.endsWithAttention else { return reader.drop() }
      timer?.cancel()
      timer = nil
      state = .idle
      pool.ready(self, isNew: false)
    case .closed: break
    case .connecting, .securing, .idle: throw TDSProtocolError(message: "it answered what was not asked")
    }
  }

  // MARK: - Ends

  func close() { context?.close(promise: nil) }

  private func timedOut() {
    end(SQLFailure(reason: .timeout, message: "\(host) let nobody in within its time."))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { end("\(error)") }

  private func end(_ reason: String) {
    end(SQLFailure(reason: .connection, message: "\(host),\(port): \(reason)."))
  }

  private func end(_ failure: SQLFailure) {
    let former = state
    state = .closed
    timer?.cancel()
    timer = nil
    close()
    switch former {
    case .connecting, .greeting, .securing, .entering: pool.lost(self, failure)
    case .busy(let call):
      pool.lost(self, nil)
      call.finish(.failure(failure))
    case .idle, .stopping: pool.lost(self, nil)
    case .closed: break
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    end("the connection was closed")
    self.context = nil
    (framing, tls) = (nil, nil)
    context.fireChannelInactive()
  }
}
