import Foundation
import Synchronization

/// Who is signed in, in this process only: a restart signs everybody out.
final class SessionStore: Sendable {
  /// Seconds a session lasts without use.
  static let lifetime: TimeInterval = 8 * 3_600
  /// Sessions at once at most; the oldest goes first.
  static let bound = 1_000

  private let sessions = Mutex<[String: Date]>([:])

  /// Begins a session and gives its secret name.
  func begin() -> String {
    var generator = SystemRandomNumberGenerator()
    let name = (0..<4).map { _ in String(UInt64.random(in: .min ... .max, using: &generator), radix: 36) }.joined()
    sessions.withLock { sessions in
      if sessions.count >= Self.bound, let oldest = sessions.min(by: { $0.value < $1.value }) {
        sessions[oldest.key] = nil
      }
      sessions[name] = .now
    }
    return name
  }

  /// Whether a session is known and not over; using it renews it.
  func isValid(_ name: String) -> Bool {
    sessions.withLock { sessions in
      guard let last = sessions[name] else { return false }
      guard last > .now - Self.lifetime else {
        sessions[name] = nil
        return false
      }
      sessions[name] = .now
      return true
    }
  }

  func end(_ name: String) { sessions.withLock { $0[name] = nil } }
}
