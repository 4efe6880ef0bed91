import GatewayConfiguration
import Logging
import Synchronization

/// Keeps the counters of quotas over restarts of the process. A disk that is full or gone costs a line in the log and,
/// after a restart, the counts since the last good write; never a request.
final class QuotaKeeper: Sendable {
  private struct State {
    /// Nil when nothing can be kept, or another process keeps it now.
    var claim: FileClaim?
    /// What was last complained about.
    var complaint: String?
    /// What another process was told, which keeps the file now.
    var handedOver: LimitCounters?
  }

  private let path: String
  private let state: Mutex<State>
  private let limits: LimitTable
  private let logger: Logger
  /// Between two writes, where anything was counted.
  static let interval = Duration.seconds(5)

  /// - Parameter takesOver: the file and what it holds will come from another process.
  init(path: String, limits: LimitTable, logger: Logger, takesOver: Bool = false) {
    self.path = path
    self.limits = limits
    self.logger = logger
    state = Mutex(State())
    if !takesOver { claimFile() }
  }

  private func claimFile() {
    let claim = FileClaim(path)
    state.withLock { $0.claim = claim }
    if let claim, claim.path != path {
      logger.info("Another process keeps its quotas in \(path): those of this one are in \(claim.path)")
    } else if claim == nil {
      logger.error("Quotas do not survive a restart: \(FileClaim.bound) processes keep theirs at \(path)")
    }
  }

  private static func now() -> Int64 { Clock.ticks() / 10_000_000 }

  /// Takes up the counts of a former process.
  func load() {
    guard let path = state.withLock({ $0.claim?.path }), let bytes = WholeFile.read(path, bound: QuotaFile.bound) else {
      return
    }
    guard let contents = QuotaFile.read(bytes) else {
      logger.error("\(path) cannot be read: quotas begin anew")
      return
    }
    let now = Self.now()
    if let replicated = limits.replicated {
      replicated.restore(contents, of: bytes, now: now)
    } else {
      limits.restore(contents.quotas.filter { $0.value.end > now })
    }
    adopt(QuotaState(applied: contents.applied, isShared: contents.isShared, updates: []))
  }

  /// Updates that the counters are behind need not be carried out again. What a process by itself has counted, replicas
  /// that count together take as it is: they need the updates themselves, so that all of them count under one name.
  private func adopt(_ state: QuotaState) {
    guard limits.replicated == nil || state.isShared else { return }
    if let replicated = limits.replicated { for update in state.updates { _ = replicated.generations.begin(update) } }
    limits.applied.withLock { $0 = max($0, state.applied) }
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
    let claim = state.withLock { state in
      defer { state.claim = nil }
      return state.claim
    }
    claim?.release()
  }

  // MARK: - From process to process

  /// Stops writing: what is counted so far, and the file, are another process's from now on.
  func handOver() -> (claim: FileClaim?, counters: LimitCounters) {
    let uptime = LoopEffects.uptime()
    return state.withLock { state in
      defer { state.claim = nil }
      let counters = limits.counters(seconds: Self.now(), uptime: uptime)
      state.handedOver = counters
      return (state.claim, counters)
    }
  }

  /// What the other process has to know of updates; to be told before the counters.
  var quotaState: QuotaState {
    QuotaState(
      applied: limits.applied.withLock { $0 }, isShared: limits.replicated != nil,
      updates: limits.replicated?.generations.updates ?? [])
  }

  /// Carries out what changes counters, if these are this process's and no other's by now.
  /// - Returns: whether they are.
  func change(_ body: () -> Void) -> Bool {
    let isOwner = state.withLock { state in
      guard state.handedOver == nil else { return false }
      body()
      return true
    }
    if isOwner { save() }
    return isOwner
  }

  /// The other process did not make it.
  func takeBack(_ claim: FileClaim?) {
    state.withLock { state in
      state.claim = claim
      state.handedOver = nil
    }
    markChanged()
  }

  /// What was counted since ``handOver()``.
  func remainder() -> LimitCounters {
    guard let told = state.withLock({ $0.handedOver }) else { return LimitCounters() }
    return limits.counters(seconds: Self.now(), uptime: LoopEffects.uptime()).since(told)
  }

  /// Goes on with the counts and the file of another process.
  func takeOver(_ claim: FileClaim?, _ counters: LimitCounters, _ told: QuotaState?) {
    if let told { adopt(told) }
    limits.add(counters)
    if let claim { state.withLock { $0.claim = claim } } else { claimFile() }
  }

  /// Writes what has changed.
  func save() {
    guard let path = state.withLock({ $0.claim?.path }), let (bytes, omitted) = takeChanges() else { return }
    var problem = WholeFile.write(bytes, to: path)
    if problem != nil {
      markChanged()
    } else if omitted > 0 {
      problem = "\(path) is full: \(omitted) counters of quotas would not survive a restart"
    }
    let isNews = state.withLock { state in
      defer { state.complaint = problem }
      return state.complaint != problem
    }
    guard isNews else { return }
    if let problem {
      logger.error("Counters of quotas are not safe: \(problem)")
    } else {
      logger.info("Counters of quotas are safe again")
    }
  }

  /// The file, where anything was counted since the last question.
  private func takeChanges() -> (bytes: [UInt8], omitted: Int)? {
    let now = Self.now()
    let applied = limits.applied.withLock { $0 }
    guard let replicated = limits.replicated else {
      return limits.takeChangedQuotas(now: now).map { QuotaFile.bytes($0, applied: applied) }
    }
    limits.publish(to: replicated, now: now)
    return replicated.takeChangedRecords(now: now).map {
      QuotaFile.bytes($0, applied: applied, updates: replicated.generations.updates)
    }
  }

  /// What was taken is not safe after all.
  private func markChanged() {
    limits.markQuotasChanged()
    limits.replicated?.markChanged()
  }
}

/// What a process knows of updates of quotas, for one that takes over from it.
struct QuotaState: Codable, Equatable, Sendable {
  /// The number of the last one that was carried out.
  var applied: UInt64
  /// Whether it counts together with other replicas.
  var isShared: Bool
  /// Behind which these count.
  var updates: [QuotaUpdate]
}
