import GatewayConfiguration
import HTTPWire
import NIOCore
import PolicyLibrary

/// The way to the backend and back: which backend, over which connection, and what came of it.
extension RequestLifecycle {
  /// Whether a piece of the request's body can be passed on now.
  var canTakeBody: Bool { upstream?.isWritable ?? session?.canTakeBytes ?? false }
  /// Whether a piece of the backend's answer can be passed on now.
  var canTakeAnswer: Bool { collectsResponse || isStreaming && client?.isWritable ?? true || !exchange.hasResponse }
  var hasSentWholeRequest: Bool { exchange.requestBody != .streaming || !(client?.hasRequestBody ?? false) }
  /// Until when the backend may take to answer.
  var deadline: NIODeadline {
    let last = timing.backendStarted + .milliseconds(Int64(forwarding.timeoutMilliseconds))
    return min(last, callDeadline ?? last)
  }

  func forward(_ settings: ForwardSettings, _ plan: PolicyPlan, _ client: any ClientStream) {
    guard let address = exchange.backend else {
      return fail(
        .internal(
          source: "forward-request", reason: "BackendNotSpecified",
          message: "The API has no backend, and no policy set one."),
        plan: plan)
    }
    forwarding = settings
    beginAttempt()
    if let entity = exchange.entity {
      if let chosen = choose(entity) { forward(to: exchange.asReached(chosen) ?? chosen, plan, client) }
    } else if let other = exchange.asReached(address) {
      forward(to: other, plan, client)
    } else {
      forward(to: address, plan, client)
    }
  }

  private func forward(to backend: BackendTarget, _ plan: PolicyPlan, _ client: any ClientStream) {
    do {
      try exchange.bindPath(to: backend)
    } catch {
      return fail(
        .internal(source: "forward-request", reason: "InvalidUri", message: "The path for the backend is too long."),
        plan: plan)
    }
    timing.backendStarts(backend, state.clock)
    client.wait(until: deadline)
    if let connection = state.pool.take(backend, version(backend)) {
      connected(connection, backend, client)
    } else {
      connect(backend)
    }
  }

  /// What is spoken to the backend; WebSocket begins with HTTP/1.1, gRPC is HTTP/2. A proxy that sees the requests, as it does
  /// those without TLS, speaks HTTP/1.1.
  private func version(_ backend: BackendTarget) -> HTTPVersion {
    if asksUpgrade || backend.origin.proxy != nil && !backend.origin.isTLS { return .one }
    return isGRPC ? .two : forwarding.httpVersion
  }

  /// Where a backend entity sends this attempt; nil when nobody may be called, which is answered then.
  private func choose(_ entity: BackendEntity) -> BackendTarget? {
    let cookie = entity.backend.sessionCookie.flatMap { SessionCookie.value($0, in: exchange.request) }
    switch configuration?.backends.choose(entity, cookie: cookie, Self.uptime()) ?? .refused(0) {
    case .call(let call):
      self.call = call
      return call.target
    case .refused(let milliseconds):
      fail(.unavailable(entity, milliseconds: milliseconds), plan: plan ?? .empty)
      return nil
    }
  }

  /// Milliseconds that never go back.
  private static func uptime() -> Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }

  /// Tells the backend's health what its answer was, and the client which member of the pool is its own from now on.
  private func settleCall() {
    guard let call else { return }
    self.call = nil
    call.answered(
      exchange.response.status, retryAfter: exchange.response.firstValue(of: .retryAfter), ticks: state.clock.ticks,
      Self.uptime())
    guard let cookie = call.cookie, let name = exchange.entity?.backend.sessionCookie else { return }
    let text = SessionCookie.text(name, cookie, isTLS: exchange.facts.isTLS)
    // An answer whose head has no room left goes without: the next request is simply anybody's.
    do { try exchange.response.append(.setCookie, text) } catch { return }
  }

  /// The call ends without an answer that would tell how the backend is doing.
  func dropCall() {
    guard let call else { return }
    self.call = nil
    call.health.cancelled(isProbe: call.isProbe)
  }

  /// Leaves nothing of a former attempt behind.
  private func beginAttempt() {
    attempt &+= 1
    dropCall()
    exchange.hasResponse = false
    if let connection = upstream {
      upstream = nil
      connection.abandon()
    }
    isAnswerComplete = false
    isAnswerBare = false
    trailers = nil
    replay = nil
    refusals = 0
    isUpgraded = false
    if early != nil { early = nil }
    if exchange.requestBody == .streaming {
      if hasOfferedBody { exchange.requestBody = .consumed }
      hasOfferedBody = true
    }
  }

  private func connect(_ backend: BackendTarget) {
    connecting += 1
    let attempt = attempt
    state.pool.connect(backend, version(backend), state) { [self] result in
      connecting -= 1
      switch result {
      case .success(let connection):
        guard attempt == self.attempt, let client else { return connection.close() }
        connected(connection, backend, client)
      case .failure(let error):
        if attempt == self.attempt { backendFailed("BackendConnectionFailure", "\(error)", .never) }
      }
    }
  }

  private func connected(_ connection: any BackendStream, _ backend: BackendTarget, _ client: any ClientStream) {
    guard upstream == nil, timing.isAtBackend else { return connection.close() }
    upstream = connection
    backendSendsBareBody = connection.sendsBareBody
    timing.backendProtocol = connection.protocolName
    connection.begin(self)
    writeRequest(to: connection, backend, client)
    // Writing may find the connection broken and end the exchange.
    guard upstream === connection else { return }
    if let replay {
      self.replay = nil
      connection.write(replay.data)
      if replay.isComplete { connection.endBody(replay.trailers) }
      guard upstream === connection else { return }
    }
    if exchange.requestBody == .streaming { client.invite() }
    client.resumeReading()
  }

  private func writeRequest(to connection: any BackendStream, _ backend: BackendTarget, _ client: any ClientStream) {
    let body: BodyDeclaration =
      switch exchange.requestBody {
      case .none: exchange.request.contentLength == nil ? .none : .asReceived
      case .streaming: sendsChunks ? .chunked : .asReceived
      case .bytes(let bytes): .length(bytes.count)
      case .consumed: .length(0)
      }
    let rewrite = HeadRewrite(
      host: backend.host, forwardedFor: client.peer.addressBytes, body: body, upgrades: asksUpgrade)
    if traced != nil { traceForwarding(rewrite, to: backend) }
    var bytes = exchange.requestBody.bytes.map { ByteBuffer(bytes: $0) }
    // Over TLS the proxy only sees a tunnel, which is there before anything is written.
    let proxy = backend.origin.isTLS ? nil : backend.origin.proxy
    let ends = exchange.requestBody != .streaming
    if backend.credentials == nil, proxy == nil {
      if !ends, replay == nil, !connection.sendsBareBody {
        bytes = client.takeBody()
        hasSentBody = hasSentBody || bytes != nil
      }
      connection.write(exchange.request, rewrite, body: bytes, ends: ends)
      if bytes != nil, !ends, !client.hasRequestBody, upstream === connection { endBody(nil) }
      return
    }
    var head = MessageHead()
    head.copy(from: exchange.request)
    do throws(WireError) {
      try backend.credentials?.add(to: &head)
      if let proxy, let connection = connection as? UpstreamConnection {
        var message = try AbsoluteForm.message(&head, rewrite, host: backend.host, proxy)
        if let bytes { message.writeImmutableBuffer(bytes) }
        return connection.write(message: message, body)
      }
    } catch {
      connection.abandon()
      dropCall()
      return backendFailed(
        "InvalidCredentials", "The backend's credentials cannot stand in a request: \(error.explanation).", .never)
    }
    connection.write(head, rewrite, body: bytes, ends: ends)
  }

  /// The request's body comes without framing and without a length: it goes on in chunks.
  private var sendsChunks: Bool {
    client?.sendsBareBody == true && exchange.requestBody == .streaming && exchange.request.contentLength == nil
  }

  func sendBody(_ data: ByteBuffer) {
    if let session { return session.receive(data) }
    hasSentBody = true
    // On a further attempt the rest of the body belongs to nobody.
    guard isUpgraded || exchange.requestBody == .streaming else { return }
    upstream?.write(data)
  }

  /// The request's body is complete.
  func endBody(_ trailers: TrailerFields?) {
    if exchange.requestBody == .streaming { upstream?.endBody(trailers) }
  }

  /// The head of the backend's answer is in `exchange.response`.
  /// - Parameters:
  ///   - first: what came of the body with it.
  ///   - connection: nil if the answer is complete already.
  ///   - trailers: behind the body of a complete answer.
  func backendAnswered(
    _ connection: (any BackendStream)?, first: consuming ByteBuffer, trailers: TrailerFields? = nil
  ) {
    isAnswerBare = backendSendsBareBody
    if traced != nil { traceBackendAnswer() }
    if readsAnswer, let plan, plan.countsTokens {
      countsEvents = exchange.countsEvents(plan)
      exchange.beginAnswer(countsEvents: countsEvents)
      if countsEvents {
        exchange.count(events: first.readableBytesView)
        // Events that are counted come without their chunks.
        if exchange.response.isChunked { isAnswerBare = true }
      }
    }
    self.trailers = trailers
    if connection == nil { backendIsDone() }
    timing.backendStatus = exchange.response.status
    if call != nil { settleCall() }
    client?.wait(until: .distantFuture)
    exchange.hasResponse = true
    exchange.isBackendResponse = true
    exchange.responseBody = connection != nil || first.readableBytes > 0 || trailers != nil ? .streaming : .none
    isAnswerComplete = connection == nil
    if readsAnswer, let plan, plan.needsResponseBody || !countsEvents, exchange.responseBody == .streaming {
      collectsResponse = true
      collected = Array(first.readableBytesView)
      if connection == nil { collectedAnswer() } else { awaitMore() }
      return
    }
    early = consume first
    resume()
  }

  /// The backend changes the protocol: the head of its answer, a 101, is in `exchange.response`.
  func backendUpgraded(_ connection: UpstreamConnection, first: ByteBuffer) {
    isUpgraded = true
    if traced != nil { traceBackendAnswer() }
    timing.backendStatus = exchange.response.status
    if call != nil { settleCall() }
    client?.wait(until: .distantFuture)
    exchange.hasResponse = true
    exchange.isBackendResponse = true
    exchange.responseBody = .streaming
    early = first
    resume()
  }

  /// Either side has ended the tunnel.
  func tunnelEnded() {
    guard let client else { return }
    if session != nil {
      if state.wantsRecords { state.clock.read() }
    } else {
      upstream?.end()
      backendIsDone()
    }
    client.keepsAlive = false
    finish()
  }

  /// Nothing has passed through the tunnel for long.
  func tunnelTimedOut() { if let session { session.timedOut() } else { tunnelEnded() } }

  /// Whether the backend's body is wanted without its framing.
  var wantsBareAnswer: Bool {
    if readsAnswer { return true }
    if clientWantsBareBody { return true }
    // HTTP/1.0 knows no chunks: the end of the connection ends the body.
    return exchange.request.minorVersion == 0 && exchange.response.isChunked
  }

  /// Another piece of the backend's body; the last one if `ends`.
  func backendSent(_ data: ByteBuffer, ends: Bool, trailers: TrailerFields? = nil) {
    if ends {
      backendIsDone()
      isAnswerComplete = true
      self.trailers = trailers
    }
    if countsEvents { exchange.count(events: data.readableBytesView) }
    if collectsResponse {
      collected.append(contentsOf: data.readableBytesView)
      if collected.count > state.limits.heldBytes { return answerIsTooLarge() }
      if ends { collectedAnswer() } else { awaitMore() }
    } else if isStreaming {
      client?.write(data, ends: ends && trailers == nil)
      if let trailers { client?.end(trailers) }
      if ends { finish() }
    } else {
      early.append(data)
    }
  }

  /// A backend that has begun its answer, which is held for policies, goes on with it.
  private func awaitMore() { client?.wait(until: state.deadline(after: state.timeouts.silence)) }

  private func backendIsDone() {
    upstream = nil
    if state.wantsRecords { state.clock.read() }
    timing.backendEnds(state.clock)
  }

  private func collectedAnswer() {
    collectsResponse = false
    client?.wait(until: .distantFuture)
    exchange.responseBody = .bytes(collected)
    collected = []
    resume()
  }

  private func answerIsTooLarge() {
    upstream?.abandon()
    collectsResponse = false
    collected = []
    backendFailed(
      "BackendResponseFailure", "The backend's answer is larger than what is held for policies.", .never)
  }

  func backendTimedOut() {
    guard timing.isAtBackend else { return client?.abort(.takesNothing) ?? () }
    upstream?.timedOut()
    let message =
      isStreaming || collectsResponse
      ? "The backend fell silent in the middle of its answer."
      : "The backend did not answer within \(forwarding.timeoutMilliseconds) ms."
    backendFailed("Timeout", message, .never)
  }

  func backendFailed(_ reason: String, _ message: String, _ again: SendingAgain) {
    upstream = nil
    guard let client else { return }
    if isStreaming {
      // The head is on its way: only the end of the connection tells the client that the rest is missing.
      timing.fails(state.clock, reason: reason, message: message)
      client.keepsAlive = false
      cutOff(client, reason)
      return finish()
    }
    collectsResponse = false
    if maySend(again), let backend = timing.backend { return connect(backend) }
    if let call {
      self.call = nil
      call.failed(reason, Self.uptime())
    }
    timing.backendEnds(state.clock)
    client.wait(until: .distantFuture)
    if hasSentBody { client.keepsAlive = false }
    fail(.internal(source: "forward-request", reason: reason, message: message), plan: plan ?? .empty)
  }

  /// Tries of other connections for a request that backends do not touch.
  private static let refusalBound = 3

  /// Whether the request may go out once more, over another connection; what was sent of its body is then at hand.
  private func maySend(_ again: SendingAgain) -> Bool {
    switch again {
    case .never: return false
    case .ifIdempotent: return !hasSentBody && exchange.request.methodKind.isIdempotent
    case .untouched(let body):
      guard refusals < Self.refusalBound, body != nil || !hasSentBody else { return false }
      refusals += 1
      replay = exchange.requestBody == .streaming ? body : nil
      return true
    }
  }

  /// The backend can take more of the request.
  func backendTakesMore() { client?.resumeReading() }
}
