import Expressions
import GraphQL
import HTTPWire
import JSONSchema

/// Answers a GraphQL request from the API's resolvers, in place of a backend. It runs behind the policies of the backend
/// section, as the product has it.
struct GraphQLAnswer: PolicyStep {
  let schema: Result<GraphQLSchema, GraphQLError>
  /// By `Type/field`.
  let resolvers: [String: PolicyPlan]

  /// Bytes of a request.
  static let largestRequest = 1 << 20
  /// Bounds where no `validate-graphql-request` sets others.
  static let limits = GraphQLLimits(depth: 64, fields: 1_000)

  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult {
    if exchange.offersSocket { return try accept(exchange) }
    let valid = try request(exchange)
    let wait = PolicyWait()
    let run = GraphQLRun(exchange, resolvers)
    wait.holds(run)
    let execution = GraphQLExecution(
      valid, hasResolver: { resolvers["\($0)/\($1)"] != nil },
      resolve: { call, completion in run.begin(call, completion) },
      done: { answer in
        wait.complete { (exchange) throws(PolicyError) in
          exchange.beginResponse(200)
          // A name and type of the gateway's own: nothing there that could be refused.
          try? exchange.response.set(.contentType, "application/json")
          exchange.responseBody = .bytes(answer.bytes)
          return .proceed
        }
      })
    execution.start()
    return .suspend(wait)
  }

  private func request(_ exchange: Exchange) throws(PolicyError) -> GraphQLValidRequest {
    func refused(_ error: GraphQLError, status: Int = 400) -> PolicyError {
      .graphQL(GraphQLRequestErrors(errors: [error]), source: HTTPDataSource.name, status: status)
    }
    let schema = try usableSchema()
    let request: GraphQLRequest
    do throws(GraphQLError) {
      request = try GraphQLMessage(limit: Self.largestRequest).read(exchange)
    } catch {
      throw refused(error)
    }
    switch schema.validate(request, limits: Self.limits) {
    case .failure(let errors): throw .graphQL(errors, source: HTTPDataSource.name)
    case .success(let valid) where valid.operation.kind == .subscription:
      throw refused(GraphQLError("Subscriptions are served over WebSocket.", at: [valid.operation.position]))
    case .success(let valid) where valid.operation.kind == .mutation && exchange.request.methodKind == .get:
      throw refused(GraphQLError("A mutation must be a POST.", at: [valid.operation.position]), status: 405)
    case .success(let valid): return valid
    }
  }

  func usableSchema() throws(PolicyError) -> GraphQLSchema {
    switch schema {
    case .success(let found): return found
    case .failure(let error):
      throw .internal(
        source: HTTPDataSource.name, reason: "GraphQLSchemaNotUsable",
        message: "The API's GraphQL schema cannot be used: \(error.message)")
    }
  }
}

/// The resolvers of one request that are under way.
final class GraphQLRun: PendingEffect {
  private let exchange: Exchange
  private let resolvers: [String: PolicyPlan]
  private let answersEvent: Bool
  /// The request's head, which every resolver sees.
  private lazy var head = exchange.request.serialised(HeadRewrite(body: .length(0)))
  private var open: [ObjectIdentifier: ResolverRun] = [:]
  private var isCancelled = false

  /// - Parameter answersEvent: for a subscription, long after its request. Then `publish-event` does nothing: an event that
  ///   brings about further ones would never end.
  init(_ exchange: Exchange, _ resolvers: [String: PolicyPlan], answersEvent: Bool = false) {
    self.exchange = exchange
    self.resolvers = resolvers
    self.answersEvent = answersEvent
  }

  func begin(_ call: GraphQLExecution.Call, _ completion: @escaping GraphQLExecution.Completion) {
    guard !isCancelled, let plan = resolvers["\(call.type)/\(call.field)"], let child = child(call) else {
      return completion(.failure(.init("Field '\(call.type).\(call.field)' cannot be resolved.")))
    }
    let run = ResolverRun(plan, child)
    open[ObjectIdentifier(run)] = run
    run.advance { [self] in
      open[ObjectIdentifier(run)] = nil
      if let trace = child.trace {
        trace.end(child)
        exchange.trace?.add(trace, resolver: "\(call.type).\(call.field)")
      }
      completion(result(of: child))
    }
  }

  func cancel() {
    isCancelled = true
    for run in open.values { run.cancel() }
    open = [:]
  }

  /// An exchange for one resolver: it sees the request and its variables, and what it changes is its own.
  private func child(_ call: GraphQLExecution.Call) -> Exchange? {
    let child = Exchange(effects: exchange.effects)
    let limits = HeadLimits(headBytes: 1 << 20, headerCount: 1_000, targetBytes: 1 << 20)
    let head = head
    guard case .complete = child.request.parseRequest(head.span, limits: limits) else { return nil }
    child.begin()
    child.facts = exchange.facts
    child.source = exchange.source
    child.variables = exchange.variables
    child.publishesEvents = !answersEvent
    if exchange.trace != nil { child.trace = ExchangeTrace(startTicks: exchange.effects.now()) }
    let arguments = JSONValue.object(call.arguments).bytes
    let scope = GraphQLScope(
      arguments: String(decoding: arguments, as: UTF8.self),
      parent: call.parent.map { String(decoding: $0.bytes, as: UTF8.self) }, answersList: call.answersList)
    child.graphQL = scope
    // Templates and older documents read the arguments from the body.
    child.requestBody = .bytes(Array("{\"arguments\":".utf8) + arguments + Array("}".utf8))
    try? child.request.set("Content-Type", "application/json")
    return child
  }

  /// The value that a resolver's response stands for: JSON, or else its text.
  private func result(of child: Exchange) -> Result<JSONValue, GraphQLExecution.Failure> {
    if let error = child.lastError {
      // A subscription may fail for days: its record has no room for all of that.
      if !answersEvent { exchange.note(error) }
      exchange.log(.error, source: error.source, message: error.message)
      return .failure(.init(error.responseMessage ?? error.message))
    }
    return Self.answer(of: child)
  }

  /// What the response that an exchange has just now stands for.
  static func answer(of child: Exchange) -> Result<JSONValue, GraphQLExecution.Failure> {
    guard let bytes = child.responseBody.bytes else { return .success(.null) }
    let encoding = child.header("Content-Encoding", of: .response)
    guard case .bytes(let decoded) = DecodedBody(bytes, encoding: encoding, limit: largestAnswer) else {
      return .failure(.init("The answer of the data source cannot be read."))
    }
    if decoded.isEmpty { return .success(.null) }
    return .success((try? JSONValue(decoded)) ?? .text(String(decoding: decoded, as: UTF8.self)))
  }

  /// Bytes of one answer, decompressed.
  private static let largestAnswer = 16 << 20
}

/// One resolver's way through its plan.
private final class ResolverRun {
  private var run: PlanRun
  private let child: Exchange
  private var wait: PolicyWait?

  init(_ plan: PolicyPlan, _ child: Exchange) {
    run = PlanRun(plan)
    self.child = child
  }

  func advance(_ done: @escaping () -> Void) {
    switch run.resume(child) {
    case .wait(let wait):
      self.wait = wait
      wait.onCompletion { [self] in
        self.wait = nil
        advance(done)
      }
    case .respond, .forward:
      child.finish()
      done()
    }
  }

  func cancel() {
    wait?.cancel()
    wait = nil
    child.finish()
  }
}
