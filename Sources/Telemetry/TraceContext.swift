/// Where a request stands in a distributed trace (W3C Trace Context, level 1).
public struct TraceContext: Sendable, Equatable {
  /// The trace's 16 bytes, big endian in two words; not both zero.
  public var traceHigh: UInt64
  public var traceLow: UInt64
  /// The gateway's own span; not zero.
  public var spanID: UInt64
  /// The caller's span; nil where the trace begins here.
  public var parentSpanID: UInt64?
  /// Whether whoever began the trace wants its spans kept.
  public var isSampled: Bool

  public init(traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, parentSpanID: UInt64?, isSampled: Bool) {
    self.traceHigh = traceHigh
    self.traceLow = traceLow
    self.spanID = spanID
    self.parentSpanID = parentSpanID
    self.isSampled = isSampled
  }

  /// The trace of a request that came without one: its id is the request's own.
  /// - Parameter spanID: another one than zero; nil takes half of the request's id.
  public init(beginningWith id: RequestID, spanID: UInt64? = nil) {
    self.init(traceHigh: id.high, traceLow: id.low, spanID: spanID ?? id.low, parentSpanID: nil, isSampled: true)
  }

  /// The same for the text of a request's id; nil when it is no UUID in its usual form.
  public init?(correlationID: String) {
    let digits = correlationID.utf8.filter { $0 != 0x2d }
    guard digits.count == 32, let id = Self.pair(digits.span, at: 0), id.high | id.low != 0, id.low != 0 else {
      return nil
    }
    self.init(beginningWith: RequestID(high: id.high, low: id.low))
  }

  /// Bytes of a `traceparent` header of version 00.
  public static let traceparentBytes = 55

  /// Reads a `traceparent` header: `00-{32 hex}-{16 hex}-{2 hex}`. Nil when it is malformed, as the specification asks:
  /// the trace then begins anew. A later version may have more behind the flags.
  /// - Parameter spanID: the gateway's own span.
  public init?(traceparent text: Span<UInt8>, spanID: UInt64) {
    guard text.count >= Self.traceparentBytes, text[2] == 0x2d, text[35] == 0x2d, text[52] == 0x2d,
      let version = Self.number(text, 0..<2), version != 0xff,
      text.count == Self.traceparentBytes || version != 0 && text[55] == 0x2d,
      let trace = Self.pair(text, at: 3), trace.high | trace.low != 0,
      let parent = Self.number(text, 36..<52), parent != 0,
      let flags = Self.number(text, 53..<55)
    else { return nil }
    self.init(
      traceHigh: trace.high, traceLow: trace.low, spanID: spanID, parentSpanID: parent, isSampled: flags & 1 == 1)
  }

  /// The header for whoever is called next.
  public var traceparent: InlineArray<55, UInt8> {
    var bytes = InlineArray<55, UInt8>(repeating: 0x30)
    var text = bytes.mutableSpan
    text[2] = 0x2d
    Self.write(traceHigh, to: &text, at: 3)
    Self.write(traceLow, to: &text, at: 19)
    text[35] = 0x2d
    Self.write(spanID, to: &text, at: 36)
    text[52] = 0x2d
    text[54] = isSampled ? 0x31 : 0x30
    return bytes
  }

  private static func write(_ word: UInt64, to text: inout MutableSpan<UInt8>, at start: Int) {
    for index in 0..<16 {
      text[start + index] = ByteRoom.digit(UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * index)) & 15)
    }
  }

  private static func pair(_ text: Span<UInt8>, at start: Int) -> (high: UInt64, low: UInt64)? {
    guard let high = number(text, start..<(start + 16)), let low = number(text, (start + 16)..<(start + 32)) else {
      return nil
    }
    return (high, low)
  }

  /// Lower-case digits only, as the specification says. Nil for anything else.
  private static func number(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
    var result: UInt64 = 0
    for index in range {
      let digit = text[index]
      switch digit {
      case 0x30...0x39: result = result << 4 | UInt64(digit &- 0x30)
      case 0x61...0x66: result = result << 4 | UInt64(digit &- 0x57)
      default: return nil
      }
    }
    return result
  }
}

extension TraceContext: Codable {
  /// Reads `{trace}-{span}-{0 or 1}` and, where there is a parent, `-{parent}`, all in lower-case hexadecimal digits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let bytes = Array(try container.decode(String.self).utf8)
    let text = bytes.span
    guard text.count == 51 || text.count == 68, text[32] == 0x2d, text[49] == 0x2d,
      let trace = Self.pair(text, at: 0), let span = Self.number(text, 33..<49), let flag = Self.number(text, 50..<51)
    else { throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a trace context") }
    let parent = text.count == 68 ? Self.number(text, 52..<68) : nil
    self.init(
      traceHigh: trace.high, traceLow: trace.low, spanID: span, parentSpanID: parent, isSampled: flag == 1)
  }

  public func encode(to encoder: any Encoder) throws {
    var bytes: [UInt8] = []
    ByteRoom.extend(&bytes, by: 68) { $0.append(self) }
    var container = encoder.singleValueContainer()
    try container.encode(String(decoding: bytes, as: UTF8.self))
  }
}

extension ByteRoom {
  /// Appends sixteen lower-case hexadecimal digits.
  mutating func append(hexadecimal word: UInt64) {
    for shift in stride(from: UInt64(60), through: 0, by: -4) {
      append(Self.digit(UInt8(truncatingIfNeeded: word >> shift) & 15))
    }
  }

  /// Appends the form that records hold, at most 68 bytes.
  mutating func append(_ trace: TraceContext) {
    append(hexadecimal: trace.traceHigh)
    append(hexadecimal: trace.traceLow)
    append(0x2d)
    append(hexadecimal: trace.spanID)
    append(0x2d)
    append(trace.isSampled ? 0x31 : 0x30)
    if let parent = trace.parentSpanID {
      append(0x2d)
      append(hexadecimal: parent)
    }
  }
}
