import NIOCore
import PolicyLibrary

/// A wait of a policy for nothing but time.
final class LoopTimer: PendingEffect {
  var task: Scheduled<Void>?
  private var completion: (() -> Void)?

  init(_ completion: @escaping () -> Void) { self.completion = completion }

  func fire() {
    let completion = completion
    self.completion = nil
    task = nil
    completion?()
  }

  func cancel() {
    completion = nil
    task?.cancel()
    task = nil
  }
}
