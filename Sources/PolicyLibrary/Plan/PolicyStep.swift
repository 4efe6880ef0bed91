/// One policy, ready to run on any exchange: immutable, shared by every event loop.
protocol PolicyStep: Sendable {
  /// Runs at once and never waits.
  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult
}

/// What a step wants to happen next.
enum StepResult {
  case proceed
  /// `exchange.response` is the answer; nothing else runs.
  case respond
  /// The request goes to the backend; the plan goes on when the answer's head is there.
  case forward(ForwardSettings)
  case suspend(any PolicySuspension)
}

/// Work that has to wait for something. It runs in a task bound to the exchange's event loop; the plan goes on behind it.
public protocol PolicySuspension {
  func run(_ exchange: Exchange) async throws(PolicyError)
}

/// A condition between steps.
protocol PlanCondition: Sendable {
  func holds(_ exchange: Exchange) throws(PolicyError) -> Bool
}
