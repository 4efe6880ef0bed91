/// Where a request stands in a distributed trace (W3C Trace Context, level 1).
public struct TraceContext: Codable, Sendable, Equatable {
  /// 16 bytes, not all zero.
  public var traceID: [UInt8]
  /// The gateway's own span: 8 bytes, not all zero.
  public var spanID: [UInt8]
  /// The caller's span; nil where the trace begins here.
  public var parentSpanID: [UInt8]?
  public var isSampled: Bool

  public init(traceID: [UInt8], spanID: [UInt8], parentSpanID: [UInt8]?, isSampled: Bool) {
    self.traceID = traceID
    self.spanID = spanID
    self.parentSpanID = parentSpanID
    self.isSampled = isSampled
  }

  /// The trace of a request that came without one: its id is the request's own.
  /// - Parameter correlationID: a UUID in its usual form; nil for anything else.
  public init?(correlationID: String) {
    guard let bytes = Self.bytes(hexadecimal: Array(correlationID.utf8.filter { $0 != 0x2d })), bytes.count == 16 else {
      return nil
    }
    self.init(traceID: bytes, spanID: Array(bytes[8...]), parentSpanID: nil, isSampled: true)
  }

  /// Reads a `traceparent` header: `00-{32 hex}-{16 hex}-{2 hex}`. Nil when it is malformed, as the specification asks:
  /// the trace then begins anew.
  /// - Parameter spanID: the gateway's own span.
  public init?(traceparent: String, spanID: [UInt8]) {
    let parts = Array(traceparent.utf8).split(separator: 0x2d, omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[0].count == 2, parts[1].count == 32, parts[2].count == 16, parts[3].count == 2,
      let version = Self.bytes(hexadecimal: Array(parts[0])), version != [0xff], version != [0] || parts.count == 4,
      let trace = Self.bytes(hexadecimal: Array(parts[1])), trace.contains(where: { $0 != 0 }),
      let parent = Self.bytes(hexadecimal: Array(parts[2])), parent.contains(where: { $0 != 0 }),
      let flags = Self.bytes(hexadecimal: Array(parts[3]))
    else { return nil }
    self.init(traceID: trace, spanID: spanID, parentSpanID: parent, isSampled: flags[0] & 1 == 1)
  }

  /// The header for whoever is called next.
  public var traceparent: String {
    "00-\(Self.hexadecimal(traceID))-\(Self.hexadecimal(spanID))-0\(isSampled ? 1 : 0)"
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    for byte in bytes {
      for nibble in [byte >> 4, byte & 15] { result.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble) }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Lower-case digits only, as the specification says. Nil for anything else.
  private static func bytes(hexadecimal digits: [UInt8]) -> [UInt8]? {
    guard digits.count % 2 == 0 else { return nil }
    var result: [UInt8] = []
    var high: UInt8?
    for digit in digits {
      let value: UInt8
      switch digit {
      case 0x30...0x39: value = digit - 0x30
      case 0x61...0x66: value = digit - 0x57
      default: return nil
      }
      if let first = high {
        result.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return result
  }
}
