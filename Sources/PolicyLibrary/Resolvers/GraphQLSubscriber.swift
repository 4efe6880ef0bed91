import GatewayConfiguration
import GraphQL
import JSONSchema

/// A client on a WebSocket, with everything that it subscribes to. Confined to one event loop; it lives as long as the
/// exchange of its handshake, whose identity and variables its resolvers see.
///
/// Queries and mutations are not served here, as in the product.
public final class GraphQLSubscriber {
  /// What is to be done with the connection.
  public enum Output {
    /// A message for the client.
    case text([UInt8])
    /// The end: the code and reason of the close frame.
    case close(UInt16, String)
  }

  /// Codes with which the protocols end a connection.
  public enum CloseCode {
    public static let invalidMessage: UInt16 = 4_400
    public static let unauthorized: UInt16 = 4_401
    public static let initialisationTimeout: UInt16 = 4_408
    public static let subscriberExists: UInt16 = 4_409
    public static let tooManyInitialisations: UInt16 = 4_429
  }

  /// Bounds of one connection.
  public static let subscriptionBound = 100
  /// Bytes of a client's message.
  public static let messageBound = 1 << 20
  /// Of the answer to an event.
  private static var bounds: GraphQLExecution.Bounds {
    var bounds = GraphQLExecution.Bounds()
    bounds.textBytes = 2 << 20
    return bounds
  }
  /// Events of one subscription that wait for the resolvers of those before them.
  static let waitingBound = 64

  /// One subscription, with the events that it has not answered yet.
  private final class Entry {
    let id: String
    let request: GraphQLValidRequest
    let topic: GraphQLTopic
    /// Of the fields that were taken out of the request; each answer tells them.
    let removed: [JSONValue]
    var waiting: [GraphQLEvent] = []
    var run: GraphQLRun?
    var isAdvancing = false
    var isOver = false

    init(_ id: String, _ request: GraphQLValidRequest, _ topic: GraphQLTopic, _ removed: [JSONValue]) {
      (self.id, self.request, self.topic, self.removed) = (id, request, topic, removed)
    }

    func withRemoved(_ answer: JSONValue) -> JSONValue {
      guard !removed.isEmpty, var object = answer.object else { return answer }
      object.set("errors", .array((object["errors"]?.elements ?? []) + removed))
      return .object(object)
    }
  }

  private let service: GraphQLAnswer
  private let dialect: GraphQLDialect
  private unowned let exchange: Exchange
  private let onOutput: (Output) -> Void
  private let onTopic: (GraphQLTopic, _ isWanted: Bool) -> Void
  private var entries: [String: Entry] = [:]
  private var isOver = false
  /// Whether the client has introduced itself; until then nothing is served.
  public private(set) var isInitialised = false

  /// - Parameters:
  ///   - exchange: of the handshake; it outlives the subscriber.
  ///   - onTopic: told when the first subscription to a topic begins, and when the last one ends.
  public init(
    _ socket: GraphQLSocket, _ exchange: Exchange, onTopic: @escaping (GraphQLTopic, _ isWanted: Bool) -> Void,
    onOutput: @escaping (Output) -> Void
  ) {
    service = socket.service
    dialect = socket.dialect
    self.exchange = exchange
    self.onTopic = onTopic
    self.onOutput = onOutput
  }

  /// Nothing is said or resolved any more.
  public func end() {
    guard !isOver else { return }
    isOver = true
    for entry in Array(entries.values) { drop(entry) }
  }

  // MARK: - What the client says

  public func receive(_ text: [UInt8]) {
    guard !isOver else { return }
    switch GraphQLSocketMessage(text, dialect) {
    case .invalid(let reason): close(CloseCode.invalidMessage, reason)
    case .initialise where isInitialised:
      if dialect == .transport { close(CloseCode.tooManyInitialisations, "Too many initialisation requests") }
    case .initialise:
      isInitialised = true
      onOutput(.text(dialect.acknowledgement))
    case .ping(let payload): onOutput(.text(dialect.pong(payload)))
    case .pong: return
    case .terminate: close(1_000, "")
    case .unsubscribe(let id):
      guard let entry = entries[id] else { return }
      drop(entry)
      if dialect == .legacy { onOutput(.text(dialect.complete(id))) }
    case .subscribe where !isInitialised: close(CloseCode.unauthorized, "Unauthorized")
    case .subscribe(let id, let payload): subscribe(id, payload)
    }
  }

  private func close(_ code: UInt16, _ reason: String) {
    end()
    onOutput(.close(code, reason))
  }

  private func subscribe(_ id: String, _ payload: JSONValue) {
    if let former = entries[id] {
      guard dialect == .legacy else { return close(CloseCode.subscriberExists, "Subscriber for \(id) already exists") }
      drop(former)
    }
    do throws(GraphQLRequestErrors) {
      guard entries.count < Self.subscriptionBound else {
        throw GraphQLRequestErrors(
          errors: [GraphQLError("A connection has \(Self.subscriptionBound) subscriptions at most.")])
      }
      let entry = try entry(id, payload)
      let isFirst = !entries.values.contains { $0.topic == entry.topic }
      entries[id] = entry
      if isFirst { onTopic(entry.topic, true) }
    } catch {
      onOutput(.text(dialect.error(id, error)))
    }
  }

  private func entry(_ id: String, _ payload: JSONValue) throws(GraphQLRequestErrors) -> Entry {
    guard let api = exchange.facts.api else {
      throw GraphQLRequestErrors(errors: [GraphQLError("The API is not there any more.")])
    }
    let (valid, removed) = try service.subscription(payload, exchange)
    let fields = GraphQLExecution.rootFields(of: valid)
    guard fields.count == 1, let field = fields.first, !field.hasPrefix("__") else {
      throw GraphQLRequestErrors(
        errors: [
          GraphQLError("A subscription has exactly one field at its root.", at: [valid.operation.position])
        ])
    }
    return Entry(id, valid, GraphQLTopic(api.value, field: field), removed)
  }

  private func drop(_ entry: Entry) {
    entry.isOver = true
    entry.waiting = []
    entry.run?.cancel()
    entry.run = nil
    entries[entry.id] = nil
    if !entries.values.contains(where: { $0.topic == entry.topic }) { onTopic(entry.topic, false) }
  }

  // MARK: - Events

  /// Something has happened: every subscription to its topic is answered, in the order of events.
  public func deliver(_ event: GraphQLEvent) {
    for entry in Array(entries.values) where entry.topic == event.topic && !entry.isOver {
      guard entry.waiting.count < Self.waitingBound else {
        return close(1_013, "Events come faster than they can be answered")
      }
      entry.waiting.append(event)
      advance(entry)
    }
  }

  /// Answers what waits; not recursive, however many events are answered at once.
  private func advance(_ entry: Entry) {
    guard !entry.isAdvancing else { return }
    entry.isAdvancing = true
    while entry.run == nil, !entry.isOver, !entry.waiting.isEmpty {
      answer(entry.waiting.removeFirst(), entry)
    }
    entry.isAdvancing = false
  }

  private func answer(_ event: GraphQLEvent, _ entry: Entry) {
    let run = GraphQLRun(exchange, service.resolvers, answersEvent: true)
    entry.run = run
    let root = entry.request.schema.subscription
    let resolvers = service.resolvers
    let execution = GraphQLExecution(
      entry.request, event: .object(JSONObject([(event.topic.field, event.payload)])), bounds: Self.bounds,
      // The event is the value of the field at the root, whether or not that has a resolver.
      hasResolver: { $0 != root && resolvers["\($0)/\($1)"] != nil },
      resolve: { call, completion in run.begin(call, completion) },
      done: { [weak self] answer in
        entry.run = nil
        guard let self, !entry.isOver else { return }
        onOutput(.text(dialect.next(entry.id, entry.withRemoved(answer))))
        advance(entry)
      })
    execution.start()
  }
}
