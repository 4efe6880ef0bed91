import HTTPWire
import Telemetry

/// The headers of W3C Trace Context in a request.
enum TraceHeaders {
  /// Takes the caller's place in its trace, or begins a trace where the request brings none that can be believed, and
  /// writes the gateway's own place into the request: that is what policies see and backends get.
  /// - Parameter spanID: random.
  static func join(_ request: inout MessageHead, _ id: RequestID, spanID: UInt64) -> TraceContext {
    let spanID = spanID == 0 ? 1 : spanID
    let trace: TraceContext
    if let known = request.withOnlyValue(of: .traceparent, { TraceContext(traceparent: $0, spanID: spanID) }) {
      trace = known
      if !isStateUsable(request) { request.remove(.tracestate) }
    } else {
      trace = TraceContext(beginningWith: id, spanID: spanID)
      // A state without a trace it belongs to says nothing.
      request.remove(.tracestate)
    }
    let text = trace.traceparent
    // A head without room left goes on without: the backend begins a trace of its own.
    do { try request.set(.traceparent, text.span) } catch { request.remove(.traceparent) }
    return trace
  }

  private static func isStateUsable(_ request: borrowing MessageHead) -> Bool {
    guard request.contains(.tracestate) else { return true }
    if let members = request.withOnlyValue(of: .tracestate, { count($0) }) { return members <= memberBound }
    let counts = request.values(of: .tracestate).map { line in
      let bytes = Array(line.utf8)
      return count(bytes.span)
    }
    return counts.allSatisfy { $0 <= memberBound } && counts.reduce(0, +) <= memberBound
  }

  /// Members of a state, as the specification bounds them.
  private static let memberBound = 32

  /// The members of a `tracestate` line; more than any bound when it is malformed.
  static func count(_ text: Span<UInt8>) -> Int {
    let malformed = Int(Int32.max)
    var members = 0
    var index = 0
    while index < text.count {
      while index < text.count, text[index] == 0x20 || text[index] == 0x09 || text[index] == 0x2c { index += 1 }
      if index == text.count { break }
      let start = index
      while index < text.count, isKey(text[index]) { index += 1 }
      guard index > start, index - start <= 256, index < text.count, text[index] == 0x3d, text[start] >= 0x30 else {
        return malformed
      }
      index += 1
      let value = index
      while index < text.count, text[index] != 0x2c {
        guard text[index] >= 0x20, text[index] < 0x7f, text[index] != 0x3d else { return malformed }
        index += 1
      }
      guard index > value, index - value <= 256 else { return malformed }
      members += 1
    }
    return members
  }

  private static func isKey(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x61...0x7a, 0x30...0x39, 0x5f, 0x2d, 0x2a, 0x2f, 0x40: true
    default: false
    }
  }
}
