public import DotNet
public import Expressions

/// Everything a policy may do beyond its exchange: the only way from a policy to clocks, counters and the network.
///
/// One object serves one event loop; every method returns at once. What takes time reports to its completion, once and on
/// the same loop, be it before the call returns; never after it was cancelled.
public protocol PolicyEffects: AnyObject {
  /// What the loop's expressions are evaluated on.
  var machine: Machine { get }

  /// 100-nanosecond ticks since 0001-01-01T00:00:00Z.
  func now() -> Int64
  func random() -> UInt64

  /// Counts against a sliding window, exactly across the loops of the process.
  ///
  /// - Parameter increment: 0 asks without counting.
  func admit(_ key: String, limit: Int, windowSeconds: Int, increment: Int) -> Admission
  /// Counts against a fixed window that began at a multiple of the period after `start` (ticks); a period of 0 never
  /// ends.
  func consume(_ key: String, limit: Int, periodSeconds: Int, start: Int64, increment: Int) -> Admission

  /// Where limits are counted instead; nil where the process counts, as ``admit(_:limit:windowSeconds:increment:)`` and
  /// ``consume(_:limit:periodSeconds:start:increment:)`` do.
  var sharedCounters: (any SharedCounters)? { get }

  /// Takes one of `limit` places that exchanges share under a key, across the loops of the process; false when all are
  /// taken.
  func enter(_ key: String, limit: Int) -> Bool
  /// Gives the place back.
  func leave(_ key: String)

  /// Sends a request and collects its response, within the request's timeout.
  func send(_ request: OutgoingRequest, _ completion: @escaping (OutgoingResult) -> Void) -> any PendingEffect
  /// Has a database run a statement, within the times that its connection string sets, and collects the result.
  func query(_ request: SQLRequest, _ completion: @escaping (SQLOutcome) -> Void) -> any PendingEffect
  /// Reports when the time is over.
  func after(milliseconds: Int, _ completion: @escaping () -> Void) -> any PendingEffect

  /// Does work that would keep the loop busy for long; the report may come before the call returns.
  func compute<Result: Sendable>(
    _ work: @escaping @Sendable () -> Result, _ completion: @escaping (Result) -> Void
  ) -> any PendingEffect

  /// What this event loop remembers of tokens and their issuers.
  var tokens: TokenMemory { get }
  /// What this event loop remembers of revoked certificates.
  var revocation: RevocationMemory { get }
  /// The authorities that callers' certificates have to come from.
  var trust: CertificateTrust { get }

  /// Looks a key up; nil when there is nothing, or the cache fails.
  func cached(
    _ key: String, in choice: CacheChoice, _ completion: @escaping (CachedEntry?) -> Void
  ) -> any PendingEffect
  /// Keeps an entry for so many seconds; what cannot be kept is dropped.
  func cache(_ entry: CachedEntry, as key: String, in choice: CacheChoice, seconds: Int)
  func uncache(_ key: String, in choice: CacheChoice)
  /// Puts a record behind those under a key (``CachedRecords``) in one step: of several who do so at once, nobody's is lost.
  /// - Parameters:
  ///   - seconds: for which all of them are kept, unless it is longer already.
  ///   - limit: bytes of all of them with their lengths; the oldest go first.
  func append(_ record: [UInt8], toCached key: String, in choice: CacheChoice, seconds: Int, limit: Int)

  /// Hands an event to everybody in the process who subscribes to its topic; it may be lost where they are too slow.
  func publish(_ event: GraphQLEvent)

  /// Adds to a custom metric.
  func emit(_ metric: EmittedMetric)

  /// A message of the `trace` policy or of `context.Trace`, for the log.
  func log(_ severity: TraceSeverity, source: String, message: String, metadata: [(name: String, value: String)])
}

extension PolicyEffects {
  /// On the loop itself, for whoever serves nobody else on it.
  public func compute<Result: Sendable>(
    _ work: @escaping @Sendable () -> Result, _ completion: @escaping (Result) -> Void
  ) -> any PendingEffect {
    completion(work())
    return FinishedEffect.instance
  }
}

/// How urgent a trace message is.
public enum TraceSeverity: String, Sendable, CaseIterable {
  case verbose, information, error
}

/// The answer of a limit.
public struct Admission: Sendable, Equatable {
  public var isAllowed: Bool
  /// Calls left in the window.
  public var remaining: Int
  /// Seconds until the next call can succeed, at least 1 when refused.
  public var retryAfterSeconds: Int

  public init(isAllowed: Bool, remaining: Int, retryAfterSeconds: Int) {
    self.isAllowed = isAllowed
    self.remaining = remaining
    self.retryAfterSeconds = retryAfterSeconds
  }
}

/// Which cache a policy asks for (`caching-type`).
public enum CacheChoice: String, Sendable, CaseIterable {
  /// The one in the gateway process.
  case `internal`
  /// The service's `caches` entity for this gateway; where there is none, nothing is found and nothing kept.
  case external
  /// The external one where there is one, else the one in the process; never both.
  case preferExternal = "prefer-external"
}

/// What a cache holds under a key: bytes in a form that the policies know, so that any process can read them.
public struct CachedEntry: Sendable, Equatable {
  public var bytes: [UInt8]
  /// Ticks when it was stored.
  public var storedTicks: Int64

  public init(bytes: [UInt8], storedTicks: Int64) {
    self.bytes = bytes
    self.storedTicks = storedTicks
  }
}

/// A value of a custom metric (`emit-metric`).
public struct EmittedMetric: Sendable, Equatable {
  public var name: String
  public var namespace: String
  public var value: Double
  /// In the order of the policy.
  public var dimensions: [Dimension]

  public struct Dimension: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  public init(name: String, namespace: String, value: Double, dimensions: [Dimension]) {
    self.name = name
    self.namespace = namespace
    self.value = value
    self.dimensions = dimensions
  }
}
