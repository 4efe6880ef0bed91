import GatewayConfiguration
import HTTPWire
import NIOCore
import PolicyLibrary
import Telemetry

/// The way of a request: accept → route → authorise → inbound → backend → outbound → respond → record.
///
/// One object carries one exchange at a time and is used again for the next one of its loop, so that a connection between
/// two requests holds nothing.
final class RequestLifecycle {
  let state: LoopState
  let exchange: Exchange
  /// Whom the answer is for; nil while no exchange is under way.
  var client: (any ClientStream)?
  /// With `routed` and `plan`, of the latest exchange: kept for the next one, which mostly goes the same way.
  private(set) var configuration: ServingConfiguration?
  private(set) var routed: RoutedAPI?
  private(set) var plan: PolicyPlan? {
    didSet { readsAnswer = plan.map { $0.needsResponseBody || $0.countsTokens } ?? false }
  }
  /// The plan wants to see the body of the backend's answer.
  private(set) var readsAnswer = false
  /// Where the exchange stands in its plan, once it is under way; changed in its place, as a copy would count references.
  private var run = PlanRun(.empty)
  private var isPlanned = false
  var timing = ExchangeTiming()
  var upstream: (any BackendStream)?
  /// The call of a backend entity whose outcome is not known yet.
  var call: BackendCall?
  /// The request's place in its trace; nil while the gateway takes no part in traces.
  private(set) var trace: TraceContext?
  /// What the caller asked of request tracing; nil mostly.
  var traced: RequestTrace?
  var forwarding = ForwardSettings()
  var hasSentBody = false
  var collectsResponse = false
  var collected: [UInt8] = []
  /// The backend's answer is a stream of events in which tokens are counted.
  var countsEvents = false
  /// What came of the backend's body before the head for the client was written.
  var early: ByteBuffer?
  var isAnswerComplete = false
  /// The backend's body comes without framing that could be passed on.
  var isAnswerBare = false
  /// What client and backend say of their bodies, kept because it is asked for every answer.
  private(set) var clientWantsBareBody = false
  var backendSendsBareBody = false
  /// Behind the backend's body, for the end of the answer.
  var trailers: TrailerFields?
  /// Sent to a backend that has not touched it; to be sent to the next one.
  var replay: SentBody?
  /// Backends that have not touched the request of this attempt.
  var refusals = 0
  var isStreaming = false
  /// New connections to backends that will be reported to this object.
  var connecting = 0
  /// Counts the ways to a backend: what is reported for a former one is late.
  var attempt = 0
  /// What the plan waits for.
  private var wait: PolicyWait?
  /// The request's body was announced to a backend; it cannot be sent to another.
  var hasOfferedBody = false
  /// The client asks for another protocol, and the API has one to offer.
  private(set) var asksUpgrade = false
  /// The backend has agreed to another protocol.
  var isUpgraded = false
  /// The connection is a WebSocket whose client subscribes to events.
  var session: SubscriptionSession?
  /// The answer is for a HEAD request: it has no body.
  var isHead = false
  /// The request tells of a longer body than is taken.
  var isTooLong = false

  init(state: LoopState) {
    self.state = state
    exchange = Exchange(effects: state.effects)
    exchange.source = self
  }

  /// It holds nothing of a configuration that is not served any more.
  var isCurrent: Bool { configuration == nil || configuration === state.configuration }

  /// Whether the client came over TLS, here or, where that is trusted, at a proxy in front.
  private func isSecure(_ client: any ClientStream) -> Bool {
    if client.isTLS || !state.trustsForwardedProto { return client.isTLS }
    return exchange.request.firstValue(of: .forwardedProtocol)?.lowercased() == "https"
  }

  // MARK: - Accept, route, authorise

  /// Begins the exchange whose request's head is in `exchange.request`.
  func begin(_ client: any ClientStream) {
    accept(client)
    if exchange.request.hasOddPath {
      do throws(WireError) { try exchange.request.straightenPath() } catch {
        client.keepsAlive = false
        return refuse(error, client)
      }
    }
    if let health = HealthAnswer.to(exchange.request, state) { return answer(health) }
    guard let configuration = state.configuration else {
      // A gateway without a configuration knows nothing to serve: it says so, and does not guess.
      return answer(HealthAnswer(status: 503, message: state.notReadyReason ?? "no configuration yet"))
    }
    self.configuration.renew(configuration)
    let isSecure = isSecure(client)
    exchange.facts.deployment.renew(configuration.deployment)
    exchange.facts.requestID = state.effects.newRequestID()
    if state.joinsTraces {
      trace = TraceHeaders.join(&exchange.request, exchange.facts.requestID, spanID: state.effects.random())
    }
    exchange.facts.clientAddress = client.peer.address
    exchange.facts.isTLS = isSecure
    exchange.facts.localPort = client.peer.localPort
    exchange.facts.receivedTicks = timing.startedTicks
    if client.hasRequestBody { exchange.requestBody = .streaming }
    guard let match = configuration.routes.find(exchange.request, isTLS: isSecure) else {
      leaveRoute()
      if exchange.request.asksTrace { beginTrace(configuration, api: nil) }
      if answerUnrouted(configuration, isTLS: isSecure) { return respond() }
      return fail(notFound(configuration, isTLS: isSecure), plan: configuration.unmatched)
    }
    route(match)
    if exchange.request.asksTrace { beginTrace(configuration, api: match.api.api.value) }
    if match.api.isGRPC { beginCall() }
    if isTooLong {
      exchange.facts.admit(product: nil, subscription: nil, user: nil)
      let plan = match.api.plan(operation: match.operation, product: nil) ?? configuration.unmatched
      return fail(Self.tooLarge, plan: plan)
    }
    asksUpgrade =
      exchange.request.asksUpgrade && !client.hasRequestBody && match.api.takesUpgrade(isTLS: isSecure)
    if exchange.request.asksUpgrade, match.api.hasResolvers, !client.hasRequestBody {
      exchange.offersSocket = asksSocket
    }
    do {
      let grant = try Authorization.check(
        exchange.request, match.api, configuration, isTLS: isSecure, now: timing.startedSeconds)
      exchange.facts.admit(product: grant.product, subscription: grant.subscription, user: grant.user)
      if traced != nil { admitTrace(configuration) }
    } catch {
      exchange.facts.admit(product: nil, subscription: nil, user: nil)
      if traced != nil { admitTrace(configuration) }
      return fail(error, plan: match.api.plan(operation: match.operation, product: nil) ?? configuration.unmatched)
    }
    let plan = match.api.plan(operation: match.operation, product: exchange.facts.product) ?? configuration.unmatched
    renewPlan(plan)
    if plan.needsRequestBody, client.hasRequestBody { return client.collectBody() }
    start(plan, client)
  }

  /// The error of a request that is for nobody, with the reason where somebody may see it.
  private func notFound(_ configuration: ServingConfiguration, isTLS: Bool) -> PolicyError {
    var error = PolicyError(
      source: "configuration", reason: "OperationNotFound",
      message: "Unable to match incoming request to an operation.", status: 404,
      responseMessage: "Resource not found")
    guard state.wantsRecords || state.explainsNotFound else { return error }
    let reason = configuration.routes.explanation(exchange.request, isTLS: isTLS)
    error.detail = reason
    if state.explainsNotFound {
      // A header holds printable characters.
      let text = String(reason.unicodeScalars.map { (0x20..<0x7f).contains($0.value) ? Character($0) : "?" })
      error.headers.append(.init("Postern-Not-Found", text))
    }
    return error
  }

  /// The request asks for a WebSocket (RFC 6455 §4.1).
  private var asksSocket: Bool {
    guard exchange.request.methodKind == .get, exchange.request.minorVersion > 0 else { return false }
    let protocols = (exchange.request.value(of: .upgrade) ?? "").split(separator: ",")
    return protocols.contains { $0.filter { $0 != " " && $0 != "\t" }.lowercased() == "websocket" }
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
      exchange.facts.admit(product: grant?.product, subscription: grant?.subscription, user: grant?.user)
      plan.answerPreflight(exchange)
      return true
    } catch {
      return false
    }
  }

  func accept(_ client: any ClientStream) {
    self.client = client
    clientWantsBareBody = client.wantsBareBody
    isHead = exchange.request.methodKind == .head
    state.clock.read()
    timing.begin(state.clock)
    exchange.begin()
  }

  private func renewPlan(_ plan: PolicyPlan) { if self.plan !== plan { self.plan = plan } }

  private func route(_ match: RouteTable.Match) {
    routed.renew(match.api)
    exchange.route(
      to: match.api.backend, api: match.api.api, operation: match.api.facts(operation: match.operation),
      apiPathLength: match.prefixLength)
  }

  /// The exchange has none of what belongs to an operation.
  private func leaveRoute() {
    routed = nil
    plan = nil
    run.begin(.empty)
    exchange.route(to: nil, api: nil, operation: nil, apiPathLength: 0)
    exchange.facts.admit(product: nil, subscription: nil, user: nil)
  }

  /// The exchange has nothing to do with the configuration, and leaves no record.
  func leaveConfiguration() {
    leaveRoute()
    configuration = nil
    exchange.facts.deployment = nil
  }

  func collected(_ body: [UInt8]) {
    exchange.requestBody = .bytes(body)
    if let plan, let client { start(plan, client) }
  }

  // MARK: - Inbound, outbound

  private func start(_ plan: PolicyPlan, _ client: any ClientStream) {
    // A plan that only forwards needs no run.
    if let settings = plan.passThrough, exchange.trace == nil { return forward(settings, plan, client) }
    run.begin(plan)
    isPlanned = true
    handle(run.resume(exchange), plan, client)
  }

  func resume() {
    guard isPlanned else { return respond() }
    let stop = run.resume(exchange)
    if case .respond = stop { return respond() }
    if let plan, let client { handle(stop, plan, client) }
  }

  /// An error that no policy made: the on-error policies may still change its answer.
  func fail(_ error: PolicyError, plan: PolicyPlan) {
    // Nobody is left to answer, and the object may carry another exchange next.
    guard let client else { return }
    renewPlan(plan)
    dropWait()
    if !isPlanned { run.begin(plan) }
    isPlanned = true
    handle(run.failed(exchange, error), plan, client)
  }

  private func handle(_ stop: PlanStop, _ plan: PolicyPlan, _ client: any ClientStream) {
    switch stop {
    case .forward(let settings): forward(settings, plan, client)
    case .respond: respond()
    case .wait(let wait):
      self.wait = wait
      wait.onCompletion { [unowned self] in
        self.wait = nil
        resume()
      }
    }
  }

  // MARK: - Record

  func finish() { if let client { finish(client) } }

  func finish(_ client: any ClientStream) {
    record(client)
    end()
    client.finished()
  }

  private func record(_ client: any ClientStream) {
    exchange.transferredBytes = client.requestBytes + client.responseBytes
    exchange.finish()
    if state.wantsRecords, let configuration { state.add(timing.record(self, client, configuration)) }
    if traced != nil, let configuration { finishTrace(configuration, isLost: timing.hasLostClient) }
  }

  /// Forgets the exchange; from here on this object may carry another one.
  private func end() {
    client = nil
    if isPlanned {
      isPlanned = false
      run.end()
    }
    isStreaming = false
    isAnswerComplete = false
    isAnswerBare = false
    if trailers != nil { trailers = nil }
    if replay != nil { replay = nil }
    hasSentBody = false
    hasOfferedBody = false
    collectsResponse = false
    countsEvents = false
    attempt &+= 1
    dropWait()
    dropCall()
    if trace != nil { trace = nil }
    if traced != nil {
      traced = nil
      exchange.trace = nil
    }
    asksUpgrade = false
    isUpgraded = false
    isTooLong = false
    if early != nil { early = nil }
    if let session {
      self.session = nil
      session.end()
    }
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
  func clientTakesMore() {
    upstream?.resumeReading()
    session?.clientTakesMore()
  }

  /// No further request will be taken on the connection.
  func announceEnd() { session?.announceEnd() }

  /// The client is gone; nobody is left to answer.
  func clientLeft(_ loss: ClientLoss) {
    guard let client else { return }
    upstream?.abandon()
    upstream = nil
    timing.clientLeft(state.clock, loss)
    record(client)
    end()
  }
}
