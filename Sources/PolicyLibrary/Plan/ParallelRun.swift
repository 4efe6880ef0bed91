/// Branches that run side by side: the children of `wait`.
final class ParallelBlock: Sendable {
  let branches: [InstructionList]
  /// The first branch to end ends the block, and the others are given up.
  let endsWithFirst: Bool

  init(branches: [[PolicyPlan.Instruction]], endsWithFirst: Bool) {
    self.branches = branches.map { InstructionList($0) }
    self.endsWithFirst = endsWithFirst
  }
}

/// One exchange in the branches of a block. They share its event loop: while one waits, the others go on.
final class ParallelRun: PendingEffect {
  private let exchange: Exchange
  /// Keeps the branches' instructions.
  private let block: ParallelBlock
  private let wait = PolicyWait()
  private var branches: [BlockRun]
  private var open: Int

  private init(_ block: ParallelBlock, _ exchange: Exchange) {
    self.exchange = exchange
    self.block = block
    branches = block.branches.map { BlockRun($0) }
    open = branches.count
  }

  /// Begins every branch; proceeds at once if that already ends the block.
  static func begin(_ block: ParallelBlock, _ exchange: Exchange) -> StepResult {
    guard !block.branches.isEmpty else { return .proceed }
    let run = ParallelRun(block, exchange)
    run.wait.holds(run)
    for index in run.branches.indices {
      run.advance(index)
      if run.open == 0 { break }
    }
    return .suspend(run.wait)
  }

  private func advance(_ index: Int) {
    guard open > 0 else { return }
    do throws(PolicyError) {
      switch try branches[index].resume(exchange) {
      case .end:
        open -= 1
        if open == 0 || block.endsWithFirst { end { (_) throws(PolicyError) in .proceed } }
      case .cached: end { (_) throws(PolicyError) in .cached }
      case .respond: end { (_) throws(PolicyError) in .respond }
      // A document with a `forward-request` in `wait` is refused, so this branch has nothing to wait for.
      case .forward(let settings): end { (_) throws(PolicyError) in .forward(settings) }
      case .wait(let wait): wait.onCompletion { [self] in advance(index) }
      }
    } catch {
      let error = exchange.placed(error)
      end { (_) throws(PolicyError) in throw error }
    }
  }

  private func end(_ completion: @escaping PolicyWait.Completion) {
    cancel()
    wait.complete(completion)
  }

  func cancel() {
    open = 0
    for index in branches.indices { branches[index].cancel() }
  }
}
