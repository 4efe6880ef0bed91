public import DotNet
public import Expressions
public import PolicyLibrary
public import TDSWire

/// What policies may do, played by a script: time moves only when something is waited for, requests go to a closure.
public final class ScriptedEffects: PolicyEffects {
  /// What becomes of a request of a policy.
  public struct Answer {
    public var result: OutgoingResult
    /// Until the result is there.
    public var milliseconds: Int

    public init(_ result: OutgoingResult, milliseconds: Int = 0) {
      self.result = result
      self.milliseconds = milliseconds
    }
  }

  /// What becomes of a statement of a policy.
  public struct SQLScriptedAnswer {
    public var outcome: SQLOutcome
    /// Until the outcome is there.
    public var milliseconds: Int

    public init(_ outcome: SQLOutcome, milliseconds: Int = 0) {
      self.outcome = outcome
      self.milliseconds = milliseconds
    }
  }

  /// How the external cache is.
  public enum ExternalCache: String, Sendable {
    case none, up, down
  }

  /// Where limits are counted.
  public enum Counters: String, Sendable {
    case `internal`, shared, unreachable
  }

  public struct LogEntry: Equatable {
    public var severity: TraceSeverity
    public var source: String
    public var message: String
    public var metadata: [String: String]
  }

  private final class Event: PendingEffect {
    let due: Int
    var action: (() -> Void)?

    init(due: Int, action: @escaping () -> Void) {
      self.due = due
      self.action = action
    }

    func cancel() { action = nil }
  }

  public let machine = Machine()
  private let startTicks: Int64
  private var state: UInt64 = 0x9e37_79b9_7f4a_7c15
  private var events: [Event] = []
  private var answer: (OutgoingRequest) -> Answer
  private var queryAnswer: (SQLRequest) -> SQLScriptedAnswer
  private var windows: [String: [Int]] = [:]
  private var quotas: [String: (period: Int64, count: Int)] = [:]
  private var concurrency: [String: Int] = [:]
  private var cache: [String: (entry: CachedEntry, end: Int)] = [:]
  public var externalCache = ExternalCache.none
  public var counters = Counters.internal
  /// Milliseconds since the beginning.
  public private(set) var milliseconds = 0
  /// Every wait for time alone, in order.
  public private(set) var sleeps: [Int] = []
  public private(set) var requests: [OutgoingRequest] = []
  public private(set) var log: [LogEntry] = []
  public let tokens = TokenMemory()
  public let revocation = RevocationMemory()
  /// Nobody, unless it is said.
  public var trust = CertificateTrust(roots: [])
  public private(set) var metrics: [EmittedMetric] = []

  /// - Parameters:
  ///   - startTicks: when it begins, in 100-nanosecond ticks since 0001-01-01; by default 2026-01-01.
  ///   - answer: of the services that policies call; by default none can be reached.
  ///   - queryAnswer: of databases; by default none can be reached.
  public init(
    startTicks: Int64 = 639_028_224_000_000_000,
    answer: @escaping (OutgoingRequest) -> Answer = { request in
      Answer(.failure(OutgoingFailure(reason: .connection, message: "\(request.host) is not scripted.")))
    },
    queryAnswer: @escaping (SQLRequest) -> SQLScriptedAnswer = { request in
      SQLScriptedAnswer(
        .failure(SQLFailure(reason: .connection, message: "\(request.settings.host) is not scripted.")))
    }
  ) {
    self.startTicks = startTicks
    self.answer = answer
    self.queryAnswer = queryAnswer
  }

  public func now() -> Int64 { startTicks + Int64(milliseconds) * 10_000 }

  public func random() -> UInt64 {
    // A linear generator with fixed seed: scripts give the same each time.
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }

  // MARK: - Time

  private func schedule(_ after: Int, _ action: @escaping () -> Void) -> any PendingEffect {
    let event = Event(due: milliseconds + max(0, after), action: action)
    events.append(event)
    return event
  }

  /// Lets the next thing happen; false when nothing is under way.
  public func step() -> Bool {
    events.removeAll { $0.action == nil }
    guard let index = events.indices.min(by: { (events[$0].due, $0) < (events[$1].due, $1) }) else { return false }
    let event = events.remove(at: index)
    milliseconds = max(milliseconds, event.due)
    let action = event.action
    event.action = nil
    action?()
    return true
  }

  /// Lets everything happen that falls into so much time.
  public func pass(milliseconds amount: Int) {
    let end = milliseconds + amount
    while events.contains(where: { $0.action != nil && $0.due <= end }) { _ = step() }
    milliseconds = end
  }

  public func after(milliseconds: Int, _ completion: @escaping () -> Void) -> any PendingEffect {
    sleeps.append(milliseconds)
    return schedule(milliseconds, completion)
  }

  // MARK: - Requests

  public func send(_ request: OutgoingRequest, _ completion: @escaping (OutgoingResult) -> Void) -> any PendingEffect {
    requests.append(request)
    let answer = answer(request)
    guard answer.milliseconds <= request.timeoutMilliseconds else {
      let failure = OutgoingFailure(
        reason: .timeout, message: "\(request.host) did not answer within \(request.timeoutMilliseconds) ms.")
      return schedule(request.timeoutMilliseconds) { completion(.failure(failure)) }
    }
    return schedule(answer.milliseconds) { completion(answer.result) }
  }

  public func query(
    _ request: SQLRequest, _ completion: @escaping (SQLOutcome) -> Void
  ) -> any PendingEffect {
    let answer = queryAnswer(request)
    let seconds = request.settings.commandTimeoutSeconds
    guard seconds == 0 || answer.milliseconds <= seconds * 1_000 else {
      let failure = SQLFailure(
        reason: .timeout, message: "\(request.settings.host) did not answer within \(seconds) s.")
      return schedule(seconds * 1_000) { completion(.failure(failure)) }
    }
    return schedule(answer.milliseconds) { completion(answer.outcome) }
  }

  // MARK: - Counters

  public func admit(_ key: String, limit: Int, windowSeconds: Int, increment: Int) -> Admission {
    let begin = milliseconds - windowSeconds * 1_000
    var calls = windows[key, default: []].filter { $0 > begin }
    defer { windows[key] = calls }
    guard calls.count + max(1, increment) <= limit else {
      let wait = calls.first.map { ($0 - begin + 999) / 1_000 } ?? windowSeconds
      return Admission(isAllowed: false, remaining: max(0, limit - calls.count), retryAfterSeconds: max(1, wait))
    }
    calls.append(contentsOf: repeatElement(milliseconds, count: increment))
    return Admission(isAllowed: true, remaining: limit - calls.count, retryAfterSeconds: 0)
  }

  public func consume(_ key: String, limit: Int, periodSeconds: Int, start: Int64, increment: Int) -> Admission {
    let seconds = (now() - start) / 10_000_000
    let period = periodSeconds == 0 ? 0 : seconds / Int64(periodSeconds)
    var quota = quotas[key] ?? (period, 0)
    if quota.period != period { quota = (period, 0) }
    defer { quotas[key] = quota }
    guard quota.count < limit, quota.count + increment <= limit else {
      let wait = periodSeconds == 0 ? Int(Int32.max) : Int((period + 1) * Int64(periodSeconds) - seconds)
      return Admission(isAllowed: false, remaining: max(0, limit - quota.count), retryAfterSeconds: max(1, wait))
    }
    quota.count += increment
    return Admission(isAllowed: true, remaining: limit - quota.count, retryAfterSeconds: 0)
  }

  /// Counters that are asked from outside; they are in this object all the same.
  private final class Shared: SharedCounters {
    let effects: ScriptedEffects
    init(_ effects: ScriptedEffects) { self.effects = effects }

    func count(_ asks: [CounterAsk], _ completion: @escaping ([Admission]?) -> Void) -> any PendingEffect {
      let effects = effects
      return effects.schedule(0) { completion(effects.counters == .unreachable ? nil : effects.count(asks)) }
    }
  }

  public var sharedCounters: (any SharedCounters)? { counters == .internal ? nil : Shared(self) }

  public func enter(_ key: String, limit: Int) -> Bool {
    guard concurrency[key, default: 0] < limit else { return false }
    concurrency[key, default: 0] += 1
    return true
  }

  public func leave(_ key: String) { concurrency[key, default: 1] -= 1 }

  // MARK: - Cache, metrics, log

  /// The name of a key in the cache that is meant; nil where that holds nothing.
  private func place(_ key: String, _ choice: CacheChoice) -> String? {
    if choice == .internal || (choice == .preferExternal && externalCache == .none) { return "internal|" + key }
    return externalCache == .up ? "external|" + key : nil
  }

  public func cached(
    _ key: String, in choice: CacheChoice, _ completion: @escaping (CachedEntry?) -> Void
  ) -> any PendingEffect {
    let found = place(key, choice).flatMap { cache[$0] }
    completion(found.flatMap { $0.end > milliseconds ? $0.entry : nil })
    return FinishedEffect.instance
  }

  public func cache(_ entry: CachedEntry, as key: String, in choice: CacheChoice, seconds: Int) {
    if let place = place(key, choice) { cache[place] = (entry, milliseconds + seconds * 1_000) }
  }

  public func uncache(_ key: String, in choice: CacheChoice) {
    if let place = place(key, choice) { cache[place] = nil }
  }

  public func append(_ record: [UInt8], toCached key: String, in choice: CacheChoice, seconds: Int, limit: Int) {
    guard let place = place(key, choice) else { return }
    var (entry, end) = (CachedEntry(bytes: [], storedTicks: now()), milliseconds + seconds * 1_000)
    if let known = cache[place], known.end > milliseconds { (entry, end) = (known.entry, max(end, known.end)) }
    CachedRecords.append(CachedRecords.framed(record), to: &entry.bytes, limit: limit)
    cache[place] = (entry, end)
  }

  /// Nobody subscribes here: what would be sent is told in the log.
  public func publish(_ event: GraphQLEvent) {
    log(.information, source: "publish-event", message: "\(event.topic.field): \(event)", metadata: [])
  }

  public func emit(_ metric: EmittedMetric) { metrics.append(metric) }

  public func log(
    _ severity: TraceSeverity, source: String, message: String, metadata: [(name: String, value: String)]
  ) {
    let fields = Dictionary(metadata.map { ($0.name, $0.value) }) { _, last in last }
    log.append(LogEntry(severity: severity, source: source, message: message, metadata: fields))
  }
}
