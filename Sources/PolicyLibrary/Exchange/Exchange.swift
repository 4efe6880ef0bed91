public import Expressions
public import GatewayConfiguration
public import HTTPWire
import JSONSchema
import Telemetry

/// One request in flight with its response: what policies read and change. Confined to one event loop, and used again for
/// the next request of its connection.
public final class Exchange {
  public var request = MessageHead()
  public var requestBody = MessageBody.none
  public var response = MessageHead()
  public var responseBody = MessageBody.none
  public var hasResponse = false
  /// The response is the backend's, with whatever policies changed in it; not one that a policy or an error made.
  public var isBackendResponse = false
  public var facts = ExchangeFacts()
  /// Where the request goes; nil when neither the API nor a policy names a backend.
  public var backend: BackendTarget? { didSet { entity = nil } }
  /// The backend entity that a policy chose, which says where the request goes; nil for a plain address.
  public private(set) var entity: BackendEntity?
  /// What a policy shows the backend in the TLS handshake, instead of what the backend entity says.
  var backendCertificate: ClientCertificate?
  /// The proxy that a policy puts between gateway and backend.
  var proxy: ProxyServer?
  /// Bytes of the path to leave out before the backend's own path is put in front; 0 once a policy wrote the path.
  public var apiPathLength = 0
  /// The request's path is the backend's already: the gateway has put the base path in front.
  public internal(set) var isPathBound = false
  /// Whose base path it then begins with; nil once a redirect has given another path. Of no meaning before.
  var boundBackend: BackendTarget?
  /// Redirects followed for this request.
  var redirects = 0
  /// Where `cache-lookup` looked, and what came of it.
  var cacheKey: String?
  /// Where `cache-lookup` looked, for `cache-store`.
  var cacheChoice = CacheChoice.preferExternal
  public internal(set) var cacheState = CacheState.none
  /// What wants to see the backend's answer before `outbound` begins.
  var answerReaders: [any AnswerReader] = []
  /// What wants to know the tokens of the backend's answer, and the size of the prompt it answers.
  var tokenReaders: [any TokenReader] = []
  var promptBytes = 0
  /// Where the tokens of an answer are counted that passes in events.
  var tokenStream: TokenStream?
  /// The prompt that a semantic cache did not find.
  var semanticMiss: SemanticMiss?
  /// The places of the `llm-content-safety` policies in inbound that look at the completion, too.
  var enforcedCompletions: Set<Int> = []
  /// What `cache-value` found, by variable.
  var foundValues: [String: FoundValue] = [:]
  public var lastError: PolicyError?
  /// Every error so far, with the moment in ticks.
  public private(set) var errors: [(ticks: Int64, error: PolicyError)] = []
  public var variables: [String: Value] = [:]
  /// Trees of which variables hold a part.
  private var wholes: [any RuntimeObject] = []
  /// What `context.GraphQL` tells; nil outside a resolver.
  var graphQL: GraphQLScope?
  /// Whether `publish-event` of this resolver reaches anybody.
  var publishesEvents = false
  /// The request is the handshake of a WebSocket that can be served here; the gateway says so before the plan begins.
  public var offersSocket = false
  /// What the handshake has come to, unless another response takes its place.
  var acceptedSocket: GraphQLSocket?
  /// What each request over the WebSocket is held against.
  var graphQLChecks: [GraphQLCheck] = []
  public let effects: any PolicyEffects
  /// Who owns this exchange, and therefore outlives it.
  public unowned var source: (any ExchangeSource)?
  /// What counts only once the response is known.
  var afterResponse: [any DeferredCount] = []
  /// The calls that this exchange has counted against quotas of keys, by counter.
  var quotaCounts: [String: Int] = [:]
  /// Headers that limits promised for whatever response there will be.
  private var responseHeaders: [(name: String, value: String)] = []
  /// Bytes of request and response, heads included; the gateway says so before ``finish()``.
  public var transferredBytes = 0
  /// The plan that runs, or ran last, and the running step's place in it.
  var plan: PolicyPlan?
  var placeIndex = -1 {
    didSet { if let trace { trace.moved(self) } }
  }
  /// Where every step is written down; nil, unless somebody asked.
  public var trace: ExchangeTrace?
  /// Where the running step stands, for `LastError`.
  public var place: PlanPlace? { placeIndex < 0 ? nil : plan?.places[placeIndex] }
  /// What `limit-concurrency` blocks hold: the place of the block, and the counter's name.
  fileprivate var concurrency: [(place: Int, key: String)] = []

  public init(effects: any PolicyEffects) { self.effects = effects }

  /// Makes it ready for another request. `request` is left as it is, and so is what is said of every request anew, and mostly
  /// the same: its facts and, with ``route(to:api:operation:apiPathLength:)``, its backend.
  public func begin() {
    if entity != nil { entity = nil }
    isPathBound = false
    if backendCertificate != nil { backendCertificate = nil }
    if proxy != nil { proxy = nil }
    requestBody = .none
    responseBody = .none
    hasResponse = false
    isBackendResponse = false
    if lastError != nil { lastError = nil }
    placeIndex = -1
    releaseConcurrency()
    cacheState = .none
    if cacheKey != nil { cacheKey = nil }
    if !answerReaders.isEmpty { answerReaders.removeAll() }
    if !tokenReaders.isEmpty { tokenReaders.removeAll() }
    if tokenStream != nil { tokenStream = nil }
    if !foundValues.isEmpty { foundValues.removeAll() }
    if semanticMiss != nil { semanticMiss = nil }
    if !enforcedCompletions.isEmpty { enforcedCompletions.removeAll() }
    if offersSocket {
      offersSocket = false
      acceptedSocket = nil
      graphQLChecks.removeAll()
    }
    if !errors.isEmpty { errors.removeAll(keepingCapacity: true) }
    if !variables.isEmpty { variables.removeAll(keepingCapacity: true) }
    if !wholes.isEmpty { wholes.removeAll() }
    if !afterResponse.isEmpty { afterResponse.removeAll() }
    if !quotaCounts.isEmpty { quotaCounts.removeAll() }
    if !responseHeaders.isEmpty { responseHeaders.removeAll() }
    transferredBytes = 0
  }

  /// Where the request goes, unless a policy says otherwise; all nil for one that no operation matches.
  public func route(
    to backend: BackendTarget?, api: Shared<API>?, operation: Shared<GatewayConfiguration.Operation>?,
    apiPathLength: Int
  ) {
    facts.route(api: api, operation: operation, backend: backend, apiPathLength: apiPathLength)
    if self.backend !== backend { self.backend = backend }
    self.apiPathLength = apiPathLength
  }

  public func keep(_ whole: any RuntimeObject) {
    if wholes.last !== whole { wholes.append(whole) }
  }

  /// Sends the request to a backend entity; to which member of a pool, the gateway says when it forwards.
  func choose(_ entity: BackendEntity) {
    backend = entity.address
    self.entity = entity
  }

  /// Promises a header of the response, whichever it will be.
  func addResponseHeader(_ name: String, _ value: String) {
    responseHeaders.removeAll { $0.name == name }
    responseHeaders.append((name, value))
  }

  /// Puts the promised headers into the response there is now.
  func writePromisedHeaders() {
    guard hasResponse, !responseHeaders.isEmpty else { return }
    for header in responseHeaders {
      // A name that cannot stand in a head is left out; it was checked when the policy was saved.
      if header.name == "Vary" {
        try? response.append(header.name, header.value)
      } else {
        try? response.set(header.name, header.value)
      }
    }
    responseHeaders.removeAll()
  }

  /// Records an error and makes its default response.
  public func fail(_ error: PolicyError) {
    let error = placed(error)
    lastError = error
    note(error)
    trace?.add(error.source, .onError, .failed(error), ticks: effects.now())
    setResponse(error)
  }

  /// The error with the place of the running step, where it tells none itself.
  func placed(_ error: PolicyError) -> PolicyError {
    guard let place else { return error }
    var error = error
    error.scope = error.scope ?? place.scope.rawValue
    error.section = error.section ?? place.section.rawValue
    error.path = error.path ?? place.path
    error.policyID = error.policyID ?? place.policyID
    return error
  }

  /// Writes to the gateway's log, and into the trace.
  func log(
    _ severity: TraceSeverity, source: String, message: String, metadata: [(name: String, value: String)] = []
  ) {
    effects.log(severity, source: source, message: message, metadata: metadata)
    trace?.say(source, message, severity, metadata, self)
  }

  /// Records an error that does not end the exchange.
  func note(_ error: PolicyError) { errors.append((effects.now(), error)) }

  private func setResponse(_ error: PolicyError) {
    var text = error.responseBody ?? ""
    if text.isEmpty {
      text = "{ \"statusCode\": \(error.status), \"message\": "
      text += JSONText.quoted(error.responseMessage ?? error.message)
      if error.status == 500 { text += ", \"activityId\": " + JSONText.quoted(facts.requestID.text) }
      text += " }"
    }
    beginResponse(error.status)
    do {
      try response.set(.contentType, "application/json")
      for header in error.headers { try response.set(header.name, header.value) }
    } catch {
      // A header that cannot be written is left out; the status still tells.
    }
    responseBody = .bytes(Array(text.utf8))
    writePromisedHeaders()
  }

  /// An empty response in place of whatever there was.
  public func beginResponse(_ status: Int, reason: String? = nil) {
    response.reset()
    do { try response.beginResponse(status, reason: reason) } catch { response.reset() }
    responseBody = .none
    hasResponse = true
    isBackendResponse = false
  }

  /// A response from a variable in place of whatever there was; what frames its body is made anew.
  func beginResponse(_ message: ResponseMessage) {
    beginResponse(message.statusCode, reason: message.statusReason)
    let framing: Set<String> = [
      "content-length", "transfer-encoding", "connection", "keep-alive", "trailer", "upgrade",
    ]
    for header in message.headers where !framing.contains(header.name.lowercased()) {
      // It was a valid head once, so nothing is refused but what the bound on heads forbids.
      for value in header.values { try? response.append(header.name, value) }
    }
    responseBody = message.body(preserve: true).map { .bytes($0) } ?? .none
  }

  /// To be called once, when the response is complete or lost: counts what depends on it.
  public func finish() {
    releaseConcurrency()
    if afterResponse.isEmpty { return }
    let counts = afterResponse
    afterResponse = []
    for count in counts { count.count(self) }
  }
}

// MARK: - Concurrency

extension Exchange {
  /// Enters a `limit-concurrency` block; false when as many exchanges as may are in it.
  func enterConcurrency(_ key: String, limit: Int, place: Int) -> Bool {
    guard effects.enter(key, limit: limit) else { return false }
    concurrency.append((place, key))
    return true
  }

  /// Leaves the block that begins at a place.
  func leaveConcurrency(place: Int) {
    guard let index = concurrency.lastIndex(where: { $0.place == place }) else { return }
    effects.leave(concurrency.remove(at: index).key)
  }

  /// Leaves every block that begins in these places.
  func releaseConcurrency(in places: Range<Int>) {
    for held in concurrency where places.contains(held.place) { effects.leave(held.key) }
    concurrency.removeAll { places.contains($0.place) }
  }

  /// Leaves every block.
  func releaseConcurrency() {
    if concurrency.isEmpty { return }
    for held in concurrency { effects.leave(held.key) }
    concurrency.removeAll()
  }
}

/// A count that waits for the response.
protocol DeferredCount: Sendable {
  func count(_ exchange: Exchange)
}
