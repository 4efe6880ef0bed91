/// Instructions that run one after the other: a section of a plan, or one branch of `wait`.
///
/// A block that runs counts no reference, neither of the list nor of its steps: at some six nanoseconds each that is what
/// handing on a step would cost most.
// Sendable by these two facts: every property is a `let`, and what `steps` points at is written before anybody else has it
// and freed with the list.
final class InstructionList: @unchecked Sendable {
  let instructions: [PolicyPlan.Instruction]
  /// For each instruction that is a step, that step and its place; there as long as the list is.
  let steps: UnsafeBufferPointer<LentStep>

  init(_ instructions: [PolicyPlan.Instruction]) {
    self.instructions = instructions
    let steps = UnsafeMutableBufferPointer<LentStep>.allocate(capacity: instructions.count)
    _ = steps.initialize(from: instructions.map { LentStep($0) })
    self.steps = UnsafeBufferPointer(steps)
  }

  deinit { steps.deallocate() }
}

/// A step whose reference another has: the instruction.
struct LentStep {
  /// nil for an instruction that is no step.
  private let step: Unmanaged<PlanStep>?
  let place: Int

  fileprivate init(_ instruction: PolicyPlan.Instruction) {
    guard case .step(let step, let place) = instruction else { (step, place) = (nil, -1); return }
    (self.step, self.place) = (.passUnretained(step), place)
  }

  /// Runs the step; nil where there is none.
  @inline(__always)
  func run(_ exchange: Exchange) throws(PolicyError) -> StepResult? {
    guard let step else { return nil }
    exchange.placeIndex = place
    var failure: PolicyError?
    let result = step._withUnsafeGuaranteedRef { (step) -> StepResult in
      do throws(PolicyError) { return try step.run(exchange) } catch { failure = error }
      return .proceed
    }
    if let failure { throw failure }
    return result
  }
}
