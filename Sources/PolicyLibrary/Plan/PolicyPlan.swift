/// The effective policy of an operation in one product's context: the documents of all scopes, flattened once.
///
/// A section is a flat list, so that a request's way is a counter and not a walk through a tree.
public final class PolicyPlan: Sendable {
  /// The larger ones are references: those that are no steps are copied whenever they run.
  enum Instruction: Sendable {
    case step(PlanStep, place: Int)
    /// Goes on with the next instruction when the condition holds, else at `otherwise`.
    indirect case branch(any PlanCondition, otherwise: Int, place: Int)
    case jump(Int)
    /// Begins a `retry`: its body follows and ends with `again`; `end` is behind that.
    indirect case retry(Retry, end: Int, place: Int)
    /// The body of the innermost `retry` has ended.
    case again
    /// Runs branches side by side.
    indirect case parallel(ParallelBlock, place: Int)
  }

  /// The instructions by section, in the order of `PolicySection.allCases`.
  let sections: [InstructionList]
  let places: [PlanPlace]
  /// Whether a policy reads the body, so that it must be collected before the plan begins.
  public let needsRequestBody: Bool
  /// Whether a policy reads the response's body, so that it must be collected before the plan goes on.
  public let needsResponseBody: Bool
  /// Whether a policy counts the tokens of the answer: see ``Exchange/countsEvents(_:)``.
  public let countsTokens: Bool
  /// Whether a policy asks what the operation says of its messages.
  public let needsContract: Bool
  /// Nothing happens but the forwarding of the request: with these settings.
  public let passThrough: ForwardSettings?

  /// Where `outbound` goes on with a response from the cache.
  let behindCacheStore: Int

  /// No policy at all, not even the forwarding.
  public static let empty = PolicyPlan(
    sections: [[], [], [], []], places: [], needsRequestBody: false, needsResponseBody: false)

  init(
    sections: [[Instruction]], places: [PlanPlace], needsRequestBody: Bool, needsResponseBody: Bool,
    countsTokens: Bool = false, needsContract: Bool = false
  ) {
    self.sections = sections.map { InstructionList($0) }
    self.places = places
    self.needsRequestBody = needsRequestBody
    self.needsResponseBody = needsResponseBody
    self.countsTokens = countsTokens
    self.needsContract = needsContract
    behindCacheStore =
      (sections[2].firstIndex {
        if case .step(let step, _) = $0 { return step.step is CacheStore || step.step is SemanticCacheStore }
        return false
      } ?? -1) + 1
    var settings: ForwardSettings?
    if sections[0].isEmpty, sections[2].isEmpty, sections[1].count == 1, case .step(let step, _) = sections[1][0],
      let forward = step.step as? ForwardRequest, case .literal(let seconds) = forward.timeoutSeconds,
      forward.timeoutMilliseconds == nil, case .literal(let redirects) = forward.redirects
    {
      settings = forward.settings
      settings?.timeoutMilliseconds = seconds * 1_000
      settings?.followsRedirects = redirects
    }
    passThrough = settings?.looksAtAnswer == true ? nil : settings
  }
}
