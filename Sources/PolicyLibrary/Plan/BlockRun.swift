/// Where an exchange stands in one list of instructions: a section, or one branch of `wait`. A value without storage of
/// its own unless the list holds a `retry`.
struct BlockRun {
  // Neither counts a reference: whoever runs a block keeps its plan, which keeps the instructions.
  private var steps: UnsafeBufferPointer<LentStep>
  private unowned(unsafe) var list: InstructionList
  private var counter = 0
  /// The `retry` policies that are under way, innermost last.
  private var attempts: [RetryAttempts] = []
  private var pending: (wait: PolicyWait, place: Int)?
  /// The request is with the backend, whose answer has to be looked at.
  private var forwarded: ForwardSettings?

  /// - Parameter first: where it begins.
  init(_ list: InstructionList, from first: Int = 0) {
    self.list = list
    steps = list.steps
    counter = first
  }

  /// Goes to another block, and forgets what was under way in this one.
  mutating func enter(_ list: InstructionList, from first: Int = 0) {
    self.list = list
    steps = list.steps
    counter = first
    leave()
  }

  /// Forgets what was under way.
  mutating func leave() {
    if !attempts.isEmpty { attempts.removeAll() }
    if pending != nil { pending = nil }
    forwarded = nil
  }

  /// Why a block stopped.
  enum Stop {
    case end
    case respond
    case cached
    case forward(ForwardSettings)
    case wait(PolicyWait)
  }

  /// Runs instructions until something else is needed, or an error leaves the block.
  mutating func resume(_ exchange: Exchange) throws(PolicyError) -> Stop {
    do throws(PolicyError) {
      return try advance(exchange)
    } catch {
      if attempts.isEmpty { throw error }
      return try run(exchange, after: exchange.placed(error))
    }
  }

  /// Goes on after what the block stopped for has failed.
  mutating func failed(_ exchange: Exchange, _ error: PolicyError) throws(PolicyError) -> Stop {
    try run(exchange, after: exchange.placed(error))
  }

  private mutating func run(_ exchange: Exchange, after failure: PolicyError) throws(PolicyError) -> Stop {
    var failure = failure
    while true {
      if let stop = try tryAgain(after: failure, exchange) { return stop }
      do throws(PolicyError) {
        return try advance(exchange)
      } catch {
        if attempts.isEmpty { throw error }
        failure = exchange.placed(error)
      }
    }
  }

  /// Gives up what is under way.
  mutating func cancel() {
    pending?.wait.cancel()
    pending = nil
  }

  private mutating func advance(_ exchange: Exchange) throws(PolicyError) -> Stop {
    if let (wait, place) = pending {
      guard let completion = wait.take() else { return .wait(wait) }
      pending = nil
      exchange.placeIndex = place
      if let stop = try follow(try completion(exchange), exchange, place) { return stop }
    }
    if let settings = forwarded {
      forwarded = nil
      if let stop = try follow(try exchange.looksAtAnswer(settings), exchange, exchange.placeIndex) { return stop }
    }
    while counter < steps.count {
      let step = steps[counter]
      counter += 1
      if let result = try step.run(exchange) {
        if case .proceed = result { continue }
        if let stop = try follow(result, exchange, step.place) { return stop }
        continue
      }
      switch list.instructions[counter - 1] {
      case .step: break
      case .branch(let condition, let otherwise, let place):
        exchange.placeIndex = place
        let holds = try condition.holds(exchange)
        if let trace = exchange.trace { trace.decide(holds) }
        if !holds { counter = otherwise }
      case .jump(let target): counter = target
      case .retry(let retry, let end, let place):
        exchange.placeIndex = place
        attempts.append(try RetryAttempts(retry, exchange, body: counter, end: end, place: place))
      case .again:
        if let stop = try endAttempt(exchange) { return stop }
      case .parallel(let block, let place):
        exchange.placeIndex = place
        if let stop = try follow(ParallelRun.begin(block, exchange), exchange, place) { return stop }
      }
    }
    return .end
  }

  /// What a step's result means for the block; nil to go on.
  private mutating func follow(_ result: StepResult, _ exchange: Exchange, _ place: Int) throws(PolicyError) -> Stop? {
    var result = result
    while true {
      switch result {
      case .proceed: return nil
      case .respond: return .respond
      case .cached: return .cached
      case .forward(let settings):
        if settings.looksAtAnswer { forwarded = settings }
        return .forward(settings)
      case .suspend(let wait):
        guard let completion = wait.take() else {
          pending = (wait, place)
          return .wait(wait)
        }
        // The effect was over before it could be waited for.
        result = try completion(exchange)
      }
    }
  }

  // MARK: - Retry

  /// The body of the innermost `retry` has ended: once more, or on behind it.
  private mutating func endAttempt(_ exchange: Exchange) throws(PolicyError) -> Stop? {
    // The block may have been entered in the middle of the body.
    guard !attempts.isEmpty else { return nil }
    let last = attempts.count - 1
    exchange.placeIndex = attempts[last].place
    guard let milliseconds = try attempts[last].next(exchange) else {
      counter = attempts[last].end
      attempts.removeLast()
      return nil
    }
    counter = attempts[last].body
    return milliseconds == 0 ? nil : sleep(milliseconds, exchange, place: attempts[last].place)
  }

  /// The body of a `retry` has failed: the innermost whose condition holds begins again (nil: at once), else the error
  /// leaves the block.
  private mutating func tryAgain(after error: PolicyError, _ exchange: Exchange) throws(PolicyError) -> Stop? {
    cancel()
    forwarded = nil
    while let attempt = attempts.last {
      exchange.releaseConcurrency(in: attempt.retry.places)
      exchange.lastError = error
      exchange.placeIndex = attempt.place
      // A condition about a response that is not there says nothing: then the failure itself counts.
      guard let milliseconds = try? attempts[attempts.count - 1].next(exchange) else {
        attempts.removeLast()
        continue
      }
      exchange.note(error)
      exchange.lastError = nil
      counter = attempt.body
      return milliseconds == 0 ? nil : sleep(milliseconds, exchange, place: attempt.place)
    }
    throw error
  }

  private mutating func sleep(_ milliseconds: Int, _ exchange: Exchange, place: Int) -> Stop {
    let wait = PolicyWait()
    wait.holds(
      exchange.effects.after(milliseconds: milliseconds) { wait.complete { (_) throws(PolicyError) in .proceed } })
    pending = (wait, place)
    return .wait(wait)
  }
}
