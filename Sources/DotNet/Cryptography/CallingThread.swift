import Synchronization

/// Runs asynchronous code that waits for nothing to its end on the thread that asks, for callers that are synchronous.
final class CallingThread: TaskExecutor {
  private let jobs = Mutex<[UnownedJob]>([])

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
  }

  /// The result; nil when the code waited for something that another thread has to bring.
  static func run<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) -> Result? {
    let thread = CallingThread()
    let answer = Answer<Result>()
    Task(executorPreference: thread) {
      let result = await body()
      answer.value.withLock { $0 = result }
    }
    while let job = thread.jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
      job.runSynchronously(on: thread.asUnownedTaskExecutor())
    }
    return answer.value.withLock { $0 }
  }

  private final class Answer<Result: Sendable>: Sendable {
    let value = Mutex<Result?>(nil)
  }
}
