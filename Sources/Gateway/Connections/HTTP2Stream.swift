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
  private var hasToldEnd = false
  private var isCollecting = false
  private var collected: [UInt8] = []
  /// Of the answer's body, waiting for the client's window.
  private var waiting = ByteBuffer()
  private var isAnswered = false
  /// The answer's last byte is written or waiting.
  private var endsAnswer = false
  private(set) var requestBytes = 0
  private(set) var responseBytes = 0
  private(set) var deadline = NIODeadline.distantFuture
  /// Other streams of the connection go on in any case.
  var keepsAlive = true

  /// Bytes that wait for the client's window before the backend is not read any more.
  private static let waitingBound = 64 << 10

  init(id: UInt32, session: HTTP2Session, hasEnded: Bool) {
    self.id = id
    self.session = session
    self.hasEnded = hasEnded
  }

  func begin(_ work: RequestLifecycle) {
    self.work = work
    requestBytes = work.exchange.request.receivedBytes
    work.begin(self)
  }

  /// Answers a request that cannot be served.
  func refuse(_ work: RequestLifecycle, _ error: WireError) {
    self.work = work
    work.refuse(error, self)
  }

  // MARK: - What the client sends

  func receive(_ data: ByteBuffer, ends: Bool) {
    requestBytes += data.readableBytes
    hasEnded = hasEnded || ends
    guard let work else { return session.consumed(id, data.readableBytes) }
    if isCollecting {
      collected.append(contentsOf: data.readableBytesView)
      session.consumed(id, data.readableBytes)
      deadline = session.state.deadline(after: ClientConnection.bodyTimeout)
      if collected.count > ClientConnection.collectBound {
        isCollecting = false
        collected = []
        return work.refuseBody(isTooLarge: true)
      }
      if hasEnded { finishCollecting(work) }
      return
    }
    var data = data
    if received.readableBytes == 0 { received = data } else { received.writeBuffer(&data) }
    resumeReading()
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
      deadline = session.state.deadline(after: ClientConnection.bodyTimeout)
      work.sendBody(data)
      session.consumed(id, data.readableBytes)
    }
    if hasEnded, !hasToldEnd, received.readableBytes == 0, self.work === work {
      hasToldEnd = true
      deadline = work.deadline
      work.endBody()
    }
  }

  func collectBody() {
    isCollecting = true
    deadline = session.state.deadline(after: ClientConnection.bodyTimeout)
    invite()
  }

  func invite() {
    guard let work, work.exchange.request.expectsContinue, !hasEnded else { return }
    session.engine.writeContinue(id)
    session.scheduleFlush()
  }

  /// The client has given the stream up, or its connection is gone.
  func leave() {
    dropReceived()
    let work = work
    self.work = nil
    work?.clientLeft()
  }

  private func dropReceived() {
    session.consumed(id, received.readableBytes)
    received = ByteBuffer()
  }

  // MARK: - What an exchange sees

  var peer: ClientPeer { session.connection.peer }
  var isTLS: Bool { session.connection.isTLS }
  var protocolName: StaticString { "HTTP/2" }
  var certificate: CertificateValue? { session.connection.certificate }
  var tlsVersion: String? { session.connection.tlsVersion }
  var hasRequestBody: Bool { !hasEnded || received.readableBytes > 0 }
  var wantsBareBody: Bool { true }
  var sendsBareBody: Bool { true }
  var isWritable: Bool { session.connection.isWritable && waiting.readableBytes < Self.waitingBound }

  func wait(until deadline: NIODeadline) { self.deadline = deadline }

  func writeHead(_ rewrite: HeadRewrite, body: ByteBuffer, ends: Bool) {
    guard let work else { return }
    var length: Int?
    if case .length(let count) = rewrite.body { length = count }
    isAnswered = true
    endsAnswer = ends && body.readableBytes == 0
    responseBytes += session.writeHead(id, work.exchange.response, length: length, ends: endsAnswer)
    if !endsAnswer, body.readableBytes > 0 || ends { write(body, ends: ends) }
  }

  func write(_ data: ByteBuffer, ends: Bool) {
    responseBytes += data.readableBytes
    endsAnswer = ends
    var data = data
    if waiting.readableBytes == 0 { waiting = data } else { waiting.writeBuffer(&data) }
    sendWaiting()
  }

  /// Sends what the client's windows allow.
  func sendWaiting() {
    guard isAnswered else { return }
    while session.engine.isOpen(id) {
      let count = min(waiting.readableBytes, session.engine.room(id))
      let ends = endsAnswer && count == waiting.readableBytes
      guard count > 0 || ends, let piece = waiting.readSlice(length: count) else { break }
      session.writeData(id, piece, ends: ends)
    }
    if waiting.readableBytes == 0 { waiting = ByteBuffer() }
    if !session.engine.isOpen(id) { return leaveSession() }
    if work != nil, waiting.readableBytes > 0 {
      deadline = session.state.deadline(after: ClientConnection.bodyTimeout)
    } else if let work, isWritable {
      work.clientTakesMore()
    }
  }

  func openTunnel() { abort() }

  func finished() {
    work = nil
    dropReceived()
    if !endsAnswer {
      // The rest will not come: only the end of the stream can say so.
      session.reset(id, .internalError)
      return leaveSession()
    }
    if !session.engine.isOpen(id) {
      leaveSession()
    } else {
      deadline = session.state.deadline(after: ClientConnection.bodyTimeout)
    }
  }

  private func leaveSession() {
    if work == nil { session.remove(self) }
  }

  func timedOut() {
    deadline = .distantFuture
    if let work, !isAnswered, !isCollecting, !hasRequestBody || !work.canTakeBody {
      work.backendTimedOut()
    } else {
      abort()
    }
  }

  func abort() {
    session.reset(id, .cancel)
    leave()
    session.remove(self)
  }
}
