import Foundation

/// A client of HTTP/2 with prior knowledge that sends and reads exact frames.
final class FrameClient {
  struct Frame {
    var kind: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: [UInt8]

    /// The error code of a RST_STREAM or a GOAWAY.
    var error: UInt32? {
      switch kind {
      case 3 where payload.count == 4: FrameClient.number(payload[...])
      case 7 where payload.count >= 8: FrameClient.number(payload[4..<8])
      default: nil
      }
    }
  }

  static let data: UInt8 = 0
  static let headers: UInt8 = 1
  static let reset: UInt8 = 3
  static let settings: UInt8 = 4
  static let ping: UInt8 = 6
  static let goAway: UInt8 = 7

  let raw: RawClient
  private var pending: [UInt8] = []

  /// Connects, and says what a client has to say first.
  init(port: Int) throws {
    raw = try RawClient(port: port)
    _ = raw.send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8))
    send(Self.settings, payload: [])
  }

  fileprivate static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

  static func bytes(_ kind: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8]) -> [UInt8] {
    func big(_ number: UInt32, _ count: Int) -> [UInt8] {
      (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
    }
    return big(UInt32(payload.count), 3) + [kind, flags] + big(stream, 4) + payload
  }

  @discardableResult
  func send(_ kind: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8]) -> Bool {
    raw.send(Self.bytes(kind, flags: flags, stream: stream, payload: payload))
  }

  /// Sends a GET without a body, uncompressed.
  func get(_ path: String, stream: UInt32) {
    send(
      Self.headers, flags: 0x05, stream: stream,
      payload: [0x82, 0x86, 0x04, UInt8(path.utf8.count)] + Array(path.utf8) + [0x01, 1, UInt8(ascii: "g")])
  }

  /// The next frame of a kind, others are passed over; nil when the connection ends before, or nothing comes.
  func next(_ kind: UInt8) -> Frame? {
    while true {
      while pending.count >= 9, case let length = Int(Self.number(pending[0..<3])), pending.count >= 9 + length {
        let frame = Frame(
          kind: pending[3], flags: pending[4], stream: Self.number(pending[5..<9]),
          payload: Array(pending[9..<(9 + length)]))
        pending.removeFirst(9 + length)
        if frame.kind == kind { return frame }
      }
      guard let more = raw.receive(), !more.isEmpty else { return nil }
      pending += more
    }
  }

  /// Whether the gateway has closed its half in good order, behind whatever else it had to say.
  var isEnded: Bool {
    while let more = raw.receive() {
      if more.isEmpty { return true }
    }
    return false
  }

  /// Sends until the gateway takes nothing any more; false when it has taken that many pieces.
  func isShutOut(after pieces: Int, of bytes: [UInt8], pause: Duration = .zero) async throws -> Bool {
    for _ in 0..<pieces {
      if !raw.send(bytes) { return true }
      if pause > .zero { try await Task.sleep(for: pause) }
    }
    return false
  }
}
