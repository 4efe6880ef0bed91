import HTTPWire
import NIOCore
import PolicyLibrary

/// One exchange on an HTTP/2 connection to a backend.
final class UpstreamStream: BackendStream {
  /// 0 until the head is written.
  private(set) var id: UInt32 = 0
  private let session: UpstreamSession
  /// Whom it works for; nil once that is over.
  private var work: RequestLifecycle?
  private var request = WindowedBody()
  /// The request's body comes with the framing of HTTP/1.
  private var isFramed = false
  private var framing = BodyFraming()
  /// What was sent of the body, as long as that is little and no answer has come.
  private var kept: SentBody? = SentBody()
  /// Of the answer's body, not yet passed on. Bounded by the stream's window.
  private var received = ByteBuffer()
  private var hasHead = false
  private var isHeadTold = false
  /// The answer is complete.
  private(set) var hasEnded = false
  private var trailers: TrailerFields?

  /// Bytes that wait for the backend's window before the client is not read any more.
  private static let waitingBound = 64 << 10

  init(session: UpstreamSession) { self.session = session }

  // MARK: - What an exchange sees

  var protocolName: StaticString { "HTTP/2" }
  var sendsBareBody: Bool { true }
  var endsWithConnection: Bool { false }
  var isWritable: Bool { id != 0 && session.isWritable && request.waitingBytes < Self.waitingBound }

  func begin(_ work: RequestLifecycle) { self.work = work }

  func write(_ head: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, body: ByteBuffer?, ends: Bool) {
    guard let work else { return }
    if !ends, work.client?.sendsBareBody == false {
      isFramed = true
      framing.beginRequest(head)
      framing.keepTrailers()
    }
    let body = body ?? ByteBuffer()
    let isAll = ends && body.readableBytes == 0
    if isAll { request.setSent() }
    id = session.open(self, head, rewrite, ends: isAll)
    if isAll { return }
    if ends { kept?.isComplete = true }
    request.append(body, ends: ends)
    keep(body)
    request.send(id, over: session.wire)
  }

  func write(_ data: ByteBuffer) {
    let data = bare(data)
    keep(data)
    request.append(data, ends: false)
    request.send(id, over: session.wire)
  }

  func endBody(_ trailers: TrailerFields?) {
    let trailers = framing.takeTrailers() ?? trailers
    kept?.isComplete = true
    kept?.trailers = trailers
    request.end(trailers)
    request.send(id, over: session.wire)
  }

  /// The data of the body, out of its framing.
  private func bare(_ framed: ByteBuffer) -> ByteBuffer {
    guard isFramed else { return framed }
    var rest = framed
    var data = ByteBuffer()
    while rest.readableBytes > 0, !framing.isDone, !framing.isRefused {
      let stretch = framing.next(rest.readableBytesUInt8Span)
      rest.moveReaderIndex(forwardBy: stretch.dataStart)
      guard var part = rest.readSlice(length: stretch.end - stretch.dataStart) else { break }
      if data.readableBytes == 0 { data = part } else { data.writeBuffer(&part) }
    }
    return data
  }

  private func keep(_ data: ByteBuffer) {
    guard let length = kept?.data.readableBytes else { return }
    if hasHead || length + data.readableBytes > SentBody.bound {
      kept = nil
    } else {
      kept?.data.writeImmutableBuffer(data)
    }
  }

  func resumeReading() { deliver() }

  func close() { abandon() }
  func end() { abandon() }

  func timedOut() {
    session.ask()
    abandon()
  }

  func abandon() {
    work = nil
    leave(.cancel)
  }

  // MARK: - What the session tells

  /// The head is in the exchange: the rest is told when all that came with it has been read.
  func answered(ends: Bool, _ head: inout MessageHead) {
    hasHead = true
    hasEnded = ends
    kept = nil
    if let work { swap(&head, &work.exchange.response) }
  }

  func receive(_ data: ByteBuffer, ends: Bool, trailers: TrailerFields? = nil) {
    hasEnded = hasEnded || ends
    if let trailers, !trailers.isEmpty { self.trailers = trailers }
    guard work != nil else { return session.wire.consumed(id, data.readableBytes) }
    var data = data
    if received.readableBytes == 0 { received = data } else { received.writeBuffer(&data) }
  }

  /// Tells the exchange what has come, as far as its client can take it.
  func deliver() {
    guard let work, hasHead else { return }
    guard !isHeadTold || work.canTakeAnswer && (received.readableBytes > 0 || hasEnded) else { return }
    let data = received
    received = ByteBuffer()
    session.wire.consumed(id, data.readableBytes)
    let isComplete = hasEnded
    if isComplete {
      self.work = nil
      // What the backend does not wait for needs not be sent.
      leave(.cancel)
    }
    if isHeadTold {
      work.backendSent(data, ends: isComplete, trailers: isComplete ? trailers : nil)
    } else {
      isHeadTold = true
      work.backendAnswered(isComplete ? nil : self, first: data, trailers: isComplete ? trailers : nil)
    }
  }

  /// The windows have grown, or the socket takes more.
  func takesMore() {
    request.send(id, over: session.wire)
    if isWritable { work?.backendTakesMore() }
  }

  /// The stream has come to nothing.
  /// - Parameter isUntouched: the backend said so.
  /// - Parameter isStale: the connection had served before, and may have been closed meanwhile.
  func fail(_ reason: String, _ message: String, isUntouched: Bool, isStale: Bool = false) {
    let work = work
    self.work = nil
    leave(.cancel)
    work?.backendFailed(
      reason, message, isUntouched ? .untouched(kept) : isStale && !hasHead ? .ifIdempotent : .never)
  }

  private func leave(_ error: HTTP2Error) {
    session.wire.consumed(id, received.readableBytes)
    received = ByteBuffer()
    request.drop()
    session.remove(self, error)
  }
}
