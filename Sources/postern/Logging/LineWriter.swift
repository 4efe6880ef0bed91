import Foundation
import Synchronization

/// Standard output for log lines: bounded, and never waited for by whoever logs.
///
/// One thread writes; a reader that does not keep up costs lines, which are counted and reported in the log itself,
/// never a request's time.
final class LineWriter: Sendable {
  /// Bytes waiting at most: 8 MiB.
  static let bound = 8 << 20

  static let standardOutput = LineWriter(descriptor: 1)

  private struct State {
    var waiting: [UInt8] = []
    var dropped = 0
    var isWriting = false
    var isClosed = false
  }

  private let state = Mutex(State())
  private let wakeUp = DispatchSemaphore(value: 0)
  private let descriptor: Int32

  init(descriptor: Int32) {
    self.descriptor = descriptor
    let thread = Thread { [self] in writeForever() }
    thread.name = "log"
    thread.start()
  }

  /// Takes whole lines, each with its end.
  func write(_ lines: [UInt8]) {
    let isFirst = state.withLock { state in
      guard !state.isClosed, state.waiting.count + lines.count <= Self.bound else {
        state.dropped += 1
        return false
      }
      let isFirst = state.waiting.isEmpty
      state.waiting.append(contentsOf: lines)
      return isFirst
    }
    if isFirst { wakeUp.signal() }
  }

  /// Waits, at most so long, until everything taken has been written.
  func flush(milliseconds: Int = 2_000) {
    for _ in 0..<(milliseconds / 5) {
      if state.withLock({ $0.waiting.isEmpty && !$0.isWriting }) { return }
      usleep(5_000)
    }
  }

  private func writeForever() {
    while true {
      wakeUp.wait()
      var (lines, dropped) = state.withLock { state in
        defer {
          state.waiting = []
          state.dropped = 0
          state.isWriting = true
        }
        return (state.waiting, state.dropped)
      }
      if dropped > 0 {
        lines.append(
          contentsOf: "[Warn] standard output did not keep up: \(dropped) writes to the log were dropped\n".utf8)
      }
      var offset = 0
      while offset < lines.count {
        let count = lines.withUnsafeBytes {
          Foundation.write(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset)
        }
        if count < 0 {
          if errno == EINTR { continue }
          if errno == EAGAIN {
            usleep(1_000)
            continue
          }
          // Nobody reads any more: keep serving without a log.
          state.withLock { $0.isClosed = true }
          break
        }
        offset += count
      }
      state.withLock { $0.isWriting = false }
    }
  }
}
