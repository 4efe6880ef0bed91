import DotNet
import Glibc
import NIOCore

/// The time as one event loop sees it: read once for each request, and good to a tick everywhere else.
struct LoopClock {
  /// When the clock was last read.
  private(set) var now = NIODeadline.now()
  /// From the monotonic clock to the wall clock, in ticks of 100 ns.
  private var wallOffset: Int64 = 0
  /// The text of a second, and which one.
  private var date: (second: Int64, text: [UInt8]) = (-1, [])

  init() { adjust() }

  mutating func read() { now = .now() }

  /// Follows changes of the wall clock.
  mutating func adjust() {
    read()
    wallOffset = Clock.ticks() - Int64(now.uptimeNanoseconds / 100)
  }

  /// Ticks since 0001-01-01 at the moment of ``now``.
  var ticks: Int64 { Int64(now.uptimeNanoseconds / 100) + wallOffset }

  /// The second of ``now`` as `Date` says it (RFC 9110 §5.6.7), made once for all answers of a second.
  mutating func httpDate() -> [UInt8] {
    let second = ticks / 10_000_000
    if second != date.second {
      let text = try? DateTimeValue(ticks: second * 10_000_000, kind: .utc).format("r")
      date = (second, Array((text ?? "").utf8))
    }
    return date.text
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
