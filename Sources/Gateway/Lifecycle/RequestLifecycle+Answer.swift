import HTTPWire
import NIOCore
import PolicyLibrary

/// How the answer leaves: the backend's, a policy's, or one of the gateway's own.
extension RequestLifecycle {
  func respond() {
    guard let client else { return }
    if traced != nil { announceTrace() }
    if isUpgraded, exchange.isBackendResponse, upstream != nil { return openTunnel(client) }
    if let socket = exchange.socket { return openSession(client, socket) }
    if refusesCall { refuseCall() }
    if !exchange.response.contains(.date) { dateAnswer() }
    let status = exchange.response.status
    let mayHaveBody = !isHead && status != 204 && status != 304
    var rewrite = HeadRewrite()
    var body: ByteBuffer?
    var isComplete = true
    switch exchange.responseBody {
    case .streaming where isAnswerBare:
      body = early.take()
      isComplete = isAnswerComplete
      rewrite.body = mayHaveBody ? declareBareAnswer(client, body, isComplete: isComplete) : .asReceived
    case .streaming:
      body = early.take()
      isComplete = isAnswerComplete
      if exchange.request.minorVersion == 0, exchange.response.isChunked {
        rewrite.body = .none
        client.keepsAlive = false
      } else if upstream?.endsWithConnection ?? (exchange.response.contentLength == nil && !exchange.response.isChunked)
      {
        // Framed anew, so that an answer that breaks off does not look whole.
        rewrite.body = declareBareAnswer(client, body, isComplete: isComplete)
      }
    case .bytes(let bytes):
      rewrite.body = status == 204 || status == 304 ? .none : .length(bytes.count)
      if mayHaveBody { body = ByteBuffer(bytes: bytes) }
    case .none where exchange.isBackendResponse:
      if mayHaveBody {
        if isAnswerBare { rewrite.body = declareBareAnswer(client, body, isComplete: true) }
      } else if status == 204 || !isHead && exchange.response.isChunked {
        // Some clients wait for a body that is announced, whatever the status (RFC 9110 §8.6, RFC 9112 §6.1).
        rewrite.body = .none
      }
    case .none, .consumed: rewrite.body = mayHaveBody || isHead ? .length(0) : .none
    }
    isStreaming = !isComplete
    if isComplete, let connection = upstream {
      // A policy wrote another answer: the backend's is of no use any more.
      upstream = nil
      connection.abandon()
    }
    if state.isDraining { client.keepsAlive = false }
    rewrite.closes = !client.keepsAlive
    rewrite.announcesKeepAlive = client.keepsAlive && exchange.request.minorVersion == 0
    let trailers = isComplete && exchange.isBackendResponse ? self.trailers : nil
    if traced != nil { traceAnswer(rewrite) }
    client.writeHead(exchange.response, rewrite, body: body, ends: isComplete && trailers == nil)
    if let trailers { client.end(trailers) }
    if isComplete { finish(client) } else { upstream?.resumeReading() }
  }

  /// Says when the answer was made, or came without a date: caches behind the gateway count from it (RFC 9110 §6.6.1).
  private func dateAnswer() {
    do throws(WireError) { try exchange.response.set(.date, state.clock.httpDate().span) } catch {
      // A head without room for it goes as it is.
    }
  }

  /// How a body that came without framing is announced to the client.
  private func declareBareAnswer(_ client: any ClientStream, _ body: ByteBuffer?, isComplete: Bool) -> BodyDeclaration {
    if exchange.response.contentLength != nil || client.wantsBareBody { return .asReceived }
    if isComplete, trailers == nil { return .length(body?.readableBytes ?? 0) }
    guard exchange.request.minorVersion == 0 else { return .chunked }
    // HTTP/1.0 knows no chunks: the end of the connection ends the body.
    client.keepsAlive = false
    return .none
  }

  /// Passes the backend's 101 on, and everything behind it in both directions.
  private func openTunnel(_ client: any ClientStream) {
    var rewrite = HeadRewrite()
    rewrite.upgrades = true
    isStreaming = true
    if traced != nil { traceAnswer(rewrite) }
    client.writeHead(exchange.response, rewrite, body: early.take(), ends: false)
    client.openTunnel()
    upstream?.resumeReading()
  }

  /// Answers the handshake of a WebSocket, which is served here from now on.
  private func openSession(_ client: any ClientStream, _ socket: GraphQLSocket) {
    var rewrite = HeadRewrite()
    rewrite.upgrades = true
    isStreaming = true
    let session = SubscriptionSession(socket, self, client)
    self.session = session
    if traced != nil { traceAnswer(rewrite) }
    client.writeHead(exchange.response, rewrite, body: nil, ends: false)
    guard self.session === session else { return }
    client.openTunnel()
    // Behind it: a tunnel's own time is not that of a session.
    if self.session === session { session.begin() }
  }

  // MARK: - Answers without a plan

  func answer(_ health: HealthAnswer) {
    leaveConfiguration()
    exchange.beginResponse(health.status)
    do { try exchange.response.set(.contentType, health.contentType) } catch { client?.keepsAlive = false }
    exchange.responseBody = .bytes(Array(health.body.utf8))
    respond()
  }

  /// Bytes that are no request: no identity, no policies, no record, and the connection ends.
  func refuse(_ error: WireError, _ client: any ClientStream) {
    accept(client)
    isHead = false
    let verdict = error.status == 400 ? "is not valid HTTP" : "cannot be taken"
    answer(HealthAnswer(status: error.status, message: "The request \(verdict): \(error.explanation)."))
  }

  /// Answers a request that tells of a longer body than is taken, before any of it is read.
  func refuseLength(_ client: any ClientStream) {
    isTooLong = true
    begin(client)
  }

  func refuseBody(isTooLarge: Bool) {
    upstream?.abandon()
    upstream = nil
    if isStreaming { return client?.abort(.isMalformed) ?? () }
    if timing.isAtBackend { timing.backendEnds(state.clock) }
    fail(isTooLarge ? Self.tooLarge : Self.invalidBody, plan: plan ?? .empty)
  }

  static let tooLarge = PolicyError(
    source: "request", reason: "RequestTooLarge", message: "The request body is too large.", status: 413)
  private static let invalidBody = PolicyError(
    source: "request", reason: "InvalidBody", message: "The request body is not valid HTTP.", status: 400)
}
