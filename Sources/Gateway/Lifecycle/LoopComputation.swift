import NIOCore
import NIOPosix
import PolicyLibrary

/// Work of a policy on a thread of its own, so that other exchanges of the loop go on meanwhile.
final class LoopComputation<Result: Sendable>: PendingEffect {
  private var completion: ((Result) -> Void)?

  private init(_ completion: @escaping (Result) -> Void) { self.completion = completion }

  /// Begins work on a thread of the process's pool.
  /// - Parameter end: called on the loop when the thread is free again, also after the work was given up.
  static func begin(
    on loop: any EventLoop, _ work: @escaping @Sendable () -> Result, _ completion: @escaping (Result) -> Void,
    end: @escaping () -> Void
  ) -> LoopComputation {
    let computation = LoopComputation(completion)
    let box = NIOLoopBound((computation, end), eventLoop: loop)
    NIOThreadPool.singleton.runIfActive(eventLoop: loop) { work() }.whenComplete { result in
      let (computation, end) = box.value
      end()
      // A pool that has ended does nothing any more; then the process ends too.
      if case .success(let value) = result { computation.finish(value) }
    }
    return computation
  }

  private func finish(_ value: Result) {
    let completion = completion
    self.completion = nil
    completion?(value)
  }

  func cancel() { completion = nil }
}
