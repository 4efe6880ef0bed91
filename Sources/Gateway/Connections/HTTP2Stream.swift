import DotNet
import HTTPWire
import NIOCore
import PolicyLibrary

/// One request with its answer on an HTTP/2 connection.
final class HTTP2Stream: ClientStream {
  let id: UInt32
  private unowned let session: HTTP2Session
  /// Carries the exchange.
  private var work: RequestLifecycle?
  /// Of the request's body, not yet passed on. Bounded by the stream's window.
  private var received = ByteBuffer()
  private var hasEnded: Bool
  /// There is a body, whose end the exchange is told.
  private let hasBody: Bool
  private var hasToldEnd = false
  private var trailers: TrailerFields?
  private var isCollecting = false
  private var collected: [UInt8] = []
  /// The answer's body, as far as the client's window is open.
  private var answer = WindowedBody()
  private var isAnswered = false
  /// Something of the answer waits for the client.
  private(set) var isHeldUp = false
  private(set) var requestBytes = 0
  private var headBytes = 0
  private(set) var responseBytes = 0
  private var ownDeadline = NIODeadline.distantFuture
  private(set) var deadline: NIODeadline {
    get { min(ownDeadline, work?.callDeadline ?? .distantFuture) }
    set { ownDeadline = newValue }
  }
  /// Other streams of the connection go on in any case.
  var keepsAlive = true

  /// Bytes that wait for the client's window before the backend is not read any more.
  private static let waitingBound = 64 << 10

  init(id: UInt32, session: HTTP2Session, hasEnded: Bool) {
    self.id = id
    self.session = session
    self.hasEnded = hasEnded
    hasBody = !hasEnded
  }

  func begin(_ work: RequestLifecycle) {
    self.work = work
    requestBytes = work.exchange.request.receivedBytes
    headBytes = requestBytes
    if let length = work.exchange.request.contentLength, length > session.state.limits.bodyBytes {
      return work.refuseLength(self)
    }
    work.begin(self)
  }

  /// Answers a request that cannot be served.
  func refuse(_ work: RequestLifecycle, _ error: WireError) {
    self.work = work
    work.refuse(error, self)
  }

  // MARK: - What the client sends

  func receive(_ data: ByteBuffer, ends: Bool, trailers: TrailerFields? = nil) {
    requestBytes += data.readableBytes
    hasEnded = hasEnded || ends
    if let trailers, !trailers.isEmpty { self.trailers = trailers }
    guard let work else { return session.wire.consumed(id, data.readableBytes) }
    if isCollecting {
      collected.append(contentsOf: data.readableBytesView)
      session.wire.consumed(id, data.readableBytes)
      deadline = session.state.deadline(after: session.state.timeouts.body)
      if collected.count > session.state.limits.heldBodyBytes {
        isCollecting = false
        collected = []
        return work.refuseBody(isTooLarge: true)
      }
      if hasEnded { finishCollecting(work) }
      return
    }
    if requestBytes - headBytes > session.state.limits.bodyBytes {
      session.wire.consumed(id, data.readableBytes)
      return work.refuseBody(isTooLarge: true)
    }
    var data = data
    if received.readableBytes == 0 { received = data } else { received.writeBuffer(&data) }
    resumeReading()
  }

  /// For the next bytes in either direction: a call of gRPC may be silent for longer.
  private var patience: TimeAmount {
    work?.isGRPC == true ? session.state.timeouts.silence : session.state.timeouts.body
  }

  private func finishCollecting(_ work: RequestLifecycle) {
    isCollecting = false
    hasToldEnd = true
    deadline = .distantFuture
    let body = collected
    collected = []
    work.collected(body)
  }

  func resumeReading() {
    guard let work, !isCollecting, work.canTakeBody else { return }
    if received.readableBytes > 0 {
      let data = received
      received = ByteBuffer()
      deadline = session.state.deadline(after: patience)
      // The answer's head is still waited for, however lively the client is.
      if work.isGRPC, !isAnswered { deadline = min(deadline, work.deadline) }
      work.sendBody(data)
      session.wire.consumed(id, data.readableBytes)
    }
    if hasEnded, !hasToldEnd, received.readableBytes == 0, self.work === work {
      hasToldEnd = true
      deadline = isAnswered ? .distantFuture : work.deadline
      work.endBody(trailers)
    }
  }

  func collectBody() {
    isCollecting = true
    deadline = session.state.deadline(after: session.state.timeouts.body)
    invite()
  }

  func invite() {
    guard let work, work.exchange.request.expectsContinue, !hasEnded else { return }
    session.wire.engine.writeContinue(id)
    session.wire.scheduleFlush()
  }

  /// The client has given the stream up, or its connection is gone.
  func leave(_ loss: ClientLoss) {
    dropReceived()
    let work = work
    self.work = nil
    work?.clientLeft(loss)
  }

  private func dropReceived() {
    session.wire.consumed(id, received.readableBytes)
    received = ByteBuffer()
  }

  // MARK: - What an exchange sees

  var peer: ClientPeer { session.connection.peer }
  var isTLS: Bool { session.connection.isTLS }
  var protocolName: StaticString { "HTTP/2" }
  var certificate: CertificateValue? { session.connection.certificate }
  var tlsVersion: String? { session.connection.tlsVersion }
  var hasRequestBody: Bool { hasBody && !hasToldEnd }
  var wantsBareBody: Bool { true }
  var sendsBareBody: Bool { true }
  var isWritable: Bool { session.connection.isWritable && answer.waitingBytes < Self.waitingBound }

  func wait(until deadline: NIODeadline) { self.deadline = deadline }

  func takeBody() -> ByteBuffer? { nil }

  func writeHead(_ head: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, body: ByteBuffer?, ends: Bool) {
    guard work != nil else { return }
    isAnswered = true
    let bodyBytes = body?.readableBytes ?? 0
    let isAll = ends && bodyBytes == 0
    if isAll { answer.setSent() }
    responseBytes += session.writeHead(id, head, rewrite, ends: isAll)
    if !isAll, bodyBytes > 0 || ends { write(body ?? ByteBuffer(), ends: ends) }
  }

  func write(_ data: ByteBuffer, ends: Bool) {
    responseBytes += data.readableBytes
    answer.append(data, ends: ends)
    sendWaiting()
  }

  func end(_ trailers: TrailerFields) {
    answer.end(trailers)
    sendWaiting()
  }

  /// Sends what the client's windows allow, and its socket takes.
  func sendWaiting() {
    guard isAnswered else { return }
    let before = answer.waitingBytes
    if session.connection.isWritable { answer.send(id, over: session.wire) }
    if !session.wire.engine.isOpen(id) { return leaveSession() }
    if answer.waitingBytes > 0 {
      // Only a client that takes something is given more time.
      if !isHeldUp || answer.waitingBytes < before { deadline = session.state.deadline(after: patience) }
      isHeldUp = true
    } else if let work {
      isHeldUp = false
      if awaitsBackend {
        deadline = session.state.deadline(after: isWritable ? session.state.timeouts.silence : patience)
      }
      if isWritable { work.clientTakesMore() }
    }
  }

  /// Nothing but the rest of the backend's answer is waited for.
  private var awaitsBackend: Bool { isAnswered && !answer.isComplete && (hasToldEnd || work?.isGRPC == true) }

  func openTunnel() { abort(.isMalformed) }

  func finished() {
    work = nil
    dropReceived()
    if !answer.isComplete {
      // The rest will not come: only the end of the stream can say so.
      session.wire.reset(id, .internalError)
      return leaveSession()
    }
    if !session.wire.engine.isOpen(id) {
      leaveSession()
    } else {
      deadline = session.state.deadline(after: session.state.timeouts.body)
    }
  }

  private func leaveSession() {
    if work == nil { session.remove(self) }
  }

  func timedOut() {
    deadline = .distantFuture
    let now = session.state.clock.now
    if let work, let last = work.callDeadline, last <= now {
      work.callTimedOut()
    } else if let work, !isAnswered, !isCollecting,
      !hasRequestBody || !work.canTakeBody || work.isGRPC && work.deadline <= now
    {
      work.backendTimedOut()
    } else if let work, awaitsBackend, !isHeldUp, isWritable {
      work.backendTimedOut()
    } else {
      abort(isHeldUp ? .takesNothing : .sendsNothing)
    }
  }

  func abort(_ loss: ClientLoss) {
    session.wire.reset(id, .cancel)
    leave(loss)
    session.remove(self)
  }
}
