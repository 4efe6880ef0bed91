/// Where one exchange stands in its plan. A value: an exchange that waits costs nothing but this.
public struct PlanRun {
  let plan: PolicyPlan
  private var section = 0
  private var counter = 0

  public init(_ plan: PolicyPlan) { self.plan = plan }

  /// Runs steps until the plan needs somebody else. After `.forward` it is called again to go on.
  public mutating func resume(_ exchange: Exchange) -> PlanStop {
    exchange.plan = plan
    while true {
      do throws(PolicyError) {
        if let stop = try runSection(exchange) { return stop }
        exchange.placeIndex = -1
        guard section < Self.lastRegular else { return .respond }
        section += 1
        counter = 0
        if section == Self.lastRegular { exchange.writePromisedHeaders() }
      } catch {
        exchange.fail(error)
        if isHandlingError { return .respond }
        beginErrorHandling()
      }
    }
  }

  /// Runs the current section to its end; nil when nothing stopped it.
  private mutating func runSection(_ exchange: Exchange) throws(PolicyError) -> PlanStop? {
    let instructions = plan.sections[section]
    while counter < instructions.count {
      let instruction = instructions[counter]
      counter += 1
      switch instruction {
      case .jump(let target): counter = target
      case .branch(let condition, let otherwise, let place):
        exchange.placeIndex = place
        if try !condition.holds(exchange) { counter = otherwise }
      case .step(let step, let place):
        exchange.placeIndex = place
        switch try step.run(exchange) {
        case .proceed: continue
        case .respond:
          exchange.writePromisedHeaders()
          return .respond
        case .forward(let settings): return .forward(settings)
        }
      }
    }
    return nil
  }

  /// Goes on after the gateway itself failed: with the `on-error` section.
  public mutating func failed(_ exchange: Exchange, _ error: PolicyError) -> PlanStop {
    exchange.fail(error)
    if isHandlingError { return .respond }
    beginErrorHandling()
    return resume(exchange)
  }

  private var isHandlingError: Bool { section == Self.onError }
  private static let lastRegular = 2
  private static let onError = 3

  private mutating func beginErrorHandling() {
    section = Self.onError
    counter = 0
  }
}

/// Why a plan stopped.
public enum PlanStop {
  /// The gateway sends `exchange.request` to `exchange.backend`, puts the answer's head into `exchange.response`, says so
  /// with `hasResponse`, and resumes; or reports ``PlanRun/failed(_:_:)``.
  case forward(ForwardSettings)
  /// `exchange.response` is the answer.
  case respond
}
