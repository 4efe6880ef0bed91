/// Why a WebSocket ends (RFC 6455 §7.4).
public struct WebSocketClose: Sendable, Equatable {
  public static let normal: UInt16 = 1_000
  public static let goingAway: UInt16 = 1_001
  public static let protocolError: UInt16 = 1_002
  public static let unsupportedData: UInt16 = 1_003
  /// Stands for a close frame without a code, and is never sent.
  public static let noStatus: UInt16 = 1_005
  public static let invalidText: UInt16 = 1_007
  public static let tooLarge: UInt16 = 1_009
  public static let internalError: UInt16 = 1_011
  public static let tryAgainLater: UInt16 = 1_013

  public var code: UInt16
  /// At most 123 bytes are sent.
  public var reason: String

  public init(_ code: UInt16, _ reason: String = "") {
    self.code = code
    self.reason = reason
  }

  /// Whether a peer may send the code.
  static func mayBeSent(_ code: UInt16) -> Bool {
    switch code {
    case 1_000...1_003, 1_007...1_014, 3_000...4_999: true
    default: false
    }
  }
}

/// Frames of WebSocket as they are written (RFC 6455 §5.2).
public enum WebSocketFrame {
  public enum Opcode: UInt8, Sendable {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    var isControl: Bool { rawValue >= 8 }
  }

  /// Bytes that a control frame holds at most.
  public static let controlBound = 125

  /// Appends a frame.
  /// - Parameters:
  ///   - isFinal: whether it is the last one of its message.
  ///   - mask: four bytes from a client, nil from a server.
  public static func write(
    _ opcode: Opcode, _ payload: [UInt8], isFinal: Bool = true, mask: [UInt8]? = nil, into bytes: inout [UInt8]
  ) {
    bytes.reserveCapacity(bytes.count + payload.count + 14)
    bytes.append((isFinal ? 0x80 : 0) | opcode.rawValue)
    let masked: UInt8 = mask == nil ? 0 : 0x80
    switch payload.count {
    case ...125: bytes.append(masked | UInt8(payload.count))
    case ...0xffff:
      bytes.append(masked | 126)
      for shift in [8, 0] { bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift)) }
    default:
      bytes.append(masked | 127)
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: payload.count >> shift))
      }
    }
    guard let mask else {
      bytes += payload
      return
    }
    bytes += mask
    for (index, byte) in payload.enumerated() { bytes.append(byte ^ mask[index & 3]) }
  }

  /// Appends a close frame of a server; without a code when that cannot be sent. A reason that is too long is cut at the
  /// end of a character.
  public static func write(_ close: WebSocketClose, mask: [UInt8]? = nil, into bytes: inout [UInt8]) {
    var payload: [UInt8] = []
    if WebSocketClose.mayBeSent(close.code) {
      payload = [UInt8(close.code >> 8), UInt8(truncatingIfNeeded: close.code)]
      var reason = Array(close.reason.utf8.prefix(controlBound - 2 + 1))
      if reason.count > controlBound - 2 {
        while let last = reason.popLast(), last & 0xc0 == 0x80 {}
      }
      payload += reason
    }
    write(.close, payload, mask: mask, into: &bytes)
  }
}
