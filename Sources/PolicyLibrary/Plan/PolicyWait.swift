/// What a suspended step waits for. Made by the step, completed once by an effect on the exchange's event loop, and given
/// up when nobody is left to go on: steps that do not suspend make none.
public final class PolicyWait {
  /// Runs when the plan goes on: the end of the step that suspended.
  typealias Completion = (Exchange) throws(PolicyError) -> StepResult

  private var completion: Completion?
  private var wakesUp: (() -> Void)?
  private var pending: (any PendingEffect)?
  private var isOver = false

  init() {}

  /// Nobody waits any more, or the plan has gone on.
  var isGivenUp: Bool { isOver }

  /// What to give up together with the wait. An effect that was over before it returned is not kept.
  func holds(_ effect: any PendingEffect) {
    if !isOver, completion == nil { pending = effect }
  }

  /// The effect is over; the plan goes on with the completion. Later calls, and calls after ``cancel()``, do nothing.
  func complete(_ completion: @escaping Completion) {
    guard !isOver, self.completion == nil else { return }
    self.completion = completion
    pending = nil
    let wakesUp = wakesUp
    self.wakesUp = nil
    wakesUp?()
  }

  /// The completion, once: nil while the effect is under way.
  func take() -> Completion? {
    guard let completion else { return nil }
    self.completion = nil
    isOver = true
    return completion
  }

  /// Says whom to call when the plan can go on; at once if it already can.
  public func onCompletion(_ wakesUp: @escaping () -> Void) {
    if isOver { return }
    if completion != nil { wakesUp() } else { self.wakesUp = wakesUp }
  }

  /// Nobody waits any more: the effect is given up, and nothing is called.
  public func cancel() {
    guard !isOver else { return }
    isOver = true
    completion = nil
    wakesUp = nil
    let pending = pending
    self.pending = nil
    pending?.cancel()
  }
}

/// Something under way that can be given up.
public protocol PendingEffect: AnyObject {
  /// Ends it without a report. After it is over, does nothing.
  func cancel()
}

/// An effect that was over before its call returned.
public final class FinishedEffect: PendingEffect, Sendable {
  public static let instance = FinishedEffect()

  private init() {}

  public func cancel() {}
}
