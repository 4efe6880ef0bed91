import GatewayConfiguration

/// Where one exchange stands in its plan. A value: an exchange that waits costs nothing but this.
public struct PlanRun {
  private(set) var plan: PolicyPlan
  private var section = 0
  private var block: BlockRun

  public init(_ plan: PolicyPlan) {
    self.plan = plan
    block = BlockRun(plan.sections[0])
  }

  /// The same as a new value, in its place: mostly of the same plan.
  public mutating func begin(_ plan: PolicyPlan) {
    if self.plan !== plan { self.plan = plan }
    enter(0)
  }

  /// Gives up what is under way.
  public mutating func end() { block.leave() }

  /// Runs steps until the plan needs somebody else. After `.forward` and `.wait` it is called again to go on.
  public mutating func resume(_ exchange: Exchange) -> PlanStop {
    exchange.plan.renew(plan)
    return run(exchange) { (block, exchange) throws(PolicyError) in try block.resume(exchange) }
  }

  /// Goes on after the gateway itself failed: with another attempt of a `retry`, or the `on-error` section.
  public mutating func failed(_ exchange: Exchange, _ error: PolicyError) -> PlanStop {
    exchange.plan.renew(plan)
    // A plan that only forwards was never begun: what failed is its one step.
    if plan.passThrough != nil, case .step(_, let place)? = plan.sections[1].instructions.first {
      exchange.placeIndex = place
    }
    return run(exchange) { (block, exchange) throws(PolicyError) in try block.failed(exchange, error) }
  }

  private mutating func run(
    _ exchange: Exchange, _ begin: (inout BlockRun, Exchange) throws(PolicyError) -> BlockRun.Stop
  ) -> PlanStop {
    var isFirst = true
    while true {
      do throws(PolicyError) {
        let stop = isFirst ? try begin(&block, exchange) : try block.resume(exchange)
        isFirst = false
        switch stop {
        case .end: if let stop = nextSection(exchange) { return stop }
        case .respond:
          exchange.writePromisedHeaders()
          return .respond
        case .cached:
          enter(Self.lastRegular, from: plan.behindCacheStore)
          exchange.writePromisedHeaders()
        case .forward(let settings): return .forward(settings)
        case .wait(let wait): return .wait(wait)
        }
      } catch {
        isFirst = false
        exchange.fail(error)
        exchange.releaseConcurrency()
        if section == Self.onError { return .respond }
        enter(Self.onError)
      }
    }
  }

  /// Goes on to the next section; the answer is made when there is none.
  private mutating func nextSection(_ exchange: Exchange) -> PlanStop? {
    exchange.placeIndex = -1
    guard section < Self.lastRegular else { return .respond }
    enter(section + 1)
    if section == Self.lastRegular {
      for reader in exchange.answerReaders { reader.read(exchange) }
      exchange.readTokens()
      exchange.writePromisedHeaders()
    }
    return nil
  }

  private mutating func enter(_ section: Int, from first: Int = 0) {
    self.section = section
    block.enter(plan.sections[section], from: first)
  }

  private static let lastRegular = 2
  private static let onError = 3
}

/// Why a plan stopped.
public enum PlanStop {
  /// The gateway sends `exchange.request` to `exchange.backend`, puts the answer's head into `exchange.response`, says so
  /// with `hasResponse`, and resumes; or reports ``PlanRun/failed(_:_:)``.
  case forward(ForwardSettings)
  /// Something is under way: ``PlanRun/resume(_:)`` is due when the wait calls, and ``PolicyWait/cancel()`` when the
  /// client leaves before.
  case wait(PolicyWait)
  /// `exchange.response` is the answer.
  case respond
}
