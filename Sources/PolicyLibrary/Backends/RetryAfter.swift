import DotNet

/// The `Retry-After` header of an answer.
enum RetryAfter {
  /// Milliseconds that it asks to wait; nil when it says nothing that can be read.
  /// - Parameters:
  ///   - text: seconds, or a date (RFC 9110 §10.2.3).
  ///   - now: ticks since 0001-01-01.
  static func milliseconds(_ text: String, now: Int64) -> Int64? {
    if !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
      return text.utf8.count > 9 ? CircuitBreaker.retryAfterBound : (Int64(text) ?? 0) * 1_000
    }
    guard let date = try? DateTimeValue.parse(text) else { return nil }
    return max(0, date.ticks - now) / 10_000
  }
}
