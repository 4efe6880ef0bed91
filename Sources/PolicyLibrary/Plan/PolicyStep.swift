/// One policy, ready to run on any exchange: immutable, shared by every event loop.
protocol PolicyStep: Sendable {
  /// Runs at once. What takes time is begun through `exchange.effects`, and the step suspends until it is over.
  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult
}

/// A step as a plan holds it: one reference, so that nothing of the step is copied when it runs.
final class PlanStep: Sendable {
  let step: any PolicyStep
  private let body: @Sendable (Exchange) throws(PolicyError) -> StepResult

  init(_ step: some PolicyStep) {
    self.step = step
    body = { (exchange) throws(PolicyError) in try step.run(exchange) }
  }

  @inline(__always)
  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult { try body(exchange) }
}

/// What a step wants to happen next.
enum StepResult {
  case proceed
  /// `exchange.response` is the answer; nothing else runs.
  case respond
  /// The request goes to the backend; the plan goes on when the answer's head is there.
  case forward(ForwardSettings)
  /// `exchange.response` came from the cache: the plan goes on in `outbound`, behind the policy that stored it.
  case cached
  /// The plan goes on when the wait is over, with what its completion says.
  case suspend(PolicyWait)
}

/// A condition between steps.
protocol PlanCondition: Sendable {
  func holds(_ exchange: Exchange) throws(PolicyError) -> Bool
}
