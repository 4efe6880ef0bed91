import DotNet
import Expressions
import FoundationEssentials
import GatewayConfiguration
import Logging
import NIOCore
import PolicyLibrary
import Telemetry

/// What policies may do, for one event loop: the clock, random numbers and the counters of the process.
final class LoopEffects: PolicyEffects {
  private let memory: ProcessMemory
  private let logger: Logger
  private var generator = Xoshiro()
  let machine = Machine()
  let calls: CallClient
  let databases: SQLClient
  private var external: ExternalCacheClient?
  let redisCounters: RedisCounters?
  var sharedCounters: (any SharedCounters)? { redisCounters }
  let tokens: TokenMemory
  let revocation: RevocationMemory
  /// As the configuration has it that is served.
  var trust: CertificateTrust { configuredTrust ?? .system }
  var configuredTrust: CertificateTrust?

  /// Of this loop, under way.
  private var computations = 0
  private static let computationBound = 64

  init(
    memory: ProcessMemory, counters: CounterStore?,
    identity: IdentityEndpoint = IdentityEndpoint(environment: ProcessInfo.processInfo.environment), logger: Logger,
    loop: any EventLoop, _ backends: BackendConnections = BackendConnections()
  ) {
    self.memory = memory
    tokens = TokenMemory(identity: identity)
    revocation = RevocationMemory(isOn: memory.checksRevocation)
    self.logger = logger
    redisCounters = counters.map { RedisCounters($0, loop: loop, meter: memory.meters.redis, logger: logger) }
    calls = CallClient(loop: loop, backends)
    databases = SQLClient(loop: loop, tls: backends.tls)
  }

  func now() -> Int64 { Clock.ticks() }
  func random() -> UInt64 { generator.next() }

  func admit(_ key: String, limit: Int, windowSeconds: Int, increment: Int) -> Admission {
    if let replicated = memory.replicated {
      return replicated.admit(
        CounterName(key), limit: limit, windowSeconds: windowSeconds, increment: increment, now: Self.uptime())
    }
    return memory.limits.admit(
      key, limit: limit, windowSeconds: windowSeconds, increment: increment, now: Self.uptime())
  }

  func consume(_ key: String, limit: Int, periodSeconds: Int, start: Int64, increment: Int) -> Admission {
    memory.limits.consume(
      key, limit: limit, periodSeconds: periodSeconds, start: start / 10_000_000, increment: increment,
      now: Clock.ticks() / 10_000_000)
  }

  /// Milliseconds that never go back.
  static func uptime() -> Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }

  func enter(_ key: String, limit: Int) -> Bool { memory.concurrency.enter(key, limit: limit) }
  func leave(_ key: String) { memory.concurrency.leave(key) }

  func send(_ request: OutgoingRequest, _ completion: @escaping (OutgoingResult) -> Void) -> any PendingEffect {
    calls.send(request, completion)
  }

  func query(_ request: SQLRequest, _ completion: @escaping (SQLOutcome) -> Void) -> any PendingEffect {
    databases.query(request, completion)
  }

  func compute<Result: Sendable>(
    _ work: @escaping @Sendable () -> Result, _ completion: @escaping (Result) -> Void
  ) -> any PendingEffect {
    // With so much waiting for a thread, the loop that asks for more does it itself.
    guard computations < Self.computationBound else {
      completion(work())
      return FinishedEffect.instance
    }
    computations += 1
    return LoopComputation.begin(on: calls.loop, work, completion) { [self] in computations -= 1 }
  }

  func after(milliseconds: Int, _ completion: @escaping () -> Void) -> any PendingEffect {
    let timer = LoopTimer(completion)
    let box = NIOLoopBound(timer, eventLoop: calls.loop)
    timer.task = calls.loop.scheduleTask(in: .milliseconds(Int64(milliseconds))) { box.value.fire() }
    return timer
  }

  func cached(
    _ key: String, in choice: CacheChoice, _ completion: @escaping (CachedEntry?) -> Void
  ) -> any PendingEffect {
    if choice != .internal, let external { return external.find(key, completion) }
    completion(choice == .external ? nil : memory.cache.find(key, now: Self.uptime()))
    return FinishedEffect.instance
  }

  func cache(_ entry: CachedEntry, as key: String, in choice: CacheChoice, seconds: Int) {
    if choice != .internal, let external { return external.put(entry, as: key, seconds: seconds) }
    if choice != .external { memory.cache.put(entry, as: key, seconds: seconds, now: Self.uptime()) }
  }

  func uncache(_ key: String, in choice: CacheChoice) {
    if choice != .internal, let external { return external.remove(key) }
    if choice != .external { memory.cache.remove(key) }
  }

  func append(_ record: [UInt8], toCached key: String, in choice: CacheChoice, seconds: Int, limit: Int) {
    let framed = CachedRecords.framed(record)
    if choice != .internal, let external {
      return external.append(framed, to: key, seconds: seconds, limit: limit, storedTicks: now())
    }
    if choice != .external {
      memory.cache.append(framed, to: key, seconds: seconds, limit: limit, storedTicks: now(), now: Self.uptime())
    }
  }

  /// Takes the cache of the configuration now in force; a connection that is the same goes on.
  func follow(_ cache: ExternalCache?) {
    guard external?.cache.connection != cache?.connection else { return }
    external?.end()
    external = cache.map {
      ExternalCacheClient($0, loop: calls.loop, meter: memory.meters.redis, logger: logger)
    }
  }

  /// Ends every connection that policies have.
  func close() {
    calls.closeAll()
    databases.end()
    external?.end()
    external = nil
    redisCounters?.end()
  }

  func publish(_ event: GraphQLEvent) {
    guard let reason = memory.subscriptions.publishEverywhere(event) else { return }
    log(.error, source: "publish-event", message: "An event for \(event.topic) is lost: \(reason).", metadata: [])
  }

  func emit(_ metric: EmittedMetric) {
    memory.metrics.add(
      metric.value, to: metric.name, namespace: metric.namespace,
      dimensions: metric.dimensions.map { Metric.Attribute($0.name, $0.value) })
  }

  func log(_ severity: TraceSeverity, source: String, message: String, metadata: [(name: String, value: String)]) {
    let level: Logger.Level =
      switch severity {
      case .verbose: .debug
      case .information: .info
      case .error: .error
      }
    var fields: Logger.Metadata = ["source": "\(source)"]
    for item in metadata { fields[item.name] = "\(item.value)" }
    logger.log(level: level, "\(message.prefix(8_192))", metadata: fields)
  }

  func newRequestID() -> RequestID { RequestID(randomHigh: generator.next(), randomLow: generator.next()) }
}

/// Fast random numbers for request identifiers; seeded by the system, not for secrets.
struct Xoshiro {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  init() {
    var system = SystemRandomNumberGenerator()
    state = (system.next() | 1, system.next(), system.next(), system.next())
  }

  mutating func next() -> UInt64 {
    func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
    let result = rotate(state.1 &* 5, 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = rotate(state.3, 45)
    return result
  }
}
