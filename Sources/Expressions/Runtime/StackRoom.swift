import CThreads

/// What evaluations may take of the stack of the thread they run on.
///
/// Nested calls and lazy sequences stop with an error at `ofEvaluation`. Beyond it lies the room for letting go of
/// values that hold each other in a long chain, which Swift does by recursion: its depth is bounded by the objects that
/// the steps of one evaluation can make.
public enum StackRoom {
  static let exceeded = LimitExceeded(message: "The expression exceeded its limit of nested calls.")

  /// Throws when the running evaluation has taken its room; for recursion that has no machine at hand.
  static func check() throws {
    if postern_stack_is_spent() { throw exceeded }
  }

  /// Bytes that the calls of one evaluation may take: an eighth of a stack of 64 MiB, half of one of 8 MiB and less.
  static let ofEvaluation: Int = {
    let size = Int(postern_thread_stack_size())
    return size > 0 ? min(size / 2, max(size / 8, 4 * mebibyte)) : mebibyte / 2
  }()

  /// Gives the threads made from now on, and the first, stacks for evaluations of at most `steps` steps. A process
  /// calls it before its first thread; pages of a stack that nothing uses take no memory.
  ///
  /// - Returns: false when the system refuses; evaluations are then bounded by the stacks there are.
  @discardableResult
  public static func reserve(steps: Int) -> Bool {
    postern_set_thread_stack_size(max(64 * mebibyte, steps * bytesPerStep)) == 0
  }

  /// An object is made in no less than one step, and letting go of it takes less than this.
  private static let bytesPerStep = 512
  private static let mebibyte = 1 << 20
}
