import GatewayConfiguration
import HTTPWire
import NIOCore
import PolicyLibrary

/// The way of a request: accept → route → authorise → inbound → backend → outbound → respond → record.
final class RequestLifecycle {
  unowned let client: ClientConnection
  private var exchange: Exchange { client.exchange }
  private var configuration: ServingConfiguration?
  private var routed: RoutedAPI?
  private var run: PlanRun?
  private var plan: PolicyPlan?
  private(set) var parameters: [(name: String, range: Range<Int>)] = []
  private var originalPath: [UInt8] = []
  private(set) var timing = ExchangeTiming()
  private var upstream: UpstreamConnection?
  private var forwarding = ForwardSettings()
  /// The head for the backend, kept until it answers, so that it can be sent again.
  private var outbound = ByteBuffer()
  private var hasSentBody = false
  private var collectsResponse = false
  private var collected: [UInt8] = []
  private var isStreaming = false
  private var isOver = true

  init(_ client: ClientConnection) { self.client = client }

  /// Whether a piece of the request's body can be passed on now.
  var canTakeBody: Bool { upstream?.isWritable ?? false }
  var deadline: NIODeadline { timing.backendStarted + .milliseconds(Int64(forwarding.timeoutMilliseconds)) }

  // MARK: - Accept, route, authorise

  func begin() {
    isOver = false
    upstream = nil
    run = nil
    routed = nil
    isStreaming = false
    hasSentBody = false
    collectsResponse = false
    timing = ExchangeTiming(state: client.state)
    let state = client.state
    configuration = state.configuration
    let facts = ExchangeFacts(
      service: configuration?.service ?? .init(name: "", resourceID: ""),
      gateway: configuration?.gateway ?? .init(id: "", location: ""))
    exchange.begin(facts)
    if let health = HealthAnswer(client) { return answer(health) }
    guard let configuration else {
      // A gateway without a configuration knows nothing to serve: it says so, and does not guess.
      return answer(HealthAnswer(status: 503, message: state.notReadyReason ?? "no configuration yet"))
    }
    exchange.source = client
    exchange.facts.requestID = state.effects.newRequestID()
    exchange.facts.instanceID = state.instanceID
    exchange.facts.clientAddress = client.remoteAddress
    exchange.facts.isTLS = client.isSecure
    exchange.facts.localPort = client.localPort
    exchange.facts.receivedTicks = timing.startedTicks
    exchange.facts.originalTarget = exchange.request.target
    exchange.requestBody = client.hasRequestBody ? .streaming : .none
    guard let match = configuration.routes.find(exchange.request, isTLS: client.isSecure) else {
      return fail(
        PolicyError(
          source: "configuration", reason: "OperationNotFound",
          message: "Unable to match incoming request to an operation.", status: 404,
          responseMessage: "Resource not found"), plan: configuration.unmatched)
    }
    route(match)
    let now = (timing.startedTicks - Clock.unixEpochTicks) / 10_000_000
    do {
      let grant = try Authorization.check(
        exchange.request, match.api, configuration, isTLS: client.isSecure, now: now)
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

  private func route(_ match: RouteTable.Match) {
    routed = match.api
    parameters = match.parameters
    exchange.facts.api = match.api.api
    exchange.facts.operation = match.api.api.operations[match.operation]
    exchange.facts.backend = match.api.backend
    exchange.facts.apiPathLength = match.prefixLength
    exchange.backend = match.api.backend
    exchange.apiPathLength = match.prefixLength
    if !parameters.isEmpty { originalPath = Array(exchange.request.path.utf8) }
  }

  /// The path parameters of the matched template, decoded, then those of its query.
  func matchedParameters() -> [(name: String, value: String)] {
    var values = parameters.map { parameter in
      (
        name: parameter.name,
        value: QueryScan.decode(originalPath[parameter.range.clamped(to: 0..<originalPath.count)], plusIsSpace: false)
      )
    }
    let template = exchange.facts.operation?.urlTemplate ?? ""
    guard let question = template.firstIndex(of: "?") else { return values }
    let target = exchange.facts.originalTarget
    let query = target.firstIndex(of: "?").map { Array(target[target.index(after: $0)...].utf8) } ?? []
    for pair in template[template.index(after: question)...].split(separator: "&") {
      let key = String(pair.prefix { $0 != "=" })
      let name = String(pair.drop { $0 != "{" }.dropFirst().prefix { $0 != "}" })
      if let value = QueryScan.value(of: key, in: query) { values.append((name.isEmpty ? key : name, value)) }
    }
    return values
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
    var run = self.run ?? PlanRun(plan)
    let stop = run.failed(exchange, error)
    self.run = run
    handle(stop)
  }

  private func handle(_ stop: PlanStop) {
    switch stop {
    case .forward(let settings): forward(settings)
    case .respond: respond()
    }
  }

  private func forward(_ settings: ForwardSettings) {
    guard let backend = exchange.backend, let plan else {
      return fail(
        .internal(
          source: "forward-request", reason: "BackendNotSpecified",
          message: "The API has no backend, and no policy set one."),
        plan: plan ?? .empty)
    }
    forwarding = settings
    do {
      if !exchange.isPathBound {
        try exchange.request.replacePathPrefix(dropping: exchange.apiPathLength, with: backend.basePath)
        exchange.isPathBound = true
      }
    } catch {
      return fail(
        .internal(source: "forward-request", reason: "InvalidUri", message: "The path for the backend is too long."),
        plan: plan)
    }
    let body: BodyDeclaration =
      switch exchange.requestBody {
      case .none: exchange.request.contentLength == nil ? .none : .asReceived
      case .streaming: .asReceived
      case .bytes(let bytes): .length(bytes.count)
      case .consumed: .length(0)
      }
    let rewrite = HeadRewrite(host: backend.host, forwardedFor: client.remoteAddressBytes, body: body)
    let bound = exchange.request.writtenBound(rewrite)
    outbound.clear(minimumCapacity: bound)
    outbound.writeWithOutputRawSpan(minimumWritableBytes: bound) { room in exchange.request.write(rewrite, into: &room)
    }
    if let bytes = exchange.requestBody.bytes { outbound.writeBytes(bytes) }
    timing.backendStarts(exchange, backend)
    client.wait(until: deadline)
    if let connection = client.state.pool.take(backend.origin) {
      connected(connection)
    } else {
      client.state.pool.connect(backend.origin, for: client)
    }
  }

  func connected(_ connection: UpstreamConnection) {
    guard !isOver, upstream == nil, timing.isAtBackend else { return connection.close() }
    upstream = connection
    connection.begin(client)
    connection.write(outbound)
    if exchange.requestBody == .streaming { client.invite() }
    client.resumeReading()
  }

  func sendBody(_ data: ByteBuffer) {
    hasSentBody = true
    upstream?.write(data)
  }

  func backendAnswered(_ connection: UpstreamConnection) {
    timing.backendAnswers(exchange.response.status)
    client.wait(until: .distantFuture)
    exchange.hasResponse = true
    exchange.isBackendResponse = true
    exchange.responseBody = connection.hasBody ? .streaming : .none
    if forwarding.failsOnErrorStatus, exchange.response.status >= 400, let plan {
      return fail(
        .internal(
          source: "forward-request", reason: "BackendErrorStatusCode",
          message: "The backend answered \(exchange.response.status)."), plan: plan)
    }
    if plan?.needsResponseBody == true, connection.hasBody {
      collectsResponse = true
      collected = []
      connection.decodes = true
      return
    }
    resume()
  }

  func backendSent(_ data: ByteBuffer) {
    if collectsResponse {
      collected.append(contentsOf: data.readableBytesView)
      if collected.count > ClientConnection.collectBound { upstream?.abandon() }
    } else if isStreaming {
      client.write(data)
    }
  }

  func backendFinished() {
    upstream = nil
    timing.backendEnds()
    if collectsResponse {
      collectsResponse = false
      exchange.responseBody = .bytes(collected)
      collected = []
      resume()
    } else if isStreaming {
      finish()
    }
  }

  func backendTimedOut() {
    guard timing.isAtBackend else { return client.abort() }
    let connection = upstream
    upstream = nil
    connection?.abandon()
    backendFailed(
      "Timeout", "The backend did not answer within \(forwarding.timeoutMilliseconds) ms.", isRetrySafe: false)
  }

  func backendFailed(_ reason: String, _ message: String, isRetrySafe: Bool) {
    upstream = nil
    guard !isOver else { return }
    if isStreaming {
      // The head is on its way: only the end of the connection tells the client that the rest is missing.
      timing.fails(exchange, reason: reason, message: message)
      client.keepsAlive = false
      return finish()
    }
    collectsResponse = false
    if isRetrySafe, !hasSentBody, exchange.request.methodKind.isIdempotent, let backend = exchange.backend {
      return client.state.pool.connect(backend.origin, for: client)
    }
    timing.backendEnds()
    client.wait(until: .distantFuture)
    if hasSentBody { client.keepsAlive = false }
    fail(.internal(source: "forward-request", reason: reason, message: message), plan: plan ?? .empty)
  }

  // MARK: - Respond and record

  private func respond() {
    let mayHaveBody = !client.isHead && exchange.response.status != 204 && exchange.response.status != 304
    var rewrite = HeadRewrite()
    var bytes: [UInt8]?
    switch exchange.responseBody {
    case .streaming:
      isStreaming = true
      if exchange.request.minorVersion == 0, exchange.response.isChunked {
        // HTTP/1.0 knows no chunks: the end of the connection ends the body.
        upstream?.decodes = true
        rewrite.body = .none
        client.keepsAlive = false
      } else if upstream?.endsWithConnection == true {
        client.keepsAlive = false
      }
    case .bytes(let body):
      rewrite.body = exchange.response.status == 204 || exchange.response.status == 304 ? .none : .length(body.count)
      bytes = mayHaveBody ? body : nil
    case .none where exchange.isBackendResponse: break
    case .none, .consumed: rewrite.body = mayHaveBody || client.isHead ? .length(0) : .none
    }
    if !isStreaming, let connection = upstream {
      // A policy wrote another answer: the backend's is of no use any more.
      upstream = nil
      connection.abandon()
    }
    rewrite.closes = !client.keepsAlive
    rewrite.announcesKeepAlive = client.keepsAlive && exchange.request.minorVersion == 0
    client.write(rewrite, body: bytes)
    if !isStreaming { finish() } else { client.resumeReading() }
  }

  private func finish() {
    guard !isOver else { return }
    isOver = true
    exchange.transferredBytes = client.requestBytes + client.responseBytes
    exchange.finish()
    if let configuration { client.state.add(timing.record(client, configuration)) }
    isStreaming = false
    client.finished()
  }

  func resumeUpstream() { upstream?.resumeReading() }

  /// The client is gone; nobody is left to answer.
  func clientLeft() {
    guard !isOver else { return }
    isOver = true
    upstream?.abandon()
    upstream = nil
    timing.clientLeft(exchange)
    exchange.transferredBytes = client.requestBytes + client.responseBytes
    exchange.finish()
    if let configuration, !exchange.facts.requestID.isEmpty {
      client.state.add(timing.record(client, configuration))
    }
  }

  // MARK: - Answers without a plan

  private func answer(_ health: HealthAnswer) {
    configuration = nil
    exchange.beginResponse(health.status)
    do { try exchange.response.set(.contentType, health.contentType) } catch { client.keepsAlive = false }
    exchange.responseBody = .bytes(Array(health.body.utf8))
    respond()
  }

  /// Bytes that are no request: no identity, no policies, no record, and the connection ends.
  func refuse(_ error: WireError) {
    isOver = false
    upstream = nil
    isStreaming = false
    run = nil
    answer(HealthAnswer(status: error.status, message: "The request is not valid HTTP: \(error.code.rawValue)."))
  }

  func refuseBody(isTooLarge: Bool) {
    upstream?.abandon()
    upstream = nil
    if isStreaming { return client.abort() }
    let status = isTooLarge ? 413 : 400
    let message = isTooLarge ? "The request body is too large." : "The request body is not valid HTTP."
    fail(
      PolicyError(
        source: "request", reason: isTooLarge ? "RequestTooLarge" : "InvalidBody", message: message, status: status),
      plan: plan ?? .empty)
  }
}
