import Logging
import Synchronization

/// Keeps the counters of quotas over restarts of the process. A disk that is full or gone costs a line in the log and,
/// after a restart, the counts since the last good write; never a request.
final class QuotaKeeper: Sendable {
  /// Nil when nothing can be kept.
  private let claim: FileClaim?
  private let limits: LimitTable
  private let logger: Logger
  /// What was last complained about.
  private let complaint = Mutex<String?>(nil)

  /// Between two writes, where anything was counted.
  static let interval = Duration.seconds(5)

  init(path: String, limits: LimitTable, logger: Logger) {
    claim = FileClaim(path)
    self.limits = limits
    self.logger = logger
    if let claim, claim.path != path {
      logger.info("Another process keeps its quotas in \(path): those of this one are in \(claim.path)")
    } else if claim == nil {
      logger.error("Quotas do not survive a restart: \(FileClaim.bound) processes keep theirs at \(path)")
    }
  }

  private static func now() -> Int64 { Clock.ticks() / 10_000_000 }

  /// Takes up the counts of a former process.
  func load() {
    guard let path = claim?.path, let bytes = WholeFile.read(path, bound: QuotaFile.bound) else { return }
    guard let quotas = QuotaFile.read(bytes) else {
      logger.error("\(path) cannot be read: quotas begin anew")
      return
    }
    let now = Self.now()
    limits.restore(quotas.filter { $0.value.end > now })
  }

  /// Writes now and then, until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.interval)
      save()
    }
  }

  /// Writes for the last time; another process may have the file.
  func end() {
    save()
    claim?.release()
  }

  /// Writes what has changed.
  func save() {
    guard let path = claim?.path, let quotas = limits.takeChangedQuotas(now: Self.now()) else { return }
    let (bytes, omitted) = QuotaFile.bytes(quotas)
    var problem = WholeFile.write(bytes, to: path)
    if problem != nil {
      limits.markQuotasChanged()
    } else if omitted > 0 {
      problem = "\(path) is full: \(omitted) counters of quotas would not survive a restart"
    }
    let isNews = complaint.withLock { last in
      defer { last = problem }
      return last != problem
    }
    guard isNews else { return }
    if let problem {
      logger.error("Counters of quotas are not safe: \(problem)")
    } else {
      logger.info("Counters of quotas are safe again")
    }
  }
}
