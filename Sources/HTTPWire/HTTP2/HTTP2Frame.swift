/// The nine bytes in front of every frame (RFC 9113, section 4.1).
struct HTTP2Frame: Equatable, Sendable {
  /// Frame types by their numbers; others are skipped.
  enum Kind: UInt8 {
    case data, headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
  }

  static let headBytes = 9
  static let endStream: UInt8 = 0x1
  static let acknowledgement: UInt8 = 0x1
  static let endHeaders: UInt8 = 0x4
  static let padded: UInt8 = 0x8
  static let hasPriority: UInt8 = 0x20

  var length: Int
  var kind: Kind?
  var flags: UInt8
  var stream: UInt32

  init(length: Int, kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0) {
    self.length = length
    self.kind = kind
    self.flags = flags
    self.stream = stream
  }

  /// From the first bytes of `input`, of which there must be nine.
  init(_ input: Span<UInt8>) {
    length = Int(input[0]) << 16 | Int(input[1]) << 8 | Int(input[2])
    kind = Kind(rawValue: input[3])
    flags = input[4]
    stream = input.number(at: 5) & 0x7fff_ffff
  }

  func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

  func write(to output: inout [UInt8]) {
    output.append(UInt8(truncatingIfNeeded: length >> 16))
    output.append(UInt8(truncatingIfNeeded: length >> 8))
    output.append(UInt8(truncatingIfNeeded: length))
    output.append(kind?.rawValue ?? 0xff)
    output.append(flags)
    output.append(number: stream)
  }
}

/// Why a stream or a connection is ended (RFC 9113, section 7).
public enum HTTP2Error: UInt32, Error, Sendable {
  case none, protocolError, internalError, flowControl, settingsTimeout, streamClosed, frameSize, refusedStream, cancel
  case compression, connect, enhanceYourCalm, inadequateSecurity, http11Required
}

extension Span<UInt8> {
  /// Whether a client of HTTP/2 begins like this: with the first line of its preface.
  public var isHTTP2Preface: Bool {
    guard count >= 16 else { return false }
    for i in 0..<16 where self[i] != HTTP2Engine.preface[i] { return false }
    return true
  }

  /// Four bytes in network order.
  func number(at i: Int) -> UInt32 {
    UInt32(self[i]) << 24 | UInt32(self[i &+ 1]) << 16 | UInt32(self[i &+ 2]) << 8 | UInt32(self[i &+ 3])
  }
}

extension [UInt8] {
  /// Four bytes in network order.
  mutating func append(number: UInt32) {
    append(UInt8(truncatingIfNeeded: number >> 24))
    append(UInt8(truncatingIfNeeded: number >> 16))
    append(UInt8(truncatingIfNeeded: number >> 8))
    append(UInt8(truncatingIfNeeded: number))
  }
}
