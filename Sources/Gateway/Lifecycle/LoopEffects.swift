import Glibc
import Logging
import NIOCore
import PolicyLibrary

/// What policies may do, for one event loop: the clock, random numbers and the counters of the process.
final class LoopEffects: PolicyEffects {
  private let limits: LimitTable
  private let logger: Logger
  private var generator = Xoshiro()

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

  /// A new GUID in the form `D`, version 4.
  func newRequestID() -> String {
    let high = generator.next() & ~0xf000 | 0x4000
    let low = generator.next() & ~0xc000_0000_0000_0000 | 0x8000_0000_0000_0000
    return String(unsafeUninitializedCapacity: 36) { room in
      var at = 0
      for (word, dashes) in [(high, [8, 12]), (low, [0, 4])] {
        for digit in 0..<16 {
          if dashes.contains(digit) {
            room[at] = 0x2d
            at += 1
          }
          let value = UInt8(truncatingIfNeeded: word >> UInt64(60 - digit * 4)) & 15
          room[at] = value < 10 ? 48 + value : 87 + value
          at += 1
        }
      }
      return at
    }
  }
}

/// The wall clock as .NET counts it.
enum Clock {
  static let unixEpochTicks: Int64 = 621_355_968_000_000_000

  /// 100-nanosecond ticks since 0001-01-01.
  static func ticks() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return unixEpochTicks + Int64(time.tv_sec) * 10_000_000 + Int64(time.tv_nsec) / 100
  }
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
