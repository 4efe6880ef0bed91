import DotNet
import HTTPWire
import NIOCore
import NIOSSL
import PolicyLibrary

/// The side of the connection that an exchange sees.
extension ClientConnection: ClientStream {
  var protocolName: StaticString { work?.exchange.request.minorVersion == 0 ? "HTTP/1.0" : "HTTP/1.1" }
  var hasRequestBody: Bool { !framing.isDone }
  var wantsBareBody: Bool { false }
  var sendsBareBody: Bool { false }

  private var tlsHandler: NIOSSLServerHandler? {
    guard isTLS, let context else { return nil }
    return try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
  }

  var certificate: CertificateValue? { presented?.certificate { tlsHandler?.peerCertificate } }

  var tlsVersion: String? {
    guard let version = tlsHandler?.tlsVersion else { return nil }
    switch version {
    case .tlsv1: return "1.0"
    case .tlsv11: return "1.1"
    case .tlsv12: return "1.2"
    case .tlsv13: return "1.3"
    }
  }

  func resumeReading() {
    if inputBytes > 0 { processInput() }
    guard isReadPending, mayRead else { return }
    isReadPending = false
    socket.read()
  }

  func collectBody() {
    collected.removeAll(keepingCapacity: true)
    stage = .collecting
    deadline = state.deadline(after: state.timeouts.body)
    invite()
  }

  func invite() {
    guard let work, work.exchange.request.expectsContinue, !framing.isDone, inputBytes == 0 else { return }
    hasInvited = true
    socket.write(Self.invitation)
  }

  /// The client has sent nothing of the body and was not asked to: whether it comes or the next request is for the client
  /// to decide, and not for us to guess (RFC 9110 §10.1.1).
  private var isUninvited: Bool {
    work?.exchange.request.expectsContinue == true && !hasInvited && requestBytes == headBytes && inputBytes == 0
  }

  private static let invitation = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

  func wait(until deadline: NIODeadline) { self.deadline = deadline }

  func writeHead(_ head: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, body: ByteBuffer?, ends: Bool) {
    if ends, !framing.isDone, framing.announcedBytes > Self.discardBound || isUninvited {
      // Nobody waits for the rest of a body that is longer than what is read past, or may not come.
      keepsAlive = false
      var last = copy rewrite
      last.closes = true
      last.announcesKeepAlive = false
      write(head, last, body: body, ends: ends)
    } else {
      write(head, rewrite, body: body, ends: ends)
    }
    if !ends { awaitAnswer() }
  }

  private func write(_ head: borrowing MessageHead, _ rewrite: borrowing HeadRewrite, body: ByteBuffer?, ends: Bool) {
    writesChunks = rewrite.body == .chunked
    if writesChunks {
      var chunks = body.map(ChunkedBody.chunk)
      if ends { chunks.append(ChunkedBody.end(nil)) }
      responseBytes += state.write(head, rewrite, body: chunks, to: socket)
    } else {
      responseBytes += state.write(head, rewrite, body: body, to: socket)
    }
  }

  /// The rest of an answer may not take forever, be it that the client does not take it or that the backend falls silent.
  func awaitAnswer() {
    if framing.isDone, stage == .exchanging {
      deadline = state.deadline(after: isWritable ? state.timeouts.silence : state.timeouts.body)
    }
  }

  func openTunnel() {
    stage = .tunnel
    deadline = state.deadline(after: state.timeouts.silence)
    resumeReading()
  }

  func write(_ data: ByteBuffer, ends: Bool) {
    var data = data
    if writesChunks {
      data = ChunkedBody.chunk(data)
      if ends { data.writeImmutableBuffer(ChunkedBody.end(nil)) }
    }
    guard data.readableBytes > 0 else { return }
    responseBytes += data.readableBytes
    if stage == .tunnel { deadline = state.deadline(after: state.timeouts.silence) }
    socket.write(data)
    if !ends { awaitAnswer() }
  }

  func end(_ trailers: TrailerFields) {
    guard writesChunks else { return }
    let end = ChunkedBody.end(trailers)
    responseBytes += end.readableBytes
    socket.write(end)
  }

  func finished() {
    work = nil
    guard stage != .closed else { return }
    guard keepsAlive, !state.isClosingIdle else {
      return isRefusing || !framing.isDone ? shutOut() : closeAfterWrites()
    }
    if framing.isDone {
      awaitNext()
    } else {
      stage = .discarding
      deadline = state.deadline(after: state.timeouts.body)
    }
    resumeReading()
  }
}
