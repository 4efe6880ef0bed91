import Expressions
import Logging
import NIOCore
import PolicyLibrary
import Telemetry

/// What policies may do, for one event loop: the clock, random numbers and the counters of the process.
final class LoopEffects: PolicyEffects {
  private let limits: LimitTable
  private let logger: Logger
  private var generator = Xoshiro()
  let machine = Machine()

  init(limits: LimitTable, logger: Logger) {
    self.limits = limits
    self.logger = logger
  }

  func now() -> Int64 { Clock.ticks() }
  func random() -> UInt64 { generator.next() }

  func admit(_ key: String, limit: Int, windowSeconds: Int, increment: Int) -> Admission {
    let now = Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
    return limits.admit(key, limit: limit, windowSeconds: windowSeconds, increment: increment, now: now)
  }

  func consume(_ key: String, limit: Int, periodSeconds: Int, start: Int64, increment: Int) -> Admission {
    limits.consume(
      key, limit: limit, periodSeconds: periodSeconds, start: start / 10_000_000, increment: increment,
      now: Clock.ticks() / 10_000_000)
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
