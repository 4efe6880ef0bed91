import HTTPWire
public import PolicyLibrary

/// Takes one exchange through its plan in this process: the backend is a closure, and time is scripted.
public struct PlanRunner {
  /// What a backend does with a request.
  public enum BackendAnswer {
    ///
    /// - Parameter milliseconds: until it comes.
    case response(
      status: Int, headers: [(name: String, value: String)] = [], body: String = "", milliseconds: Int = 0)
    /// No answer: reason and message as the gateway would say them.
    case failure(reason: String, message: String)
  }

  /// The plan waits for something that will never happen.
  public struct Stuck: Error {}

  public let effects: ScriptedEffects
  private let backends: BackendSet?
  private let backend: (Exchange, ForwardSettings) -> BackendAnswer

  /// - Parameters:
  ///   - backends: how backend entities are doing, those of the plan at their places; nil where all may always be called.
  ///   - backend: sees the request as it would be sent, and how; called once for each attempt.
  public init(
    effects: ScriptedEffects, backends: BackendSet? = nil,
    backend: @escaping (Exchange, ForwardSettings) -> BackendAnswer
  ) {
    self.effects = effects
    self.backends = backends
    self.backend = backend
  }

  /// Runs the plan until the answer is there, in `exchange.response` and `exchange.responseBody`.
  public func run(_ plan: PolicyPlan, _ exchange: Exchange) throws {
    var run = PlanRun(plan)
    var stop: PlanStop
    if let settings = plan.passThrough { stop = .forward(settings) } else { stop = run.resume(exchange) }
    while true {
      switch stop {
      case .respond:
        // There is no wire here, so heads have no length.
        exchange.transferredBytes =
          (exchange.requestBody.bytes?.count ?? 0) + (exchange.responseBody.bytes?.count ?? 0)
        exchange.finish()
        return
      case .wait(let wait):
        var isOver = false
        wait.onCompletion { isOver = true }
        while !isOver { guard effects.step() else { throw Stuck() } }
        stop = run.resume(exchange)
      case .forward(let settings):
        stop = forward(settings, exchange, plan, &run)
      }
    }
  }

  private var now: Int64 { Int64(effects.milliseconds) }

  private func forward(
    _ settings: ForwardSettings, _ exchange: Exchange, _ plan: PolicyPlan, _ run: inout PlanRun
  ) -> PlanStop {
    func failed(_ reason: String, _ message: String) -> PlanStop {
      run.failed(exchange, .internal(source: "forward-request", reason: reason, message: message))
    }
    guard var target = exchange.backend else {
      return failed("BackendNotSpecified", "The API has no backend, and no policy set one.")
    }
    var call: BackendCall?
    if let entity = exchange.entity, let choice = backends?.choose(entity, cookie: nil, now) {
      switch choice {
      case .call(let chosen): (call, target) = (chosen, chosen.target)
      case .refused(let milliseconds):
        return run.failed(exchange, .unavailable(entity, milliseconds: milliseconds))
      }
    }
    exchange.hasResponse = false
    do throws(WireError) {
      try exchange.bindPath(to: target)
    } catch {
      return failed("InvalidUri", "The path for the backend is too long.")
    }
    let limit = settings.timeoutMilliseconds
    switch backend(exchange, settings) {
    case .failure(let reason, let message):
      call?.failed(reason, now)
      return failed(reason, message)
    case .response(_, _, _, let milliseconds) where milliseconds > limit:
      effects.pass(milliseconds: limit)
      call?.failed("Timeout", now)
      return failed("Timeout", "The backend did not answer within \(limit) ms.")
    case .response(let status, let headers, let body, let milliseconds):
      if milliseconds > 0 { effects.pass(milliseconds: milliseconds) }
      exchange.beginResponse(status)
      do throws(WireError) {
        for header in headers { try exchange.response.append(header.name, header.value) }
      } catch {
        return failed("BackendResponseFailure", "The backend's answer is not valid HTTP: \(error.explanation).")
      }
      call?.answered(
        status, retryAfter: exchange.response.firstValue(of: .retryAfter), ticks: effects.now(), now)
      exchange.isBackendResponse = true
      exchange.responseBody = body.isEmpty ? .none : .bytes(Array(body.utf8))
      let countsEvents = exchange.countsEvents(plan)
      exchange.beginAnswer(countsEvents: countsEvents)
      if countsEvents { exchange.count(events: body.utf8) }
      // A plan that only forwards is over with the answer.
      return plan.passThrough == nil ? run.resume(exchange) : .respond
    }
  }
}
