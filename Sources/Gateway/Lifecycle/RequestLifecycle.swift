import GatewayConfiguration
import HTTPWire
import NIOCore
import PolicyLibrary

/// The way of a request: accept → route → authorise → inbound → backend → outbound → respond → record.
///
/// One object carries one exchange at a time and is used again for the next one of its loop, so that a connection between
/// two requests holds nothing.
final class RequestLifecycle {
  let state: LoopState
  let exchange: Exchange
  /// Whom the answer is for; nil while no exchange is under way.
  private(set) var client: (any ClientStream)?
  private var configuration: ServingConfiguration?
  private(set) var routed: RoutedAPI?
  private var run: PlanRun?
  private var plan: PolicyPlan?
  private(set) var timing = ExchangeTiming()
  private var upstream: UpstreamConnection?
  private var forwarding = ForwardSettings()
  private var hasSentBody = false
  private var collectsResponse = false
  private var collected: [UInt8] = []
  /// What came of the backend's body before the head for the client was written.
  private var early = ByteBuffer()
  private var isAnswerComplete = false
  private var isStreaming = false
  /// New connections to backends that will be reported to this object.
  private var connecting = 0
  /// Counts the ways to a backend: what is reported for a former one is late.
  private var attempt = 0
  /// What the plan waits for.
  private var wait: PolicyWait?
  /// The request's body was announced to a backend; it cannot be sent to another.
  private var hasOfferedBody = false
  /// The client asks for another protocol, and the API has one to offer.
  private(set) var asksUpgrade = false
  /// The backend has agreed to another protocol.
  private var isUpgraded = false
  /// The answer is for a HEAD request: it has no body.
  private(set) var isHead = false

  init(state: LoopState) {
    self.state = state
    exchange = Exchange(effects: state.effects)
    exchange.source = self
  }

  /// Whether a piece of the request's body can be passed on now.
  var canTakeBody: Bool { upstream?.isWritable ?? false }
  /// Whether a piece of the backend's answer can be passed on now.
  var canTakeAnswer: Bool { collectsResponse || isStreaming && client?.isWritable ?? true || !exchange.hasResponse }
  var hasSentWholeRequest: Bool { !(client?.hasRequestBody ?? false) }
  /// Until when the backend may take to answer.
  var deadline: NIODeadline { timing.backendStarted + .milliseconds(Int64(forwarding.timeoutMilliseconds)) }

  /// Whether the client came over TLS, here or, where that is trusted, at a proxy in front.
  private func isSecure(_ client: any ClientStream) -> Bool {
    if client.isTLS || !state.trustsForwardedProto { return client.isTLS }
    return exchange.request.firstValue(of: .forwardedProtocol)?.lowercased() == "https"
  }

  // MARK: - Accept, route, authorise

  /// Begins the exchange whose request's head is in `exchange.request`.
  func begin(_ client: any ClientStream) {
    accept(client)
    if let health = HealthAnswer(exchange.request, state) { return answer(health) }
    guard let configuration = state.configuration else {
      // A gateway without a configuration knows nothing to serve: it says so, and does not guess.
      return answer(HealthAnswer(status: 503, message: state.notReadyReason ?? "no configuration yet"))
    }
    self.configuration = configuration
    let isSecure = isSecure(client)
    exchange.facts.deployment = configuration.deployment
    exchange.facts.requestID = state.effects.newRequestID()
    exchange.facts.clientAddress = client.peer.address
    exchange.facts.isTLS = isSecure
    exchange.facts.localPort = client.peer.localPort
    exchange.facts.receivedTicks = timing.startedTicks
    if client.hasRequestBody { exchange.requestBody = .streaming }
    guard let match = configuration.routes.find(exchange.request, isTLS: isSecure) else {
      if answerUnrouted(configuration, isTLS: isSecure) { return respond() }
      return fail(
        PolicyError(
          source: "configuration", reason: "OperationNotFound",
          message: "Unable to match incoming request to an operation.", status: 404,
          responseMessage: "Resource not found"), plan: configuration.unmatched)
    }
    route(match)
    asksUpgrade =
      exchange.request.asksUpgrade && !client.hasRequestBody && match.api.takesUpgrade(isTLS: isSecure)
    do {
      let grant = try Authorization.check(
        exchange.request, match.api, configuration, isTLS: isSecure, now: timing.startedSeconds)
      exchange.facts.product = grant.product
      exchange.facts.subscription = grant.subscription
      exchange.facts.user = grant.user
    } catch {
      return fail(error, plan: match.api.plan(operation: match.operation, product: nil) ?? configuration.unmatched)
    }
    let plan = match.api.plan(operation: match.operation, product: exchange.facts.product) ?? configuration.unmatched
    self.plan = plan
    if plan.needsRequestBody, client.hasRequestBody { return client.collectBody() }
    start(plan)
  }

  /// What policies answer without an operation: the preflights of browsers, and a policy file for their plug-ins.
  private func answerUnrouted(_ configuration: ServingConfiguration, isTLS: Bool) -> Bool {
    if configuration.unmatched.answerCrossDomain(exchange) { return true }
    guard exchange.request.methodKind == .options, exchange.request.contains(.origin),
      let method = exchange.request.value(of: "Access-Control-Request-Method")
    else { return false }
    do throws(WireError) {
      try exchange.request.setMethod(method)
      let match = configuration.routes.find(exchange.request, isTLS: isTLS)
      try exchange.request.setMethod("OPTIONS")
      guard let match else { return false }
      // A preflight brings no key in a header, but the query is the caller's own.
      let grant = try? Authorization.check(
        exchange.request, match.api, configuration, isTLS: isTLS, now: timing.startedSeconds)
      let plan = match.api.plan(operation: match.operation, product: grant?.product) ?? configuration.unmatched
      guard plan.hasPreflightAnswer else { return false }
      route(match)
      exchange.facts.product = grant?.product
      exchange.facts.subscription = grant?.subscription
      exchange.facts.user = grant?.user
      plan.answerPreflight(exchange)
      return true
    } catch {
      return false
    }
  }

  private func accept(_ client: any ClientStream) {
    self.client = client
    isHead = exchange.request.methodKind == .head
    state.clock.read()
    timing.begin(state.clock)
    exchange.begin()
  }

  private func route(_ match: RouteTable.Match) {
    routed = match.api
    exchange.facts.api = match.api.api
    exchange.facts.operation = match.api.operationFacts[match.operation]
    exchange.facts.backend = match.api.backend
    exchange.facts.apiPathLength = match.prefixLength
    exchange.backend = match.api.backend
    exchange.apiPathLength = match.prefixLength
  }

  func collected(_ body: [UInt8]) {
    exchange.requestBody = .bytes(body)
    if let plan { start(plan) }
  }

  // MARK: - Inbound, backend, outbound

  private func start(_ plan: PolicyPlan) {
    // A plan that only forwards needs no run.
    if let settings = plan.passThrough { return forward(settings) }
    var run = PlanRun(plan)
    let stop = run.resume(exchange)
    self.run = run
    handle(stop)
  }

  private func resume() {
    guard var run else { return respond() }
    let stop = run.resume(exchange)
    self.run = run
    handle(stop)
  }

  /// An error that no policy made: the on-error policies may still change its answer.
  private func fail(_ error: PolicyError, plan: PolicyPlan) {
    self.plan = plan
    dropWait()
    var run = self.run ?? PlanRun(plan)
    let stop = run.failed(exchange, error)
    self.run = run
    handle(stop)
  }

  private func handle(_ stop: PlanStop) {
    switch stop {
    case .forward(let settings): forward(settings)
    case .respond: respond()
    case .wait(let wait):
      self.wait = wait
      wait.onCompletion { [unowned self] in
        self.wait = nil
        resume()
      }
    }
  }

  private func forward(_ settings: ForwardSettings) {
    guard let client else { return }
    guard let backend = exchange.backend, let plan else {
      return fail(
        .internal(
          source: "forward-request", reason: "BackendNotSpecified",
          message: "The API has no backend, and no policy set one."),
        plan: plan ?? .empty)
    }
    forwarding = settings
    beginAttempt()
    do {
      try exchange.bindPath(to: backend)
    } catch {
      return fail(
        .internal(source: "forward-request", reason: "InvalidUri", message: "The path for the backend is too long."),
        plan: plan)
    }
    timing.backendStarts(backend, state.clock)
    client.wait(until: deadline)
    if let connection = state.pool.take(backend) {
      connected(connection)
    } else {
      connect(backend)
    }
  }

  /// Leaves nothing of a former attempt behind.
  private func beginAttempt() {
    attempt &+= 1
    exchange.hasResponse = false
    if let connection = upstream {
      upstream = nil
      connection.abandon()
    }
    isAnswerComplete = false
    isUpgraded = false
    if early.readableBytes > 0 { early = ByteBuffer() }
    if exchange.requestBody == .streaming {
      if hasOfferedBody { exchange.requestBody = .consumed }
      hasOfferedBody = true
    }
  }

  private func connect(_ backend: BackendTarget) {
    connecting += 1
    let attempt = attempt
    state.pool.connect(backend) { [self] result in
      connecting -= 1
      switch result {
      case .success(let connection):
        if attempt == self.attempt { connected(connection) } else { connection.close() }
      case .failure(let error):
        if attempt == self.attempt { backendFailed("BackendConnectionFailure", "\(error)", isRetrySafe: false) }
      }
    }
  }

  private func connected(_ connection: UpstreamConnection) {
    guard let client, upstream == nil, timing.isAtBackend, let backend = timing.backend else {
      return connection.close()
    }
    upstream = connection
    connection.begin(self)
    writeRequest(to: connection, backend, client)
    // Writing may find the connection broken and end the exchange.
    guard upstream === connection else { return }
    if exchange.requestBody == .streaming { client.invite() }
    client.resumeReading()
  }

  private func writeRequest(to connection: UpstreamConnection, _ backend: BackendTarget, _ client: any ClientStream) {
    let body: BodyDeclaration =
      switch exchange.requestBody {
      case .none: exchange.request.contentLength == nil ? .none : .asReceived
      case .streaming: sendsChunks ? .chunked : .asReceived
      case .bytes(let bytes): .length(bytes.count)
      case .consumed: .length(0)
      }
    let rewrite = HeadRewrite(
      host: backend.host, forwardedFor: client.peer.addressBytes, body: body, upgrades: asksUpgrade)
    connection.write(
      exchange.request, rewrite, body: exchange.requestBody.bytes.map { ByteBuffer(bytes: $0) } ?? ByteBuffer())
  }

  /// The request's body comes without framing and without a length: it goes on in chunks.
  private var sendsChunks: Bool {
    client?.sendsBareBody == true && exchange.requestBody == .streaming && exchange.request.contentLength == nil
  }

  func sendBody(_ data: ByteBuffer) {
    hasSentBody = true
    // On a further attempt the rest of the body belongs to nobody.
    guard isUpgraded || exchange.requestBody == .streaming else { return }
    guard sendsChunks else { return upstream?.write(data) ?? () }
    var chunk = ByteBuffer(string: String(data.readableBytes, radix: 16) + "\r\n")
    chunk.writeImmutableBuffer(data)
    chunk.writeStaticString("\r\n")
    upstream?.write(chunk)
  }

  /// The body of a request that comes without framing is complete.
  func endBody() {
    if sendsChunks { upstream?.write(ByteBuffer(string: "0\r\n\r\n")) }
  }

  /// The head of the backend's answer is in `exchange.response`.
  /// - Parameters:
  ///   - first: what came of the body with it.
  ///   - connection: nil if the answer is complete already.
  func backendAnswered(_ connection: UpstreamConnection?, first: ByteBuffer) {
    if connection == nil { backendIsDone() }
    timing.backendStatus = exchange.response.status
    client?.wait(until: .distantFuture)
    exchange.hasResponse = true
    exchange.isBackendResponse = true
    exchange.responseBody = connection != nil || first.readableBytes > 0 ? .streaming : .none
    early = first
    isAnswerComplete = connection == nil
    if plan?.needsResponseBody == true, exchange.responseBody == .streaming {
      collectsResponse = true
      collected = Array(early.readableBytesView)
      early = ByteBuffer()
      if connection == nil { collectedAnswer() }
      return
    }
    resume()
  }

  /// The backend changes the protocol: the head of its answer, a 101, is in `exchange.response`.
  func backendUpgraded(_ connection: UpstreamConnection, first: ByteBuffer) {
    isUpgraded = true
    timing.backendStatus = exchange.response.status
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
    upstream?.end()
    backendIsDone()
    client.keepsAlive = false
    finish()
  }

  /// Whether the backend's body is wanted without its framing.
  var wantsBareAnswer: Bool {
    if plan?.needsResponseBody == true || client?.wantsBareBody == true { return true }
    // HTTP/1.0 knows no chunks: the end of the connection ends the body.
    return exchange.request.minorVersion == 0 && exchange.response.isChunked
  }

  /// Another piece of the backend's body; the last one if `ends`.
  func backendSent(_ data: ByteBuffer, ends: Bool) {
    if ends {
      backendIsDone()
      isAnswerComplete = true
    }
    if collectsResponse {
      collected.append(contentsOf: data.readableBytesView)
      if collected.count > ClientConnection.collectBound { return answerIsTooLarge() }
      if ends { collectedAnswer() }
    } else if isStreaming {
      client?.write(data, ends: ends)
      if ends { finish() }
    } else {
      var data = data
      early.writeBuffer(&data)
    }
  }

  private func backendIsDone() {
    upstream = nil
    if state.wantsRecords { state.clock.read() }
    timing.backendEnds(state.clock)
  }

  private func collectedAnswer() {
    collectsResponse = false
    exchange.responseBody = .bytes(collected)
    collected = []
    resume()
  }

  private func answerIsTooLarge() {
    upstream?.abandon()
    collectsResponse = false
    collected = []
    backendFailed(
      "BackendResponseFailure", "The backend's answer is larger than what is held for policies.", isRetrySafe: false)
  }

  func backendTimedOut() {
    guard timing.isAtBackend else { return client?.abort() ?? () }
    upstream?.abandon()
    backendFailed(
      "Timeout", "The backend did not answer within \(forwarding.timeoutMilliseconds) ms.", isRetrySafe: false)
  }

  func backendFailed(_ reason: String, _ message: String, isRetrySafe: Bool) {
    upstream = nil
    guard let client else { return }
    if isStreaming {
      // The head is on its way: only the end of the connection tells the client that the rest is missing.
      timing.fails(state.clock, reason: reason, message: message)
      client.keepsAlive = false
      return finish()
    }
    collectsResponse = false
    if isRetrySafe, !hasSentBody, exchange.request.methodKind.isIdempotent, let backend = timing.backend {
      return connect(backend)
    }
    timing.backendEnds(state.clock)
    client.wait(until: .distantFuture)
    if hasSentBody { client.keepsAlive = false }
    fail(.internal(source: "forward-request", reason: reason, message: message), plan: plan ?? .empty)
  }

  // MARK: - Respond and record

  private func respond() {
    guard let client else { return }
    if isUpgraded, exchange.isBackendResponse, upstream != nil { return openTunnel(client) }
    let status = exchange.response.status
    let mayHaveBody = !isHead && status != 204 && status != 304
    var rewrite = HeadRewrite()
    var body = ByteBuffer()
    var isComplete = true
    switch exchange.responseBody {
    case .streaming:
      swap(&body, &early)
      isComplete = isAnswerComplete
      if exchange.request.minorVersion == 0, exchange.response.isChunked {
        rewrite.body = .none
        client.keepsAlive = false
      } else if upstream?.endsWithConnection ?? (exchange.response.contentLength == nil && !exchange.response.isChunked)
      {
        client.keepsAlive = false
      }
    case .bytes(let bytes):
      rewrite.body = status == 204 || status == 304 ? .none : .length(bytes.count)
      if mayHaveBody { body.writeBytes(bytes) }
    case .none where exchange.isBackendResponse: break
    case .none, .consumed: rewrite.body = mayHaveBody || isHead ? .length(0) : .none
    }
    isStreaming = !isComplete
    if isComplete, let connection = upstream {
      // A policy wrote another answer: the backend's is of no use any more.
      upstream = nil
      connection.abandon()
    }
    rewrite.closes = !client.keepsAlive
    rewrite.announcesKeepAlive = client.keepsAlive && exchange.request.minorVersion == 0
    client.writeHead(rewrite, body: body, ends: isComplete)
    if isComplete { finish() } else { upstream?.resumeReading() }
  }

  /// Passes the backend's 101 on, and everything behind it in both directions.
  private func openTunnel(_ client: any ClientStream) {
    var rewrite = HeadRewrite()
    rewrite.upgrades = true
    isStreaming = true
    var first = ByteBuffer()
    swap(&first, &early)
    client.writeHead(rewrite, body: first, ends: false)
    client.openTunnel()
    upstream?.resumeReading()
  }

  private func finish() {
    guard let client else { return }
    record(client)
    end()
    client.finished()
  }

  private func record(_ client: any ClientStream) {
    exchange.transferredBytes = client.requestBytes + client.responseBytes
    exchange.finish()
    if let configuration, state.wantsRecords { state.add(timing.record(self, client, configuration)) }
  }

  /// Forgets the exchange; from here on this object may carry another one.
  private func end() {
    client = nil
    configuration = nil
    routed = nil
    run = nil
    plan = nil
    isStreaming = false
    isAnswerComplete = false
    hasSentBody = false
    hasOfferedBody = false
    collectsResponse = false
    attempt &+= 1
    dropWait()
    asksUpgrade = false
    isUpgraded = false
    if early.readableBytes > 0 { early = ByteBuffer() }
    if !collected.isEmpty { collected = [] }
    // Whoever still holds this object to report to it would report to another exchange.
    if upstream == nil, connecting == 0 { state.giveBack(self) }
  }

  /// Nobody goes on with what the plan waits for.
  private func dropWait() {
    wait?.cancel()
    wait = nil
  }

  /// The client can take more of the answer.
  func clientTakesMore() { upstream?.resumeReading() }

  /// The backend can take more of the request.
  func backendTakesMore() { client?.resumeReading() }

  /// The client is gone; nobody is left to answer.
  func clientLeft() {
    guard let client else { return }
    upstream?.abandon()
    upstream = nil
    timing.clientLeft(state.clock)
    record(client)
    end()
  }

  // MARK: - Answers without a plan

  private func answer(_ health: HealthAnswer) {
    configuration = nil
    exchange.beginResponse(health.status)
    do { try exchange.response.set(.contentType, health.contentType) } catch { client?.keepsAlive = false }
    exchange.responseBody = .bytes(Array(health.body.utf8))
    respond()
  }

  /// Bytes that are no request: no identity, no policies, no record, and the connection ends.
  func refuse(_ error: WireError, _ client: any ClientStream) {
    accept(client)
    isHead = false
    answer(HealthAnswer(status: error.status, message: "The request is not valid HTTP: \(error.code.rawValue)."))
  }

  func refuseBody(isTooLarge: Bool) {
    upstream?.abandon()
    upstream = nil
    if isStreaming { return client?.abort() ?? () }
    let status = isTooLarge ? 413 : 400
    let message = isTooLarge ? "The request body is too large." : "The request body is not valid HTTP."
    fail(
      PolicyError(
        source: "request", reason: isTooLarge ? "RequestTooLarge" : "InvalidBody", message: message, status: status),
      plan: plan ?? .empty)
  }
}
